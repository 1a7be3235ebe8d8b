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

/* Those that were named are among them, and make no difference: they count as failed already. */
static size_t count_unreadable(const struct ledger *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) n += l->v[i].status == LEDGER_UNREADABLE;
    return n;
}

enum err read_operands(struct job *j, char *const *operands, struct inputs *in, struct errinfo *e)
{
    struct failures f = {.j = j, .in = in};
    TRY(job_read_all(j, operands, on_failed, &f, e));
    if (f.fatal.code) return err_set(e, f.fatal.code, "%s", f.fatal.msg);
    term_clear(j->t);
    report_ledger(j->t, j->o, &j->set, operands);
    in->gap |= ledger_has_gap(&j->set.ledger, j->set.v, j->set.n);
    in->unreadable = count_unreadable(&j->set.ledger);
    return OK;
}

enum exit_code read_code(const struct inputs *in, const struct options *o)
{
    return in->failed || in->unreadable || (in->gap && o->strict) ? EXIT_PARTIAL : EXIT_DONE;
}
