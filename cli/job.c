#include "cli/job.h"

#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "cli/step.h"
#include "cli/where.h"
#include "engine/engine.h"
#include "engine/prefix.h"
#include "ingest/charset.h"
#include "ingest/skeleton.h"
#include "ingest/tessdata.h"

/* ------------------------------------------------------------------ beginning and end */

void job_init(struct job *j, const struct options *o, struct term *t)
{
    *j = (struct job){.o = o, .t = t, .life = arena_new(), .docs = arena_new(),
                      .step = arena_new()};
}

static void drop_selection(struct job *j)
{
    mem_free(j->chunks);
    mem_free(j->doc_tokens);
    j->chunks = NULL;
    j->doc_tokens = NULL;
    j->n_chunks = j->n_doc_tokens = j->n = 0;
}

void job_free(struct job *j)
{
    session_free(j->session);
    model_close(j->model);
    drop_selection(j);
    buf_free(&j->why);
    arena_free(j->step);
    arena_free(j->docs);
    arena_free(j->life);
    *j = (struct job){0};
}

/* ------------------------------------------------------------------ the model */

enum err job_find_model(struct job *j, struct errinfo *e)
{
    j->stage = STAGE_MODEL;
    return where_model(&j->model_dir, j->life, j->o->model, e);
}

/* One of model_describe's lines up to any of `stop`: "cpu" of "backend: cpu, 8 threads". */
static const char *described(struct job *j, const char *key, const char *stop)
{
    struct buf b = {0};
    const char *found = "";
    model_describe(j->model, &b);
    size_t n = strlen(key);
    for (const char *line = b.s; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, n) || line[n] != ':') continue;
        line += n + 1;
        line += strspn(line, " ");
        found = mem_copy(j->life, line, strcspn(line, stop));
        break;
    }
    buf_free(&b);
    return found;
}

static struct str options_line(struct job *j)
{
    const struct options *o = j->o;
    struct buf b = {0};
    buf_addf(&b, "attn=%s index-share=%s weights=%s kv-type=%s", attn_names[o->attn],
             o->index_share ? o->index_share : "on", weight_names[o->weights], kv_names[o->kv]);
    buf_addf(&b, " max-tokens=%zu temp=%g top-p=%g min-p=%g", o->max_tokens, o->temp, o->top_p,
             o->min_p);
    if (o->reply_top_k) buf_addf(&b, " reply-top-k=%zu", o->reply_top_k);
    if (o->pages) buf_addf(&b, " pages=%s", o->pages);
    if (o->show_hidden) buf_addz(&b, " show-hidden-text");
    if (o->ocr != OCR_AUTO) buf_addf(&b, " ocr=%s", ocr_names[o->ocr]);
    if (o->ocr_lang) buf_addf(&b, " ocr-lang=%s", o->ocr_lang);
    struct str s = {mem_copy(j->life, b.s, b.n), b.n};
    buf_free(&b);
    return s;
}

static void note_facts(struct job *j)
{
    j->facts.model = model_card(j->model)->name;
    const char *no_cuda = described(j, "not on a GPU", "\n");
    j->facts.backend = described(j, "backend", " ,:;(\n");
    j->facts.options = options_line(j);
    j->facts.seed = j->o->seed;
    term_detail(j->t, "model %s in %s, backend %s", j->facts.model, j->model_dir,
                j->facts.backend);
    if (*no_cuda) term_detail(j->t, "not on a GPU: %s", no_cuda);
}

/* Without a place for it there is no cache, and that is no mistake unless one was asked for. */
static enum err cache_options(struct job *j, struct prefix_options *p, struct errinfo *e)
{
    const struct options *o = j->o;
    struct errinfo why = {0};
    *p = (struct prefix_options){.mode = (enum prefix_mode)o->cache, .no_store = o->no_store,
                                 .max_bytes = o->cache_max};
    if (o->cache == PREFIX_OFF || !where_cache(&p->dir, j->life, o->cache_dir, &why)) return OK;
    if (o->cache != PREFIX_AUTO) return err_set(e, why.code, "%s", why.msg);
    term_detail(j->t, "%s", why.msg);
    return OK;
}

