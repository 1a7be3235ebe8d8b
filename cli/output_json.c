#include "cli/output.h"

#include <math.h>

#include "cli/jsonw.h"

/* The JSON object: stable, and a function of the input alone (no clock, unless --stats). */

#define JSON_VERSION "1.0"

static const char *task_name(enum task t)
{
    static const char *const names[] = {"ask", "summarize", "review"};
    return names[t];
}

static void add_ids(struct jsonw *w, int citation)
{
    jsonw_open(w, "citations", '[');
    w->inner_flat = true;
    if (citation >= 0) jsonw_int(w, NULL, citation);
    jsonw_close(w, ']');
    w->inner_flat = false;
}

static void add_sentences(struct jsonw *w, const char *key, const struct result *r)
{
    jsonw_open(w, key, '[');
    for (size_t i = 0; i < r->n_sentences; i++) {
        const struct sentence *s = &r->sentences[i];
        jsonw_open(w, NULL, '{');
        jsonw_str(w, "text", s->text);
        jsonw_bool(w, "supported", !s->dropped);
        jsonw_real(w, "support", s->support, 4);
        jsonw_z(w, "not_in_input", s->invented ? s->invented_what : NULL);
        add_ids(w, s->citation);
        jsonw_close(w, '}');
    }
    jsonw_close(w, ']');
}

static void add_key_points(struct jsonw *w, const struct result *r)
{
    jsonw_open(w, "key_points", '[');
    for (size_t i = 0; i < r->n_citations; i++) {
        jsonw_open(w, NULL, '{');
        jsonw_str(w, "text", r->citations[i].c.quote);
        add_ids(w, (int)i);
        jsonw_close(w, '}');
    }
    jsonw_close(w, ']');
}

static void add_lines(struct jsonw *w, const struct place *p)
{
    if (p->line0) jsonw_pair(w, "line", p->line0, p->line1);
    else jsonw_null(w, "line");
}

static void add_findings(struct jsonw *w, const struct result *r)
{
    jsonw_open(w, "findings", '[');
    for (size_t i = 0; i < r->n_findings; i++) {
        const struct finding *f = &r->findings[i];
        const struct cited *c = f->citation >= 0 ? &r->citations[f->citation] : NULL;
        jsonw_open(w, NULL, '{');
        jsonw_z(w, "path", c ? c->doc->name : NULL);
        if (c) add_lines(w, &c->c.place);
        else jsonw_null(w, "line");
        jsonw_z(w, "severity", f->severity);
        jsonw_str(w, "category", f->category);
        jsonw_str(w, "message", f->message);
        jsonw_str(w, "suggestion", f->suggestion);
        jsonw_real(w, "score", f->score, 3);
        add_ids(w, f->citation);
        jsonw_close(w, '}');
    }
    jsonw_close(w, ']');
}

static void add_box(struct jsonw *w, const struct place *p)
{
    if (!p->page) {
        jsonw_null(w, "bbox");
        return;
    }
    jsonw_open(w, "bbox", '[');
    w->inner_flat = true;
    for (int k = 0; k < 4; k++) jsonw_real(w, NULL, p->box[k], 1);
    jsonw_close(w, ']');
    w->inner_flat = false;
}

static void add_citations(struct jsonw *w, const struct result *r)
{
    static const char *const match[] = {"exact", "normalised", "unverified"};
    jsonw_open(w, "citations", '[');
    for (size_t i = 0; i < r->n_citations; i++) {
        const struct cited *c = &r->citations[i];
        const struct place *p = &c->c.place;
        jsonw_open(w, NULL, '{');
        jsonw_int(w, "id", (int64_t)i);
        jsonw_z(w, "path", c->doc->name);
        jsonw_z(w, "sha256", c->doc->sha256);
        jsonw_int(w, "chunk", c->label);
        if (p->page) jsonw_int(w, "page", p->page);
        else jsonw_null(w, "page");
        jsonw_z(w, "page_label", p->page ? p->page_label : NULL);
        if (p->units.page) jsonw_z(w, "page_unit", p->units.page);
        if (p->recognised) jsonw_bool(w, "recognised", true);
        add_lines(w, p);
        if (p->units.line) jsonw_z(w, "line_unit", p->units.line);
        if (p->byte0 != SPAN_NO_BYTES) jsonw_pair(w, "bytes", (int64_t)p->byte0, (int64_t)p->byte1);
        else jsonw_null(w, "bytes");
        add_box(w, p);
        jsonw_str(w, "quote", c->c.quote);
        jsonw_z(w, "match", match[c->c.match]);
        jsonw_real(w, "support", exp(c->c.score), 4);
        jsonw_close(w, '}');
    }
    jsonw_close(w, ']');
}

