/* step.h: one reply over the documents in the prompt, from its task to what is checked of it.  job.c
 * makes one after another, many.c several side by side. */
#ifndef CLI_STEP_H
#define CLI_STEP_H

#include "cli/job.h"
#include "engine/generate.h"

struct step {
    enum task task;
    const char *text;      /* question, focus or NULL */
    struct arena *a;       /* what it is made of; the result borrows from it */
    void (*emit)(void *ctx, const char *s, size_t n); /* as in generate.h; may be NULL */
    void *emit_ctx;
    struct tokens tokens;  /* of the prompt, behind those of the documents */
    struct generated out;
};

/* The task in tokens; free them with tokens_free. */
enum err step_encode(struct step *s, const struct job *j, struct errinfo *e);
/* The reply to a session that has read the prompt.  Only reads the job: several may decode at once,
 * each on a thread and a session of its own.  E_INTR: the reply was closed early, and is one. */
enum err step_decode(struct step *s, const struct job *j, struct session *session, struct errinfo *e);
/* Adds the reply to *r, its quotes and sentences checked. */
enum err step_check(const struct step *s, const struct job *j, struct result *r, struct errinfo *e);

#endif
