#include "ingest/extract_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ingest/formats.h"

#define PROGRAM "deepread-extract"
#define TIMEOUT_S 120
/* Memory of its own: poppler and its fonts, glyph caches and one decoded page image live well
 * within this. */
#define MEMORY ((size_t)1 << 30)
#define LIBRARIES ((rlim_t)1 << 30) /* address space on top: what is mapped from files */
#define PASSWORD_MAX 1024 /* fits into a pipe at once */
#define TAIL 512          /* of standard error that is kept */
#define PASSWORD_FD 3

/* What the parent holds of a running child.  -1: not open. */
struct child {
    pid_t pid;
    int source, password;  /* read ends that the child inherits */
    int out[2], err[2];
    struct buf answer;
    char tail[TAIL];
    size_t n_tail;
    bool timed_out, too_long, interrupted;
    int status;
};
#define CHILD_NONE {.source = -1, .password = -1, .out = {-1, -1}, .err = {-1, -1}}

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void child_free(struct child *c)
{
    int *fds[] = {&c->source, &c->password, &c->out[0], &c->out[1], &c->err[0], &c->err[1]};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) close_fd(fds[i]);
    buf_free(&c->answer);
}

static const char *display_name(const char *format)
{
    const struct reader *r = formats_find(format);
    return r ? r->title : format;
}

/* ------------------------------------------------------------------ before the start */

/* named: the program's path, or NULL. */
static enum err find_program(struct arena *a, const char *named, const char *name,
                             const char **path, struct errinfo *e)
{
    if (named) {
        *path = named;
        if (access(*path, X_OK) == 0) return OK;
        return err_set(e, E_DEVICE, "%s: cannot run %s: %s", name, *path, strerror(errno));
    }
    static const char *const places[] = {"", "/../libexec/deepread"};
    char dir[4096];
    sys_exe_dir(dir, sizeof dir);
    for (size_t i = 0; i < 2; i++) {
        struct buf b = {0};
        buf_addf(&b, "%s%s/" PROGRAM, dir, places[i]);
        *path = mem_copy(a, b.s, b.n);
        buf_free(&b);
        if (access(*path, X_OK) == 0) return OK;
    }
    return err_set(e, E_DEVICE, "%s: " PROGRAM " is neither in %s nor in %s/../libexec/deepread; it "
                   "reads PDF and HTML", name, dir, dir);
}

/* The document as an open file of its own: what was hashed is what is parsed, even when the file
 * changes meanwhile or was a pipe. */
static enum err open_source(struct child *c, const struct wire_about *about, struct errinfo *e)
{
    c->source = memfd_create("document", MFD_CLOEXEC);
    const char *p = about->source;
    size_t left = about->n_source;
    while (c->source >= 0 && left > 0) {
        ssize_t k = write(c->source, p, left);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) break;
        p += k;
        left -= (size_t)k;
    }
    if (c->source < 0 || left > 0 || lseek(c->source, 0, SEEK_SET) != 0)
        return err_set(e, E_DEVICE, "%s: handing it to " PROGRAM ": %s", about->name,
                       strerror(errno));
    return OK;
}

static enum err open_password(struct child *c, const char *password, const char *name,
                              struct errinfo *e)
{
    if (!password) return OK;
    size_t n = strlen(password);
    if (n > PASSWORD_MAX)
        return err_set(e, E_USAGE, "%s: a password of more than %d bytes", name, PASSWORD_MAX);
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) != 0)
        return err_set(e, E_DEVICE, "%s: pipe: %s", name, strerror(errno));
    c->password = fd[0];
    ssize_t k = write(fd[1], password, n);
    close(fd[1]);
    if (k != (ssize_t)n) return err_set(e, E_DEVICE, "%s: pipe: %s", name, strerror(errno));
    return OK;
}

static char *option(struct arena *a, const char *name, const char *value)
{
    struct buf b = {0};
    buf_addf(&b, "--%s=%s", name, value);
    char *s = mem_copy(a, b.s, b.n);
    buf_free(&b);
    return s;
}

