#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

/* ------------------------------------------------------------------ files */

enum err sys_map(struct mapping *m, const char *path, struct errinfo *e)
{
    *m = (struct mapping){0};
    /* Without O_NONBLOCK a named pipe would be waited for before it can be refused. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return err_set(e, E_IO, "%s: %s", path, strerror(errno));
    struct stat st;
    enum err r = OK;
    if (fstat(fd, &st) != 0)
        r = err_set(e, E_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        r = err_set(e, E_IO, "%s: expected a file, found a %s", path,
                    S_ISDIR(st.st_mode) ? "folder" : "special file");
    if (!r && st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            r = err_set(e, E_IO, "%s: cannot map: %s", path, strerror(errno));
        else
            *m = (struct mapping){p, (size_t)st.st_size};
    }
    close(fd);
    return r;
}

enum err sys_read_file(const char *path, size_t limit, struct buf *out, struct errinfo *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_set(e, E_IO, "%s: %s", path, strerror(errno));
    enum err r = OK;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        r = err_set(e, E_IO, "%s: expected a file, found a folder", path);
    if (!r) r = sys_read_all(fd, limit, out, path, e);
    close(fd);
    return r;
}

enum err sys_map_private(struct mapping *m, int fd, size_t n, const char *name, struct errinfo *e)
{
    *m = (struct mapping){0};
    if (n == 0) return OK;
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) return err_set(e, E_IO, "%s: cannot map: %s", name, strerror(errno));
    *m = (struct mapping){p, n};
    return OK;
}

void sys_unmap(struct mapping *m)
{
    if (m->p) munmap((void *)(uintptr_t)m->p, m->n);
    *m = (struct mapping){0};
}

void sys_map_release(const void *p, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)p + page - 1) / page * page;
    uintptr_t last = ((uintptr_t)p + n) / page * page;
    if (first < last) madvise((void *)first, last - first, MADV_DONTNEED);
}

enum err sys_read_all(int fd, size_t limit, struct buf *out, const char *name, struct errinfo *e)
{
    char block[1 << 16];
    size_t total = 0;
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR && !sys_interrupted()) continue;
        if (n < 0 && errno == EINTR) return err_set(e, E_INTR, "%s: interrupted", name);
        if (n < 0) return err_set(e, E_IO, "%s: %s", name, strerror(errno));
        if (n == 0) return OK;
        total += (size_t)n;
        if (total > limit)
            return err_set(e, E_LIMIT, "%s: more than %zu bytes", name, limit);
        buf_add(out, block, (size_t)n);
    }
}

bool sys_write_all(int fd, const void *bytes, size_t n)
{
    const char *s = bytes;
    while (n > 0) {
        ssize_t k = write(fd, s, n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return false;
        s += k;
        n -= (size_t)k;
    }
    return true;
}

/* A device or pipe cannot be replaced by rename. */
static enum err write_into(const char *path, const char *s, size_t n, struct errinfo *e)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return err_set(e, E_IO, "%s: %s", path, strerror(errno));
    bool ok = sys_write_all(fd, s, n);
    int why = errno;
    ok = close(fd) == 0 && ok;
    return ok ? OK : err_set(e, E_IO, "%s: %s", path, strerror(why));
}

