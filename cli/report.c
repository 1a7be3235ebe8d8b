#include "cli/report.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

/* ------------------------------------------------------------------ the ledger */

/* What a command line and its options named; a failure of one of these has been said already. */
struct named {
    char *const *operands;
    const char *stdin_name;
};

static bool is_named(const struct ledger_entry *x, const struct named *named)
{
    if (x->rest) return false;
    for (char *const *p = named->operands; *p; p++)
        if (!strcmp(x->path, strcmp(*p, "-") ? *p : named->stdin_name)) return true;
    return false;
}

/* A reason and the entries that have it. */
struct tally {
    const char *reason;
    size_t first, n; /* index of the first entry; number of entries */
};

static int by_reason(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    int c = strcmp(x->reason, y->reason);
    return c ? c : x->first < y->first ? -1 : x->first > y->first;
}

static int by_first(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Whether the first n characters of a reason name a thing ("symbolic link") rather than a quality ("binary"). */
static bool is_thing(const char *reason, size_t n)
{
    static const char *const things[] = {"file", "link", "map", "pipe", "socket", "device", "archive"};
    for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
        size_t k = strlen(things[i]);
        if (n >= k && !memcmp(reason + n - k, things[i], k)) return true;
    }
    return false;
}

/* Each reason once, with its count, in order of appearance.  Returns how many; v has room for all
 * entries. */
static size_t tally_reasons(struct tally *v, const struct ledger *l, enum ledger_status status,
                            const struct named *named)
{
    size_t n = 0, k = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct ledger_entry *x = &l->v[i];
        if (x->status != status || is_named(x, named)) continue;
        v[n++] = (struct tally){x->reason ? x->reason : "unknown", i, 1};
    }
    if (n) qsort(v, n, sizeof *v, by_reason);
    for (size_t i = 1; i < n; i++) {
        if (!strcmp(v[i].reason, v[k].reason)) v[k].n++;
        else v[++k] = v[i];
    }
    if (n) qsort(v, ++k, sizeof *v, by_first);
    return k;
}

/* "2 binary", "3 archives: read when named", "1: 4 of 4 pages are images" */
static void add_reason(struct buf *b, const struct tally *t)
{
    size_t n = strcspn(t->reason, ":"); /* a remark may follow */
    bool counts = *t->reason >= '0' && *t->reason <= '9';
    const char *several = t->n > 1 && is_thing(t->reason, n) ? "s" : "";
    if (counts) buf_addf(b, "%zu: %s", t->n, t->reason);
    else buf_addf(b, "%zu %.*s%s%s", t->n, (int)n, t->reason, several, t->reason + n);
}

static void add_reasons(struct buf *b, const struct ledger *l, enum ledger_status status,
                        const struct named *named)
{
    struct tally *v = mem_alloc(l->n + 1, sizeof *v);
    size_t n = tally_reasons(v, l, status, named);
    for (size_t i = 0; i < n; i++) {
        if (i) buf_addz(b, ", ");
        add_reason(b, &v[i]);
    }
    mem_free(v);
}

/* A file that could not be read is one line, wherever it was found. */
static void unreadable_lines(struct term *t, const struct ledger *l, const struct named *named)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct ledger_entry *x = &l->v[i];
        if (x->status == LEDGER_UNREADABLE && !is_named(x, named))
            term_error(t, "%s: %s", x->path, x->reason ? x->reason : "unknown");
    }
}

static void ledger_line(struct term *t, const struct ledger *l, const struct named *named)
{
    struct buf b = {0};
    size_t skipped = 0;
    for (size_t i = 0; i < l->n; i++)
        skipped += l->v[i].status == LEDGER_SKIPPED && !is_named(&l->v[i], named);
    if (skipped) {
        buf_addf(&b, "skipped %zu file%s (", skipped, skipped == 1 ? "" : "s");
        add_reasons(&b, l, LEDGER_SKIPPED, named);
        buf_addc(&b, ')');
    }
    if (b.n) term_note(t, "%s", b.s);
    buf_free(&b);
}

#define NOTES_SHOWN 3 /* of documents, before -v is needed for the rest */

static bool has_note(const struct doc *d)
{
    return d->note || d->pages_without_text;
}

static void doc_notes(struct term *t, const struct doc *d)
{
    if (d->note) term_note(t, "%s: %s", d->name, d->note);
    if (d->pages_without_text) {
        struct buf b = {0};
        size_t shown = 0;
        for (size_t i = 0; i < d->n_pages && shown < 8; i++)
            if (d->pages[i].no_text) buf_addf(&b, "%s%zu", shown++ ? ", " : "", i + 1);
        if (shown < d->pages_without_text) buf_addz(&b, ", ...");
        term_note(t, "%s: no text on %zu of %zu pages (%s); an OCR tool may add it", d->name,
                  d->pages_without_text, d->n_pages, b.s ? b.s : "");
        buf_free(&b);
    }
}