static char **arguments(struct arena *a, const char *program, const struct ingest_options *o,
                        const struct wire_about *about)
{
    char **v = NEW(a, char *, 8);
    int n = 0;
    v[n++] = mem_copy(a, program, strlen(program));
    v[n++] = mem_copy(a, about->format, strlen(about->format));
    v[n++] = option(a, "name", about->name);
    if (o->pages) v[n++] = option(a, "pages", o->pages);
    if (o->encoding) v[n++] = option(a, "encoding", o->encoding);
    if (o->password) v[n++] = option(a, "password-fd", "3");
    return v;
}

/* ------------------------------------------------------------------ the child */

/* Lowers a limit for good.  The hard one stands a little above, so that running out of CPU time
 * is told from being killed. */
static void limit(int what, rlim_t value, rlim_t above)
{
    struct rlimit r;
    if (getrlimit(what, &r) != 0) return;
    if (r.rlim_max > value + above) r.rlim_max = value + above;
    r.rlim_cur = r.rlim_max < value ? r.rlim_max : value;
    setrlimit(what, &r);
}

/* The child cannot become the program: leaves the reason where standard error is read. */
static _Noreturn void give_up(int fd)
{
    const char *why = strerrordesc_np(errno);
    size_t n = why ? strlen(why) : 0;
    while (n > 0 && write(fd, why, n) < 0 && errno == EINTR) continue;
    _exit(WIRE_EXIT_NO_PROGRAM);
}

/* AddressSanitizer's shadow is terabytes of address space. */
static void limit_memory(rlim_t own, rlim_t document)
{
#if !defined __SANITIZE_ADDRESS__
    limit(RLIMIT_DATA, own, 0);
    limit(RLIMIT_AS, own + document + LIBRARIES, 0);
#else
    (void)own, (void)document;
#endif
}

/* What a child may take. */
struct quota {
    size_t memory, document; /* bytes: of its own, and mapped on top */
    int seconds;
};

/* Between fork and exec: only calls that are safe there. */
static _Noreturn void become(const struct child *c, char **argv, const struct quota *q,
                             pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(WIRE_EXIT_NO_PROGRAM); /* it died before */
    setpgid(0, 0); /* the terminal's interrupt goes to deepread, which ends the child itself */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    /* Out of the way of 0 to 3 first, then into place. */
    int from[4] = {c->source, c->out[1], c->err[1], c->password};
    for (int i = 0; i < 4; i++)
        if (from[i] >= 0 && (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, PASSWORD_FD + 1)) < 0)
            give_up(c->err[1]);
    for (int i = 0; i < 3; i++)
        if (dup2(from[i], i) < 0) give_up(c->err[1]);
    if (from[3] >= 0 && dup2(from[3], PASSWORD_FD) < 0) give_up(STDERR_FILENO);
    close_range(from[3] >= 0 ? PASSWORD_FD + 1 : PASSWORD_FD, ~0U, 0);
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_CPU, (rlim_t)q->seconds + 1, 2);
    limit_memory(q->memory, q->document);
    execv(argv[0], argv);
    give_up(STDERR_FILENO);
}

static enum err start(struct child *c, char **argv, const struct wire_about *about,
                      const struct quota *q, struct errinfo *e)
{
    if (pipe2(c->out, O_CLOEXEC) != 0 || pipe2(c->err, O_CLOEXEC) != 0)
        return err_set(e, E_DEVICE, "%s: pipe: %s", about->name, strerror(errno));
    pid_t parent = getpid();
    c->pid = fork();
    if (c->pid < 0)
        return err_set(e, E_DEVICE, "%s: starting " PROGRAM ": %s", about->name, strerror(errno));
    if (c->pid == 0) become(c, argv, q, parent);
    close_fd(&c->source);
    close_fd(&c->password);
    close_fd(&c->out[1]);
    close_fd(&c->err[1]);
    return OK;
}

/* ------------------------------------------------------------------ listening */

static void keep_tail(struct child *c, const char *s, size_t n)
{
    if (n >= TAIL) {
        memcpy(c->tail, s + n - TAIL, TAIL);
        c->n_tail = TAIL;
        return;
    }
    size_t keep = c->n_tail + n > TAIL ? TAIL - n : c->n_tail;
    memmove(c->tail, c->tail + c->n_tail - keep, keep);
    memcpy(c->tail + keep, s, n);
    c->n_tail = keep + n;
}

