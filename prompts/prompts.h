/* prompts.h: the public face of prompts/: what the model is told, and what its reply is worth.
 *
 *   prompt_set   templates and schemas: "compact" or "instruct", embedded or from a folder
 *   segments     render: pieces of text and control marks; documents first, task last
 *   bm25         how well each chunk matches the question by words
 *   reply        the claims of a finished reply, each quote at its place, each sentence weighed
 *
 * Knows documents and chunks; knows no token and no model. */
#ifndef PROMPTS_PROMPTS_H
#define PROMPTS_PROMPTS_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "ingest/ingest.h"

enum task { TASK_ANSWER, TASK_SUMMARIZE, TASK_REVIEW };

/* ------------------------------------------------------------------ templates */

struct prompt_set; /* lives in the arena given */

/* name: "compact" or "instruct".  dir: a folder whose files replace the embedded ones of the same
 * path, or NULL: DIR/compact/answer.txt, DIR/schema/answer.json; a schema for one set only is
 * DIR/compact/answer.json.  E_USAGE unknown set, E_IO, E_FORMAT a template with an unknown
 * {variable}, a schema that is not JSON. */
enum err prompt_set_open(struct prompt_set **out, struct arena *a, const char *name,
                         const char *dir, struct errinfo *e);
const char *prompt_set_name(const struct prompt_set *p);
bool prompt_set_is_compact(const struct prompt_set *p);
/* The JSON schema of a task's reply, as text (engine/schema.h compiles it). */
struct str prompt_schema(const struct prompt_set *p, enum task t);
const char *prompt_schema_name(const struct prompt_set *p, enum task t); /* its file, for errors */

/* ------------------------------------------------------------------ rendering */

/* Only render.c makes SEG_CONTROL segments (struct seg, base/str.h): the special tokens by their
 * DeepSeek names, whose ids the engine looks up in tokenizer.json. */
struct segs {
    struct seg *v;
    size_t n, cap;
};

/* The documents' part: <BOS><|User|>{documents}.  A document is named in a line of its own, in the
 * instruct set with the title that it gives itself.  Identical for every task over the same chunks,
 * so that its tokens are a shared prefix (each set places its rules after the documents).
 *
 * Encode the two parts one after the other, not as one text.  With the GPT-2 pattern (deepread-150m)
 * both ways give the same ids, always: the documents' part ends with a line end and a task starts
 * with one, and that pattern cuts between them.  With DeepSeek's patterns one text would join those
 * two line ends (and punctuation before them) into the last piece of the documents. */
void render_documents(struct segs *out, struct arena *a, const struct prompt_set *p,
                      struct doc *const *docs, const struct chunk *chunks, size_t n_chunks);
/* The task's part: {task}<|Assistant|></think>.  text: the question, or the focus, or NULL. */
void render_task(struct segs *out, struct arena *a, const struct prompt_set *p, enum task t,
                 const char *text);
/* The end of a turn, for a follow-up: {reply}<EOS><|User|> */
void render_turn_end(struct segs *out, struct arena *a, const struct prompt_set *p);

/* ------------------------------------------------------------------ retrieval by words */

/* BM25 (k1 1.2, b 0.75) of each chunk against the question, and its z-score over the chunks
 * (0 for all when they do not differ).  Words: runs of letters, digits and _ in lower case, CJK
 * characters one by one (prompts/bm25.c has the exact definition).  bm25, z: [n].  question may be
 * NULL.  Cost: one pass over the chunks' text. */
void bm25_score(const char *question, struct doc *const *docs, const struct chunk *chunks,
                size_t n, double *bm25, double *z);

/* ------------------------------------------------------------------ replies */

enum quote_match { MATCH_EXACT, MATCH_NORMALISED, MATCH_UNVERIFIED };

struct citation {
    size_t chunk;            /* index into the chunks shown                              */
    size_t start, end;       /* bytes of docs[..]->text that the quote covers            */
    struct str quote;        /* as the model wrote it                                    */
    enum quote_match match;  /* exact: byte for byte; normalised: white space differs    */
    struct place place;
    double score;            /* log-probability of the label, without the retrieval term */
    double retrieval;        /* lambda * z                                               */
};

struct sentence {
    struct str text;         /* a part of reply.text: what lies between two is white space */
    size_t chunk;            /* its best chunk                                           */
    double support;          /* share of its content words found there, 0..1             */
    bool invented;           /* holds a number or name that occurs nowhere in the documents */
    const char *invented_what; /* the first such number or name, or NULL                 */
    bool dropped;            /* left out of text and markdown output                     */
    int citation;            /* index of the citation that supports it, -1 none          */
};

struct finding {
    int citation;            /* index: where                                             */
    struct str category, message, suggestion;
    double score;            /* log-probability of opening it, of its line, of its category */
    const char *severity;    /* "error", "warning", "info", from the category            */
};

struct reply {
    enum task task;
    struct citation *citations;
    size_t n_citations;
    bool no_answer;          /* answer null: nothing in the input supports one */
    struct str title;        /* summaries */
    struct str text;         /* answer or summary, as the model wrote it */
    struct sentence *sentences;
    size_t n_sentences, n_dropped;
    struct finding *findings;
    size_t n_findings, n_below_floor;
    bool truncated;          /* a limit ended a value early */
};

/* One value of a decoded reply, in order; the decoder (engine/generate.h) knows more than the
 * JSON text does: where in the chunk each quote stands, and how sure the model was. */
struct reply_value {
    const char *field;   /* "chunk", "quote", "answer", ...                              */
    const char *list;    /* the list it stands in: "citations", "key_points", "findings", or NULL */
    size_t item;         /* index in that list                                           */
    bool is_null;
    struct str text;     /* decoded from JSON                                            */
    long number;         /* for "chunk": the label                                       */
    size_t q0, q1;       /* for "quote": bytes of the chunk's text covered, q1 == 0 unknown */
    double logp;         /* of the value                                                 */
    double open_logp;    /* of opening this list item instead of closing the list        */
    double bias;         /* for "chunk": the retrieval term of the label chosen          */
    bool truncated;
};

struct reply_options {
    bool compact;            /* drop unsupported sentences (designed for small models)   */
    bool keep_unsupported;
    double review_floor;     /* findings below are dropped; -INFINITY keeps all          */
    double support_floor;    /* compact: sentences below are dropped; 0 keeps all        */
    size_t max_findings;     /* 0: no limit                                              */
    const char *severity;    /* least severity kept, NULL: all                           */
};

/* Builds the reply: each quote checked against the document's own bytes at its place, each
 * sentence weighed against the chunks shown.  A quote that does not stand where it says is kept
 * with MATCH_UNVERIFIED.  E_FORMAT when values are missing or a label was never shown. */
enum err reply_build(struct reply *out, struct arena *a, enum task t,
                     const struct reply_value *values, size_t n_values, struct doc *const *docs,
                     const struct chunk *chunks, size_t n_chunks, const struct reply_options *o,
                     struct errinfo *e);

#endif
