/* cmd.h: a command is a row with needs; main fulfils them and calls it. */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "cli/options.h"
#include "cli/term.h"

enum need {
    NEEDS_INPUT = 1,    /* paths; without any, standard input unless it is a terminal    */
    NEEDS_QUESTION = 2, /* the first operand is the question, unless -Q names a file     */
    NEEDS_ACTION = 4    /* operands that the command checks itself                       */
};

struct cmd {
    const char *name;
    /* operands: NULL-terminated, what the needs left of them. */
    enum exit_code (*run)(const struct options *o, struct term *t, char *const *operands);
    int needs;
    const char *operands; /* as in the usage line  */
    const char *summary;  /* one line              */
    const char *notes;    /* more lines, or NULL   */
    const struct opt_group *const *groups;
};

extern const struct cmd commands[]; /* the last has no name */
const struct cmd *cmd_find(const char *name); /* NULL: there is none */

enum exit_code cmd_summarize(const struct options *o, struct term *t, char *const *operands);
enum exit_code cmd_ask(const struct options *o, struct term *t, char *const *operands);
enum exit_code cmd_review(const struct options *o, struct term *t, char *const *operands);
enum exit_code cmd_plan(const struct options *o, struct term *t, char *const *operands);
enum exit_code cmd_text(const struct options *o, struct term *t, char *const *operands);
enum exit_code cmd_model(const struct options *o, struct term *t, char *const *operands);
enum exit_code cmd_cache(const struct options *o, struct term *t, char *const *operands);
enum exit_code cmd_doctor(const struct options *o, struct term *t, char *const *operands);
enum exit_code cmd_help(const struct options *o, struct term *t, char *const *operands);

/* Help on standard output: of one command, or (NULL) the overview. */
enum exit_code cmd_help_print(struct term *t, const struct cmd *c);
/* Name and version, one line. */
enum exit_code cmd_version(struct term *t);
/* The OPTIONS section of the manual page, in roff, on standard output. */
enum exit_code cmd_help_roff(struct term *t);
/* Two lines for standard error under a mistake. */
void cmd_help_short(struct term *t, const struct cmd *c);

#endif
