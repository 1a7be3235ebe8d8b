#include "extract/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "extract/cpu_time.h"

#define PIPE    (1 << 20) /* bytes that a process may be ahead */
#define TICK_MS 200       /* between looks at the time that all have used */
#define LOOK_US 100000    /* between a watch's looks at its process       */

/* A process was ended by its watch; by the end of its stack. */
enum { EXIT_LATE = 3, EXIT_DEEP = 4 };

/* What a process is told. */
struct order {
    int number;
    size_t from;
};

struct member {
    pid_t pid;      /* 0: reaped */
    int order, say; /* our ends; -1: closed */
    bool lost, gone;
};

/* What all processes see.  They are not trusted: the reader believes nothing in it. */
struct shared {
    atomic_bool stop;
    atomic_llong left_ms; /* of the time of all */
    atomic_int late;
};

struct crew {
    struct member v[CREW_MOST + CREW_RESERVE]; /* the first n are at work, the others in reserve */
    int n, made;
    double spent; /* seconds of CPU of those reaped */
    double since; /* sys_seconds                    */
    double left;  /* seconds of the time of all     */
    struct shared *all;
};

int crew_size(const struct crew *c)
{
    return c->n;
}

/* ------------------------------------------------------------------ the parts */

/* A part of the memory that this process may take; the address space shrinks by as much. */
static void take_part(int parts)
{
    struct rlimit data, all;
    if (getrlimit(RLIMIT_DATA, &data) || data.rlim_cur == RLIM_INFINITY) return;
    rlim_t part = data.rlim_cur / (rlim_t)parts;
    if (!getrlimit(RLIMIT_AS, &all) && all.rlim_cur != RLIM_INFINITY &&
        all.rlim_cur > data.rlim_cur) {
        all.rlim_cur -= data.rlim_cur - part;
        setrlimit(RLIMIT_AS, &all);
    }
    data.rlim_cur = part;
    setrlimit(RLIMIT_DATA, &data);
}

static bool is_within_part(const struct crew *c)
{
    struct rlimit data;
    struct rusage now;
    if (getrlimit(RLIMIT_DATA, &data) || data.rlim_cur == RLIM_INFINITY) return true;
    return !getrusage(RUSAGE_SELF, &now) &&
           (rlim_t)now.ru_maxrss * 1024 <= data.rlim_cur / (rlim_t)(c->n + 1);
}

static void set_left(struct crew *c, double seconds)
{
    c->left = seconds > 0 ? seconds : 0;
    atomic_store(&c->all->left_ms, (long long)(1e3 * c->left));
}

/* Tells all what is left of their time.  Ends this process as its own limit would, when all
 * together have used it up. */
static void keep_time(struct crew *c)
{
    double most = cpu_given(), clock_time = sys_seconds() - c->since;
    double sum = cpu_used() + c->spent;
    for (int i = 0; i < c->made; i++) {
        clockid_t clock;
        if (c->v[i].pid && !clock_getcpuclockid(c->v[i].pid, &clock)) sum += cpu_used_by(clock);
    }
    set_left(c, most - (sum > clock_time ? sum : clock_time));
    if (sum > most) raise(SIGXCPU);
}

double crew_time_left(const struct crew *c)
{
    return c->left / cpu_given();
}

atomic_int *crew_late(struct crew *c)
{
    return &c->all->late;
}

/* ------------------------------------------------------------------ a process of it */

/* Nothing stays open but its own ends: who listens to the reader must not wait for this one. */
static bool keep_only(int order, int say)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return false;
    for (int i = 0; i < 3; i++) dup2(null, i);
    int low = order < say ? order : say, high = order < say ? say : order;
    bool ok = low == 3 || close_range(3, (unsigned)low - 1, 0) == 0;
    if (ok && high > low + 1) ok = close_range((unsigned)low + 1, (unsigned)high - 1, 0) == 0;
    return ok && close_range((unsigned)high + 1, ~0U, 0) == 0;
}

/* In a process of the crew, or one that has none: what it is at. */
static struct watch {
    struct shared *all; /* NULL: this process has all there is: */
    double given;       /* seconds                              */
    int status;         /* what it ends with                    */
    double share, grace;
    double used, since; /* processor time and sys_seconds when that began */
} watch;

