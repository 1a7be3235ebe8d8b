/* test_many.c: a folder of some hundred mixed documents, some of them broken, read by the program
 * itself: every good one read, a line for each broken one, no process left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/extract_check.h"

enum { GOOD = 285, BROKEN = 15 };

static char *dir;

/* ------------------------------------------------------------------ the documents */

static void put_html(const char *name, int i)
{
    struct buf b = {0};
    buf_addf(&b, "<!DOCTYPE html><html><head><title>Page %d</title></head><body>", i);
    for (int k = 0; k <= i % 40; k++)
        buf_addf(&b, "<p>Paragraph %d of page %d holds a few words, and <b>some</b> of them are "
                     "bold.</p>", k, i);
    buf_addz(&b, "</body></html>\n");
    write_file(dir, name, b.s, b.n);
    buf_free(&b);
}

static void put_text(const char *name, int i)
{
    struct buf b = {0};
    buf_addf(&b, "# Note %d\n\nIt says number %d and nothing else.\n", i, i);
    write_file(dir, name, b.s, b.n);
    buf_free(&b);
}

/* A page of PDF; `cut` ends it early. */
static void put_pdf(const char *name, int i, size_t cut)
{
    struct buf b = {0}, page = {0};
    buf_addf(&page, "BT /F1 12 Tf 50 700 Td (This is document number %d of many.) Tj ET\n", i);
    buf_addz(&b, "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
                 "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
                 "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
                 "/Resources<</Font<</F1 5 0 R>>>>>>endobj\n");
    buf_addf(&b, "4 0 obj<</Length %zu>>stream\n%sendstream endobj\n", page.n, page.s);
    buf_addz(&b, "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
                 "trailer<</Root 1 0 R/Size 6>>\n%%EOF\n");
    write_file(dir, name, b.s, cut ? cut : b.n);
    buf_free(&page);
    buf_free(&b);
}

/* One document of each other format: a seed of the fuzz targets, some of which begin with a byte that
 * chooses the reader. */
static const struct { const char *path; size_t skip; } others[] = {
    {"office/word.docx", 0}, {"office/text.odt", 0},  {"office/novel.epub", 0}, {"office/show.pptx", 0},
    {"office/slides.odp", 0}, {"office/book.xlsx", 0}, {"office/sheet.ods", 0},  {"rtf/mixed.rtf", 0},
    {"mail/parts.eml", 0},   {"mail/box.mbox", 0},    {"markup/ls.1", 1},       {"markup/mdoc.5", 1},
    {"markup/n.ipynb", 1},   {"markup/paper.tex", 1}, {"markup/t.adoc", 1},     {"markup/t.csv", 1},
    {"markup/t.rst", 1},     {"archive/x.bz2", 0},    {"archive/x.xz", 0},
};
enum { OTHERS = sizeof others / sizeof *others };

static void put_other(const char *name, const char *path, size_t skip)
{
    char from[128];
    struct buf b;
    snprintf(from, sizeof from, "tests/fuzz/%s", path);
    read_all(from, &b);
    write_file(dir, name, b.s + skip, b.n - skip);
    buf_free(&b);
}

/* The name of the i-th good document. */
static void name_of(char out[64], int i)
{
    static const char *const ends[] = {".html", ".txt", ".pdf", ".html", ".md"};
    const char *end = i % 6 < 5 ? ends[i % 6] : strrchr(others[i / 6 % OTHERS].path, '.');
    snprintf(out, 64, "%03d%s", i, end);
}

