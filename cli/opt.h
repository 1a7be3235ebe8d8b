/* opt.h: options as data.  An option is a row; parsing, help and the manual page are made from
 * the same rows.
 *
 * Syntax: GNU.  Short options bundle (-qv, -n5, -n 5), long ones take --name=value or
 * --name value, options and operands mix, `--` ends the options and `-` is an operand.  Long
 * names are never abbreviated, so that a later option cannot break a script. */
#ifndef CLI_OPT_H
#define CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum opt_kind {
    OPT_END,
    OPT_FLAG,  /* bool: true                                           */
    OPT_COUNT, /* int: one more each time                              */
    OPT_SET,   /* int: becomes `value`                                 */
    OPT_INT,   /* long, within [min, max] when max > min               */
    OPT_SIZE,  /* size_t with an optional K, M or G (powers of 1024)   */
    OPT_REAL,  /* double                                               */
    OPT_STR,   /* const char *                                         */
    OPT_LIST,  /* struct opt_list: repeatable                          */
    OPT_ENUM   /* int: index into names                                */
};

struct opt {
    char letter;              /* 0: none                                        */
    const char *name;
    enum opt_kind kind;
    size_t offset;            /* of the target in the caller's struct           */
    const char *arg;          /* what help calls the value; NULL: none or names */
    const char *help;
    const char *const *names; /* OPT_ENUM: NULL-terminated                      */
    double min, max;
    int value;                /* OPT_SET                                        */
    const char *env;          /* environment variable that sets it, or NULL     */
};

struct opt_list {
    const char **v; /* NULL-terminated; NULL while empty */
    size_t n;
};

/* Tables shown together under one title.  A command has a NULL-terminated list of groups. */
struct opt_group {
    const char *title;
    const struct opt *opts;
};

/* Applies the environment variables named in the tables; an option given later wins. */
enum err opt_environment(const struct opt_group *const *groups, void *target, struct arena *a,
                         struct errinfo *e);

/* Parses argv[0, argc).  Operands go to operands[] (room for argc + 1, NULL-terminated), their
 * number to *n.  E_USAGE names the option, what was expected and what was found. */
enum err opt_parse(const struct opt_group *const *groups, void *target, struct arena *a, int argc,
                   char **argv, char **operands, int *n, struct errinfo *e);

/* Whether the tables are sound: no letter or name twice, help everywhere, names for every enum,
 * an argument name where a value is taken.  For the tests.  E_USAGE names the row. */
enum err opt_check(const struct opt_group *const *groups, struct errinfo *e);

/* Appends the words of `text`, which starts at column `indent`, in lines of at most `width`
 * columns; further lines are indented. */
/* Edit distance of two names, for the hint after a misspelt one; SIZE_MAX beyond 64 bytes. */
size_t opt_distance(const char *a, size_t na, const char *b, size_t nb);
void opt_wrap(const char *text, size_t indent, size_t width, struct buf *b);

/* The options as text for a terminal of `width` columns, and as roff for the manual page. */
void opt_help(const struct opt_group *const *groups, size_t width, struct buf *out);
/* used_by: "ask, summarize". */
void opt_roff(const struct opt_group *group, const char *used_by, struct buf *out);

#endif