static enum err open_model(struct job *j, struct errinfo *e)
{
    const struct options *o = j->o;
    struct prefix_options cache;
    TRY(cache_options(j, &cache, e));
    struct model_options mo = {.backend = o->backend,
                               .threads = (int)o->threads,
                               .weights = (enum weight_type)o->weights,
                               .kv = (enum kv_type)o->kv,
                               .dense = o->attn == ATTN_DENSE,
                               .index_share = o->index_share_n,
                               .reply_top_k = o->reply_top_k,
                               .prefix = &cache};
    TRY(model_open(&j->model, j->model_dir, &mo, e));
    size_t most = model_card(j->model)->context;
    if (o->ctx > most)
        return err_set(e, E_USAGE, "--ctx: %zu tokens asked for, %s holds at most %zu", o->ctx,
                       model_card(j->model)->name, most);
    const char *set = model_card(j->model)->prompts;
    if (o->prompts) {
        j->stage = STAGE_USAGE;
        return prompt_set_open(&j->prompts, j->life, set, o->prompts, e);
    }
    struct errinfo why = {0};
    if (!prompt_set_open(&j->prompts, j->life, set, NULL, &why)) return OK;
    return err_set(e, E_FORMAT, "%s/deepread.json: %s", j->model_dir, why.msg);
}

static void on_prefill(void *ctx, size_t done, size_t total)
{
    struct job *j = ctx;
    term_progress(j->t, "prefill", "tok", done, total, NULL);
}

enum err job_load_model(struct job *j, struct errinfo *e)
{
    j->stage = STAGE_MODEL;
    if (j->session) return OK;
    if (!j->model_dir) TRY(job_find_model(j, e));
    term_progress(j->t, "loading model", NULL, 0, 0, NULL);
    if (!j->model) {
        TRY(open_model(j, e));
        note_facts(j);
    }
    TRY(session_new(&j->session, j->model, e));
    session_set_tick(j->session, on_prefill, j);
    return OK;
}

enum err job_describe(struct job *j, struct buf *out, struct errinfo *e)
{
    TRY(job_load_model(j, e));
    buf_addf(out, "folder: %s\n", j->model_dir);
    model_describe(j->model, out);
    return OK;
}

/* ------------------------------------------------------------------ documents */

static enum err read_password(struct job *j, struct errinfo *e)
{
    struct mapping m;
    TRY(sys_map(&m, j->o->password_file, e));
    size_t n = 0;
    while (n < m.n && m.p[n] != '\n' && m.p[n] != '\r') n++;
    j->ingest.password = mem_copy(j->life, m.p ? m.p : "", n);
    sys_unmap(&m);
    return OK;
}

/* Text that was parsed before: under the options of the other cache, with a budget of its own. */
static void set_text_cache(struct job *j)
{
    const struct options *o = j->o;
    j->text_cache = (struct text_cache_options){.no_use = o->cache == PREFIX_REFRESH,
                                                .no_store = o->no_store,
                                                .max_bytes = o->cache_max / TEXT_CACHE_SHARE};
    if (o->cache != PREFIX_OFF) where_cache(&j->text_cache.dir, j->life, o->cache_dir, NULL);
}

/* What was asked for by name has to be there; what is only the default need not. */
static enum err check_ocr(const struct options *o, struct errinfo *e)
{
    struct buf has = {0};
    char unused[TESSDATA_NAMES];
    if (o->ocr == OCR_OFF || (o->ocr == OCR_AUTO && !o->ocr_lang)) return OK;
    if (tessdata_find(o->ocr_lang, unused)) return OK;
    tessdata_list(&has);
    enum err r = has.n ? err_set(e, E_USAGE, "--ocr-lang: expected at most %d languages that tesseract has "
                                 "here in one folder, joined by + (%.200s), found \"%.80s\"",
                                 TESSDATA_AT_ONCE, has.s, o->ocr_lang)
                       : err_set(e, E_USAGE, "%s: tesseract is not installed (tesseract-ocr, and "
                                 "tesseract-ocr-LANG for each language)",
                                 o->ocr_lang ? "--ocr-lang" : "--ocr");
    buf_free(&has);
    return r;
}