static enum err replace_file(const char *path, mode_t mode, const char *s, size_t n,
                             struct errinfo *e)
{
    struct buf tmp = {0};
    buf_addf(&tmp, "%s.XXXXXX", path);
    int fd = mkstemp(tmp.s);
    bool made = fd >= 0;
    bool ok = made && fchmod(fd, mode) == 0 && sys_write_all(fd, s, n) && fsync(fd) == 0;
    int why = errno;
    if (made && close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    if (ok && rename(tmp.s, path) != 0) {
        ok = false;
        why = errno;
    }
    if (made && !ok) unlink(tmp.s);
    buf_free(&tmp);
    return ok ? OK : err_set(e, E_IO, "%s: cannot write: %s", path, strerror(why));
}

enum err sys_write_file(const char *path, const char *s, size_t n, struct errinfo *e)
{
    struct stat st;
    mode_t mask = umask(0);
    umask(mask);
    if (stat(path, &st) != 0) return replace_file(path, 0666 & ~mask, s, n, e);
    if (S_ISDIR(st.st_mode)) return err_set(e, E_IO, "%s: is a folder", path);
    if (!S_ISREG(st.st_mode)) return write_into(path, s, n, e);
    char *target = realpath(path, NULL); /* a link stays one, and its file is replaced */
    enum err r = replace_file(target ? target : path, st.st_mode & 0777, s, n, e);
    free(target);
    return r;
}

static enum err make_dirs(const char *path, mode_t mode, struct errinfo *e)
{
    struct buf b = {0};
    buf_addz(&b, path);
    enum err r = OK;
    for (size_t i = 1; !r && i <= b.n; i++) {
        if (b.s[i] != '/' && b.s[i] != '\0') continue;
        char was = b.s[i];
        b.s[i] = '\0';
        if (mkdir(b.s, mode) != 0 && errno != EEXIST)
            r = err_set(e, E_IO, "%s: cannot make folder: %s", b.s, strerror(errno));
        b.s[i] = was;
    }
    struct stat st;
    if (!r && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
        r = err_set(e, E_IO, "%s: is not a folder", path);
    buf_free(&b);
    return r;
}

enum err sys_make_dirs(const char *path, struct errinfo *e)
{
    return make_dirs(path, 0777, e);
}

enum err sys_make_private_dirs(const char *path, struct errinfo *e)
{
    return make_dirs(path, 0700, e);
}

/* As bford.info/cachedir specifies it. */
void sys_tag_cache(const char *dir)
{
    static const char text[] =
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        "# deepread keeps here what it has read; all of it may be deleted.\n";
    struct buf path = {0};
    buf_addf(&path, "%s/CACHEDIR.TAG", dir);
    if (access(path.s, F_OK)) sys_write_file(path.s, text, sizeof text - 1, NULL);
    buf_free(&path);
}

void sys_sha256_hex(const void *p, size_t n, char out[SYS_SHA256_HEX])
{
    struct sha256_ctx c;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&c);
    if (n) sha256_update(&c, n, p);
    sha256_digest(&c, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* ------------------------------------------------------------------ the machine */

double sys_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

size_t sys_peak_memory(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (size_t)u.ru_maxrss * 1024 : 0;
}

/* A number alone in a file; false for none ("max"). */
static bool read_number(const char *path, size_t *out)
{
    FILE *f = fopen(path, "re");
    bool ok = f && fscanf(f, "%zu", out) == 1;
    if (f) fclose(f);
    return ok;
}

/* What a container may still take, where it has a limit (cgroup v2). */
static size_t container_memory(void)
{
    size_t most, now;
    if (!read_number("/sys/fs/cgroup/memory.max", &most)) return SIZE_MAX;
    if (!read_number("/sys/fs/cgroup/memory.current", &now)) return most;
    return most > now ? most - now : 1;
}

/* Less than what is available: what caches files is not in it.  For where /proc is not mounted. */
static size_t unused_memory(void)
{
    long pages = sysconf(_SC_AVPHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages * (size_t)size : 0;
}

size_t sys_free_memory(void)
{
    FILE *f = fopen("/proc/meminfo", "re");
    char line[128];
    size_t kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %zu", &kib) == 1) break;
    if (f) fclose(f);
    size_t now = f ? kib * 1024 : unused_memory();
    size_t container = container_memory();
    return now < container ? now : container;
}

size_t sys_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages * (size_t)size : 0;
}

int sys_numa_nodes(void)
{
    char path[64];
    int n = 0;
    do {
        snprintf(path, sizeof path, "/sys/devices/system/node/node%d", n);
    } while (access(path, F_OK) == 0 && ++n < 1024);
    return n < 1 ? 1 : n;
}

void sys_processor(char *out, size_t cap)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[256];
    *out = 0;
    while (f && !*out && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon) continue;
        colon += 1 + strspn(colon + 1, " ");
        snprintf(out, cap, "%.*s", (int)strcspn(colon, "\n"), colon);
    }
    if (f) fclose(f);
}

int sys_cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
    if (n < 1) n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n;
}

