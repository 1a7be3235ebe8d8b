#include "cli/cmd.h"
#include "cli/output.h"
#include "engine/engine.h"
#include "ingest/extractor.h"

/* The wall between a hostile document and this process, and what stands behind it. */
static void describe_reader(struct buf *out)
{
    struct errinfo e = {0};
    if (extractor_describe(out, &e)) buf_addf(out, "sandbox of deepread-extract: no: %s\n", e.msg);
}

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
    enum err chosen = doctor_describe(&mo, &b, &e);
    describe_reader(&b);
    struct errinfo failed = {0};
    enum err r = output_put(&out, b.s, b.n, &failed);
    buf_free(&b);
    if (r) return term_fail(t, STAGE_OUTPUT, &failed);
    return chosen ? term_fail(t, STAGE_MODEL, &e) : EXIT_DONE; /* as a run with these options would */
}
