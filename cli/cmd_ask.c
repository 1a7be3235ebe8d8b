#include "cli/cmd.h"
#include "cli/lists.h"
#include "cli/run.h"

static bool unanswered(const struct options *o, const struct result *r)
{
    (void)o;
    return result_status(r) == RESULT_UNSUPPORTED;
}

enum exit_code cmd_ask(const struct options *o, struct term *t, char *const *operands)
{
    struct run run = {.o = o, .t = t, .task = TASK_ANSWER, .texts = &o->question, .n_texts = 1,
                      .negative = unanswered};
    if (!o->questions) return run_task(&run, operands);
    struct arena *a = arena_new();
    struct errinfo e = {0};
    enum exit_code code = questions_read(a, o->questions, &run.texts, &run.n_texts, &e)
                              ? term_fail(t, STAGE_USAGE, &e)
                              : run_task(&run, operands);
    arena_free(a);
    return code;
}
