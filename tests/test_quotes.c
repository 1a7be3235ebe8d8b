/* test_quotes.c: every quote of every reply stands at its place in the source.
 *
 * All documents of tests/data/ingest (the HTML pages lie there compressed) are read as the program
 * reads them, and replies over them are decoded from noise instead of a model: whatever tokens a model
 * prefers, what comes out as a quotation must be found in the document, and in the source's own bytes
 * where it has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "engine/generate.h"
#include "engine/tokenizer.h"
#include "ingest/ingest.h"
#include "prompts/prompts.h"
#include "tests/fake_session.h"
#include "tests/ingest_check.h"

#define REPLIES 6 /* a document */

struct fixture {
    struct tokenizer *t;
    struct arena *a;
    struct docset set;
    struct schema *schema;
};

static void setup(struct fixture *f)
{
    struct errinfo e = {0};
    struct prompt_set *p;
    const char *build = getenv("DEEPREAD_BUILD");
    char extract[512];
    snprintf(extract, sizeof extract, "%s/deepread-extract", build ? build : "build");
    *f = (struct fixture){.a = arena_new()};
    assert_int_equal(tokenizer_open(&f->t, "models/deepread-150m/tokenizer.json", &e), OK);
    assert_int_equal(prompt_set_open(&p, f->a, "compact", NULL, &e), OK);
    assert_int_equal(schema_compile(&f->schema, f->a, prompt_schema(p, TASK_SUMMARIZE), "s", &e),
                     OK);
    struct ingest_options o = {.extract_path = extract, .hidden = true, .no_ignore = true};
    assert_int_equal(ingest_path(&f->set, f->a, "tests/data/ingest", &o, NULL, NULL, &e), OK);
    assert_true(f->set.n > 80);
}

static void teardown(struct fixture *f)
{
    tokenizer_close(f->t);
    arena_free(f->a);
}

/* White space collapsed to single blanks, none at the ends. */
static struct buf collapsed(const char *s, size_t n)
{
    struct buf b = {0};
    buf_add(&b, "", 0);
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t len = utf8_next(s + i, n - i, &cp);
        if (!utf8_is_space(cp)) buf_add(&b, s + i, len);
        else if (b.n && b.s[b.n - 1] != ' ') buf_addc(&b, ' ');
        i += len;
    }
    while (b.n && b.s[b.n - 1] == ' ') b.s[--b.n] = '\0';
    return b;
}

static void same_words(struct str got, struct str want, const char *where)
{
    struct buf a = collapsed(got.s, got.n), b = collapsed(want.s, want.n);
    if (strcmp(a.s, b.s)) fail_msg("%s: \"%s\" is not \"%s\"", where, a.s, b.s);
    buf_free(&a);
    buf_free(&b);
}

/* True when all of [start, end) is one run of text that equals its source byte for byte. */
static bool verbatim(const struct doc *d, size_t start, size_t end)
{
    for (size_t i = 0; i < d->n_spans; i++) {
        const struct span *s = &d->spans[i];
        if (s->text <= start && end <= s->text + s->len)
            return s->verbatim && end <= s->text + s->byte_len;
    }
    return false;
}

/* True when a reader made all of [start, end) up: the number of an item in a list. */
static bool made_up(const struct doc *d, size_t start, size_t end)
{
    for (size_t i = 0; i < d->n_spans; i++) {
        const struct span *s = &d->spans[i];
        size_t stop = s->text + (s->verbatim ? s->byte_len : s->byte_len ? s->len : 0);
        if (s->text < end && start < stop) return false;
    }
    return true;
}

/* The bytes that places count: of a compressed document those that are in it. */
static void read_document(const char *path, struct buf *out)
{
    char part[4096];
    gzFile f = gzopen(path, "rb"); /* reads what is not compressed as it is */
    assert_non_null(f);
    *out = (struct buf){0};
    for (int n; (n = gzread(f, part, sizeof part)) > 0;) buf_add(out, part, (size_t)n);
    gzclose(f);
}

