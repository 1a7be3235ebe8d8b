/* run.h: the way of ask, summarize and review: documents in, results out. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/job.h"
#include "cli/output.h"

struct run {
    const struct options *o;
    struct term *t;
    enum task task;
    const char *const *texts; /* questions, or one focus; an entry may be NULL */
    size_t n_texts;
    bool per_file;            /* one pass per document, merged into one result */
    /* Whether a result is a "no", and whether one of them makes the whole run one. */
    bool (*negative)(const struct options *o, const struct result *r);
    bool any_negative;
};

/* Reads the operands (files, folders, "-") and writes a result per text, or per document and text
 * with --each.  Returns the exit code; everything has been said. */
enum exit_code run_task(const struct run *run, char *const *operands);

#endif
