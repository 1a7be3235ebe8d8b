#include "ingest/extractor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"

struct extractor {
    pid_t pid;
    int control; /* our end of its socket */
};

/* ------------------------------------------------------------------ starting a program */

static enum err find_program(struct buf *path, const char *named, struct errinfo *e)
{
    static const char *const places[] = {"", "/../libexec/deepread"};
    char dir[4096];
    if (named) {
        buf_addz(path, named);
        if (access(named, X_OK) == 0) return OK;
        return err_set(e, E_DEVICE, "cannot run %s: %s", named, strerror(errno));
    }
    sys_exe_dir(dir, sizeof dir);
    for (size_t i = 0; i < 2; i++) {
        buf_clear(path);
        buf_addf(path, "%s%s/" EXTRACTOR_PROGRAM, dir, places[i]);
        if (access(path->s, X_OK) == 0) return OK;
    }
    return err_set(e, E_DEVICE, EXTRACTOR_PROGRAM " is neither in %s nor in %s/../libexec/deepread; "
                   "it reads PDF, HTML and office formats", dir, dir);
}

/* The environment, with every symbol bound at the start, else each process of a document binds
 * those it meets anew, and without threads, which no reader may start (extract/ocr.h).  Free it with
 * mem_free. */
static char **environment(void)
{
    static char bind[] = "LD_BIND_NOW=1", alone[] = "OMP_THREAD_LIMIT=1";
    size_t n = 0;
    while (environ[n]) n++;
    char **v = mem_alloc(n + 3, sizeof *v);
    v[0] = bind;
    v[1] = alone;
    memcpy(v + 2, environ, n * sizeof *v);
    return v;
}

/* Between fork and exec: only calls that are safe there.  `why` is closed by exec. */
static _Noreturn void become(char **argv, char **env, const int fd[2], int why, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0); /* the terminal's interrupt goes to deepread */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN); /* deepread is asked how far it is, perhaps by the beginning of its name */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    int from[2] = {fcntl(fd[0], F_DUPFD_CLOEXEC, 3), fcntl(fd[1], F_DUPFD_CLOEXEC, 3)};
    int say = fcntl(why, F_DUPFD_CLOEXEC, 3);
    if (getppid() == parent && dup2(from[0], 0) == 0 && dup2(from[1], 1) == 1 && say >= 0)
        execve(argv[0], argv, env);
    int n = errno;
    if (write(say, &n, sizeof n) < 0) _exit(1);
    _exit(1);
}

/* Runs argv with fd[0] and fd[1] as standard input and output. */
static enum err spawn(pid_t *pid, char **argv, const int fd[2], struct errinfo *e)
{
    int why[2], n = 0;
    pid_t parent = getpid();
    if (pipe2(why, O_CLOEXEC) != 0)
        return err_set(e, E_DEVICE, "starting " EXTRACTOR_PROGRAM ": %s", strerror(errno));
    char **env = environment();
    *pid = fork();
    if (*pid == 0) become(argv, env, fd, why[1], parent);
    if (*pid < 0) n = errno;
    mem_free(env);
    close(why[1]);
    ssize_t k = 0;
    do k = *pid < 0 ? 0 : read(why[0], &n, sizeof n); /* nothing: it became the program */
    while (k < 0 && errno == EINTR);
    close(why[0]);
    if (n == 0) return OK;
    if (*pid > 0) waitpid(*pid, NULL, 0);
    return err_set(e, E_DEVICE, "cannot run %s: %s", argv[0], strerror(n));
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

/* ------------------------------------------------------------------ the server */

static enum err start(struct extractor *x, char *program, struct errinfo *e)
{
    char serve[] = "--serve", *argv[] = {program, serve, NULL};
    int pair[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0) return err_set(e, E_DEVICE, "/dev/null: %s", strerror(errno));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        int why = errno;
        close(null);
        return err_set(e, E_DEVICE, "starting " EXTRACTOR_PROGRAM ": %s", strerror(why));
    }
    enum err r = spawn(&x->pid, argv, (int[]){pair[1], null}, e);
    close(pair[1]);
    close(null);
    x->control = pair[0];
    if (r) close(pair[0]);
    return r;
}

enum err extractor_open(struct extractor **out, const char *named, struct errinfo *e)
{
    struct buf path = {0};
    struct extractor x;
    *out = NULL;
    enum err r = find_program(&path, named, e);
    if (!r) r = start(&x, path.s, e);
    buf_free(&path);
    if (r) return r;
    *out = mem_alloc(1, sizeof x);
    **out = x;
    return OK;
}

