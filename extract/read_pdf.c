/* read_pdf.c: from the bytes of a PDF to a document.
 *
 *   words.cc      every word with its box (pdf_repair: of damaged files too)
 *   pdf_garbage   words whose characters nobody can tell
 *   pdf_hidden    words that nobody sees
 *   pdf_layout    words -> lines in reading order (gutters: pdf_columns)
 *   pdf_order     geometry's order or the content stream's
 *   pdf_text      the text of a line
 *   pdf_outline   title, outline, images
 *   pdf_strip     running heads and page numbers
 *   pdf_flow      lines -> paragraphs, headings, the document
 *
 * A long document's pages are read by several processes (crew, pdf_share); what is done over all
 * pages is done by one.  A page that takes too long costs itself: its process is ended by its watch,
 * and where the reader reads it, poppler asks after its operators (words_limit).  What a single
 * operator does for ever there ends the reader, and a crash does: all is read once more then, by
 * such processes however short it is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/cpu_time.h"
#include "extract/extract.h"
#include "extract/pdf_flow.h"
#include "extract/pdf_garbage.h"
#include "extract/pdf_hidden.h"
#include "extract/pdf_ocr.h"
#include "extract/pdf_order.h"
#include "extract/pdf_outline.h"
#include "extract/pdf_repair.h"
#include "extract/pdf_share.h"
#include "extract/pdf_strip.h"
#include "extract/pdf_text.h"
#include "extract/words.h"
#include "ingest/pages.h"
#include "ingest/wire.h"

/* Pages without text that are looked at for images; more are taken for images. */
enum { MAX_LOOK = 64, MAX_PAGES = 100000 };

/* Pages on either side of each page asked for that are read as well.  What repeats, how paragraphs
 * begin and how large the body is shows only over several pages, and what a page says must not
 * depend on which others were asked for.  Shorter documents are read whole. */
enum { CONTEXT = 24 };

enum { NOTE_PARTS = 8 }; /* pages and ranges of them that a note lists */

/* Fewer pages are read before a crew has opened the document.  Neighbours share fonts: RUN of them
 * go to one process.  Pages that are recognised take a second each. */
enum { CREW_PAGES = 12, CREW_PAGES_OCR = 2, RUN = 4, RUN_OCR = 1 };

/* Of the time of the document, the share after which no more pages are recognised.  Of what is left
 * of it, the share that one page may take.  Where pages have used up so much in vain that less than
 * LAST_SHARE is left, what was read is kept and no more is tried. */
#define OCR_SHARE  0.8
#define PAGE_SHARE 0.2
#define BEFORE_END 0.7 /* of what crew_watch gives the page; then it is told to end */
#define OPERATOR_SHARE 0.3 /* the same where nothing can be asked on the way */
/* But no page takes more than so many seconds of CPU, where a document is given so much that more is
 * than this share of it.  40,000 words take one and a half. */
#define PAGE_MOST_S     3.0
#define PAGE_MOST_SHARE 0.01
/* After so many pages that used up all of that, a page has this part of it: half a second. */
enum { PATIENCE = 3 };
#define HURRY (1.0 / 6)
#define ANSWER_S 0.5 /* more, where it is told to end and does not look in time */
#define LAST_SHARE 0.1
#define LOOK_S     0.1 /* between looks at what a page has used */

static void take_lines(struct pdf_page *p, const struct layout *lay, const struct words_page *words,
                       struct arena *a, struct arena *scratch)
{
    struct buf text = {0};
    uint32_t no = 0;
    int turned = 0;
    for (size_t i = 0; i < lay->n; i++)
        if (lay->v[i].rtl) text_of_line(&text, words, &lay->v[i], &turned, scratch);
    p->v = NEW(a, struct pdf_line, lay->n + 1);
    for (size_t i = 0; i < lay->n; i++) {
        struct pdf_line *l = &p->v[p->n];
        if (i == 0 || lay->v[i].row != lay->v[i - 1].row) no++;
        buf_clear(&text);
        text_of_line(&text, words, &lay->v[i], &turned, scratch);
        if (!text.n) continue;
        l->at = lay->v[i];
        l->at.word = NULL;
        l->no = no;
        l->text = (struct str){mem_copy(a, text.s, text.n), text.n};
        p->n++;
    }
    buf_free(&text);
}

