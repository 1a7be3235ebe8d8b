/* test_pdf_pages.c: pages of a PDF beside each other: what one leaves behind, whichever are asked
 * for. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "extract/crew.h"
#include "ingest/text_cache.h"
#include "tests/pdf_pack.h"

static struct place place_in(const struct got *g, const char *s)
{
    const char *at = memmem(g->d->text.s, g->d->text.n, s, strlen(s));
    assert_non_null(at);
    return doc_place(g->d, (size_t)(at - g->d->text.s), strlen(s));
}

/* A document whose pages try to reach into the next one: the same name for another font, a font
 * that only other pages name, one without a number of its own, content that is hidden or stands for
 * other text and never ends. */
static void make_reaching(const char *name)
{
    static const char *const fonts[] = {
        PDF_FONTS, "/F 5 0 R", "/B 4 0 R", "/F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        PDF_FONTS, PDF_FONTS,  PDF_FONTS};
    static const char *const before[] = {"",
                                         "",
                                         "",
                                         "",
                                         "/OC /L BDC /OC /L BDC\n",
                                         "/Span<</ActualText(Swallowed)>> BDC\n",
                                         "q q 0 0 m W\n"};
    struct pdf p;
    begin(&p);
    object(&p, 8);
    buf_addz(&p.b, "<</Type/OCG/Name(layer)>>\nendobj\n");
    for (int i = 0; i < 14; i++) {
        struct buf b = {0};
        char s[80];
        int k = i % 7;
        p.resources = k == 4 ? "/Properties<</L 8 0 R>>" : NULL;
        if (k != 1) buf_addz(&b, "BT /B 10 Tf 1 0 0 1 72 740 Tm (Upright) Tj ET\n");
        buf_addz(&b, before[k]);
        snprintf(s, sizeof s, "Page %d says so in a font of its own.", i + 1);
        line(&b, "F", 10, 72, 100, s);
        while (b.n < 8 << 10) buf_addz(&b, "% so long that several processes read it\n");
        page_of(&p, 600, i == 7 ? 900 : 800, fonts[k], b.s);
        buf_free(&b);
    }
    finish(&p, "/OCProperties<</OCGs[8 0 R]/D<</OFF[8 0 R]>>>>", dir, name);
}

static void test_reaching(void **state)
{
    (void)state;
    make_reaching("reaching.pdf");
    struct got g = get(in_dir("reaching.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    for (int i = 0; i < 14; i++) {
        char s[80];
        int k = i % 7;
        snprintf(s, sizeof s, "Page %d says so", i + 1);
        /* 2: the page names no such font; 4: a layer that is off; 5: no end, no text */
        assert_int_equal(holds(&g, s), k != 2 && k != 4 && k != 5);
    }
    assert_false(holds(&g, "Swallowed"));
    struct place one = place_in(&g, "Page 1 says"), two = place_in(&g, "Page 2 says"),
                 eight = place_in(&g, "Page 8 says");
    assert_true(two.box[2] > one.box[2] + 20); /* the same name is a wider font there */
    assert_float_equal(eight.box[1], one.box[1] + 100, 0.01); /* a higher page */
    drop(&g);
    each_page_alone("reaching.pdf");
}

/* ------------------------------------------------------------------ two pages side by side */

enum { SPREADS = 4, LINES = 30 };

/* The left and the right page of a spread, each of two columns under a running head, the right one
 * with a heading over its columns, the left one with a note below them. */
static void add_spread(struct pdf *p, int spread)
{
    struct buf b = {0};
    char s[100];
    for (int half = 0; half < 2; half++) {
        double x = 60 + 600 * half, y = half ? 150 : 90;
        line(&b, "F", 9, x, 40, half ? "The second chapter" : "A book of harbours");
        snprintf(s, sizeof s, "Opening of part %c", 'a' + spread);
        if (half) line(&b, "B", 20, x, 110, s);
        for (int k = 0; k < 2 * LINES; k++) {
            snprintf(s, sizeof s, "spread %c half %d line %02d of what is told here", 'a' + spread,
                     half, k);
            line(&b, "F", 10, x + 250 * (k / LINES), y + 14 * (k % LINES), s);
        }
        snprintf(s, sizeof s, "1 A note on the left page of spread %c, over its columns.",
                 'a' + spread);
        if (!half) line(&b, "F", 8, x, 700, s);
        snprintf(s, sizeof s, "%d", 2 * spread + half + 10);
        line(&b, "F", 9, x + 230, 770, s);
    }
    page_of(p, 1200, 800, PDF_FONTS, b.s);
    buf_free(&b);
}

static void test_spreads(void **state)
{
    (void)state;
    struct pdf p;
    begin(&p);
    for (int i = 0; i < SPREADS; i++) add_spread(&p, i);
    finish(&p, "/PageLabels<</Nums[0<</P(10-11)>>1<</P(12-13)>>]>>", dir, "spreads.pdf");
    struct got g = get(in_dir("spreads.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    const char *at = g.d->text.s;
    char s[100];
    for (int i = 0; i < SPREADS; i++)
        for (int half = 0; half < 2; half++) {
            snprintf(s, sizeof s, half ? "Opening of part %c" : "spread %c half 0 line 00",
                     'a' + i);
            at = strstr(at, s);
            assert_non_null(at); /* the heading after the whole left page */
            for (int k = 0; k < 2 * LINES; k++) {
                snprintf(s, sizeof s, "spread %c half %d line %02d", 'a' + i, half, k);
                at = strstr(at, s);
                assert_non_null(at);
            }
        }
    assert_false(holds(&g, "A book of harbours") || holds(&g, "The second chapter"));
    assert_false(holds(&g, "\n10\n") || holds(&g, "\n13\n"));
    assert_true(holds(&g, "1 A note on the left page of spread c"));
    assert_string_equal(g.d->pages[1].label, "12-13");
    drop(&g);
    each_page_alone("spreads.pdf");
}

/* ------------------------------------------------------------------ several processes */

static void assert_same(const struct doc *a, const struct doc *b)
{
    assert_string_equal(a->text.s, b->text.s);
    assert_int_equal(a->n_spans, b->n_spans);
    assert_memory_equal(a->spans, b->spans, a->n_spans * sizeof *a->spans);
    assert_int_equal(a->n_headings, b->n_headings);
    assert_int_equal(a->n_pages, b->n_pages);
    assert_int_equal(!a->note, !b->note);
    if (a->note) assert_string_equal(a->note, b->note);
}

/* The document is the same whatever the number of processes that read it, and where their parts of
 * the memory are too small for any of them. */
static void test_processes(void **state)
{
    (void)state;
    make_reaching("long.pdf");
    struct got one = get(in_dir("long.pdf"), (struct ingest_options){.jobs = 1});
    assert_int_equal(one.r, OK);
    for (int jobs = 2; jobs <= 9; jobs++) {
        size_t memory = jobs == 9 ? (size_t)40 << 20 : 0;
        struct got g =
            get(in_dir("long.pdf"), (struct ingest_options){.jobs = jobs, .memory = memory});
        assert_int_equal(g.r, OK);
        assert_same(g.d, one.d);
        drop(&g);
    }
    drop(&one);
}

/* The last of forms that draw others, ten at each of twelve levels: a page that draws it takes for
 * ever. */
static int add_endless_form(struct pdf *p)
{
    enum { LEVELS = 12, WIDTH = 10 };
    for (int i = 0; i < LEVELS; i++) {
        struct buf b = {0};
        for (int k = 0; k < WIDTH && i; k++) buf_addz(&b, "/X Do ");
        buf_addz(&b, i ? "" : "0 0 m");
        char entries[200], *end = entries;
        end = stpcpy(end, "/Type/XObject/Subtype/Form/BBox[0 0 600 800]");
        if (i) sprintf(end, "/Resources<</XObject<</X %d 0 R>>>>", p->n);
        object(p, p->n + 1);
        stream_of(p, entries, b.s, b.n);
        buf_free(&b);
    }
    return p->n;
}

/* Seconds by the clock, of which a page may take three of the processor's: however busy the machine. */
enum { LONG = 300 };

static bool is_among(const int *v, int page)
{
    while (*v && *v != page) v++;
    return *v != 0;
}

/* So many pages; those of the list, which 0 ends, take for ever. */
static void make_endless(const char *name, int pages, const int *endless)
{
    struct pdf p;
    char form[80];
    begin(&p);
    snprintf(form, sizeof form, "/XObject<</X %d 0 R>>", add_endless_form(&p));
    for (int i = 1; i <= pages; i++) {
        struct buf b = {0};
        char says[80];
        bool ends = !is_among(endless, i);
        snprintf(says, sizeof says, "This is page %d of a long document.", i);
        line(&b, "F", 10, 72, 100, says);
        while (b.n < (size_t)(120 << 10) / (size_t)pages)
            buf_addz(&b, "% so long that several processes read it\n");
        p.resources = ends ? NULL : form;
        if (!ends) buf_addz(&b, "/X Do\n");
        page(&p, b.s);
        buf_free(&b);
    }
    finish(&p, "", dir, name);
}

/* All pages were read but those of the list; of these what came before it took too long, or nothing. */
static void check_unread(const struct got *g, int pages, const int *unread, bool nothing)
{
    size_t lost = 0;
    if (g->r) print_message("%s\n", g->e.msg);
    assert_int_equal(g->r, OK);
    check_pdf(g->d);
    assert_int_equal(g->d->n_pages, pages);
    for (int i = 1; i <= pages; i++) {
        char says[80];
        snprintf(says, sizeof says, "This is page %d of", i);
        assert_int_equal(holds(g, says), !nothing || !is_among(unread, i));
        assert_int_equal(g->d->pages[i - 1].unread, is_among(unread, i));
        lost += is_among(unread, i);
    }
    assert_int_equal(g->d->pages_unread, lost);
}

static bool is_empty_folder(const char *path)
{
    return rmdir(path) == 0 || errno == ENOENT;
}

/* A page that takes for ever costs what it has from there on, not the others of its process and not
 * those of the rest; the ledger has it, and the next time it is tried again. */
static void test_endless_page(void **state)
{
    (void)state;
    char kept[600], texts[700];
    make_endless("endless.pdf", 13, (const int[]){5, 0});
    snprintf(kept, sizeof kept, "%s", in_dir("kept"));
    snprintf(texts, sizeof texts, "%s/text", kept);
    struct text_cache_options cache = {.dir = kept};
    struct got g = get(in_dir("endless.pdf"),
                       (struct ingest_options){.jobs = 3, .timeout_s = LONG, .cache = &cache});
    check_unread(&g, 13, (const int[]){5, 0}, false);
    assert_non_null(strstr(g.d->note, "page 5: only what came before"));
    const struct ledger_entry *last = &g.set.ledger.v[g.set.ledger.n - 1];
    assert_int_equal(last->status, LEDGER_UNREADABLE);
    assert_true(last->rest);
    assert_non_null(strstr(last->reason, "1 of 13 pages not read"));
    assert_true(is_empty_folder(texts));
    drop(&g);
}

/* As many such pages as there are processes, and more, cost themselves only: nobody is left to take
 * the place of the last one, and what it would have read is read all the same. */
static void test_endless_pages(void **state)
{
    static const int endless[] = {2, 6, 10, 0};
    (void)state;
    make_endless("endless.pdf", 100, endless);
    for (int jobs = 2; jobs <= 3; jobs++) {
        struct got g = get(in_dir("endless.pdf"),
                           (struct ingest_options){.jobs = jobs, .timeout_s = LONG});
        check_unread(&g, 100, endless, false);
        assert_non_null(strstr(g.d->note, "pages 2, 6, 10: only what came before"));
        drop(&g);
    }
}

/* Of a document that is too short for several processes, too, they cost themselves only. */
static void test_endless_alone(void **state)
{
    static const int endless[] = {2, 4, 0};
    (void)state;
    make_endless("endless.pdf", 5, endless);
    for (int jobs = 1; jobs <= 3; jobs += 2) {
        struct got g =
            get(in_dir("endless.pdf"), (struct ingest_options){.jobs = jobs, .timeout_s = LONG});
        check_unread(&g, 5, endless, false);
        drop(&g);
    }
}

/* One page of so many words, as large as a map. */
static void make_crowded(const char *name, int words)
{
    struct pdf p;
    struct buf b = {0};
    begin(&p);
    buf_addz(&b, "BT /F 6 Tf\n");
    for (int i = 1; i <= words; i++)
        buf_addf(&b, "1 0 0 1 %d %d Tm (w%d) Tj\n", 30 + i % 72 * 36, 14390 - i / 72 * 10, i);
    buf_addz(&b, "ET");
    page_of(&p, 2700, 14400, PDF_FONTS, b.s);
    buf_free(&b);
    finish(&p, "", dir, name);
}

/* More words than poppler brings into order are read all the same, but not without end: the ledger has
 * that. */
static void test_crowded_page(void **state)
{
    static const int words[] = {5000, 40000, 100000, 100001, 300000};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char last[20];
        bool cut = words[i] > 100000;
        make_crowded("crowded.pdf", words[i]);
        struct got g = get(in_dir("crowded.pdf"), (struct ingest_options){.timeout_s = LONG});
        assert_int_equal(g.r, OK);
        check_pdf(g.d);
        snprintf(last, sizeof last, "w%d", cut ? 100000 : words[i]);
        assert_true(holds(&g, last));
        assert_false(holds(&g, "w100001"));
        const char *note = g.d->note ? g.d->note : "";
        assert_int_equal(strstr(note, "page 1: more words than are read of one page") != NULL, cut);
        drop(&g);
    }
}

/* A font whose table of characters says for each of them, again and again, what it is: taking it, which
 * is one operator to a page, takes for ever.  Returns its number. */
static int add_endless_font(struct pdf *p)
{
    enum { TIMES = 300000 };
    struct buf b = {0};
    buf_addz(&b, "begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange\n");
    for (int i = 0; i < TIMES; i++) buf_addz(&b, "1 beginbfrange <0000> <FFFF> <0000> endbfrange\n");
    int table = add_packed(p, "", (struct str){b.s, b.n}), font = p->n + 1;
    object(p, font);
    buf_addf(&p->b, "<</Type/Font/Subtype/Type0/BaseFont/E/Encoding/Identity-H/ToUnicode %d 0 R"
                    "/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/E/CIDSystemInfo"
                    "<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>\nendobj\n", table);
    buf_free(&b);
    return font;
}

/* A page of 40,000 parts is read part after part; a part ends a number, and what is no stream is no
 * part. */
static void test_many_parts(void **state)
{
    enum { PARTS = 40000 };
    static const char *const parts[] = {"BT /F 10 Tf 1 0 0 1 72", "700 Tm (These words) Tj ET",
                                        "q Q", "BT /F 10 Tf 72 600 Td (come last.) Tj ET"};
    (void)state;
    struct pdf p;
    begin(&p);
    int first = p.n + 1;
    struct buf b = {0};
    for (int i = 0; i < 4; i++) add_packed(&p, "", str_of(parts[i]));
    buf_addf(&b, "[%d 0 R 3 0 R %d 0 R ", first, first + 1);
    for (int i = 0; i < PARTS; i++) buf_addf(&b, "%d 0 R ", first + 2);
    buf_addf(&b, "%d 0 R]", first + 3);
    page_on(&p, 600, 800, PDF_FONTS, b.s);
    buf_free(&b);
    finish(&p, "", dir, "parts.pdf");
    struct got g = get(in_dir("parts.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    assert_true(holds(&g, "These words"));
    assert_true(holds(&g, "come last."));
    assert_int_equal(g.d->pages_unread, 0);
    drop(&g);
}

/* What nobody can be asked about on the way, too, costs its page only, of a document however short;
 * not the document, where that is its only page. */
static void test_endless_operator(void **state)
{
    (void)state;
    for (int pages = 5; pages >= 1; pages -= 4) {
        struct pdf p;
        char fonts[80], says[80];
        int endless = pages == 5 ? 3 : 1;
        begin(&p);
        snprintf(fonts, sizeof fonts, "/F 3 0 R/E %d 0 R", add_endless_font(&p));
        for (int i = 1; i <= pages; i++) {
            struct buf b = {0};
            snprintf(says, sizeof says, "This is page %d of a short document.", i);
            line(&b, "F", 10, 72, 100, says);
            if (i == endless) line(&b, "E", 10, 72, 120, "ab");
            page_of(&p, 600, 800, i == endless ? fonts : PDF_FONTS, b.s);
            buf_free(&b);
        }
        finish(&p, "", dir, "font.pdf");
        struct got g = get(in_dir("font.pdf"), (struct ingest_options){.jobs = 1, .timeout_s = LONG});
        if (pages == 5) check_unread(&g, 5, (const int[]){3, 0}, true);
        assert_int_equal(g.r, pages == 5 ? OK : E_LIMIT);
        drop(&g);
    }
}

/* ------------------------------------------------------------------ crews */

enum { ANSWERS, CRASHES, CLIMBS, FAULTS, SINKS, SLEEPS, WORKS, WAITS, SPINS };

enum { TOKEN = 77 };
struct told {
    size_t token;
    int order;
};

/* Sinks into its stack and takes a page of memory at each step. */
static size_t sink(size_t depth)
{
    volatile char own[1000] = {0};
    char *page = malloc(4096);
    if (page) memset(page, (int)depth, 4096);
    return depth && page ? sink(depth + 1) + (size_t)own[depth % sizeof own] : 0;
}

/* Says its number and its part of the memory, or does not: it crashes, takes more than its part, or
 * takes too long. */
static void work(void *ctx, const struct crew_post *post)
{
    const struct told *told = ctx;
    struct rlimit part = {0};
    getrlimit(RLIMIT_DATA, &part);
    size_t say[] = {(size_t)post->number, (size_t)told->order, told->token, part.rlim_cur,
                    post->from};
    if (told->order == SPINS)
        for (volatile int i = 0;; i++) continue;
    if (post->number == 1 && told->order == FAULTS && !post->from) raise(SIGSEGV);
    if (post->number == 1 && told->order == SINKS && !post->from) say[2] = sink(1);
    if (post->number == 1 && told->order == SLEEPS) {
        crew_watch(0.3, 0);
        for (;;) nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    if (post->number == 1 && told->order == WORKS) {
        crew_watch(0.1, 0);
        for (volatile int i = 0;; i++) continue;
    }
    if (post->number == 1 && told->order == WAITS) {
        double until = sys_seconds() + 0.7;
        crew_watch(0.01, 0);
        while (sys_seconds() < until) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (post->number == 1 && told->order == CRASHES) abort();
    if (post->number == 1 && told->order == CLIMBS && !malloc(part.rlim_cur)) return;
    if (write(post->fd, say, sizeof say) < 0) return;
}

/* In a process with limits: how many of three say what they should; the crew has ended after. */
static int lead(int order)
{
    enum { MEMORY = 400 << 20 };
    setrlimit(RLIMIT_DATA, &(struct rlimit){MEMORY, MEMORY});
    size_t say[5];
    struct told told = {TOKEN, order};
    struct crew *c = crew_new(3, SANDBOX_NO_FILES, work, &told);
    int good = 0;
    if (!c || crew_size(c) != 3 || !crew_begin(c)) return 100;
    for (int i = 0; i < 3; i++)
        good += crew_read(c, i, say, sizeof say) && say[0] == (size_t)i &&
                say[1] == (size_t)order && say[2] == TOKEN && say[3] == MEMORY / 4;
    for (int i = 0; i < 3; i++) good += crew_read(c, i, say, 1) ? 10 : 0; /* nothing more */
    crew_end(c);
    return waitpid(-1, NULL, WNOHANG) < 0 ? good : 101;
}

/* One that is lost is replaced as long as there are others, and the rest are not touched by it. */
static int lead_on(int order)
{
    enum { SINKING = 200 << 20 }; /* of which the part is not twice what sinking takes */
    size_t say[5];
    struct told told = {TOKEN, order};
    bool once = order == FAULTS || order == SINKS;
    rlim_t most = once ? 60 : 4; /* by the clock, too, which a busy machine uses up */
    setrlimit(RLIMIT_CPU, &(struct rlimit){most, most + 2});
    if (order == SINKS) setrlimit(RLIMIT_DATA, &(struct rlimit){SINKING, SINKING});
    struct crew *c = crew_new(3, SANDBOX_NO_FILES, work, &told);
    if (!c || !crew_begin(c)) return 100;
    for (size_t from = 5; from < 8; from++) {
        if (crew_read(c, 1, say, sizeof say) || !crew_lost(c, 1) || crew_gone(c, 1)) return (int)from;
        bool another = crew_replace(c, 1, from);
        if (another != (from < 7) || crew_gone(c, 1) == another) return 10 + (int)from;
        if (once) break;
    }
    if (once && (!crew_read(c, 1, say, sizeof say) || say[0] != 1 || say[4] != 5)) return 20;
    if (!once && (crew_read(c, 1, say, 1) || crew_lost(c, 1))) return 21;
    for (int i = 0; i < 3; i += 2)
        if (!crew_read(c, i, say, sizeof say) || say[0] != (size_t)i || crew_lost(c, i)) return 22;
    if (crew_time_left(c) >= 1 || (once && crew_time_left(c) <= 0)) return 23;
    if (atomic_load(crew_late(c)) != (once ? 0 : 3)) return 24;
    crew_end(c);
    return waitpid(-1, NULL, WNOHANG) < 0 ? 0 : 101;
}

/* A watch counts what its process uses, not what passes by the clock: that may be others' work. */
static int lead_waiting(int order)
{
    size_t say[5];
    struct told told = {TOKEN, order};
    setrlimit(RLIMIT_CPU, &(struct rlimit){60, 62}); /* 0.6 seconds of it, 60 by the clock */
    struct crew *c = crew_new(3, SANDBOX_NO_FILES, work, &told);
    if (!c || !crew_begin(c)) return 100;
    bool good = crew_read(c, 1, say, sizeof say) && say[0] == 1;
    crew_end(c);
    return good ? 0 : 1;
}

/* What all use together is looked at while none answers: before each has used as much itself. */
static int lead_spinning(int order)
{
    size_t say[5];
    struct told told = {TOKEN, order};
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_CPU, &(struct rlimit){2, 4});
    struct crew *c = crew_new(3, SANDBOX_NO_FILES, work, &told);
    if (!c || !crew_begin(c)) return 100;
    crew_read(c, 0, say, sizeof say);
    return 1;
}

static int end_of(int (*f)(int), int order)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(f(order));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int status_of(int (*f)(int), int order)
{
    int status = end_of(f, order);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A crew that is never told to begin ends, too. */
static int dismiss_crew(int order)
{
    struct told told = {TOKEN, order};
    struct crew *c = crew_new(2, SANDBOX_NO_FILES, work, &told);
    if (!c) return 1;
    crew_end(c);
    return crew_new(1, SANDBOX_NO_FILES, work, &told) || waitpid(-1, NULL, WNOHANG) >= 0;
}

static void test_crew(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its shadow is more than any limit */
#endif
    assert_int_equal(status_of(lead, ANSWERS), 3);
    assert_int_equal(status_of(lead, CRASHES), 2);
    assert_int_equal(status_of(lead, CLIMBS), 2);
    assert_int_equal(status_of(dismiss_crew, 0), 0);
    assert_int_equal(status_of(lead_on, FAULTS), 0);
    assert_int_equal(status_of(lead_on, SINKS), 0);
    assert_int_equal(status_of(lead_on, SLEEPS), 0);
    assert_int_equal(status_of(lead_on, WORKS), 0);
    assert_int_equal(status_of(lead_waiting, WAITS), 0);
    int status = end_of(lead_spinning, SPINS);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reaching),
        cmocka_unit_test(test_spreads),
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_endless_page),
        cmocka_unit_test(test_endless_pages),
        cmocka_unit_test(test_endless_alone),
        cmocka_unit_test(test_endless_operator),
        cmocka_unit_test(test_many_parts),
        cmocka_unit_test(test_crowded_page),
        cmocka_unit_test(test_crew),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