static void add_entries(struct jsonw *w, const char *key, const struct ledger *l,
                        enum ledger_status status)
{
    jsonw_open(w, key, '[');
    for (size_t i = 0; i < l->n; i++) {
        if (l->v[i].status != status) continue;
        jsonw_open(w, NULL, '{');
        jsonw_z(w, "path", l->v[i].path);
        jsonw_z(w, "reason", l->v[i].reason);
        jsonw_close(w, '}');
    }
    jsonw_close(w, ']');
}

static bool has_no_text(const struct page *p)
{
    return p->no_text;
}

static bool is_recognised(const struct page *p)
{
    return p->recognised;
}

static bool is_unread(const struct page *p)
{
    return p->unread;
}

static void add_pages_of(struct jsonw *w, const struct doc *d, bool (*is)(const struct page *))
{
    bool any = false;
    for (size_t k = 0; k < d->n_pages && !any; k++) any = is(&d->pages[k]);
    if (!any) return;
    jsonw_open(w, NULL, '{');
    jsonw_z(w, "path", d->name);
    jsonw_open(w, "pages", '[');
    w->inner_flat = true;
    for (size_t k = 0; k < d->n_pages; k++)
        if (is(&d->pages[k])) jsonw_int(w, NULL, (int64_t)k + 1);
    jsonw_close(w, ']');
    w->inner_flat = false;
    jsonw_close(w, '}');
}

/* Of each document that has some, the pages of a kind. */
static void add_pages(struct jsonw *w, const char *key, const struct result *r,
                      bool (*is)(const struct page *))
{
    jsonw_open(w, key, '[');
    for (size_t i = 0; i < r->n_docs; i++) add_pages_of(w, r->docs[i], is);
    jsonw_close(w, ']');
}

static void add_ledger(struct jsonw *w, const struct result *r)
{
    jsonw_open(w, "ledger", '{');
    jsonw_int(w, "used", (int64_t)ledger_count(r->ledger, LEDGER_USED));
    jsonw_int(w, "ignored", (int64_t)ledger_count(r->ledger, LEDGER_IGNORED));
    add_entries(w, "skipped", r->ledger, LEDGER_SKIPPED);
    add_entries(w, "unreadable", r->ledger, LEDGER_UNREADABLE);
    add_entries(w, "over_budget", r->ledger, LEDGER_OVER_BUDGET);
    add_pages(w, "pages_without_text", r, has_no_text);
    add_pages(w, "pages_recognised", r, is_recognised);
    add_pages(w, "pages_unread", r, is_unread);
    jsonw_close(w, '}');
}

static void add_usage(struct jsonw *w, const struct result *r, bool stats)
{
    const struct usage *u = &r->usage;
    jsonw_open(w, "usage", '{');
    jsonw_int(w, "prompt_tokens", (int64_t)u->prompt_tokens);
    jsonw_int(w, "cached_tokens", (int64_t)u->cached_tokens);
    jsonw_int(w, "output_tokens", (int64_t)u->output_tokens);
    if (stats)
        jsonw_real(w, "seconds", u->read_seconds + u->prefill_seconds + u->reply_seconds, 3);
    jsonw_close(w, '}');
}

static void add_run(struct jsonw *w, const struct run_facts *run)
{
    jsonw_open(w, "run", '{');
    jsonw_z(w, "version", DEEPREAD_VERSION);
    jsonw_z(w, "model", run->model);
    jsonw_z(w, "backend", run->backend);
    jsonw_str(w, "options", run->options);
    jsonw_int(w, "seed", run->seed);
    jsonw_close(w, '}');
}

void output_json(struct buf *out, const struct result *r, const struct look *look, bool pretty)
{
    struct jsonw w = {.out = out, .pretty = pretty};
    jsonw_open(&w, NULL, '{');
    jsonw_z(&w, "deepread", JSON_VERSION);
    jsonw_z(&w, "command", task_name(r->task));
    jsonw_z(&w, "status", result_status_name(result_status(r)));
    if (look->each && r->n_docs) {
        jsonw_z(&w, "document", r->docs[0]->name);
        jsonw_z(&w, "sha256", r->docs[0]->sha256);
    }
    if (r->task == TASK_ANSWER) {
        jsonw_z(&w, "question", r->text);
        add_sentences(&w, "answer", r);
    } else if (r->task == TASK_SUMMARIZE) {
        if (r->text) jsonw_z(&w, "focus", r->text);
        jsonw_str(&w, "title", r->title);
        add_sentences(&w, "summary", r);
        add_key_points(&w, r);
    } else {
        add_findings(&w, r);
    }
    add_citations(&w, r);
    add_ledger(&w, r);
    add_usage(&w, r, look->stats);
    add_run(&w, r->run);
    jsonw_close(&w, '}');
}