static void clip(float box[4], float w, float h)
{
    for (int i = 0; i < 4; i++) {
        float most = i & 1 ? h : w;
        box[i] = box[i] < 0 ? 0 : box[i] > most ? most : box[i];
    }
}

/* What the pages of an open document are read with. */
struct reading {
    struct words_doc *words;
    struct outline *outline;
    bool show_hidden;
    struct arena *a;     /* of the pages */
    struct arena *about; /* of the outline */
    struct crew *crew;   /* that reads pages, too; NULL: none */
    struct ocr *ocr;     /* NULL: none */
    bool ocr_all;        /* for all pages */
    bool may_ask;        /* about pages that are pictures */
    double deadline;     /* for recognising: sys_seconds */
    bool is_helper;      /* this is a process of the crew: crew_watch looks after its pages */
    bool apart;          /* the crew is to read all pages */
    double since;        /* sys_seconds */
    size_t unread;       /* pages so far */
    atomic_int own_late; /* *late, without a crew */
    atomic_int *late;    /* pages that used up their time, of all processes */
    /* Of the page at hand, where this is no helper: */
    double begun;        /* seconds of CPU */
    bool hurried;        /* it has less time, as so many were late */
    double looked;       /* sys_seconds */
    bool enough;         /* it has taken too long */
    const char *hint;    /* how pages that are pictures could be read; NULL: nothing special */
};

static bool is_in_hurry(const struct reading *r)
{
    return atomic_load(r->late) >= PATIENCE;
}

static double share_of_page(double share, bool hurried)
{
    double most = fmax(PAGE_MOST_S / cpu_given(), PAGE_MOST_SHARE);
    return fmin(share, hurried ? HURRY * most : most);
}

/* From now on a process of the crew may take `share` of what is left and grace seconds, a reader without
 * one `alone`.  The second time a page is tried it has nobody who would try it a third time. */
static void watch(const struct reading *r, double share, double alone, double grace)
{
    if (r->is_helper) crew_watch(share, grace);
    else if (!r->apart) crew_watch_alone(alone, grace, WIRE_EXIT_APART);
}

/* The page at hand, and grace seconds. */
static void watch_page(const struct reading *r, double grace)
{
    bool hurried = is_in_hurry(r);
    watch(r, share_of_page(PAGE_SHARE, hurried), share_of_page(OPERATOR_SHARE, hurried) + LOOK_S / cpu_given(),
          grace + (hurried ? ANSWER_S : 0));
}

/* A page that has been told to end may take as long as any to bring into order what came before: the
 * more it had read, and the slower the machine, the longer. */
static void watch_order(const struct reading *r)
{
    double share = share_of_page(PAGE_SHARE, false);
    watch(r, share, share, 0);
}

/* The words of a page of which none can be read; of any where that is asked for. */
static void recognise(struct pdf_page *p, const struct reading *r, struct words_page *words)
{
    if (!r->ocr && !r->may_ask) return;
    if (!r->ocr_all && words->n) return;
    if (!r->ocr_all && !p->garbage && !outline_has_image(r->outline, p->number)) return;
    p->wants_ocr = !r->ocr;
    if (!r->ocr) return;
    watch_page(r, fmax(0, r->deadline - sys_seconds()));
    if (sys_seconds() < r->deadline)
        p->recognised = ocr_page(words, r->ocr, r->outline, p->number, r->deadline);
    p->late = !p->recognised && sys_seconds() >= r->deadline;
    if (p->recognised) p->garbage = false, p->n_garbage = 0;
}

/* The share of the document's time that is left to this process and its crew, as crew.h has it. */
static double time_left(const struct reading *r)
{
    double used = fmax(cpu_used(), sys_seconds() - r->since), left = 1 - used / cpu_given();
    return r->crew ? fmin(left, crew_time_left(r->crew)) : left;
}

