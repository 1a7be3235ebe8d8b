#include <string.h>

#include "cli/cmd.h"
#include "cli/job.h"
#include "cli/output.h"

static enum err info(struct job *j, struct errinfo *e)
{
    struct output out = {0};
    struct buf b = {0};
    TRY(job_find_model(j, e));
    enum err r = job_describe(j, &b, e);
    term_clear(j->t);
    if (!r) {
        j->stage = STAGE_OUTPUT;
        r = output_put(&out, b.s, b.n, e);
    }
    buf_free(&b);
    return r;
}

enum exit_code cmd_model(const struct options *o, struct term *t, char *const *operands)
{
    if (!operands[0] || strcmp(operands[0], "info") || operands[1]) {
        if (!operands[0]) term_error(t, "model: expected info");
        else if (strcmp(operands[0], "info")) term_error(t, "model: expected info, found \"%s\"", operands[0]);
        else term_error(t, "model info: no operand expected, found \"%s\"", operands[1]);
        cmd_help_short(t, cmd_find("model"));
        return EXIT_MISUSE;
    }
    struct job j;
    struct errinfo e = {0};
    job_init(&j, o, t);
    enum exit_code code = info(&j, &e) ? term_fail(t, j.stage, &e) : EXIT_DONE;
    job_free(&j);
    return code;
}