/* Reads what is there from one end; closes it at its end. */
static void drain(struct child *c, int *fd, bool is_answer)
{
    char block[1 << 16];
    ssize_t k = read(*fd, block, sizeof block);
    if (k < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (k <= 0) {
        close_fd(fd);
        return;
    }
    if (!is_answer) {
        keep_tail(c, block, (size_t)k);
    } else if (c->answer.n + (size_t)k > WIRE_LIMIT) {
        c->too_long = true;
        close_fd(fd);
    } else {
        buf_add(&c->answer, block, (size_t)k);
    }
}

static bool must_stop(struct child *c, double deadline)
{
    c->interrupted = sys_interrupted();
    c->timed_out = sys_seconds() > deadline;
    return c->interrupted || c->timed_out || c->too_long;
}

static void listen_to(struct child *c, double deadline)
{
    while ((c->out[0] >= 0 || c->err[0] >= 0) && !must_stop(c, deadline)) {
        struct pollfd p[2] = {{.fd = c->out[0], .events = POLLIN},
                              {.fd = c->err[0], .events = POLLIN}};
        if (poll(p, 2, 100) <= 0) continue;
        if (p[0].revents) drain(c, &c->out[0], true);
        if (p[1].revents) drain(c, &c->err[0], false);
    }
}

/* Waits for the end of the child, which has closed its pipes or must be stopped. */
static void reap(struct child *c, double deadline)
{
    for (long wait_ns = 100000;; wait_ns = wait_ns < 10000000 ? wait_ns * 2 : wait_ns) {
        if (must_stop(c, deadline)) break;
        pid_t r = waitpid(c->pid, &c->status, WNOHANG);
        if (r == c->pid || (r < 0 && errno != EINTR)) return;
        nanosleep(&(struct timespec){.tv_nsec = wait_ns}, NULL);
    }
    kill(-c->pid, SIGKILL);
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR) continue;
}

/* ------------------------------------------------------------------ the verdict */

/* The last line of standard error, printable. */
static void last_line(struct child *c, char out[200])
{
    while (c->n_tail > 0 && (unsigned char)c->tail[c->n_tail - 1] <= ' ') c->n_tail--;
    size_t from = c->n_tail;
    while (from > 0 && c->tail[from - 1] != '\n' && c->n_tail - from < 180) from--;
    size_t k = 0;
    for (size_t i = from; i < c->n_tail; i++) {
        unsigned char ch = (unsigned char)c->tail[i];
        out[k++] = ch < 0x20 || ch > 0x7e ? '?' : (char)ch;
    }
    out[k] = '\0';
}

static bool says_no_memory(const struct child *c)
{
    static const char *const marks[] = {"bad_alloc", "failed to allocate", "out of memory",
                                        "Out of memory", "Cannot allocate memory"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memmem(c->tail, c->n_tail, marks[i], strlen(marks[i]))) return true;
    return false;
}

static enum err after_signal(struct child *c, const char *name, const char *reader,
                             struct errinfo *e)
{
    int sig = WTERMSIG(c->status);
    if (sig == SIGXCPU)
        return err_set(e, E_LIMIT, "%s: the %s reader ran out of its CPU time", name, reader);
    if (says_no_memory(c))
        return err_set(e, E_LIMIT, "%s: the %s reader ran out of its memory", name, reader);
    if (sig == SIGSYS)
        return err_set(e, E_FORMAT, "%s: the %s reader was stopped: it tried what its sandbox "
                       "forbids", name, reader);
    if (sig == SIGKILL || sig == SIGTERM || sig == SIGINT || sig == SIGHUP)
        return err_set(e, E_LIMIT, "%s: the %s reader was killed (signal %d)", name, reader, sig);
    return err_set(e, E_FORMAT, "%s: the %s reader crashed (signal %d)", name, reader, sig);
}

