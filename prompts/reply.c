#include "prompts/prompts.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "prompts/quotes.h"
#include "prompts/sentences.h"
#include "prompts/support.h"

struct builder {
    struct reply *r;
    struct arena *a;
    const struct reply_value *v;
    size_t n;
    struct doc *const *docs;
    const struct chunk *chunks;
    size_t n_chunks;
    const struct reply_options *o;
    struct errinfo *e;
};

static const char *list_of(enum task t)
{
    static const char *const names[] = {"citations", "key_points", "findings"};
    return names[t];
}

static bool is_field(const struct reply_value *v, const char *list, const char *field)
{
    bool here = list ? v->list && strcmp(v->list, list) == 0 : !v->list;
    return here && strcmp(v->field, field) == 0;
}

static const struct reply_value *find(const struct builder *b, const char *list, size_t item,
                                      const char *field)
{
    for (size_t i = 0; i < b->n; i++)
        if (is_field(&b->v[i], list, field) && (!list || b->v[i].item == item)) return &b->v[i];
    return NULL;
}

static struct str copy(struct arena *a, struct str s)
{
    return (struct str){mem_copy(a, s.s, s.n), s.n};
}

static struct str trimmed(struct str s)
{
    while (s.n && strchr(" \t\r\n", s.s[0])) s = (struct str){s.s + 1, s.n - 1};
    while (s.n && strchr(" \t\r\n", s.s[s.n - 1])) s.n--;
    return s;
}

/* ------------------------------------------------------------------ citations */

static enum err add_citation(struct builder *b, const struct reply_value *label,
                             const struct reply_value *quote)
{
    struct citation *c = &b->r->citations[b->r->n_citations];
    size_t k = 0;
    while (k < b->n_chunks && b->chunks[k].label != label->number) k++;
    if (k == b->n_chunks)
        return err_set(b->e, E_FORMAT, "reply: %s %zu cites chunk %ld, which was not shown",
                       label->list, label->item + 1, label->number);
    const struct chunk *ch = &b->chunks[k];
    const struct doc *d = b->docs[ch->doc];
    *c = (struct citation){.chunk = k, .score = label->logp, .retrieval = label->bias};
    c->quote = copy(b->a, quote->text);
    c->match = quotes_find(d->text, ch->start, ch->end, quote->text, quote->q0, quote->q1,
                           &c->start, &c->end);
    c->place = doc_place(d, c->start, c->end - c->start);
    b->r->n_citations++;
    return OK;
}

static enum err add_citations(struct builder *b, enum task t)
{
    size_t items = 0;
    const char *list = list_of(t);
    for (size_t i = 0; i < b->n; i++)
        if (b->v[i].list && strcmp(b->v[i].list, list) == 0 && b->v[i].item >= items)
            items = b->v[i].item + 1;
    if (items > b->n) return err_set(b->e, E_FORMAT, "reply: %s counts past its values", list);
    b->r->citations = NEW(b->a, struct citation, items);
    for (size_t i = 0; i < items; i++) {
        const struct reply_value *label = find(b, list, i, "chunk"),
                                 *quote = find(b, list, i, "quote");
        if (!label || !quote)
            return err_set(b->e, E_FORMAT, "reply: %s %zu lacks its \"%s\"", list, i + 1,
                           label ? "quote" : "chunk");
        TRY(add_citation(b, label, quote));
    }
    return OK;
}

/* ------------------------------------------------------------------ sentences */

/* The citation that a sentence rests on: from its best chunk, and the one that shares most with it
 * when there are several; -1 when none is from there. */
static int citation_for(const struct builder *b, const struct sentence *s)
{
    int best = -1;
    double most = -1;
    for (size_t i = 0; i < b->r->n_citations; i++) {
        const struct citation *c = &b->r->citations[i];
        if (c->chunk != s->chunk || c->match == MATCH_UNVERIFIED) continue;
        double x = support_share(s->text, c->quote, b->a);
        if (x <= most) continue;
        most = x;
        best = (int)i;
    }
    return best;
}

/* Between chunks that hold a sentence equally well, a cited one is its source. */
static void weigh(struct builder *b, const struct support *sup, struct sentence *s)
{
    struct sentence at = *s;
    support_weigh(sup, b->a, s, SIZE_MAX);
    for (size_t i = 0; i < b->r->n_citations; i++) {
        support_weigh(sup, b->a, &at, b->r->citations[i].chunk);
        if (at.chunk != b->r->citations[i].chunk) continue;
        *s = at;
        break;
    }
    s->citation = citation_for(b, s);
    s->dropped = b->o->compact && !b->o->keep_unsupported &&
                 (s->support < b->o->support_floor || s->invented);
    b->r->n_dropped += s->dropped;
}

static void add_sentences(struct builder *b)
{
    struct reply *r = b->r;
    struct str s;
    size_t n = 0;
    for (size_t i = 0; sentences_next(r->text, &i, &s);) n++;
    if (!n) return;
    struct support *sup = support_new(b->a, b->docs, b->chunks, b->n_chunks);
    r->sentences = NEW(b->a, struct sentence, n);
    for (size_t i = 0; sentences_next(r->text, &i, &s);) {
        struct sentence *out = &r->sentences[r->n_sentences++];
        *out = (struct sentence){.text = s};
        weigh(b, sup, out);
    }
}

/* ------------------------------------------------------------------ titles */

/* The title says no more than the name of a document: the name itself, its last part, or that
 * without its suffix. */
