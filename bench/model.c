/* model.c: a whole model on any backend: reading and writing at many lengths, and where the time goes.
 *
 *   build/bench/model [-m DIR] [-b BACKEND] [-t THREADS] [-w f32|bf16|fp8] [-n LENGTHS] [-d TOKENS] [-c CHUNK] [-s STEP]
 *                     [--sequences COUNTS [--own]] [--ops] [--dense]
 *                     [--shape deepseek-v3.2 --layers N[,M] [--experts N]]
 *
 * One session reads up to each of the LENGTHS (1024,8192,32768) and at each writes TOKENS (64) greedily, which
 * are then taken back; the first two of them are warming up and not counted.  --ops: the same once more,
 * shorter, waiting for the device after every operation: per operation its calls, the time until the
 * call returned and the time until its work was done (which hides what an asynchronous device
 * overlaps, and adds a round trip to each).  -s: tokens of a step of writing (1).  --sequences: at each
 * length the same for so many sequences over what was read, a token of each in one pass (1,2,4,8,16): all over the
 * one state, as questions about one document are (ask -Q); --own: then once more, each with a copy of it, as strangers'
 * would be.
 * --shape: no checkpoint but random weights of that model's layer sizes
 * (bench/synthetic.h), and what 61 such layers would take: each takes the same time, a dense one's
 * width being that of nine experts.  Two numbers of layers, one after the other: of several sequences' passes also what
 * a layer takes, which is the difference, and what is of no layer; 61 layers are then N of the one kind and M - N
 * repeated.  --experts: how many of a layer's 256 are on this card.  The tokens are
 * arbitrary words of the vocabulary. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lengths.h"
#include "base/sys.h"
#include "bench/synthetic.h"
#include "engine/model.h"
#include "engine/sampler.h"
#include "engine/session.h"

#define STEP_MOST 1024
#define WARM 2 /* tokens that find memory untouched and nothing recorded */

struct options {
    const char *dir;
    struct model_options model;
    struct lengths lengths, sequences;
    size_t decode, chunk, step;
    bool ops, own;
    struct lengths depths;
    int layers, experts; /* of the synthetic model at hand, one of depths; 0 layers: a checkpoint */
};

/* Of the last length: seconds a pass of each number of sequences, over one state or with a copy each, 0 where it did
 * not fit. */
static double passes[2][2][LENGTHS_MAX];

static const char *const states[] = {"over one document", "each with a copy of its own"};

#define WHOLE_LAYERS 61

/* ------------------------------------------------------------------ a backend with a clock */

enum op { EMBED, RMSNORM, LAYERNORM, ROPE, LINEAR, SWIGLU, SCALE, COPY_ROWS, KV_STORE, SELECT, ATTEND, ROUTE,
          EXPERTS, DOWNLOAD, OPS };

static const char *const op_names[OPS] = {"embed", "rmsnorm", "layernorm", "rope", "linear", "swiglu",
                                          "scale", "copy_rows", "kv_store", "index_select", "attend",
                                          "route", "experts", "download"};

/* Operations have no room for a context: the one meter of this program. */
static struct meter {
    const struct backend *b;
    struct tally {
        size_t calls;
        double called, done;
    } op[OPS];
} meter;

#define TIMED(OP, D, CALL)                                                                         \
    do {                                                                                           \
        struct errinfo e_ = {0};                                                                   \
        double t0_ = sys_seconds();                                                                \
        CALL;                                                                                      \
        double t1_ = sys_seconds();                                                                \
        if (meter.b->sync(D, &e_)) fprintf(stderr, "%s\n", e_.msg);                                \
        meter.op[OP].calls++;                                                                      \
        meter.op[OP].called += t1_ - t0_;                                                          \
        meter.op[OP].done += sys_seconds() - t0_;                                                  \
    } while (0)

