#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/run.h"

#define QUESTIONS_LIMIT ((size_t)1 << 20) /* bytes */

static bool unanswered(const struct options *o, const struct result *r)
{
    (void)o;
    return result_status(r) == RESULT_UNSUPPORTED;
}

static enum err read_file(const char *path, struct buf *out, struct errinfo *e)
{
    if (!strcmp(path, "-"))
        return sys_read_all(STDIN_FILENO, QUESTIONS_LIMIT, out, "standard input", e);
    return sys_read_file(path, QUESTIONS_LIMIT, out, e);
}

/* The line of byte i, from 1. */
static size_t line_at(const struct buf *b, size_t i)
{
    size_t line = 1;
    for (size_t k = 0; k < i; k++) line += b->s[k] == '\n';
    return line;
}

/* One question per line; blank lines are passed over. */
static size_t split_lines(struct arena *a, const struct buf *b, const char ***texts)
{
    size_t lines = 1, n = 0;
    for (size_t i = 0; i < b->n; i++) lines += b->s[i] == '\n';
    *texts = NEW(a, const char *, lines);
    for (size_t i = 0; i < b->n;) {
        const char *end = memchr(b->s + i, '\n', b->n - i);
        size_t from = i, to = end ? (size_t)(end - b->s) : b->n;
        i = to + 1;
        while (from < to && strchr(" \t\r", b->s[from])) from++;
        while (to > from && strchr(" \t\r", b->s[to - 1])) to--;
        if (from < to) (*texts)[n++] = mem_copy(a, b->s + from, to - from);
    }
    return n;
}

static enum err read_questions(struct arena *a, const char *path, const char ***texts, size_t *n,
                               struct errinfo *e)
{
    struct buf b = {0};
    enum err r = read_file(path, &b, e);
    size_t valid = b.s ? utf8_check(b.s, b.n) : 0;
    if (!r && valid != b.n)
        r = err_set(e, E_FORMAT, "%s:%zu: questions must be UTF-8", path, line_at(&b, valid));
    if (!r) *n = split_lines(a, &b, texts);
    if (!r && !*n) r = err_set(e, E_EMPTY, "%s: holds no question", path);
    buf_free(&b);
    return r;
}

enum exit_code cmd_ask(const struct options *o, struct term *t, char *const *operands)
{
    struct run run = {.o = o, .t = t, .task = TASK_ANSWER, .texts = &o->question, .n_texts = 1,
                      .negative = unanswered};
    if (!o->questions) return run_task(&run, operands);
    struct arena *a = arena_new();
    struct errinfo e = {0};
    const char **texts = NULL;
    enum exit_code code;
    if (read_questions(a, o->questions, &texts, &run.n_texts, &e)) {
        code = term_fail(t, STAGE_USAGE, &e);
    } else {
        run.texts = texts;
        code = run_task(&run, operands);
    }
    arena_free(a);
    return code;
}