static void doc_detail(struct term *t, const struct doc *d)
{
    term_detail(t, "read %s: %s, %zu bytes, %s%s%s", d->name, d->format, d->source_bytes,
                d->charset ? d->charset : "no charset", d->lang ? ", " : "",
                d->lang ? d->lang : "");
}

static void doc_lines(struct term *t, const struct docset *set)
{
    size_t notes = 0;
    for (size_t i = 0; i < set->n; i++) {
        const struct doc *d = set->v[i];
        notes += has_note(d);
        if (t->verbose || notes <= NOTES_SHOWN) doc_notes(t, d);
        doc_detail(t, d);
    }
    if (!t->verbose && notes > NOTES_SHOWN)
        term_note(t, "notes about %zu more document%s (-v shows them)", notes - NOTES_SHOWN,
                  notes - NOTES_SHOWN == 1 ? "" : "s");
}

/* An option that changed nothing is worth a word: perhaps something else was meant. */
static void idle_pages(struct term *t, const struct options *o, const struct docset *set)
{
    bool pages = !o->pages || !set->n;
    for (size_t i = 0; i < set->n && !pages; i++) pages = set->v[i]->n_pages > 0;
    if (!pages)
        term_note(t, "--pages: %s no pages; all of it was read",
                  set->n == 1 ? "the document has" : "none of the documents has");
}

void report_ledger(struct term *t, const struct options *o, const struct docset *set,
                   char *const *operands)
{
    const struct ledger *l = &set->ledger;
    const struct named named = {operands, o->stdin_name ? o->stdin_name : "stdin"};
    static const char *const names[] = {"used", "ignored", "skipped", "unreadable", "over budget"};
    doc_lines(t, set);
    unreadable_lines(t, l, &named);
    ledger_line(t, l, &named);
    idle_pages(t, o, set);
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].status != LEDGER_USED && l->v[i].status != LEDGER_UNREADABLE)
            term_detail(t, "%s %s: %s", names[l->v[i].status], l->v[i].path,
                        l->v[i].reason ? l->v[i].reason : "no reason given");
}

#define NO_CODE "no source code"

/* What review can only fail to find something in. */
static const char *no_code(const struct doc *d)
{
    if (d->kind != DOC_CODE) return NO_CODE;
    if (!d->lang) return NULL;
    if (!strcmp(d->lang, "csv")) return "a table and no source code";
    return !strcmp(d->lang, "diff") ? "a diff and no source code" : NULL;
}

void report_no_code(struct term *t, struct docset *set)
{
    size_t i = 0, said = 0;
    for (size_t k = 0; k < set->ledger.n && i < set->n; k++) {
        struct ledger_entry *x = &set->ledger.v[k];
        const struct doc *d = set->v[i];
        /* The used ones are the documents, in order, and the archives before what is in them. */
        if (x->status != LEDGER_USED || strcmp(x->path, d->path ? d->path : d->name)) continue;
        i++;
        if (!(x->reason = no_code(d))) continue;
        if (t->verbose || ++said <= NOTES_SHOWN)
            term_note(t, "%s: %s, which is what review is for", d->name, x->reason);
    }
    if (said > NOTES_SHOWN)
        term_note(t, said - NOTES_SHOWN == 1
                         ? "%zu more document is no source code (-v shows it)"
                         : "%zu more documents are no source code (-v shows them)",
                  said - NOTES_SHOWN);
}

/* ------------------------------------------------------------------ results */

static void report_left_out(struct term *t, const struct options *o, const struct result *r)
{
    bool prose = o->format == FORMAT_TEXT || o->format == FORMAT_MARKDOWN;
    const char *doc = o->each && r->n_docs ? r->docs[0]->name : "", *is = *doc ? ": " : "";
    if (prose && r->n_dropped && !o->keep_unsupported)
        term_note(t, "%s%s%zu sentence%s left out: not supported by the input (--keep-unsupported "
                     "shows %s)", doc, is, r->n_dropped, r->n_dropped == 1 ? "" : "s",
                  r->n_dropped == 1 ? "it" : "them");
    if (r->truncated && !r->interrupted)
        term_note(t, "%s%sthe reply reached a limit and is cut short (-n gives more)", doc, is);
    if (r->task == TASK_REVIEW && !r->n_findings && !r->interrupted)
        term_note(t, "%s%sno findings in %zu file%s", doc, is, r->n_docs, r->n_docs == 1 ? "" : "s");
    if (r->task == TASK_ANSWER && r->no_answer && o->format == FORMAT_GREP)
        term_note(t, "%s%snot in the input", doc, is);
}