static void begin_page(struct reading *r)
{
    r->begun = cpu_used();
    r->looked = sys_seconds();
    r->enough = false;
    r->hurried = is_in_hurry(r);
}

static bool is_enough(void *reading)
{
    struct reading *r = reading;
    double now = sys_seconds();
    if (r->enough || now - r->looked < LOOK_S) return r->enough;
    r->looked = now;
    double most = share_of_page(PAGE_SHARE, r->hurried) * time_left(r) * cpu_given();
    if (r->is_helper) most *= BEFORE_END;
    r->enough = cpu_used() - r->begun > most;
    if (r->enough) watch_order(r);
    return r->enough;
}

/* What ended the reading of a page, which gave nothing if it `gave` nothing. */
static void note_end(struct pdf_page *p, struct reading *r, const struct words_page *words, bool gave)
{
    if (!words->halted) return;
    p->halted = gave;
    p->unread = !gave;
    p->no_memory = words->no_memory;
    p->hurried = r->enough && r->hurried;
    r->unread++;
    if (r->enough) atomic_fetch_add(r->late, 1);
}

static void read_page(struct pdf_page *p, struct reading *r, struct arena *scratch)
{
    struct words_page words;
    struct layout lay;
    begin_page(r);
    if (!words_read(r->words, (int)p->number - 1, &words)) {
        p->empty = true;
        note_end(p, r, &words, false);
        return;
    }
    p->width = words.width;
    p->height = words.height;
    p->cut = words.cut;
    note_end(p, r, &words, true);
    if (words.label) p->label = mem_copy(r->a, words.label, strlen(words.label));
    if (!r->show_hidden) p->n_hidden = hidden_drop(&words, r->outline, p->number);
    p->n_garbage = garbage_drop(&words, scratch, &p->garbage);
    recognise(p, r, &words);
    order_page(&lay, scratch, &words);
    take_lines(p, &lay, &words, r->a, scratch);
    for (size_t i = 0; i < p->n; i++) {
        clip(p->v[i].at.box, p->width, p->height);
        p->v[i].at.font = words_font_key(r->words, p->v[i].at.font);
    }
    flow_measure(p, scratch);
    p->empty = p->n == 0;
    words_page_free(&words);
    arena_reset(scratch);
}

static void take_page(struct pdf_page *p, struct reading *r, struct arena *scratch)
{
    watch_page(r, 0);
    read_page(p, r, scratch);
    crew_watch(0, 0); /* others may be busy */
}

/* Empty pages that hold an image are images; the others are blank. */
static size_t find_images(struct pdf_doc *pdf, struct outline *o)
{
    size_t images = 0, looked = 0;
    for (size_t i = 0; i < pdf->n; i++) {
        struct pdf_page *p = &pdf->v[i];
        if (!p->empty || p->context || p->unread || p->untried) continue;
        bool image = !p->garbage && (++looked > MAX_LOOK || outline_has_image(o, p->number));
        p->no_text = p->garbage || image;
        images += image;
    }
    return images;
}

/* Marks the pages that are needed: those asked for, and their neighbours as context. */
static void mark_pages(bool *needed, struct pdf_page *v, uint32_t count, const char *pages)
{
    uint32_t near = 0; /* pages up to here are needed */
    for (uint32_t i = 0; i < count; i++) {
        v[i].number = i + 1;
        v[i].context = !pages_has(pages, i + 1);
        if (v[i].context) {
            needed[i] = i < near;
            continue;
        }
        for (uint32_t k = i; k-- > 0 && i - k <= CONTEXT && !needed[k];) needed[k] = true;
        needed[i] = true;
        near = i + CONTEXT + 1;
    }
}

