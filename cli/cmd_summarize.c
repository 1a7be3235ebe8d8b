#include "cli/cmd.h"
#include "cli/run.h"

static bool never(const struct options *o, const struct result *r)
{
    (void)o;
    (void)r;
    return false;
}

enum exit_code cmd_summarize(const struct options *o, struct term *t, char *const *operands)
{
    struct run run = {.o = o, .t = t, .task = TASK_SUMMARIZE, .texts = &o->focus, .n_texts = 1,
                      .negative = never};
    return run_task(&run, operands);
}
