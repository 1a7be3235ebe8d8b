#include "cli/output.h"

/* The text format is for reading and the grep format for editors that jump to a place. */

static const char *on(const struct look *look, const char *code)
{
    return look->color ? code : "";
}
#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define RESET "\033[0m"

static void add_sentences(struct buf *out, const struct result *r, const struct look *look)
{
    bool any = false;
    for (size_t i = 0; i < r->n_sentences; i++) {
        const struct sentence *s = &r->sentences[i];
        if (s->dropped && !r->keep) continue;
        if (any) buf_addc(out, ' ');
        any = true;
        output_value(out, s->text);
        if (s->citation >= 0 && look->cite != CITE_NONE)
            buf_addf(out, " %s[%d]%s", on(look, DIM), s->citation + 1, on(look, RESET));
        if (s->dropped) buf_addz(out, " (unsupported)");
    }
    if (any) buf_addc(out, '\n');
}

static void add_citations(struct buf *out, const struct result *r, const struct look *look)
{
    if (look->cite == CITE_NONE || !r->n_citations) return;
    if (out->n) buf_addc(out, '\n');
    for (size_t i = 0; i < r->n_citations; i++) {
        const struct cited *c = &r->citations[i];
        buf_addf(out, "[%zu] %s", i + 1, on(look, BOLD));
        output_value(out, str_of(c->doc->name));
        output_place(out, &c->c.place, look->cite);
        buf_addz(out, on(look, RESET));
        if (look->cite == CITE_QUOTE) {
            buf_addz(out, " \"");
            output_value(out, c->c.quote);
            buf_addc(out, '"');
        }
        if (c->c.match == MATCH_UNVERIFIED) buf_addz(out, " (unverified)");
        buf_addc(out, '\n');
    }
}

/* path:line:col, path#page=N, or with what the format calls it: path#paragraph=N */
static void add_address(struct buf *out, const struct cited *c)
{
    output_value(out, str_of(c->doc->name));
    const struct place *p = &c->c.place;
    if (p->page) buf_addf(out, "#%s=%u", p->units.page ? p->units.page : "page", p->page);
    else if (p->line0 && p->units.line) buf_addf(out, "#%s=%u", p->units.line, p->line0);
    else if (p->line0) buf_addf(out, ":%u:%u", p->line0, p->col0 ? p->col0 : 1);
}

static void add_findings(struct buf *out, const struct result *r, const struct look *look)
{
    for (size_t i = 0; i < r->n_findings; i++) {
        const struct finding *f = &r->findings[i];
        const struct cited *c = f->citation >= 0 ? &r->citations[f->citation] : NULL;
        buf_addz(out, on(look, BOLD));
        if (c) add_address(out, c);
        buf_addf(out, ":%s %s%s:%s ", on(look, RESET),
                 on(look, level_of(f->severity) == LEVEL_ERROR ? RED : YELLOW), f->severity,
                 on(look, RESET));
        output_value(out, f->message);
        buf_addz(out, " [");
        output_value(out, f->category);
        buf_addz(out, "]\n");
        if (c && look->cite == CITE_QUOTE) {
            buf_addz(out, "    ");
            output_value(out, c->c.quote);
            buf_addc(out, '\n');
        }
        if (f->suggestion.n) {
            buf_addz(out, "    suggestion: ");
            output_value(out, f->suggestion);
            buf_addc(out, '\n');
        }
    }
}

void output_text(struct buf *out, const struct result *r, const struct look *look)
{
    struct buf b = {0};
    if (r->task == TASK_REVIEW) {
        add_findings(&b, r, look);
    } else {
        if (r->title.n) {
            buf_addz(&b, on(look, BOLD));
            output_value(&b, r->title);
            buf_addf(&b, "%s\n\n", on(look, RESET));
        }
        if (result_shown(r)) add_sentences(&b, r, look);
        else buf_addz(&b, result_silence(r));
        add_citations(&b, r, look);
    }
    buf_add(out, b.s, b.n);
    buf_free(&b);
}

void output_grep(struct buf *out, const struct result *r)
{
    if (r->task == TASK_REVIEW) {
        for (size_t i = 0; i < r->n_findings; i++) {
            const struct finding *f = &r->findings[i];
            if (f->citation < 0) continue;
            add_address(out, &r->citations[f->citation]);
            buf_addf(out, ": %s: ", f->severity);
            output_value(out, f->message);
            buf_addc(out, '\n');
        }
        return;
    }
    for (size_t i = 0; i < r->n_citations; i++) {
        add_address(out, &r->citations[i]);
        buf_addz(out, ": ");
        output_value(out, r->citations[i].c.quote);
        buf_addc(out, '\n');
    }
}