/* The pages to read.  E_USAGE, E_LIMIT. */
static enum err list_pages(struct pdf_doc *out, bool **needed, const struct reading *r,
                           const char *pages, const char *name, struct errinfo *e)
{
    uint32_t count = (uint32_t)words_pages(r->words), first, last;
    if (!pages_bounds(pages, count, &first, &last))
        return err_set(e, E_USAGE, "%s: --pages %s: the document has %u page%s", name, pages, count,
                       count == 1 ? "" : "s");
    if (count > MAX_PAGES)
        return err_set(e, E_LIMIT, "%s: says that it has %u pages; at most %d are read", name,
                       count, MAX_PAGES);
    *needed = NEW(r->a, bool, count);
    out->v = NEW(r->a, struct pdf_page, count);
    out->n = count;
    mark_pages(*needed, out->v, count, pages);
    return OK;
}

static void dismiss(struct reading *r)
{
    if (!r->crew) return;
    r->own_late = atomic_load(r->late);
    r->late = &r->own_late;
    crew_end(r->crew);
    r->crew = NULL;
}

static size_t run_of(const struct reading *r)
{
    return r->ocr ? RUN_OCR : RUN;
}

static bool is_short_of_time(const struct reading *r)
{
    return r->unread && time_left(r) < LAST_SHARE;
}

/* Takes page k of those needed from the process that reads it.  False: none does. */
static bool is_taken(struct pdf_page *p, struct reading *r, size_t k)
{
    int process = r->crew ? share_of(k, run_of(r), crew_size(r->crew)) : 0;
    if (!r->crew || crew_gone(r->crew, process)) return false;
    if (share_take(r->crew, process, p, r->ocr, r->a)) return true;
    if (!crew_lost(r->crew, process)) {
        dismiss(r);
        return false;
    }
    p->unread = p->empty = true;
    p->hurried = is_in_hurry(r);
    r->unread++;
    crew_replace(r->crew, process, k + 1);
    return true;
}

/* Takes page k of those needed from who has read it, or reads it. */
static void get_page(struct pdf_page *p, struct reading *r, size_t k, struct arena *scratch)
{
    if (is_short_of_time(r))
        p->untried = p->empty = true;
    else if (!is_taken(p, r, k))
        take_page(p, r, scratch);
}

/* Sets the crew to work, or lets it go where it is not worth while. */
static void begin_crew(const struct pdf_doc *out, const bool *needed, struct reading *r)
{
    size_t n = 0, least = r->apart ? 1 : r->ocr ? CREW_PAGES_OCR : CREW_PAGES;
    for (size_t i = 0; i < out->n; i++) n += needed[i];
    if (r->crew && (n < least || !crew_begin(r->crew))) dismiss(r);
}

/* True: stopped at a page whose text could be recognised. */
static bool get_pages(struct pdf_doc *out, const bool *needed, struct reading *r)
{
    struct arena *scratch = arena_new();
    size_t k = 0;
    bool wants = false;
    for (size_t i = 0; i < out->n && !wants; i++) {
        if (!needed[i]) continue;
        get_page(&out->v[i], r, k++, scratch);
        wants = out->v[i].wants_ocr && !out->v[i].context;
    }
    dismiss(r);
    arena_free(scratch);
    return wants;
}

/* Why no page has text. */
static enum err nothing_read(const struct pdf_doc *d, const struct reading *r, size_t images,
                             size_t asked, const char *name, struct errinfo *e)
{
    const char *hint = r->hint ? r->hint : "use an OCR tool first";
    for (size_t i = 0; i < d->n; i++)
        if ((d->v[i].unread || d->v[i].untried) && !d->v[i].context)
            return err_set(e, E_LIMIT, d->v[i].no_memory
                               ? "%s: reading its pages took more memory than there is (--doc-memory)"
                               : "%s: reading its pages took too long or broke down", name);
    if (d->garbage)
        return err_set(e, E_EMPTY, "%s: its fonts do not tell which characters they show; %s", name,
                       hint);
    if (images)
        return err_set(e, E_EMPTY, "%s: %zu of %zu pages are images; %s", name, images, asked,
                       hint);
    return err_set(e, E_EMPTY, "%s: no text on any of %zu pages", name, asked);
}