/* In a signal: calls only what may be called there. */
static void look(int sig)
{
    (void)sig;
    double used = cpu_used() - watch.used - watch.grace;
    if (!watch.all && used > watch.share * (watch.given - watch.used)) _exit(watch.status);
    if (!watch.all) return;
    double left = 1e-3 * (double)atomic_load(&watch.all->left_ms);
    double passed = sys_seconds() - watch.since - watch.grace;
    if (atomic_load(&watch.all->stop)) _exit(0);
    if (used <= watch.share * left && passed <= left) return;
    atomic_fetch_add(&watch.all->late, 1);
    _exit(watch.status);
}

void crew_watch(double share, double grace)
{
    struct timeval often = {.tv_usec = share > 0 ? LOOK_US : 0};
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    watch.share = share;
    watch.grace = grace;
    watch.used = cpu_used();
    watch.since = sys_seconds();
    if (share > 0) setitimer(ITIMER_REAL, &(struct itimerval){often, often}, NULL);
}

/* Whatever was inherited. */
static void listen_to_watch(struct shared *all, int status)
{
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    watch.all = all;
    watch.status = status;
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = look, .sa_flags = SA_RESTART}, NULL);
    sigprocmask(SIG_UNBLOCK, &alarm, NULL);
}

void crew_watch_alone(double share, double grace, int status)
{
    listen_to_watch(NULL, status);
    watch.given = cpu_given();
    crew_watch(share, grace);
}

#ifndef __SANITIZE_ADDRESS__
/* Where the stack of a process of the crew may be. */
static uintptr_t stack_low, stack_top;

/* In a signal that has a stack of its own.  Any other fault ends the process as ever. */
static void look_at_fault(int sig, siginfo_t *fault, void *context)
{
    uintptr_t at = (uintptr_t)fault->si_addr;
    (void)context;
    if (at >= stack_low && at < stack_top) _exit(EXIT_DEEP);
    signal(sig, SIG_DFL);
    raise(sig); /* when this returns */
}

/* What leads into itself may fill the memory on its way to the end of the stack: it is that end which
 * tells it from what was short of memory. */