static int setup(void **state)
{
    (void)state;
    char name[64];
    dir = make_folder();
    for (int i = 0; i < GOOD; i++) {
        name_of(name, i);
        if (i % 6 == 0 || i % 6 == 3) put_html(name, i);
        else if (i % 6 == 2) put_pdf(name, i, 0);
        else if (i % 6 < 5) put_text(name, i);
        else put_other(name, others[i / 6 % OTHERS].path, others[i / 6 % OTHERS].skip);
    }
    for (int i = 0; i < BROKEN; i++) {
        static const char *const zips[] = {"docx", "odt", "epub", "xlsx", "pptx"};
        snprintf(name, sizeof name, "%03d-broken.%s", i * 19, i % 3 ? "pdf" : zips[i / 3 % 5]);
        if (i % 3) put_pdf(name, i, 12 + (size_t)i);
        else write_file(dir, name, "PK\3\4\24\0\0\0\10\0garbage", 17);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    drop_folder(dir);
    return 0;
}

/* ------------------------------------------------------------------ the program */

static const char *program(const char *name)
{
    static char path[2][4200];
    const char *build = getenv("DEEPREAD_BUILD");
    char relative[4096];
    char *out = path[name[strlen("deepread")] == '-'];
    snprintf(relative, sizeof relative, "%s/%s", build ? build : "build", name);
    if (!realpath(relative, out)) fail_msg("%s: %s", relative, strerror(errno));
    return out;
}

/* Processes that run the reader of this build. */
static size_t readers_running(void)
{
    const char *reader = program("deepread-extract");
    DIR *d = opendir("/proc");
    size_t n = 0;
    assert_non_null(d);
    for (struct dirent *f; (f = readdir(d));) {
        char link[300], to[4200];
        snprintf(link, sizeof link, "/proc/%s/exe", f->d_name);
        ssize_t k = readlink(link, to, sizeof to - 1);
        if (k <= 0) continue;
        to[k] = '\0';
        n += strcmp(to, reader) == 0;
    }
    closedir(d);
    return n;
}

/* None is left, within a second of grace for the kernel to end what it killed. */
static void assert_none_left(size_t before)
{
    for (int i = 0; i < 100 && readers_running() > before; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_int_equal(readers_running(), before);
}

struct ran {
    struct buf out, err;
    int status;
};

static struct ran run(const char *options)
{
    struct ran r = {0};
    struct buf command = {0};
    buf_addf(&command, "cd '%s' && '%s' text --cache off %s . >../out-%d 2>../err-%d", dir,
             program("deepread"), options, getpid(), getpid());
    r.status = system(command.s);
    char path[512];
    snprintf(path, sizeof path, "%s/../out-%d", dir, getpid());
    read_all(path, &r.out);
    unlink(path);
    snprintf(path, sizeof path, "%s/../err-%d", dir, getpid());
    read_all(path, &r.err);
    unlink(path);
    buf_free(&command);
    return r;
}

static void ran_free(struct ran *r)
{
    buf_free(&r->out);
    buf_free(&r->err);
}

static void all_good_ones(void **state)
{
    (void)state;
    size_t before = readers_running();
    struct ran r = run("-j 4");
    assert_true(WIFEXITED(r.status));
    assert_int_equal(WEXITSTATUS(r.status), 3);
    assert_none_left(before);
    for (int i = 0; i < GOOD; i++) {
        static const char *const says[] = {"of page %d holds", "number %d and nothing",
                                           "document number %d of many", "of page %d holds",
                                           "number %d and nothing"};
        struct buf want = {0};
        char name[64];
        name_of(name, i);
        if (i % 6 < 5) buf_addf(&want, says[i % 6], i);
        else buf_addf(&want, "\n# %s\n", name);
        if (!strstr(r.out.s, want.s)) fail_msg("no \"%s\" of %s", want.s, name);
        buf_free(&want);
    }
    size_t lines = 0;
    for (const char *p = r.err.s; (p = strstr(p, "-broken.")); p++) lines++;
    assert_int_equal(lines, BROKEN);
    ran_free(&r);
}

static void any_number_at_once(void **state)
{
    (void)state;
    struct ran one = run("-j 1"), many = run("-j 16");
    assert_int_equal(one.out.n, many.out.n);
    assert_memory_equal(one.out.s, many.out.s, one.out.n);
    assert_int_equal(one.err.n, many.err.n);
    assert_memory_equal(one.err.s, many.err.s, one.err.n);
    ran_free(&one);
    ran_free(&many);
}

/* Ended in the middle, by a signal that it can catch and by one that it cannot. */
static void ended_in_the_middle(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGKILL};
    for (size_t i = 0; i < 3; i++) {
        size_t before = readers_running();
        const char *name = program("deepread");
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            int null = open("/dev/null", O_WRONLY);
            if (null < 0 || chdir(dir) || dup2(null, 1) < 0 || dup2(null, 2) < 0) _exit(99);
            execl(name, name, "text", "--cache", "off", "-j", "8", ".", (char *)NULL);
            _exit(99);
        }
        for (int k = 0; k < 500 && readers_running() <= before; k++)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        kill(pid, signals[i]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_none_left(before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_good_ones),
        cmocka_unit_test(any_number_at_once),
        cmocka_unit_test(ended_in_the_middle),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
