#include "extract/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ingest/request.h"
#include "ingest/wire.h"

#define LIBRARIES ((rlim_t)1 << 30) /* address space beside memory and document: mapped files */

/* A request as it came. */
struct received {
    char bytes[REQUEST_BYTES];
    size_t n;
    int fd[REQUEST_FDS]; /* -1: none */
};

/* ------------------------------------------------------------------ the process of a document */

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

static void set_limits(const struct request *r)
{
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_CPU, r->seconds, 2);
#if !defined __SANITIZE_ADDRESS__ /* its shadow is terabytes of address space */
    limit(RLIMIT_DATA, r->memory, 0);
    limit(RLIMIT_AS, r->memory + r->document + LIBRARIES, 0);
#endif
}

/* Descriptors to 0, 1, 2 and 3: out of the way first, then into place; nothing else stays open. */
static bool place(const int fd[REQUEST_FDS])
{
    int n = 0, from[REQUEST_FDS];
    for (; n < REQUEST_FDS && fd[n] >= 0; n++)
        if ((from[n] = fcntl(fd[n], F_DUPFD_CLOEXEC, REQUEST_FDS)) < 0) return false;
    for (int i = 0; i < n; i++)
        if (dup2(from[i], i) < 0) return false;
    return close_range((unsigned)n, ~0U, 0) == 0;
}

static _Noreturn void be_reader(struct request *r, const int fd[REQUEST_FDS], pid_t parent,
                                serve_run *run)
{
    char name[] = "deepread-extract", *argv[REQUEST_ARGUMENTS + 2] = {name};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(WIRE_EXIT_NO_PROGRAM); /* it died before */
    setpgid(0, 0); /* the terminal's interrupt goes to deepread, which ends this process itself */
    if (!place(fd)) _exit(WIRE_EXIT_NO_PROGRAM);
    set_limits(r);
    memcpy(argv + 1, r->argv, sizeof r->argv);
    int status = run(r->argc + 1, argv);
#ifdef __SANITIZE_ADDRESS__
    exit(status); /* looks for leaks */
#endif
    fflush(NULL);
    _exit(status); /* taking the libraries down is a tenth of the work on a short page */
}

/* ------------------------------------------------------------------ the server */

static void close_all(struct received *m)
{
    for (int i = 0; i < REQUEST_FDS; i++) {
        if (m->fd[i] >= 0) close(m->fd[i]);
        m->fd[i] = -1;
    }
}

static void take_fds(struct received *m, struct msghdr *h)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(m->fd, CMSG_DATA(c), (n < REQUEST_FDS ? n : REQUEST_FDS) * sizeof(int));
    }
}

/* False: the other side is gone. */
static bool receive(int control, struct received *m)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(REQUEST_FDS * sizeof(int))];
    } rights;
    struct iovec v = {m->bytes, sizeof m->bytes};
    struct msghdr h = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = rights.bytes,
                       .msg_controllen = sizeof rights.bytes};
    ssize_t n;
    do n = recvmsg(control, &h, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    for (int i = 0; i < REQUEST_FDS; i++) m->fd[i] = -1;
    if (n <= 0) return false;
    m->n = (size_t)n;
    take_fds(m, &h);
    return true;
}

/* Like fork, but a child of this process's parent.  There is one thread here, and nothing of
 * libc's that a fork would have to put right. */
static pid_t fork_sibling(void)
{
    return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0);
}

static void answer(int control, struct received *m, pid_t parent, serve_run *run)
{
    struct request r;
    char reply[REQUEST_REPLY];
    pid_t pid = -1;
    errno = EPROTO;
    if (!request_parse(&r, m->bytes, m->n, NULL) && m->fd[REQUEST_FDS_LEAST - 1] >= 0)
        pid = fork_sibling();
    int why = errno;
    if (pid == 0) be_reader(&r, m->fd, parent, run);
    close_all(m);
    request_put_reply(reply, pid, pid > 0 ? 0 : why);
    while (send(control, reply, sizeof reply, MSG_NOSIGNAL) < 0 && errno == EINTR) continue;
}

int serve(int control, serve_run *run)
{
    struct received *m = malloc(sizeof *m);
    pid_t parent = getppid();
    if (!m) return WIRE_EXIT_MEMORY;
    signal(SIGPIPE, SIG_IGN);
    while (receive(control, m)) answer(control, m, parent, run);
    free(m);
    return 0;
}