static void embed(struct device *d, float *x, const struct weight *w, const int32_t *ids, size_t T)
{
    TIMED(EMBED, d, meter.b->embed(d, x, w, ids, T));
}

static void rmsnorm(struct device *d, float *y, size_t ldy, float *x, size_t ldx, const float *r,
                    const float *w, size_t T, int n, float eps)
{
    TIMED(RMSNORM, d, meter.b->rmsnorm(d, y, ldy, x, ldx, r, w, T, n, eps));
}

static void layernorm(struct device *d, float *y, const float *x, const float *w, const float *b,
                      size_t T, int n, float eps)
{
    TIMED(LAYERNORM, d, meter.b->layernorm(d, y, x, w, b, T, n, eps));
}

static void rope(struct device *d, const struct rope_args *a, size_t n)
{
    TIMED(ROPE, d, meter.b->rope(d, a, n));
}

static void linear(struct device *d, const struct linear_args *a)
{
    TIMED(LINEAR, d, meter.b->linear(d, a));
}

static void swiglu(struct device *d, float *h, const float *g, const float *u, size_t n)
{
    TIMED(SWIGLU, d, meter.b->swiglu(d, h, g, u, n));
}

static void scale(struct device *d, float *x, float factor, size_t n)
{
    TIMED(SCALE, d, meter.b->scale(d, x, factor, n));
}

static void copy_rows(struct device *d, float *y, size_t ldy, const float *x, size_t ldx, size_t T, int n)
{
    TIMED(COPY_ROWS, d, meter.b->copy_rows(d, y, ldy, x, ldx, T, n));
}

static void kv_store(struct device *d, const struct kv_store_args *a, size_t n)
{
    TIMED(KV_STORE, d, meter.b->kv_store(d, a, n));
}

static void index_select(struct device *d, const struct index_args *a, size_t n)
{
    TIMED(SELECT, d, meter.b->index_select(d, a, n));
}

static void mla_attend(struct device *d, const struct mla_args *a, size_t n)
{
    TIMED(ATTEND, d, meter.b->mla_attend(d, a, n));
}

static void mha_attend(struct device *d, const struct mha_args *a, size_t n)
{
    TIMED(ATTEND, d, meter.b->mha_attend(d, a, n));
}

static void route(struct device *d, const struct route_args *a)
{
    TIMED(ROUTE, d, meter.b->route(d, a));
}

static void experts(struct device *d, const struct experts_args *a)
{
    TIMED(EXPERTS, d, meter.b->experts(d, a));
}

static void download(struct device *d, void *dst, const void *src, size_t bytes)
{
    TIMED(DOWNLOAD, d, meter.b->download(d, dst, src, bytes));
}

static struct backend timed_backend(const struct backend *b)
{
    struct backend t = *b;
    meter.b = b;
    t.embed = embed;
    t.rmsnorm = rmsnorm;
    t.layernorm = layernorm;
    t.rope = rope;
    t.linear = linear;
    t.swiglu = swiglu;
    t.scale = scale;
    t.copy_rows = copy_rows;
    t.kv_store = kv_store;
    t.index_select = index_select;
    t.mla_attend = mla_attend;
    if (b->mha_attend) t.mha_attend = mha_attend;
    t.route = route;
    t.experts = experts;
    t.download = download;
    t.download_each = NULL; /* each is timed */
    t.pass_begin = NULL; /* what is played back calls nothing */
    t.pass_end = NULL;
    return t;
}

static void put_meter(const char *what, size_t tokens)
{
    double called = 0, done = 0;
    size_t calls = 0;
    for (int i = 0; i < OPS; i++) {
        const struct tally *o = &meter.op[i];
        called += o->called;
        done += o->done;
        calls += o->calls;
        if (o->calls)
            printf("  %-8s %-13s %7zu calls, returned after %7.1f us, done after %8.1f us, %9.3f ms in all\n",
                   what, op_names[i], o->calls, o->called / (double)o->calls * 1e6,
                   o->done / (double)o->calls * 1e6, o->done * 1e3);
    }
    printf("  %-8s %zu tokens, %zu calls: %.3f ms until they returned, %.3f ms until done\n", what, tokens,
           calls, called * 1e3, done * 1e3);
    memset(meter.op, 0, sizeof meter.op);
}

