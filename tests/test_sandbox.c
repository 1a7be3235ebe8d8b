/* test_sandbox.c: what a process may do once it has shut itself in: each attempt in a process of
 * its own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "extract/sandbox.h"
#include "tests/extract_check.h"

#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { CANNOT_ENTER = 200 };

/* The wait status of `attempt` after sandbox_enter, its output going to `out`; it returns 0 or the
 * errno of what failed. */
static int shut_in_with(int out, enum sandbox_need need, int (*attempt)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const char *lacks;
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        sandbox_preload();
        if (sandbox_enter(need, &lacks, NULL)) _exit(CANNOT_ENTER);
        _exit(attempt());
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int shut_in(enum sandbox_need need, int (*attempt)(void))
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int status = shut_in_with(null, need, attempt);
    close(null);
    return status;
}

static void assert_returns(enum sandbox_need need, int (*attempt)(void), int code)
{
    int status = shut_in(need, attempt);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static void assert_killed(int (*attempt)(void))
{
    for (int need = SANDBOX_NO_FILES; need <= SANDBOX_FONTS; need++) {
        int status = shut_in((enum sandbox_need)need, attempt);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    }
}

static bool has_landlock(void)
{
    struct buf b = {0};
    sandbox_describe(&b);
    bool has = strstr(b.s, "Landlock ") && !strstr(b.s, "no Landlock");
    buf_free(&b);
    return has;
}

/* ------------------------------------------------------------------ what computing needs */

static int compute(void)
{
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return errno;
    p[77] = 1;
    munmap(p, 1 << 20);
    void *q = malloc(3 << 20);
    memset(q, 1, 3 << 20);
    free(q);
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t)) return errno;
    struct stat st; /* an open file can be written and looked at */
    return fstat(STDERR_FILENO, &st) || write(STDERR_FILENO, "", 0) ? errno : 0;
}

/* A table of characters that was loaded before. */
static int convert(void)
{
    char in[] = "\x93\xfa\x96\x7b", out[16], *from = in, *to = out;
    size_t n = 4, room = sizeof out;
    iconv_t cd = iconv_open("utf-8", "cp932");
    if (cd == (iconv_t)-1 || iconv(cd, &from, &n, &to, &room) == (size_t)-1) return errno;
    return memcmp(out, "\xe6\x97\xa5\xe6\x9c\xac", 6) != 0;
}

static int give_up(void)
{
    abort();
}

static void computing(void **state)
{
    (void)state;
    for (int need = SANDBOX_NO_FILES; need <= SANDBOX_FONTS; need++) {
        assert_returns((enum sandbox_need)need, compute, 0);
        assert_returns((enum sandbox_need)need, convert, 0);
        int status = shut_in((enum sandbox_need)need, give_up);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}

/* ------------------------------------------------------------------ files */

static int open_passwd(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
}

static int open_self(void)
{
    return open("/proc/self/mem", O_RDONLY) < 0 ? errno : 0;
}

static int open_new(void)
{
    return open("/tmp/deepread-sandbox-test", O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0;
}

static int open_fonts(void)
{
    return open("/usr/share/fonts", O_RDONLY | O_DIRECTORY) < 0 ? errno : 0;
}

static int remove_file(void)
{
    return unlink("/tmp/deepread-sandbox-test") ? errno : 0;
}

static void files(void **state)
{
    (void)state;
    if (SANITIZED) skip();
    for (int need = SANDBOX_NO_FILES; need <= SANDBOX_FONTS; need++) {
        assert_returns((enum sandbox_need)need, open_passwd, EACCES);
        assert_returns((enum sandbox_need)need, open_self, EACCES);
    }
    assert_returns(SANDBOX_NO_FILES, open_new, EACCES);
    assert_returns(SANDBOX_FONTS, open_new, has_landlock() ? ENOSYS : EACCES);
    assert_returns(SANDBOX_NO_FILES, remove_file, EACCES);
    assert_returns(SANDBOX_NO_FILES, open_fonts, EACCES);
    if (access("/usr/share/fonts", R_OK) == 0)
        assert_returns(SANDBOX_FONTS, open_fonts, has_landlock() ? 0 : EACCES);
}

static int grow_file(void)
{
    signal(SIGXFSZ, SIG_IGN);
    return write(9, "x", 1) < 0 ? errno : 0;
}

static int write_output(void)
{
    return write(STDOUT_FILENO, "x", 1) < 0 ? errno : 0;
}

/* What was open before cannot grow, but for the output of a call by hand. */
static void growing(void **state)
{
    (void)state;
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_int_equal(dup2(fileno(f), 9), 9);
    assert_returns(SANDBOX_NO_FILES, grow_file, EFBIG);
    int status = shut_in_with(9, SANDBOX_NO_FILES, write_output);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(9);
    fclose(f);
}

/* ------------------------------------------------------------------ others */

static int use_network(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int use_local_network(void)
{
    int fd[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, fd) ? errno : 0;
}

static int run_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int read_memory(void)
{
    char c, d = 7;
    struct iovec to = {&c, 1}, from = {&d, 1};
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) < 0 ? errno : 0;
}

static int make_process(void)
{
    return fork() < 0 ? errno : 0;
}

static void *nothing(void *p)
{
    return p;
}

static int make_thread(void)
{
    pthread_t t;
    return pthread_create(&t, NULL, nothing, NULL);
}

static int signal_parent(void)
{
    return kill(getppid(), 0) ? errno : 0;
}

/* A pipe that sends a signal to who is named as its owner. */
static int own_pipe(void)
{
    return fcntl(STDOUT_FILENO, F_SETOWN, getppid()) ? errno : 0;
}

static int own_pipe_ex(void)
{
    struct f_owner_ex owner = {F_OWNER_PID, getppid()};
    return fcntl(STDOUT_FILENO, F_SETOWN_EX, &owner) ? errno : 0;
}

static int choose_signal(void)
{
    return fcntl(STDOUT_FILENO, F_SETSIG, SIGUSR1) ? errno : 0;
}

static int keep_descriptor(void)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL), fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return flags < 0 || fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) ? errno : 0;
}

