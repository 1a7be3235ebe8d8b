/* job.h: the spine: model, documents, chunks, prompt, session, reply.
 *
 * job.c, step.c and many.c are the files that see documents and tokens both.  They only call: they
 * parse nothing, format nothing, and the commands know no engine.
 *
 * What can fail returns an err and leaves in `stage` where it was, from which term.c makes the
 * exit code. */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include "cli/options.h"
#include "cli/result.h"
#include "cli/term.h"
#include "engine/engine.h"
#include "ingest/text_cache.h"

struct model;
struct plan;
struct session;
struct tokenizer;

struct job {
    const struct options *o;
    struct term *t;
    enum stage stage;
    struct buf why;        /* lines to print under the error: what is too large, remedies */
    struct arena *life;    /* until the end                                               */
    struct arena *docs;    /* until job_forget                                            */
    struct arena *step;    /* of a reply, until the caller resets it, or job_forget       */

    const char *model_dir;
    struct model *model;
    struct prompt_set *prompts;
    struct session *session;
    struct run_facts facts;
    bool cache_noted;      /* what went wrong with the cache was said */

    struct docset set;
    double read_seconds;
    struct ingest_options ingest;
    struct text_cache_options text_cache;

    /* the documents in the prompt: set.v[first .. first + n) */
    size_t first, n;
    struct chunk *chunks;
    size_t n_chunks;
    int32_t *doc_tokens; /* their part of the prompt, once a run needed it */
    size_t n_doc_tokens;
};

void job_init(struct job *j, const struct options *o, struct term *t);
void job_free(struct job *j);

/* Finds the model's folder; loads nothing. */
enum err job_find_model(struct job *j, struct errinfo *e);
/* Opens the model, its prompt set and a session, once. */
enum err job_load_model(struct job *j, struct errinfo *e);

/* Prepares reading: the password file.  Call before job_read. */
enum err job_prepare(struct job *j, struct errinfo *e);
/* Reads one operand and adds its documents.  Failures as in ingest_path. */
enum err job_read(struct job *j, const char *path, struct errinfo *e);
/* Reads operands, several documents at once, and adds what there is in their order.  Failures of
 * one operand go to `failed`; returned are those of all, as from ingest_paths. */
enum err job_read_all(struct job *j, char *const *paths, ingest_failed *failed, void *ctx,
                      struct errinfo *e);
/* The files that a folder stands for, in order; a file or "-" is itself. */
enum err job_list(struct job *j, struct ledger *l, const char *path, struct errinfo *e);
/* Lets go of all documents; replies made from them are gone too. */
void job_forget(struct job *j);

/* Puts documents [first, first + n) of the set into the prompt. */
void job_select(struct job *j, size_t first, size_t n);
/* One reply over the selected documents, added to *r.  text: question, focus or NULL.
 * E_LIMIT in STAGE_FIT: does not fit, and `why` says more.  E_INTR: *r holds what was finished. */
enum err job_run(struct job *j, enum task task, const char *text, struct result *r,
                 struct errinfo *e);

/* How several replies came about together. */
struct pace {
    size_t replies, at_once; /* replies begun; at most so many at once */
    size_t tokens;           /* of all replies */
    double seconds;          /* from the first question's tokens to the last reply's end */
};

/* Result i is finished, or the first one that failed; called in the order of the texts.  What it
 * returns other than OK ends the run: it is what the job returns. */
typedef enum err job_told(void *ctx, size_t i, enum err code, struct errinfo *e);

/* A reply for each of n texts over the selected documents, up to --parallel of them at once, added to
 * results[i].  Each is told of as soon as it and those before it are done; its strings are gone
 * afterwards.  One that is too long itself is told of like the others (E_LIMIT in STAGE_FIT; where all
 * are, the job fails so); any other failure leaves those behind it without a reply; an interruption
 * closes all early. */
