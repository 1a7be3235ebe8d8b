#include "cli/step.h"

#include <string.h>

#include "engine/generate.h"

enum err step_encode(struct step *s, const struct job *j, struct errinfo *e)
{
    struct segs segs = {0};
    render_task(&segs, s->a, j->prompts, s->task, s->text);
    return tokenizer_encode(model_tokenizer(j->model), segs.v, segs.n, &s->tokens, e);
}

/* The chunks as what can be cited; for a question each label carries its retrieval term. */
static struct choice *make_choices(const struct step *s, const struct job *j, struct arena *a)
{
    size_t n = j->n_chunks;
    double *bm25 = NEW(a, double, n + 1), *z = NEW(a, double, n + 1);
    double lambda = model_card(j->model)->retrieval_weight;
    if (s->task == TASK_ANSWER && s->text && lambda != 0)
        bm25_score(s->text, j->set.v + j->first, j->chunks, n, bm25, z);
    struct choice *choices = NEW(a, struct choice, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct chunk *c = &j->chunks[i];
        const struct doc *d = j->set.v[j->first + c->doc];
        choices[i] = (struct choice){.label = c->label,
                                     .text = {d->text.s + c->start, c->end - c->start},
                                     .one_line = d->kind == DOC_CODE,
                                     .bias = lambda * z[i]};
    }
    return choices;
}

static const char *keep_name(struct arena *a, const char *name)
{
    return name ? mem_copy(a, name, strlen(name)) : NULL;
}

static struct str keep_text(struct arena *a, struct str t)
{
    return (struct str){mem_copy(a, t.s ? t.s : "", t.n), t.n};
}

/* A copy that borrows nothing. */
static struct generated keep(struct arena *a, const struct generated *g)
{
    struct generated out = *g;
    out.json = keep_text(a, g->json);
    out.values = NEW(a, struct value, g->n_values + 1);
    for (size_t i = 0; i < g->n_values; i++) {
        struct value *v = &out.values[i];
        *v = g->values[i];
        v->field = keep_name(a, v->field);
        v->list = keep_name(a, v->list);
        v->text = keep_text(a, v->text);
    }
    return out;
}

static enum err decode(struct step *s, const struct job *j, struct session *session, struct arena *a,
                       struct generated *out, struct errinfo *e)
{
    const struct options *o = j->o;
    struct generate_options g = {.choices = make_choices(s, j, a),
                                 .n_choices = j->n_chunks,
                                 .sampling = {.temperature = (float)o->temp,
                                              .top_p = (float)o->top_p,
                                              .min_p = (float)o->min_p,
                                              .seed = (uint64_t)o->seed},
                                 .max_tokens = o->max_tokens,
                                 .max_text_tokens = o->max_tokens,
                                 .max_quote_tokens = o->max_tokens / 2,
                                 .emit = s->emit,
                                 .ctx = s->emit_ctx};
    struct schema *schema;
    TRY(schema_compile(&schema, a, prompt_schema(j->prompts, s->task),
                       prompt_schema_name(j->prompts, s->task), e));
    g.schema = schema;
    return generate(session, model_tokenizer(j->model), &g, a, out, e);
}

enum err step_decode(struct step *s, const struct job *j, struct session *session, struct errinfo *e)
{
    struct arena *work = arena_new(); /* replies may wait for those before them, what made them need not */
    struct generated out = {0};
    enum err r = decode(s, j, session, work, &out, e);
    s->out = keep(s->a, &out);
    arena_free(work);
    return r;
}

static struct reply_value *convert_values(struct arena *a, const struct generated *g)
{
    struct reply_value *v = NEW(a, struct reply_value, g->n_values + 1);
    for (size_t i = 0; i < g->n_values; i++) {
        const struct value *x = &g->values[i];
        v[i] = (struct reply_value){.field = x->field, .list = x->list, .item = x->item,
                                    .is_null = x->is_null, .text = x->text, .number = x->label,
                                    .q0 = x->q0, .q1 = x->q1, .logp = x->logp,
                                    .open_logp = x->open_logp, .bias = x->bias,
                                    .truncated = x->truncated};
    }
    return v;
}

enum err step_check(const struct step *s, const struct job *j, struct result *r, struct errinfo *e)
{
    struct reply_options ro = {.compact = prompt_set_is_compact(j->prompts),
                               .review_floor = model_card(j->model)->review_floor,
                               .support_floor = model_card(j->model)->support_floor,
                               .max_findings = (size_t)j->o->max_findings,
                               .severity = level_name(j->o->severity)};
    struct reply reply = {0};
    TRY(reply_build(&reply, s->a, s->task, convert_values(s->a, &s->out), s->out.n_values,
                    j->set.v + j->first, j->chunks, j->n_chunks, &ro, e));
    result_add(r, &reply, j->set.v + j->first, j->chunks);
    r->usage.output_tokens += s->out.tokens_sampled + s->out.tokens_forced;
    r->usage.forced_tokens += s->out.tokens_forced;
    return OK;
}
