#include "cli/cmd.h"
#include "cli/job.h"
#include "cli/jsonw.h"
#include "cli/lists.h"
#include "cli/output.h"
#include "cli/pace.h"
#include "cli/read.h"
#include "cli/report.h"

/* What a run would take: exact tokens, memory, and whether it fits. */

static size_t mib(size_t bytes)
{
    return (bytes + (1 << 20) - 1) >> 20;
}

static void add_mib(struct buf *b, const char *what, size_t bytes)
{
    buf_addf(b, "%-14s%zu MiB\n", what, mib(bytes));
}

/* What is computed for several questions, once the documents are read. */
static void add_questions(struct buf *b, const struct plan *p)
{
    if (p->questions)
        buf_addf(b, "%-14s%zu of %zu tokens together; %zu at once, at most %zu passes for the replies\n",
                 "questions", p->questions, p->question_tokens, p->at_once, plan_passes(p));
    else buf_addf(b, "%-14snone that fits\n", "questions");
    if (p->too_long)
        buf_addf(b, "%-14s%zu question%s of more tokens than the window leaves\n", "too long", p->too_long,
                 p->too_long == 1 ? "" : "s");
}

static void plan_text(struct buf *b, const struct plan *p, const char *misfit)
{
    buf_addf(b, "%-14s%s, backend %s\n", "model", p->model, p->backend);
    buf_addf(b, "%-14s%zu in %zu chunk%s\n", "documents", p->n_docs, p->chunks,
              p->chunks == 1 ? "" : "s");
    buf_addf(b, "%-14s%zu tokens, and %zu for the reply\n", "prompt", p->prompt, p->reply);
    if (plan_several(p)) add_questions(b, p);
    buf_addf(b, "%-14s%zu tokens, read before and kept\n", "cached", p->cached);
    buf_addf(b, "%-14s%zu tokens\n", "window", p->window);
    add_mib(b, "weights", p->need.weights);
    buf_addf(b, "%-14s%zu MiB in %s\n", "state", mib(p->need.state), p->need.kv);
    add_mib(b, "working", p->need.scratch);
    if (p->free_bytes) add_mib(b, "memory free", p->free_bytes);
    if (p->paced)
        buf_addf(b, "%-14sabout %.1f s to read, about %.1f s for the repl%s; at the pace of %zu tokens\n",
                 "time", p->read_seconds, p->reply_seconds, p->questions > 1 ? "ies" : "y", p->paced);
    buf_addf(b, "%-14s", "fits");
    if (misfit) buf_addf(b, "no: %s\n", misfit);
    else buf_addz(b, "yes\n");
    buf_addz(b, "largest documents, in tokens:\n");
    report_largest(b, p, 10);
}

static void plan_json(struct buf *b, const struct plan *p, const char *misfit)
{
    struct jsonw w = {.out = b, .pretty = true};
    jsonw_open(&w, NULL, '{');
    jsonw_z(&w, "deepread", "1.0");
    jsonw_z(&w, "command", "plan");
    jsonw_z(&w, "model", p->model);
    jsonw_z(&w, "backend", p->backend);
    jsonw_bool(&w, "fits", !misfit);
    jsonw_z(&w, "why_not", misfit);
    jsonw_int(&w, "prompt_tokens", (int64_t)p->prompt);
    jsonw_int(&w, "cached_tokens", (int64_t)p->cached);
    jsonw_int(&w, "reply_tokens", (int64_t)p->reply);
    if (plan_several(p)) {
        jsonw_int(&w, "questions", (int64_t)p->questions);
        jsonw_int(&w, "questions_too_long", (int64_t)p->too_long);
        jsonw_int(&w, "question_tokens", (int64_t)p->question_tokens);
        jsonw_int(&w, "replies_at_once", (int64_t)p->at_once);
        jsonw_int(&w, "reply_passes", (int64_t)plan_passes(p));
    }
    jsonw_int(&w, "window", (int64_t)p->window);
    jsonw_int(&w, "chunks", (int64_t)p->chunks);
    jsonw_int(&w, "weight_bytes", (int64_t)p->need.weights);
    jsonw_int(&w, "state_bytes", (int64_t)p->need.state);
    jsonw_z(&w, "state_type", p->need.kv);
    jsonw_int(&w, "working_bytes", (int64_t)p->need.scratch);
    jsonw_int(&w, "free_bytes", (int64_t)p->free_bytes);
    if (p->paced) {
        jsonw_int(&w, "paced_tokens", (int64_t)p->paced);
        jsonw_real(&w, "read_seconds_estimate", p->read_seconds, 3);
        jsonw_real(&w, "reply_seconds_estimate", p->reply_seconds, 3);
    }
    jsonw_open(&w, "documents", '[');
    for (size_t i = 0; i < p->n_docs; i++) {
        jsonw_open(&w, NULL, '{');
        jsonw_z(&w, "path", p->docs[i].doc->name);
        jsonw_int(&w, "tokens", (int64_t)p->docs[i].tokens);
        jsonw_close(&w, '}');
    }
    jsonw_close(&w, ']');
    jsonw_close(&w, '}');
    buf_addc(b, '\n');
}

/* The questions of -Q. */
struct questions {
    const char *const *texts;
    size_t n;
};

static enum err make_plan(struct job *j, const struct questions *q, struct plan *p, struct errinfo *e)
{
    job_select(j, 0, j->set.n);
    return q->n ? job_plan_many(j, TASK_ANSWER, q->texts, q->n, p, e) : job_plan(j, p, e);
}

static enum err print_plan(struct job *j, struct output *out, const struct questions *q,
                           enum exit_code *code, struct errinfo *e)
{
    struct plan p;
    struct buf b = {0};
    TRY(make_plan(j, q, &p, e));
    const char *misfit = job_misfit(j, &p);
    if (j->o->plan_time && !misfit) TRY(pace_plan(j, &p, e));
    *code = misfit ? EXIT_FIT : p.too_long ? EXIT_PARTIAL : EXIT_DONE;
    if (j->o->plan_json) plan_json(&b, &p, misfit);
    else plan_text(&b, &p, misfit);
    term_clear(j->t);
    j->stage = STAGE_OUTPUT;
    enum err r = output_put(out, b.s, b.n, e);
    buf_free(&b);
    return r ? r : output_close(out, e);
}

static enum err plan(struct job *j, struct output *out, char *const *operands, struct inputs *in,
                     enum exit_code *code, struct errinfo *e)
{
    struct questions q = {0};
    j->stage = STAGE_USAGE;
    if (j->o->questions) TRY(questions_read(j->life, j->o->questions, &q.texts, &q.n, e));
    j->stage = STAGE_OUTPUT;
    TRY(output_open(out, j->o->output, e));
    TRY(job_find_model(j, e));
    TRY(job_prepare(j, e));
    TRY(read_operands(j, operands, in, e));
    *code = in->first_failure;
    return j->set.n ? print_plan(j, out, &q, code, e) : OK;
}

enum exit_code cmd_plan(const struct options *o, struct term *t, char *const *operands)
{
    struct job j;
    struct output out = {0};
    struct inputs in = {0};
    struct errinfo e = {0};
    enum exit_code code = EXIT_DONE;
    job_init(&j, o, t);
    if (plan(&j, &out, operands, &in, &code, &e)) code = term_fail(t, j.stage, &e);
    else if (!code) code = read_code(&in, o);
    output_drop(&out);
    job_free(&j);
    term_clear(t);
    return code;
}