enum err job_prepare(struct job *j, struct errinfo *e)
{
    const struct options *o = j->o;
    j->ingest = (struct ingest_options){.include = o->include.v,
                                        .exclude = o->exclude.v,
                                        .pages = o->pages,
                                        .from = o->from,
                                        .encoding = o->encoding,
                                        .stdin_name = o->stdin_name,
                                        .no_ignore = o->no_ignore,
                                        .hidden = o->hidden,
                                        .show_hidden = o->show_hidden,
                                        .ocr = (enum ocr_use)o->ocr,
                                        .ocr_lang = o->ocr_lang,
                                        .follow = o->follow,
                                        .max_file = o->max_file,
                                        .max_depth = (int)o->max_depth,
                                        .timeout_s = (int)o->doc_timeout,
                                        .memory = o->doc_memory,
                                        .jobs = (int)o->jobs,
                                        .cache = &j->text_cache};
    set_text_cache(j);
    j->stage = STAGE_USAGE;
    struct charset unused;
    struct errinfo why = {0};
    if (o->encoding && charset_detect(&unused, j->life, "x", 1, o->encoding, &why))
        return err_set(e, E_USAGE, "--encoding: %s", why.msg);
    TRY(check_ocr(o, e));
    return o->password_file ? read_password(j, e) : OK;
}

static void on_file(void *ctx, const char *path, size_t done)
{
    struct job *j = ctx;
    term_progress(j->t, "reading", "files", done, 0, path);
}

enum err job_read(struct job *j, const char *path, struct errinfo *e)
{
    j->stage = STAGE_INPUT;
    double start = sys_seconds();
    term_progress(j->t, "reading", "files", j->set.n, 0, path);
    enum err r = ingest_path(&j->set, j->docs, path, &j->ingest, on_file, j, e);
    j->read_seconds += sys_seconds() - start;
    return r;
}

/* Who is told of failures and of progress. */
struct listener {
    struct job *j;
    ingest_failed *failed;
    void *ctx;
};

static void hear_file(void *ctx, const char *path, size_t done)
{
    struct listener *l = ctx;
    on_file(l->j, path, done);
}

static void hear_failure(void *ctx, const char *path, const struct errinfo *why)
{
    struct listener *l = ctx;
    l->failed(l->ctx, path, why);
}

enum err job_read_all(struct job *j, char *const *paths, ingest_failed *failed, void *ctx,
                      struct errinfo *e)
{
    struct listener l = {j, failed, ctx};
    j->stage = STAGE_INPUT;
    double start = sys_seconds();
    if (paths[0]) term_progress(j->t, "reading", "files", j->set.n, 0, paths[0]);
    enum err r = ingest_paths(&j->set, j->docs, paths, &j->ingest, hear_file, hear_failure, &l, e);
    j->read_seconds += sys_seconds() - start;
    return r;
}

enum err job_list(struct job *j, struct ledger *l, const char *path, struct errinfo *e)
{
    j->stage = STAGE_INPUT;
    return ingest_list(l, j->life, path, &j->ingest, e);
}

void job_forget(struct job *j)
{
    drop_selection(j);
    j->set = (struct docset){0};
    j->read_seconds = 0;
    arena_reset(j->docs);
    arena_reset(j->step);
}

void job_select(struct job *j, size_t first, size_t n)
{
    if (j->n == n && j->first == first && j->n_chunks) return;
    int label = 1;
    drop_selection(j);
    j->first = first;
    j->n = n;
    for (size_t i = 0; i < n; i++)
        chunk_split(j->set.v[first + i], i, CHUNK_LIMITS_DEFAULT, &label, &j->chunks,
                    &j->n_chunks);
}

/* ------------------------------------------------------------------ what it takes */

