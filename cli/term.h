/* term.h: the person's side of the terminal.  The only writer of standard error, and the one
 * place where a failure becomes an exit code. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cli/options.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_NEGATIVE = 1, /* done, and the answer is no: nothing supports one, or findings */
    EXIT_MISUSE = 2,   /* the command line or a setting is wrong                        */
    EXIT_PARTIAL = 3,  /* results were written, some inputs failed or were skipped      */
    EXIT_INPUT = 4,    /* nothing readable                                              */
    EXIT_FIT = 5,      /* the context, the budget or the memory                         */
    EXIT_ENGINE = 6,   /* model or device                                               */
    EXIT_OUTPUT = 7    /* the result could not be written                               */
};

/* Where a failure happened decides which exit code it is. */
enum stage { STAGE_USAGE, STAGE_INPUT, STAGE_MODEL, STAGE_FIT, STAGE_RUN, STAGE_OUTPUT };

struct term {
    bool quiet, progress, color;
    bool tty; /* standard error is a terminal */
    int verbose;
    /* the progress line */
    bool line_open;
    const char *phase;
    double phase_start, last_shown;
};

/* Standard error's manners, from options and environment (NO_COLOR, TERM). */
void term_init(struct term *t, const struct options *o);
/* Whether the result may carry colour: standard output is a terminal, or --color=always. */
bool term_color_output(const struct options *o);

/* Characters that a line of what fd leads to holds: COLUMNS, else as many as a terminal has, else 80. */
size_t term_columns(int fd);

/* One line each, "deepread: " before it.  error: always; note: unless quiet; detail: with -v. */
void term_error(struct term *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void term_note(struct term *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void term_detail(struct term *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Lines as they are (a report, a short help). */
void term_text(struct term *t, const char *s, size_t n);

/* The exit code of a failure. */
enum exit_code term_code(enum stage stage, enum err code);
/* Says what failed and returns its exit code. */
enum exit_code term_fail(struct term *t, enum stage stage, const struct errinfo *e);

/* Progress of a phase: a line that rewrites itself on a terminal, one line a second elsewhere, and what
 * SIGUSR1 says.
 * `phase` names what is going on and is a literal: a new one starts the clock.  total 0: unknown;
 * unit "tok" gives counts and a rate.  detail may be NULL. */
void term_progress(struct term *t, const char *phase, const char *unit, size_t done, size_t total,
                   const char *detail);
/* Takes the progress line away, before anything else is written. */
void term_clear(struct term *t);

#endif
