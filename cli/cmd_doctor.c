#include "cli/cmd.h"
#include "cli/output.h"
#include "engine/engine.h"

enum exit_code cmd_doctor(const struct options *o, struct term *t, char *const *operands)
{
    if (operands[0]) {
        term_error(t, "doctor: no operand expected, found \"%s\"", operands[0]);
        cmd_help_short(t, cmd_find("doctor"));
        return EXIT_MISUSE;
    }
    struct model_options mo = {.backend = o->backend, .threads = (int)o->threads,
                               .weights = (enum weight_type)o->weights,
                               .kv = (enum kv_type)o->kv};
    struct output out = {0};
    struct errinfo e = {0};
    struct buf b = {0};
    doctor_describe(&mo, &b);
    enum err r = output_put(&out, b.s, b.n, &e);
    buf_free(&b);
    return r ? term_fail(t, STAGE_OUTPUT, &e) : EXIT_DONE;
}
