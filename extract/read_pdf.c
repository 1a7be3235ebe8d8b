/* read_pdf.c: from the bytes of a PDF to a document.
 *
 *   words.cc      every word with its box (pdf_repair: of damaged files too)
 *   pdf_garbage   words whose characters nobody can tell
 *   pdf_hidden    words that nobody sees (pdf_scan: whether there may be some; marks.cc: how
 *                 each is painted)
 *   pdf_layout    words -> lines in reading order (gutters: pdf_columns)
 *   pdf_order     geometry's order or the content stream's (pdf_stream)
 *   pdf_text      the text of a line
 *   pdf_outline   title, outline, images
 *   pdf_strip     running heads and page numbers
 *   pdf_flow      lines -> paragraphs, headings, the document
 *
 * A long document's pages are read by several processes (crew, pdf_share); what is done over all
 * pages is done by one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/extract.h"
#include "extract/pdf_flow.h"
#include "extract/pdf_garbage.h"
#include "extract/pdf_hidden.h"
#include "extract/pdf_order.h"
#include "extract/pdf_outline.h"
#include "extract/pdf_repair.h"
#include "extract/pdf_scan.h"
#include "extract/pdf_share.h"
#include "extract/pdf_strip.h"
#include "extract/pdf_text.h"
#include "extract/words.h"
#include "ingest/pages.h"

/* Pages without text that are looked at for images; more are taken for images. */
enum { MAX_LOOK = 64, MAX_PAGES = 100000 };

/* Pages on either side of each page asked for that are read as well.  What repeats, how paragraphs
 * begin and how large the body is shows only over several pages, and what a page says must not
 * depend on which others were asked for.  Shorter documents are read whole. */
enum { CONTEXT = 24 };

/* Fewer pages are read before a crew has opened the document. */
enum { CREW_PAGES = 12 };

