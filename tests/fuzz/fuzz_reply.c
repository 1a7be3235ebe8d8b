/* fuzz_reply.c: a document, a quotation and an answer of any bytes: text NUL quote NUL answer. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "prompts/prompts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct str next_part(struct str *rest)
{
    const char *nul = rest->n ? memchr(rest->s, 0, rest->n) : NULL;
    struct str part = {rest->s, nul ? (size_t)(nul - rest->s) : rest->n};
    size_t used = part.n + (nul != NULL);
    *rest = (struct str){rest->s + used, rest->n - used};
    return part;
}

static void check(const struct reply *r, const struct doc *d)
{
    for (size_t i = 0; i < r->n_citations; i++) {
        const struct citation *c = &r->citations[i];
        assert(c->start <= c->end && c->end <= d->text.n);
        if (c->match == MATCH_EXACT)
            assert(memmem(c->quote.s, c->quote.n, d->text.s + c->start, c->end - c->start));
    }
    size_t dropped = 0;
    for (size_t i = 0; i < r->n_sentences; i++) {
        const struct sentence *s = &r->sentences[i];
        assert(s->text.n && s->text.s >= r->text.s);
        assert(s->text.s + s->text.n <= r->text.s + r->text.n);
        assert(s->support >= 0 && s->support <= 1 && s->citation < (int)r->n_citations);
        assert(s->invented == (s->invented_what != NULL));
        dropped += s->dropped;
    }
    assert(dropped == r->n_dropped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str rest = {(const char *)data, n};
    struct str text = next_part(&rest), quote = next_part(&rest);
    struct arena *a = arena_new();
    struct doc_builder *b = doc_new(a, "name.txt", "text");
    doc_add(b, text.s, text.n, &(struct span){.byte_len = text.n, .line = 1});
    struct doc *d = doc_freeze(b, NULL, text.s, text.n);
    struct chunk *chunks = NULL;
    size_t n_chunks = 0;
    int label = 1;
    chunk_split(d, 0, (struct chunk_limits){40, 40}, &label, &chunks, &n_chunks);
    struct reply_value v[] = {
        {.field = "chunk", .list = "citations", .number = label - 1},
        {.field = "quote", .list = "citations", .text = quote, .q0 = n % 7, .q1 = n % 13},
        {.field = "answer", .text = rest},
    };
    struct reply_options o = {.compact = true, .review_floor = -INFINITY, .support_floor = 0.5};
    struct reply r;
    struct errinfo e = {0};
    enum err got = reply_build(&r, a, TASK_ANSWER, v, 3, &d, chunks, n_chunks, &o, &e);
    assert(!got == (n_chunks > 0));
    if (!got) check(&r, d);
    mem_free(chunks);
    arena_free(a);
    return 0;
}
