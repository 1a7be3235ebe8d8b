/* ingest.c: how fast documents become text: `deepread text` beside the tools that are installed.
 *
 *   build/bench/ingest [-n TIMES] [PDF [HTML-FOLDER]]
 *
 *   PDF          a long document (tests/data/demo.pdf): pages/s and MB/s of the file, beside
 *                pdftotext and mutool
 *   HTML-FOLDER  a folder of pages (one of 400 pages made on the spot): pages/s
 *   walk         a tree of 8,000 files made on the spot, with ignore rules: listed, not read
 *
 * Each row is the best of TIMES (5) runs of a whole process, its start included, in turns; sandbox
 * on, the cache of text off but where it is said.  wall: on the clock, cpu: of the process and its
 * children. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/sys.h"

enum { MOST = 8, ARGUMENTS = 12 };

struct row {
    const char *name;
    const char *argv[ARGUMENTS];
    double wall, cpu; /* seconds of the best run; 0: it did not run */
};

static double cpu_of_children(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void run_once(struct row *r)
{
    double cpu = cpu_of_children(), start = sys_seconds();
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        for (int i = 0; i < 3; i++) dup2(null, i);
        execvp(r->argv[0], (char *const *)(uintptr_t)r->argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return;
    double wall = sys_seconds() - start;
    cpu = cpu_of_children() - cpu;
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 127) return;
    if (r->wall == 0 || wall < r->wall) r->wall = wall;
    if (r->cpu == 0 || cpu < r->cpu) r->cpu = cpu;
}

/* In turns, so that what else the machine does falls on all alike. */
static void run_rows(struct row *rows, size_t n, int times)
{
    for (int t = 0; t < times; t++)
        for (size_t i = 0; i < n; i++) run_once(&rows[i]);
}

static void print_rows(const char *title, const char *unit, const struct row *rows, size_t n,
                       double items, double bytes)
{
    printf("%s: %.0f %s, %.2f MB\n%-28s %9s %9s %10s/s %8s\n", title, items, unit, bytes / 1e6, "",
           "wall ms", "cpu ms", unit, "MB/s");
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        if (r->wall == 0)
            printf("%-28s not installed\n", r->name);
        else
            printf("%-28s %9.1f %9.1f %12.1f %8.2f\n", r->name, 1e3 * r->wall, 1e3 * r->cpu,
                   items / r->wall, bytes / 1e6 / r->wall);
    }
    printf("\n");
}

/* ------------------------------------------------------------------ what is read */

static size_t file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static double count_pages(const char *pdf)
{
    struct buf b = {0};
    char line[256];
    double n = 0;
    buf_addf(&b, "pdfinfo '%s' 2>/dev/null", pdf);
    FILE *f = popen(b.s, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "Pages:", 6) == 0) n = strtod(line + 6, NULL);
    if (f) pclose(f);
    buf_free(&b);
    return n;
}

static void write_file(const char *path, const char *s, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(s, 1, n, f) != n || fclose(f)) {
        perror(path);
        exit(1);
    }
}

enum { PAGES = 400, PARAGRAPHS = 90 };

/* Pages of some 60 KB with navigation around an article.  Returns their bytes. */
static size_t make_pages(const char *dir)
{
    struct buf b = {0}, path = {0};
    size_t all = 0;
    mkdir(dir, 0700);
    for (int i = 0; i < PAGES; i++) {
        buf_clear(&b);
        buf_clear(&path);
        buf_addf(&b, "<!DOCTYPE html><html><head><title>Page %d</title></head><body><nav><ul>", i);
        for (int k = 0; k < 60; k++) buf_addf(&b, "<li><a href=\"/p/%d\">Link %d</a></li>", k, k);
        buf_addz(&b, "</ul></nav><article><h1>A page</h1>");
        for (int k = 0; k < PARAGRAPHS; k++)
            buf_addf(&b, "<p class=\"text body-%d\" style=\"margin:0 0 1em\">Paragraph %d of page %d "
                         "says, <em>in some words</em>, what <a href=\"#n%d\">paragraphs</a> of "
                         "pages say: that there is a subject, that it was looked at from two "
                         "sides, and that it will be looked at again. It ends here, after a few "
                         "sentences that are long enough to look like an article&rsquo;s.</p>\n"
                         "<div class=\"spacer\"></div>", k, k, i, k);
        buf_addz(&b, "</article><footer>About | Contact | Terms</footer></body></html>\n");
        buf_addf(&path, "%s/%04d.html", dir, i);
        write_file(path.s, b.s, b.n);
        all += b.n;
    }
    buf_free(&b);
    buf_free(&path);
    return all;
}

enum { FOLDERS = 80, FILES = 100 };