static void add_rate(struct buf *b, const char *what, size_t tokens, double seconds)
{
    buf_addf(b, "%-8s %7zu tokens %8.2f s", what, tokens, seconds);
    if (seconds > 0) buf_addf(b, " %8.1f tok/s", (double)tokens / seconds);
    buf_addc(b, '\n');
}

static void report_stats(struct term *t, const struct result *r)
{
    const struct usage *u = &r->usage;
    struct buf b = {0};
    buf_addf(&b, "%-8s %7zu files  %8.2f s\n", "read", r->n_docs, u->read_seconds);
    add_rate(&b, "prefill", u->prompt_tokens - u->cached_tokens, u->prefill_seconds);
    buf_addf(&b, "%-8s %7zu tokens\n", "cached", u->cached_tokens);
    add_rate(&b, "reply", u->output_tokens, u->reply_seconds);
    buf_addf(&b, "%-8s %7zu tokens of the reply's\n", "forced", u->forced_tokens);
    buf_addf(&b, "%-8s %7zu MiB at most\n", "memory", sys_peak_memory() >> 20);
    for (size_t i = 0; i < r->n_citations; i++) {
        const struct cited *c = &r->citations[i];
        buf_addf(&b, "[%zu] label %d: model %.3f, words %+.3f\n", i + 1, c->label, c->c.score,
                 c->c.retrieval);
    }
    for (size_t i = 0; i < r->n_findings; i++)
        buf_addf(&b, "finding %zu: score %.3f\n", i + 1, r->findings[i].score);
    if (r->n_below_floor) buf_addf(&b, "findings below the floor: %zu\n", r->n_below_floor);
    term_text(t, b.s, b.n);
    buf_free(&b);
}

void report_result(struct term *t, const struct options *o, const struct result *r)
{
    report_left_out(t, o, r);
    if (o->stats) report_stats(t, r);
}

void report_pace(struct term *t, const struct options *o, const struct pace *p)
{
    struct buf b = {0};
    if (!o->stats || !p->replies) return;
    add_rate(&b, "together", p->tokens, p->seconds);
    buf_addf(&b, "%-8s %7zu replies, up to %zu at once\n", "", p->replies, p->at_once);
    term_text(t, b.s, b.n);
    buf_free(&b);
}

/* ------------------------------------------------------------------ what does not fit */

void report_largest(struct buf *out, const struct plan *p, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < p->n_docs; i++) total += p->docs[i].tokens;
    for (size_t i = 0; i < p->n_docs && i < n; i++) {
        size_t tokens = p->docs[i].tokens;
        buf_addf(out, "%9zu %3zu%%  ", tokens, total ? tokens * 100 / total : 0);
        output_value(out, str_of(p->docs[i].doc->name));
        buf_addc(out, '\n');
    }
    if (p->n_docs > n) buf_addf(out, "          and %zu smaller\n", p->n_docs - n);
}

void report_misfit(struct buf *out, const struct plan *p, const struct options *o)
{
    buf_addf(out, "largest documents, in tokens:\n");
    report_largest(out, p, 5);
    buf_addz(out, "what helps:\n");
    if (o->budget && p->prompt > o->budget)
        buf_addz(out, "  raise --budget\n");
    else if (o->ctx)
        buf_addz(out, "  raise --ctx, up to what the model holds\n");
    if (p->n_docs > 1)
        buf_addz(out, "  leave files out with -e GLOB, or keep some with -i GLOB\n"
                      "  --each: one result per document\n");
    for (size_t i = 0; i < p->n_docs; i++)
        if (p->docs[i].doc->n_pages) {
            buf_addz(out, "  read fewer pages with --pages\n");
            break;
        }
    for (size_t i = 0; i < p->n_docs && !o->skeleton; i++)
        if (p->docs[i].doc->kind == DOC_CODE) {
            buf_addz(out, "  --skeleton: signatures of the source files that do not fit\n");
            break;
        }
    if (p->n_docs == 1) buf_addz(out, "  split the document and name one part at a time\n");
    if (p->prompt + p->reply > p->window || !plan_lacks_memory(p)) return;
    if (o->attn == ATTN_DENSE)
        buf_addz(out, "  --attn sparse: its state is a quarter as large\n");
    if (strcmp(p->need.kv, "int8") != 0)
        buf_addz(out, "  --kv-type int8: a state in 8 bits\n");
    buf_addz(out, "  a machine with more memory\n");
}