/* Tokens of the selected documents' chunks [from, to), prompt marks included. */
static enum err count_tokens(struct job *j, size_t from, size_t to, size_t *n, struct errinfo *e)
{
    struct segs segs = {0};
    struct tokens tokens = {0};
    render_documents(&segs, j->step, j->prompts, j->set.v + j->first, j->chunks + from, to - from);
    enum err r = tokenizer_encode(model_tokenizer(j->model), segs.v, segs.n, &tokens, e);
    *n = tokens.n;
    tokens_free(&tokens);
    return r;
}

static int by_tokens(const void *a, const void *b)
{
    const struct doc_tokens *x = a, *y = b;
    if (x->tokens != y->tokens) return x->tokens < y->tokens ? 1 : -1;
    return strcmp(x->doc->name, y->doc->name);
}

static enum err count_docs(struct job *j, struct plan *p, struct errinfo *e)
{
    size_t marks = 0;
    TRY(count_tokens(j, 0, 0, &marks, e));
    p->docs = NEW(j->step, struct doc_tokens, j->n + 1);
    p->n_docs = j->n;
    for (size_t i = 0, from = 0; i < j->n; i++) {
        size_t to = from;
        while (to < j->n_chunks && j->chunks[to].doc == i) to++;
        p->docs[i].doc = j->set.v[j->first + i];
        TRY(count_tokens(j, from, to, &p->docs[i].tokens, e));
        p->docs[i].tokens -= p->docs[i].tokens < marks ? p->docs[i].tokens : marks;
        from = to;
    }
    qsort(p->docs, p->n_docs, sizeof *p->docs, by_tokens);
    return OK;
}

static size_t window(const struct job *j)
{
    size_t most = session_context(j->session);
    return j->o->ctx && j->o->ctx < most ? j->o->ctx : most;
}

size_t job_most_prompt(const struct job *j)
{
    size_t all = window(j), reply = j->o->max_tokens, most = all > reply ? all - reply : 0;
    return j->o->budget && j->o->budget < most ? j->o->budget : most;
}

void job_totals(const struct job *j, size_t prompt, struct plan *p)
{
    *p = (struct plan){.model = j->facts.model,
                       .backend = j->facts.backend,
                       .window = window(j),
                       .reply = j->o->max_tokens,
                       .prompt = prompt,
                       .chunks = j->n_chunks,
                       .at_once = 1,
                       .free_bytes = model_free_memory(j->model)};
    if (p->free_bytes) session_fit(j->session, prompt + p->reply, p->free_bytes);
    session_need(j->session, prompt + p->reply, &p->need);
}

const char *job_misfit(struct job *j, const struct plan *p)
{
    struct buf b = {0};
    if (j->o->budget && p->prompt > j->o->budget)
        buf_addf(&b, "the input needs %zu tokens, --budget allows %zu", p->prompt, j->o->budget);
    else if (p->prompt + p->reply > p->window)
        buf_addf(&b, "the input needs %zu tokens and the reply %zu, the window holds %zu",
                 p->prompt, p->reply, p->window);
    else if (plan_lacks_memory(p))
        buf_addf(&b, "%zu tokens need %zu MiB of memory beside the weights, %zu MiB for the state in "
                 "%s and %zu MiB to work in; %zu MiB are free", p->prompt + p->reply,
                 (p->need.state + p->need.scratch) >> 20, p->need.state >> 20, p->need.kv,
                 p->need.scratch >> 20, p->free_bytes >> 20);
    const char *line = b.n ? mem_copy(j->step, b.s, b.n) : NULL;
    buf_free(&b);
    return line;
}

/* ------------------------------------------------------------------ one reply */

enum err job_check_window(struct job *j, size_t prompt, struct errinfo *e)
{
    struct plan p = {.window = window(j), .reply = j->o->max_tokens, .prompt = prompt};
    const char *misfit = job_misfit(j, &p);
    if (!misfit) return OK;
    j->stage = STAGE_FIT;
    return err_set(e, E_LIMIT, "%s", misfit);
}

