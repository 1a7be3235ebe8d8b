/* main.c: deepread-extract: parses one document of a hostile format in a process of its own.
 *
 *     deepread-extract FORMAT --name=NAME [--pages=RANGE] [--encoding=NAME] [--password-fd=N]
 *                      [--show-hidden] [--jobs=N] [--ocr=HOW] [--ocr-lang=LANGS] [--ocr-ms=N]
 *                      [--apart]
 *     deepread-extract --serve
 *     deepread-extract --describe
 *
 * The document is standard input, the answer one message on standard output (ingest/wire.h), and
 * standard error is kept for the reason when no message comes.  Once the input is mapped, and
 * before the first of its bytes is looked at, the process shuts itself in (sandbox.h).  The second
 * form makes such a process for each request on a socket (serve.h), the third prints what the
 * sandbox consists of on this machine.
 *
 * Licence: the sources are MIT, like all of deepread.  The program that is built from this folder
 * links poppler, which is GPL (version 2 or later): its binary may be passed on under the GPL
 * only.  deepread itself starts it as a separate program and links neither poppler nor libxml2. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extract/call.h"
#include "extract/crew.h"
#include "extract/extract.h"
#include "extract/ocr.h"
#include "extract/sandbox.h"
#include "extract/serve.h"
#include "extract/unpack.h"
#include "ingest/wire.h"

#ifdef __SANITIZE_ADDRESS__
/* fontconfig, which poppler asks for fonts that a file does not hold, keeps its tables for ever, and
 * tesseract some of its own. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\nleak:libtesseract\nleak:libgomp\n";
}
#endif

static const struct row {
    const char *name;
    enum err (*read)(struct doc_builder *b, const struct ingest_options *o, const char *name,
                     const void *bytes, size_t n, struct errinfo *e);
    enum sandbox_need need;
    /* Instead of read: sends the members itself. */
    enum err (*unpack)(int fd, const char *name, const void *bytes, size_t n, struct errinfo *e);
    /* The same with processes that help, and with pictures recognised. */
    enum err (*read_with)(struct extract_aid *aid, struct doc_builder *b,
                          const struct ingest_options *o, const char *name, const void *bytes,
                          size_t n, struct errinfo *e);
    crew_work *help;
} readers[] = {
    {"pdf", read_pdf, SANDBOX_FONTS, NULL, read_pdf_with, help_pdf},
    {"html", read_html, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"docx", read_docx, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"odt", read_odt, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"epub", read_epub, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"odp", read_odp, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"pptx", read_pptx, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"xlsx", read_xlsx, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"ods", read_ods, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"rtf", read_rtf, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"eml", read_eml, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"mbox", read_mbox, SANDBOX_NO_FILES, NULL, NULL, NULL},
    {"archive", NULL, SANDBOX_NO_FILES, unpack, NULL, NULL},
    {"attachments", NULL, SANDBOX_NO_FILES, unpack_mail, NULL, NULL},
};

/* Shorter documents are read before a crew would have gathered.  Processes for one whose pages break
 * their reader: more of them would have less memory each. */
enum { CREW_BYTES = 96 << 10, CREW_APART = 4 };

static const struct row *find_reader(const char *format)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (strcmp(readers[i].name, format) == 0) return &readers[i];
    return NULL;
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

/* Ends the process where a sandbox is to be had and cannot be set up. */
static void enter_sandbox(enum sandbox_need need, const char **lacks)
{
    struct errinfo e = {0};
    if (sandbox_enter(need, lacks, &e) == OK) return;
    fprintf(stderr, "%s\n", e.msg);
    exit(WIRE_EXIT_SANDBOX);
}

/* Reads the password, too, before the process is shut in. */
static enum err take_all(struct call *c, const char **bytes, size_t *n, struct buf *own,
                         struct buf *password, struct errinfo *e)
{
    if (c->password_fd >= 0) {
        TRY(sys_read_all(c->password_fd, 4096, password, "password", e));
        c->o.password = password->s ? password->s : "";
    }
    return take_input(bytes, n, own, c->name, e);
}

/* Makes ready what cannot be had once the process has shut itself in. */
static void gather(struct extract_aid *aid, struct extract_input *input, const struct row *reader)
{
    const struct ingest_options *o = input->o;
    bool recognise = o->ocr == OCR_IMAGES || o->ocr == OCR_FORCE;
    if (recognise) aid->ocr = ocr_open(o->ocr_lang);
    aid->may_ask = o->ocr == OCR_AUTO && ocr_is_there(o->ocr_lang);
    int n = aid->apart && o->jobs < CREW_APART ? CREW_APART : o->jobs;
    if (aid->apart || aid->ocr || input->n >= CREW_BYTES)
        aid->crew = crew_new(n, reader->need, reader->help, input);
}