static void check_citation(const struct doc *d, const struct citation *c)
{
    assert_int_not_equal(c->match, MATCH_UNVERIFIED);
    assert_true(c->start < c->end && c->end <= d->text.n);
    struct str there = {d->text.s + c->start, c->end - c->start};
    same_words(c->quote, there, d->name);
    if (c->match == MATCH_EXACT) assert_true(str_eq(c->quote, there));
    const struct place *p = &c->place;
    if (d->n_pages) {
        assert_in_range(p->page, 1, d->n_pages);
        const struct page *page = &d->pages[p->page - 1];
        assert_true(p->box[0] <= p->box[2] && p->box[1] <= p->box[3]);
        assert_true(p->box[0] >= -1 && p->box[2] <= page->width + 1);
        assert_true(p->box[1] >= -1 && p->box[3] <= page->height + 1);
    }
    if (p->byte0 == SPAN_NO_BYTES) return;
    assert_true(p->byte0 <= p->byte1 && p->byte1 <= d->source_bytes);
    assert_int_equal(p->byte0 == p->byte1, made_up(d, c->start, c->end));
    if (!verbatim(d, c->start, c->end)) return;
    struct buf source;
    read_document(d->path, &source);
    assert_true(p->byte1 <= source.n);
    same_words(c->quote, (struct str){source.s + p->byte0, p->byte1 - p->byte0}, d->path);
    buf_free(&source);
}

static struct reply_value as_reply_value(const struct value *v)
{
    return (struct reply_value){.field = v->field, .list = v->list, .item = v->item,
                                .is_null = v->is_null, .text = v->text, .number = v->label,
                                .q0 = v->q0, .q1 = v->q1, .logp = v->logp,
                                .open_logp = v->open_logp, .truncated = v->truncated};
}

/* One reply over one document from the noise of `seed`; returns how many quotes it holds. */
static size_t reply_from_noise(const struct fixture *f, struct doc *d, struct arena *a,
                               uint64_t seed)
{
    struct errinfo e = {0};
    struct chunk *chunks = NULL;
    size_t n = 0;
    int label = 1;
    chunk_split(d, 0, CHUNK_LIMITS_DEFAULT, &label, &chunks, &n);
    if (n == 0) return 0;
    struct choice *choices = NEW(a, struct choice, n);
    for (size_t i = 0; i < n; i++)
        choices[i] = (struct choice){
            .label = chunks[i].label, .one_line = d->kind == DOC_CODE,
            .text = {d->text.s + chunks[i].start, chunks[i].end - chunks[i].start}};
    struct session *s = fake_new(tokenizer_size(f->t), seed);
    int32_t bos = 0;
    assert_int_equal(session_append(s, &bos, 1, &e), OK);
    struct generate_options o = {.schema = f->schema, .choices = choices, .n_choices = n,
                                 .max_tokens = 400, .max_text_tokens = 20,
                                 .max_quote_tokens = 8 + seed % 3 * 40};
    struct generated g;
    assert_int_equal(generate(s, f->t, &o, a, &g, &e), OK);
    struct reply_value *values = NEW(a, struct reply_value, g.n_values + 1);
    for (size_t i = 0; i < g.n_values; i++) values[i] = as_reply_value(&g.values[i]);
    struct reply r;
    struct reply_options ro = {.compact = true, .review_floor = -INFINITY};
    assert_int_equal(reply_build(&r, a, TASK_SUMMARIZE, values, g.n_values, &d, chunks, n, &ro, &e),
                     OK);
    for (size_t i = 0; i < r.n_citations; i++) check_citation(d, &r.citations[i]);
    fake_free(s);
    mem_free(chunks);
    return r.n_citations;
}

static void every_quote_is_found_at_its_place(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    struct arena *a = arena_new();
    size_t quotes = 0;
    for (size_t i = 0; i < f.set.n; i++)
        for (uint64_t seed = 0; seed < REPLIES; seed++) {
            quotes += reply_from_noise(&f, f.set.v[i], a, 1000 * i + seed);
            arena_reset(a);
        }
    print_message("# %zu quotes of %zu documents\n", quotes, f.set.n);
    assert_true(quotes > f.set.n);
    arena_free(a);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_quote_is_found_at_its_place),
    };
    return cmocka_run_group_tests_name("quotes", tests, NULL, NULL);
}
