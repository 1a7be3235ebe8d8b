#include "cli/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/read.h"
#include "cli/report.h"

/* What a run has come to so far. */
struct state {
    const struct run *run;
    struct job j;
    struct look look;
    struct output out;
    struct inputs in;
    size_t results, negative;
    size_t unfit;   /* questions too long to be asked */
    double reading; /* seconds, of the documents now in the set */
};

static void say_failure(struct state *s, const struct errinfo *e, bool details)
{
    enum exit_code code = term_fail(s->run->t, s->j.stage, e);
    if (details) term_text(s->run->t, s->j.why.s, s->j.why.n);
    buf_clear(&s->j.why);
    if (!s->in.failed++) s->in.first_failure = code;
}

/* A failure that the next input would meet again, or that the person wanted. */
static bool is_final(const struct state *s, enum err code)
{
    return code == E_INTR || code == E_USAGE || code == E_DEVICE ||
           s->j.stage == STAGE_USAGE || s->j.stage == STAGE_MODEL || s->j.stage == STAGE_OUTPUT;
}

/* --fail-fast: what could be done is done. */
static bool ended_fast(const struct state *s)
{
    return s->run->o->fail_fast && (s->in.failed || s->in.unreadable);
}

static enum exit_code exit_code(const struct state *s)
{
    if (s->in.failed && !s->results) return s->in.first_failure;
    if (s->unfit || read_code(&s->in, s->run->o)) return EXIT_PARTIAL;
    if (s->run->any_negative ? s->negative > 0 : s->results && s->negative == s->results)
        return EXIT_NEGATIVE;
    return EXIT_DONE;
}

/* ------------------------------------------------------------------ one result */

/* The shape follows from what was asked for: a file of one question is a file of questions. */
static bool is_list(const struct run *run)
{
    return run->n_texts > 1 || run->o->questions;
}

/* A file too large for the window costs a line and an entry of the ledger, not the others. */
static void over_budget(struct state *s, const struct doc *d, const struct errinfo *e)
{
    term_error(s->run->t, "%s: %s", d->name, e->msg);
    buf_clear(&s->j.why);
    ledger_add(&s->j.set.ledger, s->j.docs, LEDGER_OVER_BUDGET, d->name, "does not fit the context",
               d->source_bytes);
    if (!s->in.failed++) s->in.first_failure = EXIT_FIT;
}

static enum err run_files(struct state *s, const char *text, struct result *r, struct errinfo *e)
{
    size_t n = s->j.set.n;
    if (!s->run->per_file || n == 1) {
        job_select(&s->j, 0, n);
        return job_run(&s->j, s->run->task, text, r, e);
    }
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        job_select(&s->j, i, 1);
        enum err code = job_run(&s->j, s->run->task, text, r, e);
        if (code == E_LIMIT && s->j.stage == STAGE_FIT && !s->run->o->fail_fast) {
            over_budget(s, s->j.set.v[i], e);
            err_clear(e);
            continue;
        }
        if (code) return code;
        done++;
    }
    if (done) return OK;
    s->j.stage = STAGE_FIT;
    return err_set(e, E_LIMIT, n == 1 ? "the %zu file does not fit the context"
                                 : "none of the %zu files fits the context", n);
}

static enum err write_result(struct state *s, struct result *r, struct errinfo *e)
{
    term_clear(s->run->t);
    s->j.stage = STAGE_OUTPUT;
    TRY(output_result(&s->out, r, &s->look, e));
    s->results++;
    if (s->run->negative(s->run->o, r)) s->negative++;
    report_result(s->run->t, s->run->o, r);
    return OK;
}

/* Whether what an interruption left is worth writing.  Passages without a sentence are no answer, and no
 * "no" either. */
static bool has_something(const struct result *r)
{
    if (r->task == TASK_ANSWER) return r->n_sentences;
    return r->n_citations || r->n_sentences || r->n_findings;
}

static struct result new_result(const struct state *s, const char *text)
{
    return (struct result){.task = s->run->task,
                           .text = text,
                           .keep = s->run->o->keep_unsupported,
                           .ledger = &s->j.set.ledger,
                           .docs = s->j.set.v,
                           .n_docs = s->j.set.n,
                           .run = &s->j.facts};
}

