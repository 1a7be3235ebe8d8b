#include "cli/read.h"

#include "cli/report.h"

struct failures {
    struct job *j;
    struct inputs *in;
    struct errinfo fatal; /* the first one that ends the run */
};

static void on_failed(void *ctx, const char *path, const struct errinfo *why)
{
    struct failures *f = ctx;
    struct errinfo e = *why;
    (void)path;
    if (f->fatal.code) return;
    if (e.code == E_DEVICE) f->j->stage = STAGE_MODEL; /* the others would meet it again */
    if (e.code == E_USAGE || e.code == E_DEVICE) {
        f->fatal = e;
        return;
    }
    enum exit_code said = term_fail(f->j->t, f->j->stage, &e);
    if (!f->in->failed++) f->in->first_failure = said;
}

void read_ledger(struct inputs *in, const struct docset *set)
{
    const struct ledger *l = &set->ledger;
    in->gap |= ledger_has_gap(l, set->v, set->n);
    for (size_t i = 0; i < l->n; i++) in->unreadable += l->v[i].status == LEDGER_UNREADABLE;
}

enum err read_operands(struct job *j, char *const *operands, struct inputs *in, struct errinfo *e)
{
    struct failures f = {.j = j, .in = in};
    j->ingest.fail_fast = j->o->fail_fast;
    enum err code = job_read_all(j, operands, on_failed, &f, e);
    if (code == E_DEVICE) j->stage = STAGE_MODEL;
    if (code) return code;
    if (f.fatal.code) return err_set(e, f.fatal.code, "%s", f.fatal.msg);
    term_clear(j->t);
    report_ledger(j->t, j->o, &j->set, operands);
    read_ledger(in, &j->set);
    return OK;
}

enum exit_code read_code(const struct inputs *in, const struct options *o)
{
    return in->failed || in->unreadable || (in->gap && o->strict) ? EXIT_PARTIAL : EXIT_DONE;
}
