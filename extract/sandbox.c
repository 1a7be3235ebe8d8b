#include "extract/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <linux/landlock.h>
#include <locale.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

#define OUTPUT ((rlim_t)1 << 30) /* bytes into a file that is the output: more than WIRE_LIMIT */
#define NO_SECCOMP "read without a sandbox: this kernel has no seccomp"
#define NO_LANDLOCK                                                                                \
    "read without poppler's tables of East Asian encodings and without fonts: this kernel has no " \
    "Landlock"

/* ------------------------------------------------------------------ before */

/* The character sets of PDF's strings, of pages on the web (the WHATWG's list) and what uchardet
 * guesses, as glibc calls them.  A descriptor that stays open keeps its table in memory. */
static const char *const charsets[] = {
    "utf-16le", "utf-16", "utf-32le", "iso-8859-1", "iso-8859-9", "windows-1250", "windows-1251",
    "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
    "windows-1257", "windows-1258", "cp437", "cp866", "cp874", "cp852", "cp855", "cp862", "iso-8859-2",
    "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8",
    "iso-8859-10", "iso-8859-11", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16",
    "koi8-r", "koi8-u", "macintosh", "maccyrillic", "mac-centraleurope", "gb18030", "big5-hkscs",
    "euc-tw", "euc-jp", "iso-2022-jp", "cp932", "cp949", "euc-kr", "iso-2022-kr", "johab",
    "viscii", "georgian-ps",
};

void sandbox_preload_charset(const char *name)
{
    if (name && !SANITIZED) iconv_open("utf-8", name);
}

void sandbox_preload(void)
{
    /* In the C locale libarchive has no name for a member whose name is not ASCII. */
    setlocale(LC_CTYPE, "C.UTF-8");
    if (SANITIZED) return; /* what stays open is a leak there, and files can be read */
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        iconv_open("utf-8", charsets[i]);
    tzset();
}

/* ------------------------------------------------------------------ limits */

static void limit(int what, rlim_t value)
{
    setrlimit(what, &(struct rlimit){value, value});
}

/* Called by hand, with its output in a file. */
static bool writes_file(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static void set_limits(enum sandbox_need need)
{
    bool by_hand = writes_file(STDOUT_FILENO) || writes_file(STDERR_FILENO);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, by_hand ? OUTPUT : 0);
    if (SANITIZED) return;
    /* 0 to 3 are open (serve.c); fontconfig and poppler open a few more. */
    limit(RLIMIT_NOFILE, need == SANDBOX_FONTS ? 64 : 4);
    prctl(PR_SET_DUMPABLE, 0);
}

/* ------------------------------------------------------------------ Landlock */

static const char *const font_folders[] = {
    "/usr/share/poppler", "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig",
    "/etc/fonts",         "/var/cache/fontconfig",
};

/* The version of Landlock's interface; 0 where there is none. */
static int landlock_version(void)
{
    long v = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return v > 0 ? (int)v : 0;
}

/* All rights that the kernel knows, from version 1 to 5, so that all are taken. */
static __u64 all_rights(int version)
{
    static const int bits[] = {13, 14, 15, 15, 16};
    return ((__u64)1 << bits[(version > 5 ? 5 : version) - 1]) - 1;
}

static bool allow_folder(int rules, const char *path)
{
    struct landlock_path_beneath_attr at = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
        .parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (at.parent_fd < 0) return errno == ENOENT || errno == ENOTDIR;
    long r = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &at, 0);
    close(at.parent_fd);
    return r == 0;
}

/* From here on only the folders of fonts can be opened, and only to read. */
static enum err allow_fonts_only(int version, struct errinfo *e)
{
    struct landlock_ruleset_attr all = {.handled_access_fs = all_rights(version)};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all.handled_access_fs, 0);
    bool ok = rules >= 0;
    for (size_t i = 0; ok && i < sizeof font_folders / sizeof *font_folders; i++)
        ok = allow_folder(rules, font_folders[i]);
    if (ok) ok = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    int why = errno;
    if (rules >= 0) close(rules);
    return ok ? OK : err_set(e, E_UNSUPPORTED, "no sandbox: Landlock: %s", strerror(why));
}