enum err job_check_plan(struct job *j, struct plan *p, struct errinfo *e)
{
    const char *misfit = job_misfit(j, p);
    if (!misfit) return OK;
    TRY(count_docs(j, p, e));
    report_misfit(&j->why, p, j->o);
    j->stage = STAGE_FIT;
    return err_set(e, E_LIMIT, "%s", misfit);
}

enum err job_check_fit(struct job *j, size_t prompt, struct errinfo *e)
{
    struct plan p;
    job_totals(j, prompt, &p);
    return job_check_plan(j, &p, e);
}

/* The documents' part of the prompt, encoded once for all texts over a selection. */
static enum err encode_documents(struct job *j, struct errinfo *e)
{
    struct segs segs = {0};
    struct tokens tokens = {0};
    if (j->doc_tokens) return OK;
    render_documents(&segs, j->step, j->prompts, j->set.v + j->first, j->chunks, j->n_chunks);
    enum err r = tokenizer_encode(model_tokenizer(j->model), segs.v, segs.n, &tokens, e);
    if (r) {
        tokens_free(&tokens);
        return r;
    }
    j->doc_tokens = tokens.v;
    j->n_doc_tokens = tokens.n;
    return OK;
}

/* The reason that the ledger gives for a document. */
static void note_skeleton(struct job *j, const struct doc *d)
{
    for (size_t i = 0; i < j->set.ledger.n; i++) {
        struct ledger_entry *l = &j->set.ledger.v[i];
        if (l->status == LEDGER_USED && d->path && !strcmp(l->path, d->path))
            l->reason = "signatures only (--skeleton)";
    }
}

/* Gives up the bodies of the largest files until, by estimate, `over` tokens less are needed; how
 * many files that were. */
static size_t shrink(struct job *j, const struct plan *p, size_t over)
{
    size_t files = 0, saved = 0;
    for (size_t i = 0; i < p->n_docs && saved < over; i++) {
        const struct doc *d = p->docs[i].doc;
        struct doc *less = skeleton_of(j->docs, d);
        if (!less) continue;
        for (size_t k = j->first; k < j->first + j->n; k++)
            if (j->set.v[k] == d) j->set.v[k] = less;
        saved += (size_t)((double)p->docs[i].tokens *
                          (1 - (double)less->text.n / (double)d->text.n));
        note_skeleton(j, d);
        files++;
    }
    return files;
}

/* The documents' tokens; with --skeleton, without the bodies of what does not fit beside `extra`
 * tokens.  Estimates are corrected in a second and third round. */
enum err job_fit_documents(struct job *j, size_t extra, struct errinfo *e)
{
    size_t files = 0;
    TRY(encode_documents(j, e));
    for (int round = 0; j->o->skeleton && round < 3; round++) {
        struct plan p;
        job_totals(j, j->n_doc_tokens + extra, &p);
        size_t most = job_most_prompt(j);
        if (p.prompt <= most) break;
        TRY(count_docs(j, &p, e));
        size_t n = j->n, now = shrink(j, &p, p.prompt - most);
        if (!now) break;
        files += now;
        drop_selection(j);
        job_select(j, j->first, n);
        TRY(encode_documents(j, e));
    }
    if (files)
        term_note(j->t, "of %zu file%s only signatures and their comments are read (--skeleton)",
                  files, files == 1 ? "" : "s");
    return OK;
}

enum err job_plan(struct job *j, struct plan *p, struct errinfo *e)
{
    TRY(job_load_model(j, e));
    j->stage = STAGE_RUN;
    TRY(job_fit_documents(j, 0, e));
    job_totals(j, j->n_doc_tokens, p);
    return job_plan_documents(j, p, e);
}

enum err job_plan_documents(struct job *j, struct plan *p, struct errinfo *e)
{
    p->cached = session_stored(j->session, j->doc_tokens, j->n_doc_tokens);
    return count_docs(j, p, e);
}

