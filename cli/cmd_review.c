#include "cli/cmd.h"
#include "cli/run.h"

static bool reaches_level(const struct options *o, const struct result *r)
{
    for (size_t i = 0; o->fail_level != LEVEL_NONE && i < r->n_findings; i++)
        if (level_of(r->findings[i].severity) >= o->fail_level) return true;
    return false;
}

/* The model was taught with few files in a prompt: each gets a pass of its own, so a tree of any
 * size can be reviewed as long as its largest file fits. */
enum exit_code cmd_review(const struct options *o, struct term *t, char *const *operands)
{
    static const char *const no_text = NULL;
    struct run run = {.o = o, .t = t, .task = TASK_REVIEW, .texts = &no_text, .n_texts = 1,
                      .per_file = true, .negative = reaches_level, .any_negative = true};
    return run_task(&run, operands);
}