/* Writes what a text came to, whole or closed early, and lets go of it. */
static enum err finish_text(struct state *s, struct result *r, enum err code, struct errinfo *e)
{
    r->interrupted = code == E_INTR;
    /* With --each the failures of others are not its own. */
    r->inputs_failed = (s->in.failed || s->in.unreadable) && !s->run->o->each;
    if (code == OK || (code == E_INTR && has_something(r))) {
        struct errinfo writing = {0};
        if (write_result(s, r, &writing)) {
            *e = writing;
            code = writing.code;
        }
    }
    result_free(r);
    return code;
}

static enum err run_text(struct state *s, const char *text, struct errinfo *e)
{
    struct result r = new_result(s, text);
    r.usage.read_seconds = s->reading;
    enum err code = finish_text(s, &r, run_files(s, text, &r, e), e);
    arena_reset(s->j.step);
    return code;
}

/* Several texts over all documents of the set at once. */
struct side_by_side {
    struct state *s;
    struct result *results;
};

#define TITLE 40 /* characters of a question that tell it from others */

/* A question that is too long costs a line, not the others. */
static void say_unfit(struct state *s, size_t i, const struct errinfo *e)
{
    const char *text = s->run->texts[i], *doc = s->run->o->each ? s->j.set.v[0]->name : "";
    size_t n = 0, all = strlen(text);
    uint32_t cp;
    for (int k = 0; k < TITLE && n < all; k++) n += utf8_next(text + n, all - n, &cp);
    term_error(s->run->t, "%s%squestion %zu (\"%.*s%s\"): %s", doc, *doc ? ": " : "", i + 1, (int)n,
               text, n < all ? "..." : "", e->msg);
    s->unfit++;
}

static enum err on_result(void *ctx, size_t i, enum err code, struct errinfo *e)
{
    struct side_by_side *all = ctx;
    struct state *s = all->s;
    if (code != E_LIMIT || s->j.stage != STAGE_FIT) return finish_text(s, &all->results[i], code, e);
    say_unfit(s, i, e);
    result_free(&all->results[i]);
    return OK;
}

static enum err run_side_by_side(struct state *s, struct errinfo *e)
{
    size_t n = s->run->n_texts;
    struct side_by_side all = {s, NEW(s->j.step, struct result, n)};
    struct pace pace = {0};
    for (size_t i = 0; i < n; i++) all.results[i] = new_result(s, s->run->texts[i]);
    all.results[0].usage.read_seconds = s->reading;
    job_select(&s->j, 0, s->j.set.n);
    enum err code = job_run_many(&s->j, s->run->task, s->run->texts, n, all.results, on_result, &all,
                                 &pace, e);
    report_pace(s->run->t, s->run->o, &pace);
    arena_reset(s->j.step);
    return code;
}

/* Every text over the documents of the set. */
static enum err run_texts(struct state *s, struct errinfo *e)
{
    s->reading = s->j.read_seconds;
    if (s->run->task == TASK_REVIEW) report_no_code(s->run->t, &s->j.set);
    if (s->run->n_texts > 1 && !s->run->per_file) return run_side_by_side(s, e);
    for (size_t i = 0; i < s->run->n_texts; i++) {
        TRY(run_text(s, s->run->texts[i], e));
        s->reading = 0;
    }
    return OK;
}

/* Ends the stream; after a failure only what was written whole stays. */
static enum err end_output(struct state *s, struct errinfo *e)
{
    s->j.stage = STAGE_OUTPUT;
    if (!s->results) {
        output_drop(&s->out);
        return OK;
    }
    TRY(output_end(&s->out, &s->look, e));
    return output_close(&s->out, e);
}

/* ------------------------------------------------------------------ all documents together */

static enum exit_code fail_all(struct state *s, const struct errinfo *e)
{
    enum stage stage = s->j.stage;
    struct errinfo closing = {0};
    bool open = !s->run->o->output_dir; /* files of --output-dir are closed one by one, each when it is done */
    if (open && end_output(s, &closing)) term_fail(s->run->t, STAGE_OUTPUT, &closing);
    enum exit_code code = term_fail(s->run->t, stage, e);
    term_text(s->run->t, s->j.why.s, s->j.why.n);
    return code;
}

static enum exit_code run_together(struct state *s, char *const *operands)
{
    struct errinfo e = {0};
    s->j.stage = STAGE_OUTPUT;
    if (output_open(&s->out, s->run->o->output, &e) || read_operands(&s->j, operands, &s->in, &e))
        return fail_all(s, &e);
    if (!s->j.set.n) return s->in.first_failure ? s->in.first_failure : EXIT_INPUT;
    if (run_texts(s, &e) || end_output(s, &e)) return fail_all(s, &e);
    return exit_code(s);
}

