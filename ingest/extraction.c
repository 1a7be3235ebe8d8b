#include "ingest/extraction.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/formats.h"

#define TIMEOUT_S 120
/* Memory of its own: poppler and its fonts, glyph caches and one decoded page image live well
 * within this. */
#define MEMORY ((size_t)1 << 30)
#define PASSWORD_MAX 1024 /* fits into a pipe at once */

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static const char *display_name(const char *format)
{
    const struct reader *r = formats_find(format);
    return r ? r->title : format;
}

/* ------------------------------------------------------------------ starting */

/* The document as an open file of its own: what was hashed is what is parsed, even when the file
 * changes meanwhile or was a pipe. */
static enum err open_source(int *fd, const struct wire_about *about, struct errinfo *e)
{
    *fd = memfd_create("document", MFD_CLOEXEC);
    if (*fd < 0 || !sys_write_all(*fd, about->source, about->n_source) || lseek(*fd, 0, SEEK_SET) != 0)
        return err_set(e, E_DEVICE, "%s: handing it to " EXTRACTOR_PROGRAM ": %s", about->name,
                       strerror(errno));
    return OK;
}

static enum err open_pipe(int *own, int *other, const char *name, struct errinfo *e)
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) != 0)
        return err_set(e, E_DEVICE, "%s: pipe: %s", name, strerror(errno));
    *own = fd[0];
    *other = fd[1];
    return OK;
}

static enum err open_password(int *fd, const char *password, const char *name, struct errinfo *e)
{
    if (!password) return OK;
    size_t n = strlen(password);
    if (n > PASSWORD_MAX)
        return err_set(e, E_USAGE, "%s: a password of more than %d bytes", name, PASSWORD_MAX);
    int end = -1;
    TRY(open_pipe(fd, &end, name, e));
    ssize_t k = write(end, password, n);
    close(end);
    return k == (ssize_t)n ? OK : err_set(e, E_DEVICE, "%s: pipe: %s", name, strerror(errno));
}

static void add_argument(struct request *r, struct arena *a, const char *name, const char *value)
{
    struct buf b = {0};
    if (!value) return;
    buf_addf(&b, "%s%s", name, value);
    r->argv[r->argc++] = mem_copy(a, b.s, b.n);
    buf_free(&b);
}

static int seconds_for(const struct ingest_options *o)
{
    return o->timeout_s > 0 ? o->timeout_s : TIMEOUT_S;
}

/* What the text depends on; messages and passwords are others' concern. */
static void add_settings(struct request *r, struct arena *a, const struct ingest_options *o,
                         const char *format, enum ocr_use ocr)
{
    bool pictures = strcmp(format, "pdf") == 0 && ocr != OCR_OFF;
    add_argument(r, a, "", format);
    add_argument(r, a, "--pages=", o->pages);
    add_argument(r, a, "--encoding=", o->encoding);
    add_argument(r, a, "--show-hidden", o->show_hidden ? "" : NULL);
    add_argument(r, a, "--ocr=", pictures ? wire_ocr_words[ocr] : NULL);
    add_argument(r, a, "--ocr-lang=", pictures ? o->ocr_lang : NULL);
}

void extraction_settings(struct buf *out, const struct ingest_options *o, const char *format)
{
    struct request r = {0};
    struct arena *a = arena_new();
    add_settings(&r, a, o, format, o->ocr);
    for (int i = 0; i < r.argc; i++) buf_addf(out, "%s\n", r.argv[i]);
    arena_free(a);
}

static void fill_request(struct request *r, struct arena *a, const struct ingest_options *o,
                         const struct extraction *x)
{
    *r = (struct request){.memory = o->memory ? o->memory : MEMORY,
                          .document = x->about.n_source,
                          .seconds = (uint32_t)fmax(1, x->deadline - sys_seconds()) + 1};
    add_settings(r, a, o, x->about.format, x->ocr);
    add_argument(r, a, "--name=", x->about.name);
    add_argument(r, a, "--password-fd=", o->password ? "3" : NULL);
    char jobs[16], ms[16];
    snprintf(jobs, sizeof jobs, "%d", x->jobs);
    snprintf(ms, sizeof ms, "%d", o->ocr_ms);
    add_argument(r, a, "--jobs=", x->jobs > 1 ? jobs : NULL);
    add_argument(r, a, "--ocr-ms=", o->ocr_timed ? ms : NULL);
    add_argument(r, a, "--apart", x->apart ? "" : NULL);
}

static enum err ask(struct extraction *x, struct extractor *server, const struct ingest_options *o,
                    const int fd[REQUEST_FDS], struct errinfo *e)
{
    struct request request;
    struct errinfo why = {0};
    struct arena *a = arena_new();
    fill_request(&request, a, o, x);
    enum err r = extractor_ask(server, &request, fd, &x->pid, &why);
    arena_free(a);
    x->alive = !r;
    if (!r) x->ended = (int)syscall(SYS_pidfd_open, x->pid, 0);
    return r ? err_set(e, r, "%s: %s", x->about.name, why.msg) : OK;
}