/* 8,000 files in folders of a hundred, half of them ignored, in a work tree of git. */
static void make_tree(const char *dir)
{
    struct buf path = {0};
    mkdir(dir, 0700);
    for (int i = 0; i < FOLDERS; i++) {
        buf_clear(&path);
        buf_addf(&path, "%s/part%02d", dir, i);
        mkdir(path.s, 0700);
        size_t n = path.n;
        buf_addz(&path, "/.gitignore");
        write_file(path.s, "*.tmp\nbuild-*/\n!keep.tmp\n", 25);
        for (int k = 0; k < FILES; k++) {
            path.n = n;
            buf_addf(&path, "/file%02d.%s", k, k % 2 ? "tmp" : "c");
            write_file(path.s, "int x;\n", 7);
        }
    }
    buf_clear(&path);
    buf_addf(&path, "%s/.gitignore", dir);
    write_file(path.s, "*.o\n/vendor/\n**/generated/**\n", 29);
    buf_clear(&path);
    buf_addf(&path, "git init -q '%s'", dir);
    if (system(path.s)) printf("no git: the tree's rules are read as those of other folders\n");
    buf_free(&path);
}

/* ------------------------------------------------------------------ the three */

static void bench_pdf(const char *program, const char *pdf, const char *cache, int times)
{
    struct row rows[] = {
        {"deepread text", {program, "text", "--cache=off", pdf}, 0, 0},
        {"deepread text -j 1", {program, "text", "--cache=off", "-j", "1", pdf}, 0, 0},
        {"deepread text, text kept", {program, "text", "--cache-dir", cache, pdf}, 0, 0},
        {"pdftotext", {"pdftotext", pdf, "-"}, 0, 0},
        {"pdftotext -layout", {"pdftotext", "-layout", pdf, "-"}, 0, 0},
        {"mutool draw -F txt", {"mutool", "draw", "-F", "txt", pdf}, 0, 0},
    };
    run_rows(rows, sizeof rows / sizeof *rows, times);
    print_rows(pdf, "pages", rows, sizeof rows / sizeof *rows, count_pages(pdf),
               (double)file_bytes(pdf));
}

static double files_in(const char *dir, size_t *bytes)
{
    struct buf b = {0};
    double n = 0;
    size_t size;
    buf_addf(&b, "find '%s' -type f -printf '%%s\\n'", dir);
    FILE *f = popen(b.s, "r");
    while (f && fscanf(f, "%zu", &size) == 1) {
        *bytes += size;
        n++;
    }
    if (f) pclose(f);
    buf_free(&b);
    return n;
}

static void bench_html(const char *program, const char *dir, const char *cache, int times)
{
    struct row rows[] = {
        {"deepread text", {program, "text", "--cache=off", dir}, 0, 0},
        {"deepread text -j 1", {program, "text", "--cache=off", "-j", "1", dir}, 0, 0},
        {"deepread text, text kept", {program, "text", "--cache-dir", cache, dir}, 0, 0},
    };
    size_t bytes = 0;
    double n = files_in(dir, &bytes);
    run_rows(rows, sizeof rows / sizeof *rows, times);
    print_rows(dir, "pages", rows, sizeof rows / sizeof *rows, n, (double)bytes);
}

static void bench_walk(const char *program, const char *dir, int times)
{
    struct row rows[] = {
        {"deepread text --list", {program, "text", "--list", dir}, 0, 0},
        {"deepread text", {program, "text", "--cache=off", dir}, 0, 0},
        {"git ls-files -co", {"git", "-C", dir, "ls-files", "-co", "--exclude-standard"}, 0, 0},
        {"find", {"find", dir, "-type", "f"}, 0, 0},
    };
    size_t bytes = 0;
    double n = files_in(dir, &bytes);
    run_rows(rows, sizeof rows / sizeof *rows, times);
    print_rows(dir, "files", rows, sizeof rows / sizeof *rows, n, (double)bytes);
}

static char *joined(const char *a, const char *b)
{
    struct buf s = {0};
    buf_addf(&s, "%s/%s", a, b);
    return s.s;
}

int main(int argc, char **argv)
{
    int times = 5, c;
    while ((c = getopt(argc, argv, "n:")) != -1) {
        if (c != 'n' || (times = atoi(optarg)) < 1) {
            fprintf(stderr, "usage: ingest [-n TIMES] [PDF [HTML-FOLDER]]\n");
            return 2;
        }
    }
    char exe[4096], dir[] = "/tmp/deepread-bench-XXXXXX";
    sys_exe_dir(exe, sizeof exe);
    if (!mkdtemp(dir)) return 1;
    char *program = joined(exe, "../deepread"), *cache = joined(dir, "cache");
    char *pages = joined(dir, "pages"), *tree = joined(dir, "tree");
    const char *pdf = optind < argc ? argv[optind] : "tests/data/demo.pdf";
    if (optind + 1 >= argc) make_pages(pages);
    make_tree(tree);
    printf("%d processors, best of %d runs\n\n", sys_cores(), times);
    bench_pdf(program, pdf, cache, times);
    bench_html(program, optind + 1 < argc ? argv[optind + 1] : pages, cache, times);
    bench_walk(program, tree, times);
    struct buf clean = {0};
    buf_addf(&clean, "rm -rf '%s'", dir);
    return system(clean.s) != 0;
}