static void take_lines(struct pdf_page *p, const struct layout *lay, const struct words_page *words,
                       struct arena *a, struct arena *scratch)
{
    struct buf text = {0};
    uint32_t no = 0;
    p->v = NEW(a, struct pdf_line, lay->n + 1);
    for (size_t i = 0; i < lay->n; i++) {
        struct pdf_line *l = &p->v[p->n];
        if (i == 0 || lay->v[i].row != lay->v[i - 1].row) no++;
        buf_clear(&text);
        text_of_line(&text, words, &lay->v[i], scratch);
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
    struct marks_doc *marks; /* NULL: there is nothing to hide */
    bool show_hidden;
    struct arena *a;     /* of the pages */
    struct arena *about; /* of the outline */
    struct crew *crew;   /* that reads pages, too; NULL: none */
};

static void take_page(struct pdf_page *p, const struct reading *r, struct arena *scratch)
{
    struct words_page words;
    struct layout lay;
    if (!words_read(r->words, (int)p->number - 1, &words)) {
        p->empty = true;
        return;
    }
    p->width = words.width;
    p->height = words.height;
    if (words.label) p->label = mem_copy(r->a, words.label, strlen(words.label));
    if (!r->show_hidden) p->n_hidden = hidden_drop(&words, r->outline, p->number, r->marks);
    p->n_garbage = garbage_drop(&words, scratch, &p->garbage);
    order_page(&lay, scratch, r->words, (int)p->number - 1, &words);
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

/* Empty pages that hold an image are images; the others are blank. */
static size_t find_images(struct pdf_doc *pdf, const struct outline *o)
{
    size_t images = 0, looked = 0;
    for (size_t i = 0; i < pdf->n; i++) {
        struct pdf_page *p = &pdf->v[i];
        if (!p->empty || p->context) continue;
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
    crew_end(r->crew);
    r->crew = NULL;
}

/* Reads page k of those needed, or takes it from who has. */
static void get_page(struct pdf_page *p, struct reading *r, size_t k, struct arena *scratch)
{
    bool taken = r->crew && share_take(r->crew, share_of(k, crew_size(r->crew)), p, r->a);
    if (taken) return;
    dismiss(r);
    take_page(p, r, scratch);
}

static void get_pages(struct pdf_doc *out, const bool *needed, struct reading *r)
{
    struct arena *scratch = arena_new();
    size_t n = 0, k = 0;
    for (size_t i = 0; i < out->n; i++) n += needed[i];
    if (r->crew && (n < CREW_PAGES || !crew_begin(r->crew, r->marks != NULL))) dismiss(r);
    for (size_t i = 0; i < out->n; i++)
        if (needed[i]) get_page(&out->v[i], r, k++, scratch);
    dismiss(r);
    arena_free(scratch);
}

static enum err take_all(struct pdf_doc *out, struct reading *r, const char *pages,
                         const char *name, struct errinfo *e)
{
    size_t empty = 0, asked = 0;
    bool *needed;
    TRY(list_pages(out, &needed, r, pages, name, e));
    get_pages(out, needed, r);
    for (size_t i = 0; i < out->n; i++) {
        const struct pdf_page *p = &out->v[i];
        if (p->context) continue;
        out->hidden += p->n_hidden;
        out->garbage += p->n_garbage;
        asked++;
        empty += p->empty;
    }
    size_t images = find_images(out, r->outline);
    if (empty < asked) return OK;
    if (out->garbage)
        return err_set(e, E_EMPTY,
                       "%s: its fonts do not tell which characters they show; use an OCR "
                       "tool first",
                       name);
    if (images)
        return err_set(e, E_EMPTY, "%s: %zu of %zu pages are images; use an OCR tool first", name,
                       images, asked);
    return err_set(e, E_EMPTY, "%s: no text on any of %zu pages", name, asked);
}

/* An open document, and what had to be done for it. */
struct opened {
    struct words_doc *d;
    const char *bytes; /* what d reads */
    size_t n;
    struct buf mended; /* the bytes that d reads, when they are not the caller's */
    const char *note;
};

static enum words_status try_open(struct opened *o, const char *bytes, size_t n,
                                  const char *password)
{
    bool rebuilt;
    enum words_status s = words_open(&o->d, bytes, n, password, &rebuilt);
    if (s == WORDS_OK && words_pages(o->d) == 0) {
        words_close(o->d);
        o->d = NULL;
        return WORDS_DAMAGED;
    }
    o->bytes = bytes;
    o->n = n;
    if (s == WORDS_OK && rebuilt) o->note = "rebuilt a damaged file";
    return s;
}

/* As it is; without the junk before its header; with a new table of objects. */
static enum words_status open_somehow(struct opened *o, const char *bytes, size_t n,
                                      const char *password)
{
    enum words_status s = try_open(o, bytes, n, password);
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
    buf_free(&o->mended);
}

static void add_left_out(struct buf *b, size_t words, const char *which)
{
    if (!words) return;
    buf_addf(b, "%sleft out %zu word%s %s", b->n ? "; " : "", words, words == 1 ? "" : "s", which);
}

static void set_note(struct doc_builder *b, const char *note, const struct pdf_doc *pdf)
{
    struct buf all = {0};
    if (note) buf_addz(&all, note);
    add_left_out(&all, pdf->hidden, "that nobody sees");
    add_left_out(&all, pdf->garbage, "in fonts that do not tell which characters they show");
    if (all.n) doc_set_note(b, all.s);
    buf_free(&all);
}

static void open_reading(struct reading *r, const struct opened *file,
                         const struct ingest_options *o, bool marks)
{
    r->words = file->d;
    r->show_hidden = o->show_hidden;
    r->outline = outline_open(file->bytes, file->n, o->password, r->about);
    if (marks) r->marks = marks_open(file->bytes, file->n, o->password);
}

static void close_reading(struct reading *r)
{
    crew_end(r->crew);
    marks_close(r->marks);
    outline_close(r->outline);
    arena_free(r->a);
    arena_free(r->about);
}

static void write_document(struct doc_builder *b, struct pdf_doc *pdf, const struct reading *r,
                           const char *note)
{
    const char *title = outline_title(r->outline);
    for (size_t i = 0; i < pdf->n; i++)
        doc_page(b, pdf->v[i].label, pdf->v[i].width, pdf->v[i].height, pdf->v[i].no_text);
    strip_repeated(pdf, r->a);
    flow_write(b, pdf, r->a);
    if (title) doc_set_title(b, title, strlen(title));
    set_note(b, note, pdf);
}

enum err read_pdf_with(struct crew *crew, struct doc_builder *b, const struct ingest_options *o,
                       const char *name, const void *bytes, size_t n, struct errinfo *e)
{
    struct reading reading = {.a = arena_new(), .about = arena_new(), .crew = crew};
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
        open_reading(&reading, &file, o, !o->show_hidden && scan_may_hide(file.bytes, file.n));
        pdf.outline = outline_entries(reading.outline, &pdf.n_outline);
        r = take_all(&pdf, &reading, o->pages, name, e);
    }
    if (!r) write_document(b, &pdf, &reading, file.note);
    close_reading(&reading);
    close_opened(&file);
    return r;
}

enum err read_pdf(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e)
{
    return read_pdf_with(NULL, b, o, name, bytes, n, e);
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
        if (!needed[i] || share_of(k++, post->of) != post->number) continue;
        take_page(&pdf.v[i], r, scratch);
        heard = share_send(post->fd, &pdf.v[i]);
        arena_reset(r->a);
    }
    arena_free(scratch);
    arena_free(list);
}

void help_pdf(void *input, const struct crew_post *post)
{
    const struct extract_input *in = input;
    struct reading reading = {.a = arena_new(), .about = arena_new()};
    struct opened file = {0};
    if (open_somehow(&file, in->bytes, in->n, in->o->password) == WORDS_OK) {
        open_reading(&reading, &file, in->o, post->order);
        send_pages(&reading, in->o->pages, post);
    }
    close_reading(&reading);
    close_opened(&file);
}