static enum err take_all(struct pdf_doc *out, struct reading *r, const char *pages,
                         const char *name, bool *wants_ocr, struct errinfo *e)
{
    size_t empty = 0, asked = 0;
    bool *needed;
    TRY(list_pages(out, &needed, r, pages, name, e));
    begin_crew(out, needed, r);
    out->outline = outline_entries(r->outline, &out->n_outline); /* while the crew opens the file */
    *wants_ocr = get_pages(out, needed, r);
    if (*wants_ocr) return OK;
    for (size_t i = 0; i < out->n; i++) {
        const struct pdf_page *p = &out->v[i];
        if (p->context) continue;
        out->hidden += p->n_hidden;
        out->garbage += p->n_garbage;
        asked++;
        empty += p->empty;
    }
    size_t images = find_images(out, r->outline);
    return empty < asked ? OK : nothing_read(out, r, images, asked, name, e);
}

/* An open document, and what had to be done for it. */
struct opened {
    struct words_doc *d;
    const char *bytes; /* what d reads */
    size_t n;
    struct buf whole, mended; /* the bytes that d reads, when they are not the caller's */
    bool rebuilt;             /* d's table of objects was damaged                       */
    const char *note;
};

static enum words_status try_open(struct opened *o, const char *bytes, size_t n,
                                  const char *password)
{
    enum words_status s = words_open(&o->d, bytes, n, password, &o->rebuilt);
    if (s == WORDS_OK && words_pages(o->d) == 0) {
        words_close(o->d);
        o->d = NULL;
        return WORDS_DAMAGED;
    }
    o->bytes = bytes;
    o->n = n;
    if (s == WORDS_OK && o->rebuilt) o->note = "rebuilt a damaged file";
    return s;
}

/* As it is; if it is damaged, as it was before a transfer as text, without the junk before its
 * header, or with a new table of objects. */
static enum words_status open_somehow(struct opened *o, const char *bytes, size_t n,
                                      const char *password)
{
    enum words_status s = try_open(o, bytes, n, password);
    if (s != WORDS_LOCKED && repair_newlines(&o->whole, bytes, n)) {
        bool opened = s == WORDS_OK;
        words_close(o->d);
        s = try_open(o, o->whole.s, o->whole.n, password);
        if (s == WORDS_OK) o->note = "took back what a transfer as text had done to the file";
        if (s != WORDS_OK && opened) return try_open(o, bytes, n, password);
        bytes = o->whole.s, n = o->whole.n;
    }
    size_t junk = repair_skip_junk(bytes, n);
    if (s == WORDS_DAMAGED && junk) {
        s = try_open(o, bytes + junk, n - junk, password);
        if (s == WORDS_OK) o->note = "skipped what stood before the header of the file";
    }
    if (s == WORDS_DAMAGED && repair_file(&o->mended, bytes, n)) {
        s = try_open(o, o->mended.s, o->mended.n, password);
        if (s == WORDS_OK) o->note = "rebuilt a damaged file";
    }
    return s;
}

static void close_opened(struct opened *o)
{
    words_close(o->d);
    buf_free(&o->whole);
    buf_free(&o->mended);
}

static void add_left_out(struct buf *b, size_t words, const char *which)
{
    if (!words) return;
    buf_addf(b, "%sleft out %zu word%s %s", b->n ? "; " : "", words, words == 1 ? "" : "s", which);
}

static void add_part(struct buf *b, const char *what)
{
    if (what) buf_addf(b, "%s%s", b->n ? "; " : "", what);
}

static bool was_recognised(const struct pdf_page *p)
{
    return p->recognised;
}
static bool was_late(const struct pdf_page *p)
{
    return p->late;
}
static bool was_untried(const struct pdf_page *p)
{
    return p->untried;
}
static bool was_cut(const struct pdf_page *p)
{
    return p->cut;
}
static bool is_lost(const struct pdf_page *p)
{
    return p->unread && !p->no_memory;
}
static bool is_part(const struct pdf_page *p)
{
    return p->halted && !p->no_memory;
}
static bool is_lost_to_memory(const struct pdf_page *p)
{
    return p->unread && p->no_memory;
}
static bool is_part_for_memory(const struct pdf_page *p)
{
    return p->halted && p->no_memory;
}

