#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/output.h"
#include "ingest/formats.h"

static enum exit_code print(struct term *t, struct buf *b)
{
    struct output out = {0};
    struct errinfo e = {0};
    enum err r = output_put(&out, b->s, b->n, &e);
    buf_free(b);
    return r ? term_fail(t, STAGE_OUTPUT, &e) : EXIT_DONE;
}

static size_t columns(void)
{
    size_t n = term_columns(STDOUT_FILENO);
    return n < 60 ? 60 : n > 120 ? 120 : n;
}

static void add_usage(struct buf *b, const struct cmd *c)
{
    buf_addf(b, "Usage: deepread %s%s%s%s\n", c->name, c->groups ? " [OPTION]..." : "",
             *c->operands ? " " : "", c->operands);
}

static void add_overview(struct buf *b)
{
    buf_addz(b, "Usage: deepread COMMAND [OPTION]... [OPERAND]...\n"
                "Reads documents and source trees and answers with citations that are checked\n"
                "against their bytes.\n\nCommands:\n");
    for (const struct cmd *c = commands; c->name; c++)
        buf_addf(b, "  %-11s%s\n", c->name, c->summary);
    buf_addz(b,
             "\nExamples:\n"
             "  deepread summarize report.pdf\n"
             "  deepread ask \"Who bears the cost of delay?\" contract.pdf annex.html\n"
             "  deepread ask \"Where is the retry limit enforced?\" -i '*.c' src/\n"
             "  pdf-producer | deepread ask -Q questions.txt --json\n"
             "\nExit codes: 0 done, 1 the answer is no (nothing supports one; findings), 2 usage,\n"
             "3 partial, 4 no readable input, 5 does not fit, 6 model, 7 output.\n"
             "\n`deepread help COMMAND` lists the options of a command, `deepread help formats`\n"
             "what can be read; see also deepread(1).\n");
}

enum exit_code cmd_help_print(struct term *t, const struct cmd *c)
{
    struct buf b = {0};
    if (!c) {
        add_overview(&b);
        return print(t, &b);
    }
    add_usage(&b, c);
    buf_addf(&b, "%s.\n", c->summary);
    if (c->notes) {
        buf_addc(&b, '\n');
        opt_wrap(c->notes, 0, columns(), &b);
    }
    if (c->groups) opt_help(c->groups, columns(), &b);
    return print(t, &b);
}

/* What is read, from the table of the readers. */
static enum exit_code print_formats(struct term *t)
{
    struct buf b = {0};
    buf_addz(&b, "Formats, by the name that --from takes; without it the content decides:\n");
    for (size_t i = 0; formats_row(i); i++) {
        const struct reader *r = formats_row(i);
        buf_addf(&b, "  %-10s %s", r->name, r->title);
        for (size_t k = 0; r->suffixes[k]; k++)
            buf_addf(&b, "%s%s", k ? " " : " (", r->suffixes[k]);
        buf_addz(&b, r->suffixes[0] ? ")\n" : "\n");
    }
    return print(t, &b);
}

static void add_formats_roff(struct buf *b)
{
    buf_addz(b, ".SH \"INPUT FORMATS\"\nBy the names that\n.B \\-\\-from\ntakes; without it name and "
                "content decide.\n");
    for (size_t i = 0; formats_row(i); i++) {
        const struct reader *r = formats_row(i);
        buf_addf(b, ".TP\n.B %s\n%s", r->name, r->title);
        for (size_t k = 0; r->suffixes[k]; k++)
            buf_addf(b, "%s%s", k ? " " : " (", r->suffixes[k]);
        buf_addz(b, r->suffixes[0] ? ")" : "");
        if (r->units.page) buf_addf(b, "; citations and \\-\\-pages count %ss", r->units.page);
        if (r->units.line) buf_addf(b, "; citations name %ss", r->units.line);
        buf_addc(b, '\n');
    }
}

/* Groups in the order of their first use, each with the commands that take it. */
enum exit_code cmd_help_roff(struct term *t)
{
    static const struct opt_group *const order[] = {
        &group_input,     &group_model,  &group_machine, &group_cache, &group_reply, &group_ask,
        &group_summarize, &group_review, &group_result,  &group_text,  &group_plan,
        &group_general};
    struct buf b = {0};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct buf of = {0};
        for (const struct cmd *c = commands; c->name; c++)
            for (size_t k = 0; c->groups && c->groups[k]; k++)
                if (c->groups[k] == order[i]) buf_addf(&of, "%s%s", of.n ? ", " : "", c->name);
        opt_roff(order[i], of.s ? of.s : "", &b);
        buf_free(&of);
    }
    add_formats_roff(&b);
    return print(t, &b);
}

void cmd_help_short(struct term *t, const struct cmd *c)
{
    struct buf b = {0};
    if (c) add_usage(&b, c);
    else buf_addz(&b, "Usage: deepread COMMAND [OPTION]... [OPERAND]...\n");
    buf_addf(&b, "Try 'deepread help%s%s'.\n", c ? " " : "", c ? c->name : "");
    term_text(t, b.s, b.n);
    buf_free(&b);
}

enum exit_code cmd_help(const struct options *o, struct term *t, char *const *operands)
{
    (void)o;
    if (!operands[0]) return cmd_help_print(t, NULL);
    if (operands[1]) {
        term_error(t, "help: one command at a time, found \"%s\" behind %s", operands[1], operands[0]);
        cmd_help_short(t, cmd_find("help"));
        return EXIT_MISUSE;
    }
    if (!strcmp(operands[0], "formats")) return print_formats(t);
    const struct cmd *c = cmd_find(operands[0]);
    if (c) return cmd_help_print(t, c);
    term_error(t, "help: there is no command \"%s\"", operands[0]);
    cmd_help_short(t, NULL);
    return EXIT_MISUSE;
}

enum exit_code cmd_version(struct term *t)
{
    struct buf b = {0};
    buf_addf(&b, "deepread %s\n", DEEPREAD_VERSION);
    return print(t, &b);
}
