#include "extract/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define PIPE (1 << 20) /* bytes that a process may be ahead */

struct member {
    pid_t pid;
    int order, say; /* our ends; -1: closed */
};

struct crew {
    struct member v[CREW_MOST];
    int n;
    atomic_bool *stop; /* shared with all */
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

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    return clock_gettime(clock, &t) ? 0 : (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ends this process as its own limit would, when all together have used up its time. */
static void keep_time(const struct crew *c)
{
    struct rlimit most;
    if (getrlimit(RLIMIT_CPU, &most) || most.rlim_cur == RLIM_INFINITY) return;
    double sum = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < c->n; i++) {
        clockid_t clock;
        if (c->v[i].say >= 0 && !clock_getcpuclockid(c->v[i].pid, &clock)) sum += seconds_of(clock);
    }
    if (sum > (double)most.rlim_cur) raise(SIGXCPU);
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

static _Noreturn void be_member(struct crew_post post, int order, pid_t lead, int parts,
                                enum sandbox_need need, crew_work *work, void *ctx)
{
    const char *lacks;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != lead || !keep_only(order, post.fd)) _exit(1);
    take_part(parts);
    if (sandbox_enter(need, &lacks, NULL)) _exit(1);
    ssize_t k;
    do k = read(order, &post.order, sizeof post.order);
    while (k < 0 && errno == EINTR);
    if (k == (ssize_t)sizeof post.order) work(ctx, &post);
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
        be_member(post, order[0], lead, post.of + 1, need, work, ctx);
    }
    close(order[0]);
    close(say[1]);
    if (pid < 0) {
        close(order[1]), close(say[0]);
        return false;
    }
    c->v[c->n++] = (struct member){pid, order[1], say[0]};
    return true;
}

struct crew *crew_new(int n, enum sandbox_need need, crew_work *work, void *ctx)
{
    if (n > CREW_MOST) n = CREW_MOST;
    if (n < 2) return NULL;
    void *shared =
        mmap(NULL, sizeof(atomic_bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return NULL;
    struct crew *c = mem_alloc(1, sizeof *c);
    c->stop = shared;
    for (int i = 0; i < n; i++)
        if (!add_member(c, (struct crew_post){.number = i, .of = n, .stop = c->stop}, need, work,
                        ctx)) {
            crew_end(c);
            return NULL;
        }
    return c;
}

bool crew_begin(struct crew *c, int order)
{
    if (!is_within_part(c)) return false;
    for (int i = 0; i < c->n; i++)
        if (write(c->v[i].order, &order, sizeof order) != (ssize_t)sizeof order) return false;
    return true;
}

bool crew_read(struct crew *c, int number, void *out, size_t n)
{
    struct member *m = &c->v[number];
    char *at = out;
    while (n > 0 && m->say >= 0) {
        ssize_t k = read(m->say, at, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0)
            close_fd(&m->say);
        else
            at += k, n -= (size_t)k;
    }
    keep_time(c);
    return n == 0 && is_within_part(c);
}

void crew_end(struct crew *c)
{
    char rest[1 << 14];
    if (!c) return;
    atomic_store(c->stop, true);
    for (int i = 0; i < c->n; i++) close_fd(&c->v[i].order);
    for (int i = 0; i < c->n; i++) {
        struct member *m = &c->v[i];
        ssize_t k = 1;
        while (m->say >= 0 && (k > 0 || (k < 0 && errno == EINTR)))
            k = read(m->say, rest, sizeof rest);
        close_fd(&m->say);
        while (waitpid(m->pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    munmap(c->stop, sizeof(atomic_bool));
    mem_free(c);
}