static enum err launch(struct extraction *x, struct extractor *server,
                       const struct ingest_options *o, struct errinfo *e)
{
    const char *name = x->about.name;
    int fd[REQUEST_FDS] = {-1, -1, -1, -1};
    enum err r = open_source(&fd[0], &x->about, e);
    if (!r) r = open_pipe(&x->out, &fd[1], name, e);
    if (!r) r = open_pipe(&x->err, &fd[2], name, e);
    if (!r) r = open_password(&fd[3], o->password, name, e);
    if (!r) r = ask(x, server, o, fd, e);
    for (int i = 0; i < REQUEST_FDS; i++) close_fd(&fd[i]);
    if (r) extraction_end(x);
    return r;
}

enum err extraction_start(struct extraction *x, struct extractor *server,
                          const struct ingest_options *o, int jobs,
                          const struct wire_about *about, struct errinfo *e)
{
    *x = (struct extraction){.about = *about, .jobs = jobs, .ocr = o->ocr,
                             .timeout_s = seconds_for(o), .ended = -1, .out = -1, .err = -1};
    x->deadline = sys_seconds() + x->timeout_s;
    return launch(x, server, o, e);
}

static bool has_exited(const struct extraction *x, enum wire_exit status)
{
    return WIFEXITED(x->status) && WEXITSTATUS(x->status) == (int)status;
}

/* Whether a page broke the reader, that another process would have survived. */
static bool is_broken(const struct extraction *x)
{
    int sig = WIFSIGNALED(x->status) ? WTERMSIG(x->status) : 0;
    bool crashed = sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE || sig == SIGILL || sig == SIGSYS;
    bool is_pdf = strcmp(x->about.format, "pdf") == 0;
    return is_pdf && !x->apart && (crashed || has_exited(x, WIRE_EXIT_APART));
}

static bool recognising_failed(const struct extraction *x)
{
    if (x->ocr != OCR_IMAGES && x->ocr != OCR_FORCE) return false;
    return WIFSIGNALED(x->status) ? WTERMSIG(x->status) != SIGXCPU : !has_exited(x, WIRE_EXIT_SENT);
}

static bool finds_images(const struct extraction *x)
{
    return x->ocr == OCR_AUTO && has_exited(x, WIRE_EXIT_IMAGES);
}

bool extraction_asks(const struct extraction *x)
{
    if (x->timed_out || x->interrupted || x->too_long) return false;
    return finds_images(x) || is_broken(x) || recognising_failed(x);
}

enum err extraction_again(struct extraction *x, struct extractor *server,
                          const struct ingest_options *o, struct errinfo *e)
{
    bool broken = is_broken(x);
    extraction_end(x);
    if (finds_images(x)) x->ocr = OCR_IMAGES;
    else if (broken) x->apart = true;
    else x->ocr = OCR_FAILED;
    x->answer = (struct buf){0};
    x->n_tail = 0;
    x->status = 0;
    return launch(x, server, o, e);
}

/* ------------------------------------------------------------------ listening */

static void keep_tail(struct extraction *x, const char *s, size_t n)
{
    if (n >= EXTRACTION_TAIL) {
        memcpy(x->tail, s + n - EXTRACTION_TAIL, EXTRACTION_TAIL);
        x->n_tail = EXTRACTION_TAIL;
        return;
    }
    size_t keep = x->n_tail + n > EXTRACTION_TAIL ? EXTRACTION_TAIL - n : x->n_tail;
    memmove(x->tail, x->tail + x->n_tail - keep, keep);
    memcpy(x->tail + keep, s, n);
    x->n_tail = keep + n;
}