/* ------------------------------------------------------------------ each on its own */

/* Where the result of an input goes below DIR: its name with its folders, never outside. */
static const char *result_path(struct state *s, const char *name)
{
    struct buf b = {0};
    if (!strcmp(name, "-")) name = s->run->o->stdin_name ? s->run->o->stdin_name : "stdin";
    buf_addz(&b, s->run->o->output_dir);
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "/");
        bool skip = n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.');
        if (!skip) {
            buf_addc(&b, '/');
            buf_add(&b, p, n);
        }
        p += n + (p[n] == '/');
    }
    buf_addz(&b, output_suffix(s->look.format));
    const char *path = mem_copy(s->j.life, b.s, b.n);
    buf_free(&b);
    return path;
}

static enum err open_result(struct state *s, const char *path, struct errinfo *e)
{
    const char *slash = strrchr(path, '/');
    const char *dir = mem_copy(s->j.docs, path, (size_t)(slash - path));
    s->j.stage = STAGE_OUTPUT;
    TRY(sys_make_dirs(dir, e));
    return output_open(&s->out, path, e);
}

/* One input of a run with --each. */
struct input {
    const char *path;
    const char *result; /* where its result goes; NULL: to the common stream */
    bool in_folder;     /* found in a folder rather than named                */
};

static enum err run_one(struct state *s, const struct input *in, struct errinfo *e)
{
    job_forget(&s->j);
    enum err code = job_read(&s->j, in->path, e);
    if (code == E_UNSUPPORTED && in->in_folder) { /* a binary: passed over, as in a whole folder */
        term_detail(s->run->t, "%s", e->msg);
        err_clear(e);
        s->in.gap = true;
        return OK;
    }
    if (code == E_DEVICE) s->j.stage = STAGE_MODEL; /* what the machine lacks, not the input */
    TRY(code);
    char *const itself[] = {(char *)in->path, NULL};
    report_ledger(s->run->t, s->run->o, &s->j.set, itself);
    read_ledger(&s->in, &s->j.set);
    if (in->result) TRY(open_result(s, in->result, e));
    size_t before = s->results;
    code = run_texts(s, e);
    if (in->result && s->results > before) {
        struct errinfo closing = {0};
        if (end_output(s, &closing) && !code) {
            *e = closing;
            code = closing.code;
        }
    }
    if (in->result) output_drop(&s->out);
    return code;
}

/* Whether an operand is a document by itself: no folder, no archive, no folder in an archive.  What
 * cannot be listed says why when it is read. */
static bool is_one_input(struct state *s, const char *path)
{
    struct stat st;
    struct ledger l = {0};
    bool there = stat(path, &st) == 0;
    if (!strcmp(path, "-")) return true;
    if (there && !S_ISREG(st.st_mode)) return !S_ISDIR(st.st_mode);
    if (job_list(&s->j, &l, path, NULL)) return true;
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].status == LEDGER_USED && !l.v[i].holds && !strcmp(l.v[i].path, path))
            return true;
    return false;
}

/* The files that the operands stand for, in order. */
static enum err list_files(struct state *s, char *const *operands, struct ledger *l,
                           struct errinfo *e)
{
    for (; *operands && !ended_fast(s); operands++) {
        if (is_one_input(s, *operands)) {
            ledger_add(l, s->j.life, LEDGER_USED, *operands, NULL, 0);
            continue;
        }
        enum err code = job_list(&s->j, l, *operands, e);
        if (!code) continue;
        if (is_final(s, code)) return code;
        say_failure(s, e, true);
        err_clear(e);
    }
    return OK;
}

static int by_result(const void *a, const void *b)
{
    const struct input *x = a, *y = b;
    return strcmp(x->result, y->result);
}

/* Two inputs must not write one file: found before anything is done. */
static enum err check_results(struct state *s, const struct input *v, size_t n, struct errinfo *e)
{
    struct input *sorted = NEW(s->j.step, struct input, n + 1);
    memcpy(sorted, v, n * sizeof *v);
    qsort(sorted, n, sizeof *sorted, by_result);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(sorted[i - 1].result, sorted[i].result))
            return err_set(e, E_USAGE, "%s and %s would both be written to %s", sorted[i - 1].path,
                           sorted[i].path, sorted[i].result);
    return OK;
}