void sys_exe_path(char *out, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", out, cap - 1);
    char real[PATH_MAX];
    const char *started = n < 0 ? (const char *)getauxval(AT_EXECFN) : NULL; /* no /proc */
    if (started && realpath(started, real)) n = snprintf(out, cap, "%s", real);
    if (n < 0 || (size_t)n >= cap) n = 0;
    out[n] = '\0';
}

void sys_exe_dir(char *out, size_t cap)
{
    sys_exe_path(out, cap);
    char *slash = strrchr(out, '/');
    if (slash) *slash = '\0';
}

/* ------------------------------------------------------------------ the interrupt flag */

/* Read by many threads; a lock-free atomic may be written by a signal handler. */
static atomic_int interrupt_signal;

static _Atomic int64_t interrupted_ms;

/* timeout(1) and some shells send one interruption twice, to the process and to its group. */
enum { SAME_INTERRUPTION_MS = 300 };

static void on_signal(int sig)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    if (!interrupt_signal)
        interrupted_ms = now;
    else if (sig == SIGINT && now - interrupted_ms > SAME_INTERRUPTION_MS)
        _exit(128 + sig);
    interrupt_signal = sig;
}

static const char *bus_message;
static int bus_exit;

static void on_bus(int sig)
{
    (void)sig;
    ssize_t ignored = write(STDERR_FILENO, bus_message, strlen(bus_message));
    (void)ignored;
    _exit(bus_exit);
}

void sys_catch_bus(const char *message, int exit_code)
{
    bus_message = message;
    bus_exit = exit_code;
    signal(SIGBUS, on_bus);
}

void sys_catch_interrupt(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write, not the end */
}

bool sys_interrupted(void)
{
    return interrupt_signal != 0;
}

int sys_interrupt_signal(void)
{
    return interrupt_signal;
}

void sys_interrupt(int sig)
{
    interrupt_signal = sig;
}

/* ------------------------------------------------------------------ the status line */

/* Two of them, as a signal may come while the next one is made. */
static struct status {
    char line[SYS_STATUS];
    size_t n;
} status[2];
static atomic_int status_shown;
static pthread_t status_thread; /* the one that sets it: while it writes, no line changes */

static void on_status(int sig)
{
    int kept = errno;
    const struct status *s = &status[status_shown];
    if (!pthread_equal(pthread_self(), status_thread)) { /* the signal may go to any thread */
        pthread_kill(status_thread, sig);
    } else {
        ssize_t ignored = write(STDERR_FILENO, s->line, s->n);
        (void)ignored;
    }
    errno = kept;
}

void sys_catch_status(void)
{
    struct sigaction sa = {.sa_handler = on_status, .sa_flags = SA_RESTART};
    sigemptyset(&sa.sa_mask);
    status_thread = pthread_self();
    sigaction(SIGUSR1, &sa, NULL);
}

void sys_set_status(const char *line, size_t n)
{
    struct status *next = &status[!status_shown];
    if (n > 0 && line[n - 1] == '\n') n--;
    if (n > SYS_STATUS - 1) {
        n = SYS_STATUS - 1;
        while (n > 0 && ((unsigned char)line[n] & 0xc0) == 0x80) n--; /* no half character */
    }
    memcpy(next->line, line, n);
    next->line[n] = '\n';
    next->n = n + 1;
    status_shown = !status_shown;
}
