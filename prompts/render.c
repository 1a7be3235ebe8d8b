#include <string.h>

#include "prompts/prompt_set.h"

/* The special tokens by their DeepSeek names (the bar is U+FF5C, the low line U+2581). */
#define BOS "<\uff5cbegin\u2581of\u2581sentence\uff5c>"
#define EOS "<\uff5cend\u2581of\u2581sentence\uff5c>"
#define USER "<\uff5cUser\uff5c>"
#define ASSISTANT "<\uff5cAssistant\uff5c>"
#define NO_THINKING "</think>"

static void add(struct segs *out, struct arena *a, enum seg_kind kind, struct str s)
{
    if (out->n == out->cap) {
        size_t cap = out->cap ? 2 * out->cap : 8;
        struct seg *v = NEW(a, struct seg, cap);
        if (out->n) memcpy(v, out->v, out->n * sizeof *v);
        out->v = v;
        out->cap = cap;
    }
    out->v[out->n++] = (struct seg){kind, s};
}

static void add_text(struct segs *out, struct arena *a, struct buf *b)
{
    if (b->n) add(out, a, SEG_TEXT, (struct str){mem_copy(a, b->s, b->n), b->n});
    buf_free(b);
}

/* A name or a title is one line, whatever the file system or a document allows. */
static void add_one_line(struct buf *b, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        buf_addc(b, c < 0x20 || c == 0x7f ? ' ' : *s);
    }
}

/* The text of an article does not hold its title.  The compact set was trained on names alone. */
static void add_head(struct buf *b, const struct prompt_set *p, const struct doc *d)
{
    buf_addz(b, "# ");
    add_one_line(b, d->name);
    if (d->title && *d->title && !prompt_set_is_compact(p)) {
        buf_addz(b, ": ");
        add_one_line(b, d->title);
    }
    buf_addc(b, '\n');
}

void render_documents(struct segs *out, struct arena *a, const struct prompt_set *p,
                      struct doc *const *docs, const struct chunk *chunks, size_t n_chunks)
{
    struct buf b = {0};
    for (size_t i = 0; i < n_chunks; i++) {
        const struct chunk *c = &chunks[i];
        const struct doc *d = docs[c->doc];
        if (i == 0 || chunks[i - 1].doc != c->doc) add_head(&b, p, d);
        buf_addf(&b, "[%d]%c", c->label, d->kind == DOC_CODE ? '\n' : ' ');
        buf_add(&b, d->text.s + c->start, c->end - c->start);
        buf_addc(&b, '\n');
    }
    add(out, a, SEG_CONTROL, STR(BOS));
    add(out, a, SEG_CONTROL, STR(USER));
    add_text(out, a, &b);
}

/* Appends one line of a template; false when it names a variable without a value. */
static bool add_line(struct buf *b, const char *s, size_t n, struct str text, struct str schema)
{
    for (size_t i = 0; i < n;) {
        struct str name = prompt_set_variable(s + i, n - i);
        if (name.n == 0) {
            buf_addc(b, s[i++]);
            continue;
        }
        struct str value = str_eq(name, STR("schema")) ? schema : text;
        if (value.n == 0) return false;
        buf_add(b, value.s, value.n);
        i += name.n + 2;
    }
    return true;
}

void render_task(struct segs *out, struct arena *a, const struct prompt_set *p, enum task t,
                 const char *text)
{
    struct str template = prompt_set_template(p, t);
    struct buf b = {0};
    for (size_t at = 0; at <= template.n;) {
        const char *nl = memchr(template.s + at, '\n', template.n - at);
        size_t n = nl ? (size_t)(nl - template.s) - at : template.n - at, before = b.n;
        if (at > 0) buf_addc(&b, '\n');
        if (!add_line(&b, template.s + at, n, str_of(text), prompt_set_shown_schema(p, t)))
            b.n = before;
        at += n + 1;
    }
    add_text(out, a, &b);
    add(out, a, SEG_CONTROL, STR(ASSISTANT));
    add(out, a, SEG_CONTROL, STR(NO_THINKING));
}

void render_turn_end(struct segs *out, struct arena *a, const struct prompt_set *p)
{
    (void)p;
    add(out, a, SEG_CONTROL, STR(EOS));
    add(out, a, SEG_CONTROL, STR(USER));
}