/* The whole prompt of a step, which also has to fit. */
static enum err make_prompt(struct job *j, struct step *s, struct tokens *prompt, struct errinfo *e)
{
    j->stage = STAGE_RUN;
    TRY(step_encode(s, j, e));
    TRY(job_fit_documents(j, s->tokens.n, e));
    tokens_append(prompt, j->doc_tokens, j->n_doc_tokens);
    tokens_append(prompt, s->tokens.v, s->tokens.n);
    return job_check_fit(j, prompt->n, e);
}

/* What a list of the cache calls this prompt. */
static void label_prompt(struct job *j)
{
    struct buf b = {0};
    if (j->n) buf_addz(&b, j->set.v[j->first]->name);
    if (j->n > 1) buf_addf(&b, " and %zu more", j->n - 1);
    session_set_label(j->session, b.s ? b.s : "");
    buf_free(&b);
}

/* The cache never fails a run; the first thing that went wrong with it is said once. */
static void note_cache(struct job *j, enum err r)
{
    struct prefix_report p;
    session_prefix(j->session, &p);
    if (p.notice && !j->cache_noted) term_note(j->t, "cache: %s", p.notice);
    j->cache_noted |= p.notice != NULL;
    if (r == E_INTR && p.stored)
        term_note(j->t, "%zu tokens read so far are kept: the same command goes on from there",
                  p.loaded + p.stored);
}

/* Brings the session to the prompt and counts what was new. */
enum err job_read_prompt(struct job *j, const struct tokens *prompt, struct usage *u,
                         struct errinfo *e)
{
    double start = sys_seconds();
    size_t before = session_computed(j->session);
    j->t->phase = NULL;
    term_progress(j->t, "prefill", "tok", 0, prompt->n, NULL);
    label_prompt(j);
    session_set_reply(j->session, j->n_doc_tokens);
    enum err r = session_sync(j->session, prompt->v, prompt->n, e);
    size_t computed = session_computed(j->session) - before;
    note_cache(j, r);
    if (r == E_LIMIT && j->o->cache == PREFIX_ONLY) j->stage = STAGE_FIT;
    u->prompt_tokens += prompt->n;
    u->cached_tokens += computed < prompt->n ? prompt->n - computed : 0;
    u->prefill_seconds += sys_seconds() - start;
    return r;
}

static void on_reply(void *ctx, const char *s, size_t n)
{
    struct job *j = ctx;
    (void)s;
    (void)n;
    term_progress(j->t, "writing", NULL, 0, 0, NULL);
}

static enum err run_step(struct job *j, struct step *s, struct tokens *prompt, struct result *r,
                         struct errinfo *e)
{
    TRY(make_prompt(j, s, prompt, e));
    j->stage = STAGE_RUN;
    TRY(job_read_prompt(j, prompt, &r->usage, e));
    double start = sys_seconds();
    enum err decoded = step_decode(s, j, j->session, e);
    r->usage.reply_seconds += sys_seconds() - start;
    /* An interrupted reply was closed early and is a reply all the same. */
    if (decoded != OK && decoded != E_INTR) return decoded;
    TRY(step_check(s, j, r, decoded ? NULL : e));
    return decoded;
}

enum err job_run(struct job *j, enum task task, const char *text, struct result *r,
                 struct errinfo *e)
{
    struct step s = {.task = task, .text = text, .a = j->step, .emit = on_reply, .emit_ctx = j};
    struct tokens prompt = {0};
    TRY(job_load_model(j, e));
    enum err code = run_step(j, &s, &prompt, r, e);
    tokens_free(&s.tokens);
    tokens_free(&prompt);
    return code;
}

enum err job_warm(struct job *j, struct usage *u, struct errinfo *e)
{
    TRY(job_load_model(j, e));
    j->stage = STAGE_RUN;
    TRY(encode_documents(j, e));
    TRY(job_check_fit(j, j->n_doc_tokens, e));
    struct tokens prompt = {.v = j->doc_tokens, .n = j->n_doc_tokens};
    j->stage = STAGE_RUN;
    return job_read_prompt(j, &prompt, u, e);
}