static void listen_to_stack(void)
{
    enum { GUARD = 1 << 20, USUAL = 8 << 20 };
    static char own[1 << 14];
    struct rlimit most;
    bool any = !getrlimit(RLIMIT_STACK, &most) && most.rlim_cur != RLIM_INFINITY;
    stack_top = (uintptr_t)__builtin_frame_address(0);
    stack_low = stack_top - (any ? most.rlim_cur : USUAL) - GUARD;
    struct sigaction act = {.sa_sigaction = look_at_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    if (sigaltstack(&(stack_t){.ss_sp = own, .ss_size = sizeof own}, NULL) == 0)
        sigaction(SIGSEGV, &act, NULL);
}
#else /* which listens for faults itself */
static void listen_to_stack(void)
{
}
#endif

static _Noreturn void be_member(struct crew_post post, int order, pid_t lead, int parts,
                                enum sandbox_need need, crew_work *work, void *ctx,
                                struct shared *all)
{
    const char *lacks;
    struct order told;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    listen_to_watch(all, EXIT_LATE);
    listen_to_stack();
    if (getppid() != lead || !keep_only(order, post.fd)) _exit(1);
    take_part(parts);
    if (sandbox_enter(need, &lacks, NULL)) _exit(1);
    ssize_t k;
    do k = read(order, &told, sizeof told);
    while (k < 0 && errno == EINTR);
    post.number = told.number;
    post.from = told.from;
    if (k == (ssize_t)sizeof told) work(ctx, &post);
    _exit(0);
}

/* ------------------------------------------------------------------ the reader's side */

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static bool add_member(struct crew *c, struct crew_post post, enum sandbox_need need,
                       crew_work *work, void *ctx)
{
    int order[2], say[2];
    pid_t lead = getpid();
    if (pipe2(order, O_CLOEXEC)) return false;
    if (pipe2(say, O_CLOEXEC)) {
        close(order[0]), close(order[1]);
        return false;
    }
    fcntl(say[1], F_SETPIPE_SZ, PIPE);
    pid_t pid = fork();
    if (pid == 0) {
        post.fd = say[1];
        be_member(post, order[0], lead, post.of + 1, need, work, ctx, c->all);
    }
    close(order[0]);
    close(say[1]);
    if (pid < 0) {
        close(order[1]), close(say[0]);
        return false;
    }
    c->v[c->made++] = (struct member){.pid = pid, .order = order[1], .say = say[0]};
    return true;
}

struct crew *crew_new(int n, enum sandbox_need need, crew_work *work, void *ctx)
{
    if (n > CREW_MOST) n = CREW_MOST;
    if (n < 2) return NULL;
    void *shared = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return NULL;
    struct crew *c = mem_alloc(1, sizeof *c);
    c->all = shared;
    c->n = n;
    c->since = sys_seconds();
    set_left(c, cpu_given());
    for (int i = 0; i < n + CREW_RESERVE; i++)
        if (!add_member(c, (struct crew_post){.of = n, .stop = &c->all->stop, .late = &c->all->late},
                        need, work, ctx)) {
            crew_end(c);
            return NULL;
        }
    return c;
}

static bool tell(struct crew *c, int number, size_t from)
{
    struct order o = {.number = number, .from = from};
    return write(c->v[number].order, &o, sizeof o) == (ssize_t)sizeof o;
}

bool crew_begin(struct crew *c)
{
    if (!is_within_part(c)) return false;
    for (int i = 0; i < c->n; i++)
        if (!tell(c, i, 0)) return false;
    return true;
}

/* Whether an end says that another process would fare no better.  What was short of memory may look
 * like a crash. */
static bool is_lost(const struct crew *c, int status, const struct rusage *used)
{
    struct rlimit data;
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (code == EXIT_LATE || code == EXIT_DEEP || sig == SIGSYS) return true;
    if (sig != SIGSEGV && sig != SIGBUS && sig != SIGFPE && sig != SIGILL) return false;
    if (getrlimit(RLIMIT_DATA, &data) || data.rlim_cur == RLIM_INFINITY) return true;
    return (rlim_t)used->ru_maxrss * 1024 < data.rlim_cur / (rlim_t)(c->n + 1) / 2;
}

static double seconds_in(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* Waits for the end of a process that says nothing more. */
static void reap(struct crew *c, struct member *m)
{
    struct rusage used;
    int status = 0;
    pid_t r;
    close_fd(&m->say);
    close_fd(&m->order);
    if (!m->pid) return;
    do r = wait4(m->pid, &status, 0, &used);
    while (r < 0 && errno == EINTR);
    m->pid = 0;
    if (r < 0) return;
    c->spent += seconds_in(used.ru_utime) + seconds_in(used.ru_stime);
    m->lost = is_lost(c, status, &used);
}

/* Waits a moment for what a process says. */
static bool is_ready(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, TICK_MS) > 0;
}

bool crew_read(struct crew *c, int number, void *out, size_t n)
{
    struct member *m = &c->v[number];
    char *at = out;
    while (n > 0 && m->say >= 0) {
        if (!is_ready(m->say)) {
            keep_time(c);
            continue;
        }
        ssize_t k = read(m->say, at, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0)
            reap(c, m);
        else
            at += k, n -= (size_t)k;
    }
    keep_time(c);
    return n == 0 && is_within_part(c);
}

bool crew_lost(const struct crew *c, int number)
{
    return c->v[number].lost;
}

bool crew_replace(struct crew *c, int number, size_t from)
{
    struct member *m = &c->v[number];
    m->gone = c->made == c->n;
    if (!m->gone) {
        *m = c->v[--c->made];
        m->gone = !tell(c, number, from);
    }
    m->lost = false;
    return !m->gone;
}

bool crew_gone(const struct crew *c, int number)
{
    return c->v[number].gone;
}

void crew_end(struct crew *c)
{
    char rest[1 << 14];
    if (!c) return;
    atomic_store(&c->all->stop, true);
    for (int i = 0; i < c->made; i++) close_fd(&c->v[i].order);
    for (int i = 0; i < c->made; i++) {
        struct member *m = &c->v[i];
        ssize_t k = 1;
        while (m->say >= 0 && (k > 0 || (k < 0 && errno == EINTR)))
            k = read(m->say, rest, sizeof rest);
        reap(c, m);
    }
    munmap(c->all, sizeof *c->all);
    mem_free(c);
}