void extractor_close(struct extractor *x)
{
    if (!x) return;
    close(x->control);
    kill(x->pid, SIGKILL); /* it holds nothing that could be lost */
    reap(x->pid);
    mem_free(x);
}

/* ------------------------------------------------------------------ a document */

static bool send_request(int control, const struct buf *b, const int fd[REQUEST_FDS])
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(REQUEST_FDS * sizeof(int))];
    } rights = {.bytes = {0}};
    struct iovec v = {b->s, b->n};
    size_t n = fd[REQUEST_FDS - 1] < 0 ? REQUEST_FDS - 1 : REQUEST_FDS;
    struct msghdr h = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = rights.bytes,
                       .msg_controllen = CMSG_SPACE(n * sizeof(int))};
    struct cmsghdr *c = CMSG_FIRSTHDR(&h);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(n * sizeof(int));
    memcpy(CMSG_DATA(c), fd, n * sizeof(int));
    ssize_t k;
    do k = sendmsg(control, &h, MSG_NOSIGNAL);
    while (k < 0 && errno == EINTR);
    return k == (ssize_t)b->n;
}

static bool receive_reply(int control, int32_t *pid, int32_t *why)
{
    char reply[REQUEST_REPLY + 1];
    ssize_t n;
    do n = recv(control, reply, sizeof reply, 0);
    while (n < 0 && errno == EINTR && !sys_interrupted());
    return n > 0 && request_parse_reply(reply, (size_t)n, pid, why);
}

enum err extractor_ask(struct extractor *x, const struct request *r, const int fd[REQUEST_FDS],
                       pid_t *pid, struct errinfo *e)
{
    struct buf b = {0};
    int32_t made = -1, why = 0;
    enum err code = request_put(&b, r, e);
    bool answered = !code && send_request(x->control, &b, fd) &&
                    receive_reply(x->control, &made, &why);
    if (!code && !answered && sys_interrupted()) /* which may have ended it, too */
        code = err_set(e, E_INTR, "interrupted");
    else if (!code && !answered)
        code = err_set(e, E_DEVICE, EXTRACTOR_PROGRAM " does not start or is gone");
    else if (!code && why)
        code = err_set(e, E_DEVICE, EXTRACTOR_PROGRAM ": no process: %s", strerror(why));
    buf_free(&b);
    *pid = made;
    return code;
}

/* ------------------------------------------------------------------ what there is */

static bool stamp_file(struct buf *out, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return false;
    buf_addf(out, " %lld bytes %lld.%09ld", (long long)st.st_size, (long long)st.st_mtim.tv_sec,
             st.st_mtim.tv_nsec);
    return true;
}

bool extractor_stamp(struct buf *out, const char *named)
{
    static const char *const installed[] = {"/etc/ld.so.cache", EXTRACTOR_TESSDATA};
    struct buf path = {0};
    buf_addz(out, DEEPREAD_VERSION);
    bool there = find_program(&path, named, NULL) == OK && stamp_file(out, path.s);
    for (size_t i = 0; i < sizeof installed / sizeof *installed; i++)
        if (!stamp_file(out, installed[i])) buf_addz(out, " ?");
    const char *own = getenv("TESSDATA_PREFIX");
    if (own) buf_addf(out, " %s", own), stamp_file(out, own);
    buf_free(&path);
    return there;
}

enum err extractor_describe(struct buf *out, struct errinfo *e)
{
    struct buf path = {0}, said = {0};
    char ask[] = "--describe";
    int fd[2];
    pid_t pid;
    enum err r = find_program(&path, NULL, e);
    if (!r && pipe2(fd, O_CLOEXEC) != 0) r = err_set(e, E_DEVICE, "pipe: %s", strerror(errno));
    if (!r) {
        r = spawn(&pid, (char *[]){path.s, ask, NULL}, fd, e);
        close(fd[1]);
        if (!r) r = sys_read_all(fd[0], 4096, &said, path.s, e);
        if (!r) reap(pid);
        close(fd[0]);
    }
    if (!r && !said.n) r = err_set(e, E_DEVICE, "%s does not start", path.s);
    if (!r) buf_add(out, said.s, said.n);
    buf_free(&said);
    buf_free(&path);
    return r;
}
