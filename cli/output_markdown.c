#include <string.h>

#include "cli/output.h"

/* Footnotes carry the citations.  Marks of the language in text from documents are escaped, so
 * that a document cannot smuggle in a link, an image or HTML. */

static bool is_mark(struct str s, size_t i)
{
    size_t digits = 0;
    while (digits < s.n && s.s[digits] >= '0' && s.s[digits] <= '9') digits++;
    if (strchr("\\`*_[]<&~$^", s.s[i])) return true;
    /* What would start a heading, a list or a quotation. */
    if (i == 0 && strchr("#>-+", s.s[i])) return true;
    return digits && i == digits && (s.s[i] == '.' || s.s[i] == ')');
}

void output_markdown_value(struct buf *out, struct str s)
{
    struct buf b = {0};
    output_value(&b, s);
    for (size_t i = 0; i < b.n; i++) {
        if (is_mark((struct str){b.s, b.n}, i)) buf_addc(out, '\\');
        buf_addc(out, b.s[i]);
    }
    buf_free(&b);
}

/* first: notes of the results before in this file; all are counted through, as readers show them. */
static void add_mark(struct buf *out, size_t first, size_t citation)
{
    buf_addf(out, "[^%zu]", first + citation + 1);
}

static void add_sentences(struct buf *out, const struct result *r, const struct look *look,
                          size_t first)
{
    bool any = false;
    for (size_t i = 0; i < r->n_sentences; i++) {
        const struct sentence *s = &r->sentences[i];
        if (s->dropped && !r->keep) continue;
        if (any) buf_addc(out, ' ');
        any = true;
        output_markdown_value(out, s->text);
        if (s->dropped) buf_addz(out, " *(unsupported)*");
        if (s->citation >= 0 && look->cite != CITE_NONE)
            add_mark(out, first, (size_t)s->citation);
    }
    if (any) buf_addc(out, '\n');
}

/* A footnote that no sentence refers to would not be shown: list those. */
static bool referred(const struct result *r, size_t citation)
{
    for (size_t i = 0; i < r->n_sentences; i++)
        if ((r->keep || !r->sentences[i].dropped) && r->sentences[i].citation == (int)citation)
            return true;
    return false;
}

static void add_unreferred(struct buf *out, const struct result *r, size_t first)
{
    bool any = false;
    for (size_t i = 0; i < r->n_citations; i++) {
        if (referred(r, i)) continue;
        buf_addz(out, any ? ", " : "\nSee also: ");
        output_markdown_value(out, str_of(r->citations[i].doc->name));
        add_mark(out, first, i);
        any = true;
    }
    if (any) buf_addz(out, ".\n");
}

static void add_notes(struct buf *out, const struct result *r, const struct look *look,
                      size_t first)
{
    if (look->cite == CITE_NONE || !r->n_citations) return;
    if (r->task != TASK_REVIEW) add_unreferred(out, r, first);
    buf_addc(out, '\n');
    for (size_t i = 0; i < r->n_citations; i++) {
        const struct cited *c = &r->citations[i];
        add_mark(out, first, i);
        buf_addz(out, ": ");
        output_markdown_value(out, str_of(c->doc->name));
        output_place(out, &c->c.place, look->cite);
        if (look->cite == CITE_QUOTE) {
            buf_addz(out, " \"");
            output_markdown_value(out, c->c.quote);
            buf_addc(out, '"');
        }
        if (c->c.match == MATCH_UNVERIFIED) buf_addz(out, " (unverified)");
        buf_addc(out, '\n');
    }
}

static void add_findings(struct buf *out, const struct result *r, const struct look *look,
                         size_t first)
{
    if (!r->n_findings) buf_addz(out, "No findings.\n");
    for (size_t i = 0; i < r->n_findings; i++) {
        const struct finding *f = &r->findings[i];
        buf_addf(out, "- **%s** ", f->severity);
        output_markdown_value(out, f->category);
        buf_addz(out, ": ");
        output_markdown_value(out, f->message);
        if (f->citation >= 0) {
            const struct cited *c = &r->citations[f->citation];
            buf_addz(out, " (");
            output_markdown_value(out, str_of(c->doc->name));
            output_place(out, &c->c.place, CITE_LINE);
            buf_addc(out, ')');
            if (look->cite != CITE_NONE) add_mark(out, first, (size_t)f->citation);
        }
        buf_addc(out, '\n');
        if (!f->suggestion.n) continue;
        buf_addz(out, "  Suggestion: ");
        output_markdown_value(out, f->suggestion);
        buf_addc(out, '\n');
    }
}

void output_markdown(struct buf *out, const struct result *r, const struct look *look,
                     size_t first)
{
    if (r->task == TASK_REVIEW) {
        add_findings(out, r, look, first);
    } else {
        if (r->title.n) {
            buf_addz(out, look->many ? "### " : "# ");
            output_markdown_value(out, r->title);
            buf_addz(out, "\n\n");
        }
        if (result_shown(r)) add_sentences(out, r, look, first);
        else buf_addz(out, result_silence(r));
    }
    add_notes(out, r, look, first);
}