static enum err after_exit(struct child *c, const char *name, const char *reader,
                           struct errinfo *e)
{
    char line[200];
    last_line(c, line);
    switch (WEXITSTATUS(c->status)) {
    case WIRE_EXIT_SENT:
        return err_set(e, E_FORMAT, "%s: the %s reader ended without an answer", name, reader);
    case WIRE_EXIT_USAGE:
        return err_set(e, E_USAGE, "%s: " PROGRAM ": %s", name, *line ? line : "called wrongly");
    case WIRE_EXIT_SANDBOX:
        return err_set(e, E_UNSUPPORTED, "%s: " PROGRAM ": %s", name, *line ? line : "no sandbox");
    case WIRE_EXIT_MEMORY:
        return err_set(e, E_LIMIT, "%s: the %s reader ran out of its memory", name, reader);
    case WIRE_EXIT_NO_PROGRAM:
        return err_set(e, E_DEVICE, "%s: " PROGRAM " could not be started%s%s", name,
                       *line ? ": " : "", line);
    default:
        if (says_no_memory(c))
            return err_set(e, E_LIMIT, "%s: the %s reader ran out of its memory", name, reader);
        return err_set(e, E_FORMAT, "%s: the %s reader failed (status %d)%s%s", name, reader,
                       WEXITSTATUS(c->status), *line ? ": " : "", line);
    }
}

static enum err verdict(struct doc **out, struct child *c, struct arena *a,
                        const struct wire_about *about, int timeout_s, struct errinfo *e)
{
    const char *reader = display_name(about->format);
    if (c->interrupted) return err_set(e, E_INTR, "%s: interrupted", about->name);
    if (c->timed_out)
        return err_set(e, E_LIMIT, "%s: the %s reader was stopped after %d seconds", about->name,
                       reader, timeout_s);
    if (c->too_long)
        return err_set(e, E_LIMIT, "%s: more text than %zu MiB", about->name, WIRE_LIMIT >> 20);
    if (WIFSIGNALED(c->status)) return after_signal(c, about->name, reader, e);
    if (WEXITSTATUS(c->status) != WIRE_EXIT_SENT || c->answer.n == 0)
        return after_exit(c, about->name, reader, e);
    return wire_parse(out, a, about, c->answer.s, c->answer.n, e);
}

enum err extract_client_run(struct doc **out, struct arena *a, const struct ingest_options *o,
                            const struct wire_about *about, struct errinfo *e)
{
    const char *program;
    *out = NULL;
    TRY(find_program(a, o->extract_path, about->name, &program, e));
    int timeout_s = o->timeout_s > 0 ? o->timeout_s : TIMEOUT_S;
    struct quota q = {o->memory ? o->memory : MEMORY, about->n_source, timeout_s};
    struct child c = CHILD_NONE;
    char **argv = arguments(a, program, o, about);
    double deadline = sys_seconds() + timeout_s;
    enum err r = open_source(&c, about, e);
    if (!r) r = open_password(&c, o->password, about->name, e);
    if (!r) r = start(&c, argv, about, &q, e);
    if (!r) {
        listen_to(&c, deadline);
        reap(&c, deadline);
        r = verdict(out, &c, a, about, timeout_s, e);
    }
    child_free(&c);
    return r;
}

/* ------------------------------------------------------------------ the machine */

enum err extract_client_describe(struct buf *out, struct errinfo *e)
{
    struct arena *a = arena_new();
    struct wire_about nothing = {.name = PROGRAM, .source = ""};
    struct child c = CHILD_NONE;
    const char *program = NULL;
    enum err r = find_program(a, NULL, PROGRAM, &program, e);
    char ask[] = "--sandbox", *argv[] = {mem_copy(a, program, program ? strlen(program) : 0), ask,
                                         NULL};
    if (!r) r = open_source(&c, &nothing, e);
    if (!r) r = start(&c, argv, &nothing, &(struct quota){MEMORY, 0, TIMEOUT_S}, e);
    if (!r) {
        double deadline = sys_seconds() + TIMEOUT_S;
        listen_to(&c, deadline);
        reap(&c, deadline);
        size_t n = c.answer.n ? strcspn(c.answer.s, "\n") : 0;
        buf_add(out, c.answer.s, n);
        if (!n) r = err_set(e, E_DEVICE, "%s does not start", program);
    }
    child_free(&c);
    arena_free(a);
    return r;
}
