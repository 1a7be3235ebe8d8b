/* report.h: what standard error says about a run: the ledger in one line, what was left out,
 * statistics, and why something does not fit. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/job.h"

/* One line about what was skipped or unreadable (operands named directly have had theirs), notes
 * about documents; with -v a line per input. */
void report_ledger(struct term *t, const struct options *o, const struct docset *set,
                   char *const *operands);

/* For review: says which documents are no source code, and enters it in the ledger. */
void report_no_code(struct term *t, struct docset *set);

/* What a result leaves out, and with --stats what it took. */
void report_result(struct term *t, const struct options *o, const struct result *r);

/* With --stats: what several replies took together. */
void report_pace(struct term *t, const struct options *o, const struct pace *p);

/* Under "does not fit": the five largest documents and what can be done. */
void report_misfit(struct buf *out, const struct plan *p, const struct options *o);
/* The n largest documents of a plan, one line each. */
void report_largest(struct buf *out, const struct plan *p, size_t n);

#endif