/* Reads what is there from one end; closes it at its end. */
static void drain(struct extraction *x, int *fd, bool is_answer)
{
    char block[1 << 16];
    ssize_t k = read(*fd, block, sizeof block);
    if (k < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (k <= 0) {
        close_fd(fd);
        return;
    }
    if (!is_answer) {
        keep_tail(x, block, (size_t)k);
    } else if (x->answer.n + (size_t)k > WIRE_LIMIT) {
        x->too_long = true;
        close_fd(fd);
    } else {
        buf_add(&x->answer, block, (size_t)k);
    }
}

/* Waits for its end; with WNOHANG only looks. */
static void reap(struct extraction *x, int how)
{
    pid_t r;
    do r = waitpid(x->pid, &x->status, how);
    while (r < 0 && errno == EINTR);
    if (r == 0) return;
    x->alive = false;
    close_fd(&x->ended);
}

static void kill_it(struct extraction *x)
{
    if (!x->alive) return;
    kill(-x->pid, SIGKILL);
    kill(x->pid, SIGKILL); /* where it has no group of its own yet */
    reap(x, 0);
}

void extraction_watch(const struct extraction *x, struct pollfd fds[EXTRACTION_FDS])
{
    fds[0] = (struct pollfd){.fd = x->out, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = x->err, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = x->ended, .events = POLLIN};
}

bool extraction_step(struct extraction *x, const struct pollfd fds[EXTRACTION_FDS])
{
    if (fds[0].fd >= 0 && fds[0].revents) drain(x, &x->out, true);
    if (fds[1].fd >= 0 && fds[1].revents) drain(x, &x->err, false);
    if (x->alive && x->ended < 0) reap(x, WNOHANG);
    if (x->alive && fds[2].fd >= 0 && fds[2].revents) reap(x, 0);
    if (!x->alive && x->out < 0 && x->err < 0) return true;
    x->interrupted = sys_interrupted();
    x->timed_out = sys_seconds() > x->deadline;
    if (!x->interrupted && !x->timed_out && !x->too_long) return false;
    kill_it(x);
    return true;
}

void extraction_end(struct extraction *x)
{
    kill_it(x);
    close_fd(&x->out);
    close_fd(&x->err);
    buf_free(&x->answer);
}

/* ------------------------------------------------------------------ the verdict */

/* The last line of standard error, printable. */
static void last_line(struct extraction *x, char out[200])
{
    while (x->n_tail > 0 && (unsigned char)x->tail[x->n_tail - 1] <= ' ') x->n_tail--;
    size_t from = x->n_tail;
    while (from > 0 && x->tail[from - 1] != '\n' && x->n_tail - from < 180) from--;
    size_t k = 0;
    for (size_t i = from; i < x->n_tail; i++) {
        unsigned char ch = (unsigned char)x->tail[i];
        out[k++] = ch < 0x20 || ch > 0x7e ? '?' : (char)ch;
    }
    out[k] = '\0';
}

static bool says_no_memory(const struct extraction *x)
{
    static const char *const marks[] = {"bad_alloc", "failed to allocate", "out of memory",
                                        "Out of memory", "Cannot allocate memory"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memmem(x->tail, x->n_tail, marks[i], strlen(marks[i]))) return true;
    return false;
}

static enum err out_of_memory(const char *name, const char *reader, struct errinfo *e)
{
    return err_set(e, E_LIMIT, "%s: the %s reader ran out of its memory (--doc-memory gives more)", name, reader);
}

static enum err after_signal(struct extraction *x, const char *name, const char *reader,
                             struct errinfo *e)
{
    int sig = WTERMSIG(x->status);
    if (sig == SIGXCPU)
        return err_set(e, E_LIMIT, "%s: the %s reader ran out of its CPU time", name, reader);
    if (says_no_memory(x))
        return out_of_memory(name, reader, e);
    if (sig == SIGSYS)
        return err_set(e, E_FORMAT, "%s: the %s reader was stopped: it tried what its sandbox "
                       "forbids", name, reader);
    if (sig == SIGKILL || sig == SIGTERM || sig == SIGINT || sig == SIGHUP)
        return err_set(e, E_LIMIT, "%s: the %s reader was killed (signal %d)", name, reader, sig);
    return err_set(e, E_FORMAT, "%s: the %s reader crashed (signal %d)", name, reader, sig);
}

static enum err after_exit(struct extraction *x, const char *name, const char *reader,
                           struct errinfo *e)
{
    char line[200];
    last_line(x, line);
    switch (WEXITSTATUS(x->status)) {
    case WIRE_EXIT_SENT:
        return err_set(e, E_FORMAT, "%s: the %s reader ended without an answer", name, reader);
    case WIRE_EXIT_USAGE:
        return err_set(e, E_USAGE, "%s: " EXTRACTOR_PROGRAM ": %s", name, *line ? line : "called wrongly");
    case WIRE_EXIT_SANDBOX:
        return err_set(e, E_UNSUPPORTED, "%s: " EXTRACTOR_PROGRAM ": %s", name, *line ? line : "no sandbox");
    case WIRE_EXIT_MEMORY:
        return out_of_memory(name, reader, e);
    case WIRE_EXIT_NO_PROGRAM:
        return err_set(e, E_DEVICE, "%s: " EXTRACTOR_PROGRAM " could not be started%s%s", name,
                       *line ? ": " : "", line);
    default:
        if (says_no_memory(x))
            return out_of_memory(name, reader, e);
        return err_set(e, E_FORMAT, "%s: the %s reader failed (status %d)%s%s", name, reader,
                       WEXITSTATUS(x->status), *line ? ": " : "", line);
    }
}

enum err extraction_result(struct extraction *x, struct doc **out, struct arena *a,
                           struct errinfo *e)
{
    const char *name = x->about.name, *reader = display_name(x->about.format);
    *out = NULL;
    if (x->interrupted) return err_set(e, E_INTR, "%s: interrupted", name);
    if (x->timed_out)
        return err_set(e, E_LIMIT, "%s: the %s reader was stopped after %d second%s (--doc-timeout gives more)",
                       name, reader, x->timeout_s, x->timeout_s == 1 ? "" : "s");
    if (x->too_long)
        return err_set(e, E_LIMIT, "%s: more text than %zu MiB", name, WIRE_LIMIT >> 20);
    if (WIFSIGNALED(x->status)) return after_signal(x, name, reader, e);
    if (WEXITSTATUS(x->status) != WIRE_EXIT_SENT || x->answer.n == 0)
        return after_exit(x, name, reader, e);
    if (x->about.members) {
        *x->about.members = x->answer;
        x->answer = (struct buf){0};
        return OK;
    }
    return wire_parse(out, a, &x->about, x->answer.s, x->answer.n, e);
}