/* Parses what was taken in; the process shuts itself in on the way. */
static enum err parse(struct call *c, const struct row *reader, struct doc_builder *b,
                      const char *bytes, size_t n, bool *asks, struct errinfo *e)
{
    const char *lacks = NULL;
    struct extract_aid aid = {.apart = c->apart};
    struct extract_input input = {&c->o, bytes, n, &aid};
    if (reader->read_with) gather(&aid, &input, reader);
    enter_sandbox(reader->need, &lacks);
    if (lacks) doc_set_note(b, lacks);
    if (reader->unpack) return reader->unpack(1, c->name, bytes, n, e);
    if (!reader->read_with) return reader->read(b, &c->o, c->name, bytes, n, e);
    enum err r = reader->read_with(&aid, b, &c->o, c->name, bytes, n, e);
    ocr_close(aid.ocr);
    *asks = aid.asks;
    return r;
}

static enum err extract(struct call *c, const struct row *reader, struct arena *a,
                        struct doc **out, bool *asks, struct errinfo *e)
{
    const char *bytes = NULL;
    struct buf own = {0}, password = {0};
    size_t n = 0;
    enum err r = take_all(c, &bytes, &n, &own, &password, e);
    if (!r) {
        struct doc_builder *b = doc_new(a, c->name, reader->name);
        r = parse(c, reader, b, bytes, n, asks, e);
        if (!r && !*asks && reader->read) *out = doc_freeze(b, NULL, bytes, n);
    }
    if (password.s) explicit_bzero(password.s, password.n);
    buf_free(&password);
    if (own.s)
        buf_free(&own);
    else if (n)
        munmap((void *)(uintptr_t)bytes, n);
    return r;
}

static int usage(void)
{
    fprintf(stderr, "usage: deepread-extract FORMAT --name=NAME [--pages=RANGE] [--encoding=NAME] "
                    "[--password-fd=N] [--show-hidden] [--jobs=N] [--ocr=HOW] [--ocr-lang=LANGS] "
                    "[--ocr-ms=N] [--apart]\n");
    return WIRE_EXIT_USAGE;
}

/* For `deepread doctor`. */
static int describe(void)
{
    struct buf b = {0};
    buf_addz(&b, "sandbox of deepread-extract: ");
    sandbox_describe(&b);
    buf_addz(&b, "\ntext in images: ");
    ocr_describe(&b);
    printf("%s\n", b.s);
    buf_free(&b);
    return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Called by hand: once more, with the environment that deepread gives it. */
static void forbid_threads(const struct ingest_options *o, char **argv)
{
    const char *most = getenv("OMP_THREAD_LIMIT");
    if (o->ocr == OCR_OFF || (most && strcmp(most, "1") == 0)) return;
    setenv("OMP_THREAD_LIMIT", "1", 1);
    execv("/proc/self/exe", argv);
}

/* One document: standard input to standard output. */
static int run(int argc, char **argv)
{
    struct call c;
    struct errinfo why = {0}, e = {0};
    struct doc *d = NULL;
    const struct row *reader = call_take(&c, argc, argv) ? find_reader(c.format) : NULL;
    if (!reader) return usage();
    signal(SIGPIPE, SIG_IGN);
    forbid_threads(&c.o, argv);
    sandbox_preload_charset(c.o.encoding);
    struct arena *a = arena_new();
    bool asks = false;
    enum err r = extract(&c, reader, a, &d, &asks, &why) && !asks ? wire_send_error(1, &why, &e)
                 : d                                              ? wire_send(1, d, &e)
                                                                  : OK; /* members were sent */
    if (r) fprintf(stderr, "%s\n", e.msg);
    arena_free(a);
    return r ? 1 : asks ? WIRE_EXIT_IMAGES : WIRE_EXIT_SENT;
}

int main(int argc, char **argv)
{
    bool alone = argc == 2;
    if (alone && strcmp(argv[1], "--describe") == 0) return describe();
    sandbox_preload();
    if (alone && strcmp(argv[1], "--serve") == 0) return serve(STDIN_FILENO, run);
    return run(argc, argv);
}