/* ------------------------------------------------------------------ measuring */

static int32_t *some_tokens(size_t n, size_t V)
{
    int32_t *ids = malloc((n ? n : 1) * sizeof *ids);
    uint32_t x = 12345;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        ids[i] = (int32_t)((1000 + x / 7 % 1000) % V);
    }
    return ids;
}

static enum err write_some(struct session *s, size_t step, size_t V, struct errinfo *e)
{
    int32_t ids[STEP_MOST];
    for (size_t i = 0; i < step; i++) ids[i] = (int32_t)(i * 37 % V);
    ids[0] = sampler_argmax(session_logits(s), NULL, V);
    return session_append(s, ids, step, e);
}

struct choosing {
    struct append *v;
    int32_t *ids;
    size_t V;
};

static void choose(void *ctx, size_t first, size_t last, int worker)
{
    struct choosing *c = ctx;
    (void)worker;
    for (size_t i = first; i < last; i++) {
        const float *logits = session_logits(c->v[i].s);
        c->ids[i] = logits ? sampler_argmax(logits, NULL, c->V) : (int32_t)(i * 37 % c->V); /* each begins otherwise */
        c->v[i].ids = &c->ids[i];
        c->v[i].n = 1;
    }
}

/* A token of each sequence, in one pass; each chosen as by a job on a thread of its own (engine/batch.h). */
static enum err step_all(struct append *v, int32_t *ids, size_t n, size_t V)
{
    struct choosing c = {v, ids, V};
    graph_each(v->s->m->graph->crew, n, choose, &c);
    session_append_all(v, n);
    for (size_t i = 0; i < n; i++)
        if (v[i].code) return v[i].code;
    return OK;
}

/* What s shares with others becomes its own: making room for what it holds copies it. */
static enum err own_copy(struct session *s, struct errinfo *e)
{
    size_t n = session_length(s);
    kv_rewind(&s->kv, 0);
    TRY(kv_reserve(&s->kv, n, e));
    kv_advance(&s->kv, n);
    return OK;
}

/* The sequences of number `which` on all that s has read, or on copies of it. */
static enum err write_side_by_side(const struct options *o, struct session *s, size_t which, bool own, size_t V,
                                   struct errinfo *e)
{
    size_t n = o->sequences.v[which];
    struct append v[PARTS_MOST] = {0};
    int32_t ids[PARTS_MOST];
    enum err f = OK;
    double best = 0, t0 = 0;
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct append){.s = session_new_beside(s), .e = e};
        session_share(v[i].s, s, session_length(s));
        session_set_reply(v[i].s, session_length(s));
        if (own && !f) f = own_copy(v[i].s, e);
    }
    for (size_t i = 0; i < WARM && !f; i++) f = step_all(v, ids, n, V);
    memset(meter.op, 0, sizeof meter.op);
    double start = sys_seconds();
    for (size_t i = 0; i < o->decode && !f; i++) {
        t0 = sys_seconds();
        f = step_all(v, ids, n, V);
        double now = sys_seconds() - t0;
        if (i == 0 || now < best) best = now;
    }
    double mean = (sys_seconds() - start) / (double)o->decode;
    for (size_t i = 0; i < n; i++) session_free(v[i].s);
    if (!f)
        printf("%8s %2zu sequences, %s: %8.1f t/s together, %7.2f ms a pass; the fastest %7.2f ms\n", "", n,
               states[own], (double)n / mean, mean * 1e3, best * 1e3);
    double *kept = &passes[own][o->depths.n > 1 && (size_t)o->layers == o->depths.v[1]][which];
    if (!o->ops) *kept = f ? 0 : mean;
    if (f == E_LIMIT) {
        printf("%8s %2zu sequences: %s\n", "", n, e->msg);
        err_clear(e);
        return OK;
    }
    if (!f && o->ops) put_meter("together", n * o->decode);
    return f;
}

