/* main.c: deepread-extract: parses one document of a hostile format in a process of its own.
 *
 *     deepread-extract FORMAT --name=NAME [--pages=RANGE] [--encoding=NAME] [--password-fd=N]
 *
 * The document is standard input, the answer one message on standard output (ingest/wire.h), and
 * standard error is kept for the reason when no message comes.  After the input is mapped nothing
 * is opened here; poppler, when a page asks for it, reads its own tables (/usr/share/poppler) and
 * asks fontconfig about fonts that the file does not hold.
 *
 * Licence: the sources are MIT, like all of deepread.  The program that is built from this folder
 * links poppler, which is GPL (version 2 or later): its binary may be passed on under the GPL
 * only.  deepread itself starts it as a separate program and links neither poppler nor libxml2. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extract/extract.h"
#include "ingest/wire.h"

#ifdef __SANITIZE_ADDRESS__
/* fontconfig, which poppler asks for fonts that a file does not hold, keeps its tables for ever. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}
#endif

static const struct {
    const char *name;
    enum err (*read)(struct doc_builder *b, const struct ingest_options *o, const char *name,
                     const void *bytes, size_t n, struct errinfo *e);
} readers[] = {
    {"pdf", read_pdf},
    {"html", read_html},
};

struct call {
    size_t reader;
    const char *name;
    struct ingest_options o;
    int password_fd;
};

static bool take_option(struct call *c, const char *arg)
{
    const char *value = strchr(arg, '=');
    if (!value) return false;
    size_t n = (size_t)(value++ - arg);
    if (n == 6 && !strncmp(arg, "--name", n))
        c->name = value;
    else if (n == 7 && !strncmp(arg, "--pages", n))
        c->o.pages = value;
    else if (n == 10 && !strncmp(arg, "--encoding", n))
        c->o.encoding = value;
    else if (n == 13 && !strncmp(arg, "--password-fd", n)) {
        char *end;
        long fd = strtol(value, &end, 10);
        if (*value == 0 || *end || fd < 3 || fd > INT_MAX) return false;
        c->password_fd = (int)fd;
    } else {
        return false;
    }
    return true;
}

static bool take_call(struct call *c, int argc, char **argv)
{
    size_t n = sizeof readers / sizeof *readers;
    *c = (struct call){.name = "document", .password_fd = -1};
    if (argc < 2) return false;
    while (c->reader < n && strcmp(argv[1], readers[c->reader].name)) c->reader++;
    if (c->reader == n) return false;
    for (int i = 2; i < argc; i++)
        if (!take_option(c, argv[i])) return false;
    return true;
}

/* The document is mapped where it is a file, and read where it is a pipe. */
static enum err take_input(const char **bytes, size_t *n, struct buf *own, const char *name,
                           struct errinfo *e)
{
    struct stat st;
    if (fstat(0, &st)) return err_set(e, E_IO, "%s: %s", name, strerror(errno));
    if (S_ISREG(st.st_mode) && st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, 0, 0);
        if (p == MAP_FAILED) return err_set(e, E_IO, "%s: %s", name, strerror(errno));
        *bytes = p;
        *n = (size_t)st.st_size;
        return OK;
    }
    TRY(sys_read_all(0, WIRE_LIMIT, own, name, e));
    *bytes = own->s ? own->s : "";
    *n = own->n;
    return OK;
}

static enum err extract(struct call *c, struct arena *a, struct doc **out, struct errinfo *e)
{
    const char *bytes = NULL;
    struct buf own = {0}, password = {0};
    size_t n = 0;
    enum err r = OK;
    if (c->password_fd >= 0) {
        r = sys_read_all(c->password_fd, 4096, &password, "password", e);
        c->o.password = password.s ? password.s : "";
    }
    if (!r) r = take_input(&bytes, &n, &own, c->name, e);
    if (!r) {
        struct doc_builder *b = doc_new(a, c->name, readers[c->reader].name);
        r = readers[c->reader].read(b, &c->o, c->name, bytes, n, e);
        if (!r) *out = doc_freeze(b, NULL, bytes, n);
    }
    if (password.s) explicit_bzero(password.s, password.n);
    buf_free(&password);
    if (own.s)
        buf_free(&own);
    else if (n)
        munmap((void *)(uintptr_t)bytes, n);
    return r;
}

int main(int argc, char **argv)
{
    struct call c;
    struct errinfo why = {0}, e = {0};
    struct doc *d = NULL;
    if (!take_call(&c, argc, argv)) {
        fprintf(stderr, "usage: deepread-extract pdf|html --name=NAME [--pages=RANGE] "
                        "[--encoding=NAME] [--password-fd=N]\n");
        return WIRE_EXIT_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    struct arena *a = arena_new();
    enum err r = extract(&c, a, &d, &why) ? wire_send_error(1, &why, &e) : wire_send(1, d, &e);
    if (r) fprintf(stderr, "%s\n", e.msg);
    arena_free(a);
    return r ? 1 : WIRE_EXIT_SENT;
}