/* What a note says of pages. */
static const struct {
    bool (*is)(const struct pdf_page *p);
    const char *says;
} ends[] = {
    {was_late, "no time was left to recognise their text (--doc-timeout)"},
    {is_lost, "reading that took too long (--doc-timeout) or broke down"},
    {is_lost_to_memory, "reading that took more memory than there is (--doc-memory)"},
    {is_part, "only what came before reading them took too long (--doc-timeout) or broke down"},
    {is_part_for_memory, "only what came before reading them took more memory than there is (--doc-memory)"},
    {was_untried, "no time was left to read that (--doc-timeout)"},
    {was_cut, "more words than are read of one page"},
};

/* "page 3" or "pages 3, 5-9" of those that are so. */
static bool add_page_list(struct buf *b, const struct pdf_doc *d, bool (*is_so)(const struct pdf_page *p))
{
    size_t parts = 0, from = 0, all = 0, last = 0;
    struct buf list = {0};
    for (size_t i = 0; i <= d->n; i++) {
        bool is = i < d->n && !d->v[i].context && is_so(&d->v[i]);
        all += is;
        if (is && !from) from = i + 1;
        if (is || !from) continue;
        last = i;
        if (parts < NOTE_PARTS)
            buf_addf(&list, last > from ? "%s%zu-%zu" : "%s%zu", parts ? ", " : "", from, last);
        from = 0;
        parts++;
    }
    if (parts > NOTE_PARTS) buf_addz(&list, ", ...");
    if (all) buf_addf(b, "%spage%s %s", b->n ? "; " : "", all > 1 ? "s" : "", list.s);
    buf_free(&list);
    return all > 0;
}

static void add_recognised(struct buf *b, const struct pdf_doc *d, const struct reading *r)
{
    if (add_page_list(b, d, was_recognised))
        buf_addf(b, ": text recognised in an image (tesseract, %s)", ocr_languages(r->ocr));
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (add_page_list(b, d, ends[i].is)) buf_addf(b, ": %s", ends[i].says);
    bool pictures = false, hurried = false;
    for (size_t i = 0; i < d->n; i++) {
        pictures |= d->v[i].no_text;
        hurried |= d->v[i].hurried && !d->v[i].context;
    }
    if (hurried)
        buf_addf(b, "; after %d pages that took too long each had %.1f seconds of the processor",
                 PATIENCE, share_of_page(PAGE_SHARE, true) * cpu_given());
    if (pictures) add_part(b, r->hint);
}

static void set_note(struct doc_builder *b, const char *note, const struct pdf_doc *pdf,
                     const struct reading *r)
{
    struct buf all = {0};
    add_part(&all, note);
    add_left_out(&all, pdf->hidden, "that nobody sees");
    add_left_out(&all, pdf->garbage, "in fonts that do not tell which characters they show");
    add_recognised(&all, pdf, r);
    if (all.n) doc_set_note(b, all.s);
    buf_free(&all);
}

static const char *hint_of(const struct ingest_options *o, const struct extract_aid *aid)
{
    if (o->ocr == OCR_OFF || aid->may_ask) return NULL;
    if (o->ocr == OCR_FAILED) return "recognising their text broke down";
    if (aid->ocr) return "no text was recognised in them";
    return o->ocr_lang ? "install tesseract-ocr with the language of --ocr-lang to have it read"
                       : "install tesseract-ocr to have them read";
}

static void open_reading(struct reading *r, const struct opened *file,
                         const struct ingest_options *o, const struct extract_aid *aid, int processes)
{
    r->words = file->d;
    words_limit(r->words, is_enough, r);
    r->show_hidden = o->show_hidden;
    r->ocr = aid->ocr;
    r->ocr_all = aid->ocr && o->ocr == OCR_FORCE;
    r->may_ask = aid->may_ask;
    r->apart = aid->apart;
    if (!r->late) r->late = r->crew ? crew_late(r->crew) : &r->own_late;
    /* So that what was read is not lost with the rest; the CPU time is one sum for all processes. */
    double recognising = o->ocr_timed ? 1e-3 * o->ocr_ms : OCR_SHARE * cpu_given();
    r->deadline = sys_seconds() + recognising / processes;
    r->hint = hint_of(o, aid);
    r->outline = outline_open(file->bytes, file->n, o->password, r->about);
}