/* Reads from `from` up to n tokens, then writes some. */
static enum err at_length(const struct options *o, struct session *s, const int32_t *ids, size_t from,
                          size_t n, size_t V, double *read, struct errinfo *e)
{
    double t0 = sys_seconds();
    TRY(session_sync(s, ids, n, e));
    double now = sys_seconds() - t0;
    *read += now;
    if (o->ops) put_meter("reading", n - from);
    for (size_t i = 0; i < WARM && o->decode; i++) TRY(write_some(s, o->step, V, e));
    memset(meter.op, 0, sizeof meter.op);
    t0 = sys_seconds();
    for (size_t i = 0; i < o->decode; i++) TRY(write_some(s, o->step, V, e));
    double write = sys_seconds() - t0;
    if (o->ops && o->decode) put_meter("writing", o->decode * o->step);
    session_rewind(s, n);
    double written = (double)(o->decode * o->step) / write;
    printf("%8zu tokens read in %9.3f s, %10.1f t/s (these %zu: %.1f t/s)", n, *read, (double)n / *read,
           n - from, (double)(n - from) / now);
    if (o->decode) printf("; writing %8.1f t/s, %zu at a time", written, o->step);
    putchar('\n');
    double part = (double)o->layers / WHOLE_LAYERS;
    if (o->layers)
        printf("%8s %d layers would read these %zu at %.1f t/s and write %.1f t/s\n", "", WHOLE_LAYERS,
               n - from, (double)(n - from) / now * part, o->decode ? written * part : 0);
    for (int own = 0; own <= o->own; own++)
        for (size_t i = 0; i < o->sequences.n && o->decode; i++) TRY(write_side_by_side(o, s, i, own, V, e));
    fflush(stdout);
    return OK;
}

static enum err read_and_write(const struct options *o, struct model *m, struct errinfo *e)
{
    struct session *s = NULL;
    size_t V = (size_t)m->config.V, from = 0;
    int32_t *ids = some_tokens(o->lengths.v[o->lengths.n - 1], V);
    double read = 0;
    enum err f = session_new(&s, m, e);
    if (!f && o->chunk) session_set_chunk(s, o->chunk);
    for (size_t i = 0; !f && i < o->lengths.n; i++) {
        f = at_length(o, s, ids, from, o->lengths.v[i], V, &read, e);
        from = o->lengths.v[i];
    }
    session_free(s);
    free(ids);
    return f;
}

static enum err run(const struct options *o, struct errinfo *e)
{
    struct model *m;
    struct buf about = {0};
    double t0 = sys_seconds();
    enum err opened = o->layers ? synthetic_open(&m, o->layers, o->experts, &o->model, e)
                                : model_open(&m, o->dir, &o->model, e);
    if (opened) return opened;
    m->b->describe(m->d, &about);
    printf("%s; opened in %.2f s, weights %zu MB, state %.1f MB per 1000 tokens\n", about.s,
           sys_seconds() - t0, model_weight_bytes(m) >> 20, (double)m->kv.page_bytes / KV_PAGE / 1e3);
    buf_free(&about);
    struct options plain = *o;
    plain.ops = false;
    enum err f = read_and_write(&plain, m, e);
    if (!f && o->ops) {
        const struct backend *own = m->b;
        struct backend timed = timed_backend(own);
        struct options few = *o;
        few.decode = o->decode < 8 ? o->decode : 8;
        m->b = &timed;
        f = read_and_write(&few, m, e);
        m->b = own;
    }
    model_close(m);
    return f;
}