static int watch_folder(void)
{
    return fcntl(STDOUT_FILENO, F_NOTIFY, DN_CREATE) ? errno : 0;
}

static int trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? errno : 0;
}

static int signal_thread(void)
{
    return syscall(SYS_tgkill, getppid(), getppid(), 0) ? errno : 0;
}

static void others(void **state)
{
    (void)state;
    assert_killed(use_network);
    assert_killed(use_local_network);
    assert_killed(run_program);
    assert_killed(read_memory);
    if (SANITIZED) return;
    assert_killed(make_process);
    assert_killed(make_thread);
    assert_killed(signal_parent);
    assert_killed(trace);
    assert_killed(own_pipe);
    assert_killed(own_pipe_ex);
    assert_killed(choose_signal);
    assert_returns(SANDBOX_FONTS, keep_descriptor, 0);
    assert_returns(SANDBOX_NO_FILES, watch_folder, ENOSYS);
    assert_returns(SANDBOX_NO_FILES, signal_thread, ENOSYS);
}

static int map_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}

static int make_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return 1;
    return mprotect(p, 4096, PROT_READ | PROT_EXEC) ? errno : 0;
}

/* Not counted as data. */
static int map_shared(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}

static int map_own(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}

static int raise_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_CPU, &r)) return 1;
    return setrlimit(RLIMIT_CPU, &r) ? errno : 0;
}

static void rest(void **state)
{
    (void)state;
    if (SANITIZED) skip();
    assert_returns(SANDBOX_FONTS, map_code, EACCES);
    assert_returns(SANDBOX_FONTS, make_code, EACCES);
    assert_returns(SANDBOX_FONTS, map_shared, EACCES);
    assert_returns(SANDBOX_NO_FILES, map_shared, EACCES);
    assert_returns(SANDBOX_FONTS, map_own, 0);
    assert_returns(SANDBOX_FONTS, raise_limit, ENOSYS);
}

/* ------------------------------------------------------------------ a document */

/* A page of Chinese in a font that the file does not hold: its characters are in poppler's own
 * tables, which are opened when the page is read. */
static void east_asian(void **state)
{
    (void)state;
    if (access("/usr/share/poppler/cMap/Adobe-GB1", R_OK) || !has_landlock()) skip();
    static const char pdf[] =
        "%PDF-1.4\n"
        "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
        "4 0 obj<</Length 47>>stream\n"
        "BT /F1 24 Tf 20 100 Td <4E2D65876587672C> Tj ET\n"
        "endstream endobj\n"
        "5 0 obj<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H"
        "/DescendantFonts[6 0 R]>>endobj\n"
        "6 0 obj<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/DW 1000"
        "/FontDescriptor 7 0 R>>endobj\n"
        "7 0 obj<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]"
        "/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>endobj\n"
        "trailer<</Root 1 0 R/Size 8>>\n%%EOF\n";
    char path[300], *dir = make_folder();
    write_file(dir, "gb.pdf", pdf, sizeof pdf - 1);
    snprintf(path, sizeof path, "%s/gb.pdf", dir);
    struct got g = get(path, (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    assert_non_null(strstr(g.d->text.s, "\xe4\xb8\xad\xe6\x96\x87\xe6\x96\x87\xe6\x9c\xac"));
    drop(&g);
    drop_folder(dir);
}

/* A kernel that has no descriptors for processes. */
static void old_kernel(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
        if (!f || seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(pidfd_open), 0) ||
            seccomp_load(f))
            _exit(CANNOT_ENTER);
        if (syscall(SYS_pidfd_open, getpid(), 0) >= 0 || errno != ENOSYS) _exit(1);
        struct got g = get("tests/data/demo.pdf", (struct ingest_options){0});
        struct got h = get("tests/data/ingest/pdf/writer-locked.pdf", (struct ingest_options){0});
        _exit(g.r != OK || g.d->text.n < 1000 || h.r != E_LOCKED || waitpid(-1, NULL, 0) >= 0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void describe(void **state)
{
    (void)state;
    struct buf b = {0};
    sandbox_describe(&b);
    assert_true(b.n > 0 && !strchr(b.s, '\n'));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computing), cmocka_unit_test(files), cmocka_unit_test(growing),
        cmocka_unit_test(others),    cmocka_unit_test(rest),  cmocka_unit_test(east_asian),
        cmocka_unit_test(old_kernel), cmocka_unit_test(describe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