static void close_reading(struct reading *r)
{
    crew_end(r->crew);
    outline_close(r->outline);
    arena_free(r->a);
    arena_free(r->about);
}

static void write_document(struct doc_builder *b, struct pdf_doc *pdf, const struct reading *r,
                           const char *note)
{
    const char *title = outline_title(r->outline);
    for (size_t i = 0; i < pdf->n; i++) {
        const struct pdf_page *p = &pdf->v[i];
        doc_page(b, p->label, p->width, p->height, p->no_text);
        if (p->recognised) doc_page_recognised(b);
        if (p->late || p->halted || p->unread || p->untried) doc_page_unread(b);
    }
    strip_repeated(pdf, r->a);
    flow_write(b, pdf, r->a);
    if (title) doc_set_title(b, title, strlen(title));
    set_note(b, note, pdf, r);
}

enum err read_pdf_with(struct extract_aid *aid, struct doc_builder *b,
                       const struct ingest_options *o, const char *name, const void *bytes,
                       size_t n, struct errinfo *e)
{
    struct reading reading = {.a = arena_new(), .about = arena_new(), .crew = aid->crew,
                              .since = sys_seconds()};
    struct opened file = {0};
    struct pdf_doc pdf = {0};
    enum words_status status = open_somehow(&file, bytes, n, o->password);
    enum err r = OK;
    if (status == WORDS_LOCKED)
        r = err_set(e, E_LOCKED, "%s: needs a password%s", name,
                    o->password ? "; the one given does not open it" : "");
    else if (status != WORDS_OK)
        r = err_set(e, E_FORMAT, "%s: damaged beyond repair", name);
    if (!r) {
        open_reading(&reading, &file, o, aid, 1);
        r = take_all(&pdf, &reading, o->pages, name, &aid->asks, e);
    }
    if (!r && !aid->asks) write_document(b, &pdf, &reading, file.note);
    close_reading(&reading);
    close_opened(&file);
    return r;
}

enum err read_pdf(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e)
{
    return read_pdf_with(&(struct extract_aid){0}, b, o, name, bytes, n, e);
}

/* ------------------------------------------------------------------ a process of the crew */

/* Reads and sends its part of the pages. */
static void send_pages(struct reading *r, const char *pages, const struct crew_post *post)
{
    struct arena *scratch = arena_new(), *list = r->a;
    struct pdf_doc pdf;
    bool *needed, heard = true;
    size_t k = 0;
    if (list_pages(&pdf, &needed, r, pages, "", NULL)) return;
    r->a = arena_new();
    for (size_t i = 0; i < pdf.n && heard && !atomic_load(post->stop); i++) {
        if (!needed[i] || share_of(k++, run_of(r), post->of) != post->number || k <= post->from)
            continue;
        take_page(&pdf.v[i], r, scratch);
        if (pdf.v[i].no_memory && !r->apart) break; /* the reader has more, alone */
        heard = share_send(post->fd, &pdf.v[i]);
        arena_reset(r->a);
    }
    arena_free(scratch);
    arena_free(list);
}

void help_pdf(void *input, const struct crew_post *post)
{
    const struct extract_input *in = input;
    struct reading reading = {.a = arena_new(), .about = arena_new(), .is_helper = true,
                              .late = post->late, .since = sys_seconds()};
    struct opened file = {0};
    if (open_somehow(&file, in->bytes, in->n, in->o->password) == WORDS_OK) {
        open_reading(&reading, &file, in->o, in->aid, post->of);
        send_pages(&reading, in->o->pages, post);
    }
    close_reading(&reading);
    close_opened(&file);
}
