/* result.h: one result as a person gets it: replies with their documents and what it took.
 *
 * A result is made of one reply (ask, summarize) or of one per file (review); replies are merged
 * by adding them one after another.  It knows documents and replies, no token and no model, and
 * the formats (output*.c) know nothing but it. */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include "prompts/prompts.h"

enum result_status {
    RESULT_OK,
    RESULT_UNSUPPORTED, /* nothing in the input supports an answer     */
    RESULT_PARTIAL,     /* interrupted, or some inputs failed          */
    RESULT_TRUNCATED    /* a limit ended the reply early               */
};

struct cited {
    const struct doc *doc;
    struct citation c; /* c.chunk: index into the chunks of its reply */
    int label;         /* of that chunk, as the model cited it        */
};

struct usage {
    size_t prompt_tokens, cached_tokens, output_tokens, forced_tokens;
    double read_seconds, prefill_seconds, reply_seconds;
};

/* How the result came about; the same for all results of a run. */
struct run_facts {
    const char *model, *backend;
    struct str options; /* every option that shapes the result, with its value */
    long seed;
};

struct result {
    enum task task;
    const char *text; /* question or focus, NULL without */
    bool no_answer, interrupted, truncated, inputs_failed;
    bool keep; /* --keep-unsupported: dropped sentences are shown, marked */
    struct str title;
    struct sentence *sentences; /* their citations index `citations` below */
    size_t n_sentences, n_dropped;
    struct cited *citations;
    size_t n_citations;
    struct finding *findings;
    size_t n_findings, n_below_floor;
    struct usage usage;

    /* borrowed */
    const struct ledger *ledger;
    struct doc *const *docs;
    size_t n_docs;
    const struct run_facts *run;
};

/* Adds a reply to the end.  The reply's strings are borrowed and must outlive the result. */
void result_add(struct result *r, const struct reply *reply, struct doc *const *docs,
                const struct chunk *chunks);
void result_free(struct result *r);

enum result_status result_status(const struct result *r);
const char *result_status_name(enum result_status s);
/* Sentences that text and markdown show. */
size_t result_shown(const struct result *r);
/* The line that stands for them where there are none. */
const char *result_silence(const struct result *r);

/* Whether the ledger or a document has a gap: something skipped, unreadable, over budget, or a
 * page without text.  What --strict refuses. */
bool ledger_has_gap(const struct ledger *l, struct doc *const *docs, size_t n_docs);
size_t ledger_count(const struct ledger *l, enum ledger_status status);

#endif