/* ------------------------------------------------------------------ seccomp */

static const char *const allowed[] = {
    "read", "readv", "pread64", "write", "writev", "lseek", "_llseek", "close", "fstat", "fstat64",
    "fadvise64", "dup",
    "brk", "munmap", "mremap", "madvise",
    "futex", "futex_time64", "sched_yield", "sched_getaffinity", "rseq", "set_robust_list",
    "membarrier",
    "clock_gettime", "clock_gettime64", "clock_getres", "gettimeofday", "time", "clock_nanosleep",
    "nanosleep", "setitimer", "times", "getrusage", "sysinfo", "uname", "getrandom",
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack",
    "restart_syscall", "exit", "exit_group", "wait4", "poll", "ppoll", /* for the crew that was made before */
};

/* What readers that need files may do besides: look at them. */
static const char *const allowed_files[] = {
    "access", "faccessat", "faccessat2", "stat", "stat64", "lstat", "newfstatat", "fstatat64",
    "statx", "statfs", "fstatfs", "readlink", "readlinkat", "getdents64", "getcwd",
};

static const char *const refused_files[] = {
    "open", "openat", "openat2", "creat", "access", "faccessat", "faccessat2", "stat", "stat64",
    "lstat", "readlink", "readlinkat", "statfs", "getcwd", "chdir", "unlink", "unlinkat", "mkdir",
    "mkdirat", "rename", "renameat", "renameat2", "symlink", "symlinkat", "link", "linkat",
    "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "truncate", "ftruncate",
    "utimensat", "mknod", "mknodat",
};

static const char *const deadly[] = {
    "execve", "execveat", "fork", "vfork",
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg",
    "sendmmsg", "recvmsg",
    "process_vm_readv", "process_vm_writev", "pidfd_open", "pidfd_getfd", "pidfd_send_signal",
    "rt_sigqueueinfo", "rt_tgsigqueueinfo", "tkill", "kcmp",
    "mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "open_tree", "move_mount",
    "fsopen", "open_by_handle_at", "name_to_handle_at", "bpf", "perf_event_open", "userfaultfd",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl", "add_key", "request_key",
    "init_module", "finit_module", "delete_module", "kexec_load", "reboot", "swapon", "swapoff",
    "setuid", "setgid", "setreuid", "setresuid", "setregid", "setresgid", "setgroups", "capset",
    "personality", "memfd_create", "shmget", "shmat", "msgget", "semget", "mq_open",
};

/* The same, but that the leak checker needs them. */
static const char *const deadly_unless_sanitized[] = {"clone", "ptrace", "kill"};

#define COUNT(v) (sizeof(v) / sizeof *(v))

/* 0 or a negative error.  Names that this machine's interface lacks are no error. */
static int add_all(scmp_filter_ctx f, uint32_t action, const char *const *names, size_t n)
{
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        int call = seccomp_syscall_resolve_name(names[i]);
        if (call != __NR_SCMP_ERROR) r = seccomp_rule_add(f, action, call, 0);
        if (r == -EDOM || r == -EACCES) r = 0; /* not on this machine; the default already */
    }
    return r;
}

/* The commands of fcntl that have to do with a descriptor only.  A descriptor that has an owner
 * sends it a signal. */
static int add_descriptors(scmp_filter_ctx f)
{
    static const int fine[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC,
                               F_GETLK, F_SETLK, F_SETLKW};
    static const int deadly_commands[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG};
    int r = 0;
    for (size_t i = 0; i < COUNT(fine) && r == 0; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                             SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)fine[i]));
    for (size_t i = 0; i < COUNT(deadly_commands) && r == 0; i++)
        r = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(fcntl), 1,
                             SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)deadly_commands[i]));
    return r;
}

/* Whatever may be mapped, none of it can be executed, and none is shared without a file: that is
 * memory which RLIMIT_DATA does not count. */