/* What two depths tell. */
static void put_layers(const struct options *o)
{
    double first = (double)o->depths.v[0], more = (double)o->depths.v[1] - first;
    for (size_t i = 0; i < 2 * o->sequences.n; i++) {
        size_t own = i / o->sequences.n, which = i % o->sequences.n;
        double t0 = passes[own][0][which], t1 = passes[own][1][which], layer = (t1 - t0) / more;
        double n = (double)o->sequences.v[which];
        if (t0 == 0 || t1 == 0) continue;
        printf("%4.0f sequences, %s: %.3f ms a layer, %.2f ms of no layer; %d layers would write %.0f t/s together, "
               "without the latter %.0f\n", n, states[own], layer * 1e3, (t0 - first * layer) * 1e3, WHOLE_LAYERS,
               n / (t0 + (WHOLE_LAYERS - first) * layer), n / (WHOLE_LAYERS * layer));
    }
}

static enum err run_depths(struct options *o, struct errinfo *e)
{
    if (!o->depths.n) return run(o, e);
    for (size_t i = 0; i < o->depths.n; i++) {
        o->layers = (int)o->depths.v[i];
        TRY(run(o, e));
    }
    if (o->depths.n > 1) put_layers(o);
    return OK;
}

/* ------------------------------------------------------------------ options */

static bool weights_named(enum weight_type *out, const char *s)
{
    static const char *const names[] = {"auto", "f32", "bf16", "int8", "fp8"}; /* enum weight_type */
    for (int i = 0; i < 5; i++)
        if (!strcmp(s, names[i])) {
            *out = (enum weight_type)i;
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    struct options o = {.dir = "models/deepread-150m", .decode = 64, .step = 1, .experts = SYNTHETIC_EXPERTS};
    bool shape = false;
    struct errinfo e = {0};
    bool fine = lengths_parse(&o.lengths, "1024,8192,32768");
    for (int i = 1; i < argc && fine; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(a, "--ops")) {
            o.ops = true;
            continue;
        }
        if (!strcmp(a, "--own")) {
            o.own = true;
            continue;
        }
        if (!strcmp(a, "--dense")) {
            o.model.dense = true;
            continue;
        }
        i++;
        if (!strcmp(a, "-m")) o.dir = v;
        else if (!strcmp(a, "-b")) o.model.backend = v;
        else if (!strcmp(a, "-t")) o.model.threads = atoi(v);
        else if (!strcmp(a, "-n")) fine = lengths_parse(&o.lengths, v);
        else if (!strcmp(a, "--sequences")) fine = lengths_parse(&o.sequences, v);
        else if (!strcmp(a, "-d")) o.decode = strtoul(v, NULL, 10);
        else if (!strcmp(a, "-c")) o.chunk = strtoul(v, NULL, 10);
        else if (!strcmp(a, "-s")) o.step = strtoul(v, NULL, 10);
        else if (!strcmp(a, "-w")) fine = weights_named(&o.model.weights, v);
        else if (!strcmp(a, "--shape")) shape = fine = !strcmp(v, "deepseek-v3.2");
        else if (!strcmp(a, "--layers")) fine = lengths_parse(&o.depths, v);
        else if (!strcmp(a, "--experts")) o.experts = atoi(v);
        else fine = false;
    }
    fine = fine && o.step >= 1 && o.step <= STEP_MOST && shape == (o.depths.n > 0) && o.depths.n <= 2;
    fine = fine && o.experts >= SYNTHETIC_CHOSEN && o.experts <= SYNTHETIC_EXPERTS;
    fine = fine && (!o.sequences.n || o.sequences.v[o.sequences.n - 1] <= PARTS_MOST);
    if (!fine) {
        fprintf(stderr, "model: see the head of bench/model.c for its options\n");
        return 2;
    }
    if (run_depths(&o, &e)) {
        fprintf(stderr, "model: %s\n", e.msg);
        return 1;
    }
    return 0;
}
