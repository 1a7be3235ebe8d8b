/* read.h: the operands of a command, read one after another; a bad one costs one line. */
#ifndef CLI_READ_H
#define CLI_READ_H

#include "cli/job.h"

struct inputs {
    size_t failed;                /* operands that could not be read, each said on standard error */
    enum exit_code first_failure;
    size_t unreadable;            /* files of folders and attachments that could not be read, likewise */
    bool gap;                     /* the ledger has one: what --strict refuses                    */
};

/* Reads all operands into the job's set and reports the ledger.  Returns only what ends the run:
 * E_USAGE, E_INTR, E_DEVICE, and with --fail-fast the first failure of an input.  All operands may
 * have failed: then j->set.n is 0 and first_failure is set. */
enum err read_operands(struct job *j, char *const *operands, struct inputs *in, struct errinfo *e);

/* Counts what the ledger of a set says.  Operands that failed are in it too, which makes no
 * difference: they count as failed already. */
void read_ledger(struct inputs *in, const struct docset *set);

/* The exit code of a command that did the rest: 3 when inputs or files of folders failed, or with
 * --strict a gap. */
enum exit_code read_code(const struct inputs *in, const struct options *o);

#endif