static bool is_name(struct str title, const char *name)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    const char *dot = strrchr(base, '.');
    size_t stem = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    const struct str forms[] = {str_of(name), str_of(base), {base, stem}};
    for (size_t i = 0; i < 3; i++)
        if (forms[i].n == title.n && strncasecmp(forms[i].s, title.s, title.n) == 0) return true;
    return false;
}

static void set_title(struct builder *b, struct str title)
{
    size_t n_docs = b->n_chunks ? b->chunks[b->n_chunks - 1].doc + 1 : 0;
    bool gives_way = trimmed(title).n == 0;
    for (size_t d = 0; d < n_docs && !gives_way; d++)
        gives_way = is_name(trimmed(title), b->docs[d]->name);
    const char *own = n_docs ? b->docs[b->chunks[0].doc]->title : NULL;
    b->r->title = copy(b->a, gives_way && own && *own ? str_of(own) : trimmed(title));
}

/* ------------------------------------------------------------------ findings */

static const char *const severities[] = {"info", "warning", "error"};

/* What a category of defect does when it is real: crash or corrupt, misbehave, or annoy. */
static int severity_of(struct str category)
{
    static const struct {
        const char *name;
        int level;
    } table[] = {
        {"bounds", 2},         {"null-deref", 2},    {"use-after-free", 2},
        {"double-free", 2},    {"memory", 2},        {"crash", 2},
        {"security", 2},       {"injection", 2},     {"integer-overflow", 2},
        {"overflow", 2},       {"uninitialized", 2}, {"concurrency", 2},
        {"race", 2},           {"deadlock", 2},      {"logic", 1},
        {"error-handling", 1}, {"leak", 1},          {"resource", 1},
        {"type", 1},           {"api-misuse", 1},    {"performance", 1},
        {"typo", 0},           {"style", 0},         {"doc", 0},
        {"documentation", 0},  {"naming", 0},        {"readability", 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (str_eq(str_of(table[i].name), category)) return table[i].level;
    return 1;
}

static int severity_rank(const char *name)
{
    for (int i = 0; name && i < 3; i++)
        if (strcmp(severities[i], name) == 0) return i;
    return 0;
}

/* Only the best max_findings stay, in the order of the reply. */
static void limit_findings(struct reply *r, size_t most)
{
    while (most && r->n_findings > most) {
        size_t worst = 0;
        for (size_t i = 1; i < r->n_findings; i++)
            if (r->findings[i].score <= r->findings[worst].score) worst = i;
        r->n_findings--;
        memmove(r->findings + worst, r->findings + worst + 1,
                (r->n_findings - worst) * sizeof *r->findings);
    }
}

static enum err add_findings(struct builder *b)
{
    struct reply *r = b->r;
    r->findings = NEW(b->a, struct finding, r->n_citations);
    for (size_t i = 0; i < r->n_citations; i++) {
        const struct reply_value *label = find(b, "findings", i, "chunk"),
                                 *category = find(b, "findings", i, "category"),
                                 *message = find(b, "findings", i, "message"),
                                 *fix = find(b, "findings", i, "suggestion");
        if (!category || !message || !fix)
            return err_set(b->e, E_FORMAT, "reply: finding %zu lacks its \"%s\"", i + 1,
                           !category  ? "category"
                           : !message ? "message"
                                      : "suggestion");
        struct finding f = {.citation = (int)i,
                            .score = label->open_logp + label->logp + category->logp};
        if (!trimmed(message->text).n) continue; /* a limit cut it off before it said anything */
        if (f.score < b->o->review_floor || isnan(f.score)) {
            r->n_below_floor++;
            continue;
        }
        f.category = copy(b->a, trimmed(category->text));
        f.message = copy(b->a, trimmed(message->text));
        f.suggestion = copy(b->a, fix->text);
        int level = severity_of(f.category);
        f.severity = severities[level];
        if (level >= severity_rank(b->o->severity)) r->findings[r->n_findings++] = f;
    }
    limit_findings(r, b->o->max_findings);
    return OK;
}

/* ------------------------------------------------------------------ the reply */

static enum err add_text(struct builder *b, enum task t)
{
    const char *field = t == TASK_ANSWER ? "answer" : "summary";
    const struct reply_value *text = find(b, NULL, 0, field);
    if (!text) return err_set(b->e, E_FORMAT, "reply: no \"%s\"", field);
    /* A null that a limit forced says nothing about the documents. */
    b->r->no_answer = t == TASK_ANSWER && text->is_null && !text->truncated;
    if (!text->is_null) b->r->text = copy(b->a, text->text);
    add_sentences(b);
    if (t == TASK_ANSWER) return OK;
    const struct reply_value *title = find(b, NULL, 0, "title");
    if (!title) return err_set(b->e, E_FORMAT, "reply: no \"title\"");
    set_title(b, title->text);
    return OK;
}

enum err reply_build(struct reply *out, struct arena *a, enum task t,
                     const struct reply_value *values, size_t n_values, struct doc *const *docs,
                     const struct chunk *chunks, size_t n_chunks, const struct reply_options *o,
                     struct errinfo *e)
{
    struct builder b = {out, a, values, n_values, docs, chunks, n_chunks, o, e};
    *out = (struct reply){.task = t};
    for (size_t i = 0; i < n_values; i++) out->truncated |= values[i].truncated;
    TRY(add_citations(&b, t));
    return t == TASK_REVIEW ? add_findings(&b) : add_text(&b, t);
}