static int add_map(scmp_filter_ctx f, int call)
{
    static const scmp_datum_t fine[] = {0, MAP_SHARED, MAP_ANONYMOUS};
    const scmp_datum_t uncounted = MAP_SHARED | MAP_ANONYMOUS;
    int r = 0;
    for (size_t i = 0; i < COUNT(fine) && r == 0; i++)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 2,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                             SCMP_A3(SCMP_CMP_MASKED_EQ, uncounted, fine[i]));
    if (!r)
        r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), call, 2,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                             SCMP_A3(SCMP_CMP_MASKED_EQ, uncounted, uncounted));
    return r;
}

static int add_memory(scmp_filter_ctx f)
{
    static const char *const calls[] = {"mmap", "mmap2", "mprotect"};
    int r = 0;
    for (size_t i = 0; i < COUNT(calls) && r == 0; i++) {
        int call = seccomp_syscall_resolve_name(calls[i]);
        if (strcmp(calls[i], "mprotect") != 0)
            r = add_map(f, call);
        else
            r = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        if (!r)
            r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), call, 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
        if (r == -EDOM) r = 0;
    }
    return r;
}

/* abort() sends a signal to its own thread; limits may be looked at and not set. */
static int add_own(scmp_filter_ctx f)
{
    scmp_datum_t self = (scmp_datum_t)getpid();
    int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                             SCMP_A0(SCMP_CMP_EQ, self));
    if (!r)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
                             SCMP_A2(SCMP_CMP_EQ, 0));
    return r;
}

/* fstat(fd) is fstatat with an empty name. */
static int add_files(scmp_filter_ctx f, bool readable)
{
    scmp_datum_t writes = (O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE) & ~O_DIRECTORY;
    if (!readable) {
        int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                                 SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
        if (!r)
            r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1,
                                 SCMP_A3(SCMP_CMP_NE, AT_EMPTY_PATH));
        return r ? r : add_all(f, SCMP_ACT_ERRNO(EACCES), refused_files, COUNT(refused_files));
    }
    int r = add_all(f, SCMP_ACT_ALLOW, allowed_files, COUNT(allowed_files));
    if (!r)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, writes, 0));
    return r;
}

static int add_rules(scmp_filter_ctx f, bool readable)
{
    int r = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (!r) r = add_all(f, SCMP_ACT_KILL_PROCESS, deadly, COUNT(deadly));
    if (SANITIZED || r) return r;
    r = add_all(f, SCMP_ACT_KILL_PROCESS, deadly_unless_sanitized, COUNT(deadly_unless_sanitized));
    if (!r) r = add_all(f, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
    if (!r) r = add_descriptors(f);
    if (!r) r = add_memory(f);
    if (!r) r = add_own(f);
    if (!r) r = add_files(f, readable);
    return r;
}

static bool has_seccomp(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

static enum err filter_calls(bool readable, struct errinfo *e)
{
    scmp_filter_ctx f = seccomp_init(SANITIZED ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS));
    int r = f ? add_rules(f, readable) : -ENOMEM;
    if (!r) r = seccomp_load(f);
    if (f) seccomp_release(f);
    return r ? err_set(e, E_UNSUPPORTED, "no sandbox: seccomp: %s", strerror(-r)) : OK;
}

/* ------------------------------------------------------------------ the face */

enum err sandbox_enter(enum sandbox_need need, const char **lacks, struct errinfo *e)
{
    int landlock = SANITIZED ? 0 : landlock_version();
    bool files = need == SANDBOX_FONTS;
    *lacks = NULL;
    set_limits(need);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_set(e, E_UNSUPPORTED, "no sandbox: prctl: %s", strerror(errno));
    if (files && landlock) TRY(allow_fonts_only(landlock, e));
    if (files && !landlock && !SANITIZED) *lacks = NO_LANDLOCK;
    if (has_seccomp()) return filter_calls(files && landlock, e);
    *lacks = NO_SECCOMP;
    return OK;
}

void sandbox_describe(struct buf *out)
{
    int landlock = landlock_version();
    if (SANITIZED)
        buf_addz(out, has_seccomp() ? "weakened for AddressSanitizer" : NO_SECCOMP);
    else if (!has_seccomp())
        buf_addz(out, NO_SECCOMP);
    else if (landlock)
        buf_addf(out, "seccomp, Landlock %d", landlock);
    else
        buf_addz(out, "seccomp; PDF is " NO_LANDLOCK);
}