/* What is attached to a message is read with it. */
static bool is_attached(const struct input *to, const char *path)
{
    size_t n = strlen(to->path);
    return !strncmp(path, to->path, n) && path[n] == '/';
}

static enum err list_inputs(struct state *s, char *const *operands, struct input **out, size_t *n,
                            struct errinfo *e)
{
    struct docset listed = {0};
    TRY(list_files(s, operands, &listed.ledger, e));
    report_ledger(s->run->t, s->run->o, &listed, operands);
    struct ledger l = listed.ledger;
    struct input *v = NEW(s->j.life, struct input, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        if (l.v[i].status == LEDGER_SKIPPED || l.v[i].status == LEDGER_UNREADABLE)
            s->in.gap = true;
        s->in.unreadable += l.v[i].status == LEDGER_UNREADABLE;
        if (l.v[i].status != LEDGER_USED || l.v[i].holds) continue;
        if (*n && is_attached(&v[*n - 1], l.v[i].path)) continue;
        struct input *in = &v[(*n)++];
        *in = (struct input){.path = l.v[i].path, .in_folder = true};
        for (char *const *p = operands; *p; p++) in->in_folder &= strcmp(*p, in->path) != 0;
        if (s->run->o->output_dir) in->result = result_path(s, in->path);
    }
    *out = v;
    return s->run->o->output_dir ? check_results(s, v, *n, e) : OK;
}

/* What a reader says names its document; what is said of a prompt does not. */
static void fail_input(struct state *s, const struct input *in, const struct errinfo *e)
{
    struct errinfo named = {0};
    if (s->j.stage != STAGE_INPUT) err_set(&named, e->code, "%s: %s", in->path, e->msg);
    say_failure(s, named.code ? &named : e, false);
}

static enum err run_inputs(struct state *s, const struct input *v, size_t n, struct errinfo *e)
{
    for (size_t i = 0; i < n && !ended_fast(s); i++) {
        enum err code = run_one(s, &v[i], e);
        if (code && is_final(s, code)) return code;
        if (code) fail_input(s, &v[i], e);
        err_clear(e);
        term_detail(s->run->t, "%zu of %zu inputs done, %zu failed", i + 1, n, s->in.failed);
    }
    if (s->in.failed) term_note(s->run->t, "%zu of %zu inputs failed", s->in.failed, n);
    return OK;
}

static enum exit_code run_each(struct state *s, char *const *operands)
{
    struct errinfo e = {0};
    struct input *inputs = NULL;
    size_t n = 0;
    bool to_dir = s->run->o->output_dir != NULL;
    s->j.stage = STAGE_OUTPUT;
    s->look.many = !to_dir || is_list(s->run);
    s->look.docs = !to_dir;
    s->look.each = true;
    if (!to_dir && output_open(&s->out, s->run->o->output, &e)) return fail_all(s, &e);
    if (list_inputs(s, operands, &inputs, &n, &e) || run_inputs(s, inputs, n, &e))
        return fail_all(s, &e);
    if (!to_dir && end_output(s, &e)) return fail_all(s, &e);
    if (!s->results && !s->in.failed) {
        if (!ended_fast(s)) term_error(s->run->t, "nothing to read");
        return EXIT_INPUT;
    }
    return exit_code(s);
}

/* Colour is for a terminal: never in files, unless --color=always says so. */
static bool wants_color(const struct options *o)
{
    bool file = o->output_dir || (o->output && strcmp(o->output, "-"));
    return term_color_output(o) && (!file || o->color == WHEN_ALWAYS);
}

enum exit_code run_task(const struct run *run, char *const *operands)
{
    struct state s = {.run = run,
                      .look = {.format = (enum format)run->o->format,
                               .cite = (enum cite)run->o->cite,
                               .color = wants_color(run->o),
                               .stats = run->o->stats,
                               .many = is_list(run),
                               .texts = is_list(run)}};
    struct errinfo e = {0};
    job_init(&s.j, run->o, run->t);
    enum exit_code code;
    if (job_find_model(&s.j, &e) || job_prepare(&s.j, &e)) code = term_fail(run->t, s.j.stage, &e);
    else code = run->o->each ? run_each(&s, operands) : run_together(&s, operands);
    output_drop(&s.out);
    job_free(&s.j);
    term_clear(run->t);
    return code;
}