enum err job_run_many(struct job *j, enum task task, const char *const *texts, size_t n,
                      struct result *results, job_told *told, void *ctx, struct pace *pace,
                      struct errinfo *e);

/* What that takes; documents that do not fit beside the questions lose their bodies (--skeleton). */
enum err job_plan_many(struct job *j, enum task task, const char *const *texts, size_t n,
                       struct plan *p, struct errinfo *e);

/* Reads the selected documents into the cache, without a question. */
enum err job_warm(struct job *j, struct usage *u, struct errinfo *e);

/* What a run over the selected documents takes: for plan and for the report of an overflow. */
struct doc_tokens {
    const struct doc *doc;
    size_t tokens;
};
struct plan {
    const char *model, *backend;
    size_t window;         /* tokens: the model's, or --ctx                */
    size_t reply;          /* tokens kept free                             */
    size_t prompt;         /* tokens of the prompt but for the question; of several the longest one's
                              is in it                                     */
    size_t cached;         /* of the prompt's tokens: read before, and kept */
    size_t chunks;
    size_t questions;      /* of several: those that fit                   */
    size_t too_long;       /* and those that do not; both 0: there is one  */
    size_t question_tokens; /* of all that fit                             */
    size_t at_once;        /* replies side by side; 0: no question fits    */
    size_t paced;          /* tokens that the seconds were measured with; 0: not at all (pace.h) */
    double read_seconds, reply_seconds; /* estimates: for what is not cached; for all passes  */
    struct memory_need need; /* of prompt and reply, or of all at once     */
    size_t free_bytes;     /* of memory now, weights already taken; 0: unknown */
    struct doc_tokens *docs; /* [n_docs], largest first; memory of the step arena */
    size_t n_docs;
};
/* Several questions are planned, whether they fit or not. */
static inline bool plan_several(const struct plan *p)
{
    return p->questions || p->too_long;
}
/* How often the model is passed over for the replies, at most: side by side they share a pass. */
static inline size_t plan_passes(const struct plan *p)
{
    size_t replies = plan_several(p) ? p->questions : 1;
    return p->at_once ? (replies + p->at_once - 1) / p->at_once * p->reply : 0;
}
/* What it takes beside the weights is more than what is free. */
static inline bool plan_lacks_memory(const struct plan *p)
{
    return p->free_bytes && p->need.state + p->need.scratch > p->free_bytes;
}
enum err job_plan(struct job *j, struct plan *p, struct errinfo *e);
/* What is cached of the prompt, and the documents. */
enum err job_plan_documents(struct job *j, struct plan *p, struct errinfo *e);
/* The limit that the plan exceeds, as one line; NULL when it fits. */
const char *job_misfit(struct job *j, const struct plan *p);

/* ------------------------------------------------------------------ steps of job_run */

/* Most tokens of a prompt: what window and --budget leave. */
size_t job_most_prompt(const struct job *j);
/* The documents' tokens; with --skeleton, without the bodies of what does not fit beside `extra`
 * tokens. */
enum err job_fit_documents(struct job *j, size_t extra, struct errinfo *e);
/* The figures of a plan but for what is cached and the documents. */
void job_totals(const struct job *j, size_t prompt, struct plan *p);
/* E_LIMIT in STAGE_FIT, with `why`, when a plan does not fit. */
enum err job_check_plan(struct job *j, struct plan *p, struct errinfo *e);
/* The same of a prompt of so many tokens and its reply. */
enum err job_check_fit(struct job *j, size_t prompt, struct errinfo *e);
/* The same without `why` and without memory, once that is taken. */
enum err job_check_window(struct job *j, size_t prompt, struct errinfo *e);
/* Brings the session to the prompt, whose first n_doc_tokens are the documents', and counts what was
 * new. */
enum err job_read_prompt(struct job *j, const struct tokens *prompt, struct usage *u,
                         struct errinfo *e);

/* "key: value" lines about the model. */
enum err job_describe(struct job *j, struct buf *out, struct errinfo *e);

#endif
