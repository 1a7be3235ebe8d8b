#include "cli/term.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"
#include "base/sys.h"

/* ------------------------------------------------------------------ manners */

static bool color_wanted(const struct options *o, int fd)
{
    if (o->color != WHEN_AUTO) return o->color == WHEN_ALWAYS;
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    if ((no && *no) || !term || !strcmp(term, "dumb")) return false;
    return isatty(fd);
}

void term_init(struct term *t, const struct options *o)
{
    *t = (struct term){.quiet = o->quiet, .verbose = o->verbose};
    const char *term = getenv("TERM");
    t->tty = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    t->progress = o->progress == WHEN_ALWAYS || (o->progress == WHEN_AUTO && t->tty && !o->quiet);
    t->color = color_wanted(o, STDERR_FILENO);
}

bool term_color_output(const struct options *o)
{
    return color_wanted(o, STDOUT_FILENO);
}

size_t term_columns(int fd)
{
    const char *s = getenv("COLUMNS");
    long n = s ? strtol(s, NULL, 10) : 0;
    struct winsize w;
    if (n > 0 && n < 10000) return (size_t)n;
    return !ioctl(fd, TIOCGWINSZ, &w) && w.ws_col ? w.ws_col : 80;
}

/* ------------------------------------------------------------------ messages */

static void put(const struct buf *b)
{
    /* Nothing sensible is left to do when standard error cannot be written. */
    if (b->n) fwrite(b->s, 1, b->n, stderr);
    fflush(stderr);
}

/* Names of files come from outside; no message may steer the terminal, nor turn what stands in it
 * around. */
static void add_plain(struct buf *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += utf8_next(s + i, n - i, &cp);
        if (utf8_steers(cp)) buf_addc(out, '?');
        else buf_add_utf8(out, cp);
    }
}

static void say(struct term *t, const char *color, const char *fmt, va_list ap)
{
    struct buf b = {0}, message = {0};
    term_clear(t);
    if (t->color && color) buf_addf(&b, "\033[%smdeepread:\033[0m ", color);
    else buf_addz(&b, "deepread: ");
    buf_vaddf(&message, fmt, ap);
    add_plain(&b, message.s, message.n);
    buf_addc(&b, '\n');
    put(&b);
    buf_free(&message);
    buf_free(&b);
}

void term_error(struct term *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(t, "31", fmt, ap);
    va_end(ap);
}

void term_note(struct term *t, const char *fmt, ...)
{
    if (t->quiet) return;
    va_list ap;
    va_start(ap, fmt);
    say(t, NULL, fmt, ap);
    va_end(ap);
}

void term_detail(struct term *t, const char *fmt, ...)
{
    if (!t->verbose) return;
    va_list ap;
    va_start(ap, fmt);
    say(t, NULL, fmt, ap);
    va_end(ap);
}

void term_text(struct term *t, const char *s, size_t n)
{
    term_clear(t);
    if (n) fwrite(s, 1, n, stderr);
    fflush(stderr);
}

/* ------------------------------------------------------------------ exit codes */

enum exit_code term_code(enum stage stage, enum err code)
{
    if (code == OK) return EXIT_DONE;
    if (code == E_USAGE) return EXIT_MISUSE;
    if (code == E_INTR) return 128 + (sys_interrupt_signal() ? sys_interrupt_signal() : 2);
    switch (stage) {
    case STAGE_USAGE:
        return EXIT_MISUSE;
    case STAGE_INPUT:
        return EXIT_INPUT;
    case STAGE_MODEL:
    case STAGE_RUN:
        return EXIT_ENGINE;
    case STAGE_FIT:
        return EXIT_FIT;
    case STAGE_OUTPUT:
        return EXIT_OUTPUT;
    }
    return EXIT_ENGINE;
}

enum exit_code term_fail(struct term *t, enum stage stage, const struct errinfo *e)
{
    if (e->code == E_INTR) term_note(t, "interrupted");
    else if (e->code == E_LOCKED) term_error(t, "%s; --password-file names a file with it", e->msg);
    else term_error(t, "%s", e->msg);
    return term_code(stage, e->code);
}

/* ------------------------------------------------------------------ progress */

static void add_count(struct buf *b, size_t n)
{
    if (n < 10000) buf_addf(b, "%zu", n);
    else buf_addf(b, "%zuk", n / 1000);
}

static void add_counts(struct buf *b, const char *unit, size_t done, size_t total, double seconds)
{
    if (!done && !total) return;
    buf_addc(b, ' ');
    add_count(b, done);
    if (total) {
        buf_addc(b, '/');
        add_count(b, total);
        buf_addf(b, " %zu%%", done * 100 / total);
    }
    if (seconds < 0.2 || !done) return;
    double rate = (double)done / seconds;
    buf_addf(b, " %.0f %s/s", rate, unit);
    if (total > done) {
        size_t left = (size_t)((double)(total - done) / rate);
        buf_addf(b, " ETA %zu:%02zu", left / 60, left % 60);
    }
}

/* What SIGUSR1 says, with or without progress: a line of its own, in place of that of a terminal. */
static void set_status(const struct term *t, struct str progress)
{
    struct buf b = {0};
    if (t->tty && t->progress) buf_addz(&b, "\r\033[K");
    buf_addf(&b, "deepread: %.*s\n", (int)progress.n, progress.s);
    sys_set_status(b.s, b.n);
    buf_free(&b);
}

/* What of a line stands in so many columns: one that wraps is not taken away again. */
static struct str fitting(struct str line, size_t columns)
{
    size_t i = 0, used = 0;
    while (i < line.n) {
        uint32_t cp;
        size_t k = utf8_next(line.s + i, line.n - i, &cp);
        used += utf8_is_cjk(cp) ? 2 : 1;
        if (used > columns) break;
        i += k;
    }
    return (struct str){line.s, i};
}

static void show_progress(struct term *t, struct str progress)
{
    if (t->tty) progress = fitting(progress, term_columns(STDERR_FILENO) - 1);
    struct buf b = {0};
    if (t->tty) buf_addz(&b, "\r\033[K");
    buf_add(&b, progress.s, progress.n);
    if (!t->tty) buf_addc(&b, '\n');
    t->line_open = t->tty;
    put(&b);
    buf_free(&b);
}

void term_progress(struct term *t, const char *phase, const char *unit, size_t done, size_t total,
                   const char *detail)
{
    double now = sys_seconds();
    bool first = !t->phase || strcmp(t->phase, phase) != 0;
    if (first) {
        t->phase = phase;
        t->phase_start = now;
    } else if (now - t->last_shown < (t->tty || !t->progress ? 0.1 : 1.0)) {
        return;
    }
    t->last_shown = now;
    struct buf b = {0};
    buf_addz(&b, phase);
    if (unit) add_counts(&b, unit, done, total, now - t->phase_start);
    if (detail) {
        buf_addc(&b, ' ');
        add_plain(&b, detail, strnlen(detail, 60));
    }
    set_status(t, (struct str){b.s, b.n});
    if (t->progress) show_progress(t, (struct str){b.s, b.n});
    buf_free(&b);
}

void term_clear(struct term *t)
{
    if (t->line_open) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    t->line_open = false;
}
