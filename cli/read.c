#include "cli/read.h"

#include "cli/report.h"

enum err read_operands(struct job *j, char *const *operands, struct inputs *in, struct errinfo *e)
{
    for (char *const *p = operands; *p; p++) {
        enum err code = job_read(j, *p, e);
        if (!code) continue;
        if (code == E_DEVICE) j->stage = STAGE_MODEL; /* the others would meet it again */
        if (code == E_INTR || code == E_USAGE || code == E_DEVICE) return code;
        enum exit_code said = term_fail(j->t, j->stage, e);
        if (!in->failed++) in->first_failure = said;
        err_clear(e);
    }
    term_clear(j->t);
    report_ledger(j->t, j->o, &j->set, operands);
    in->gap |= ledger_has_gap(&j->set.ledger, j->set.v, j->set.n);
    return OK;
}

enum exit_code read_code(const struct inputs *in, const struct options *o)
{
    return in->failed || (in->gap && o->strict) ? EXIT_PARTIAL : EXIT_DONE;
}
