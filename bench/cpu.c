/* cpu.c: a whole model on the CPU: reading and writing at many lengths, and where the time goes.
 *
 *   build/bench/cpu [-m DIR] [-t THREADS] [-w f32|bf16|int8|fp8] [-k f32|bf16|f16|int8]
 *                   [-n LENGTHS] [-d TOKENS] [--made-up]
 *                   [--dense-to LENGTH] [--shapes] [--index-share N] [--reply-top-k N] [--csv FILE]
 *
 * One session reads up to each of the LENGTHS (1024,8192,32768) and at each writes TOKENS greedily,
 * which are then taken back; these select --reply-top-k rows (0: as many as the model's replies do).
 * The same with every earlier token attended to, up to --dense-to (8192; 0: not at all).  Per
 * operation: seconds since the length before, GFLOP/s, and the fraction of what loops on registers
 * reach on as many threads in the same run (bench/peak.h: products of 8-bit weights and attention to a state in 8
 * bits against integer multiply-and-adds or, where they go over tiles, those of tiles, scores of index keys in 8
 * bits against those of bytes, all else against FMAs); then the same per token written.
 * --made-up: of each length the last 512 tokens alone are read, behind a state of arbitrary numbers:
 * seconds instead of minutes, for tuning; such a state is chosen from with less order than a text's.
 * --shapes tells the products of each shape of weights apart (of experts gate, up and down together, by
 * the shape of gate).  --index-share 1 lets every layer select.  --csv writes the same in long form and, every
 * 1024 tokens, the time per token; bench/cpu_plot.py draws that.  The tokens are arbitrary words of the
 * vocabulary: speed does not depend on them.  With -t 1 time is processor time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/lengths.h"
#include "bench/peak.h"
#include "engine/cpu/cpu.h"
#include "engine/model.h"
#include "engine/sampler.h"
#include "engine/session.h"

struct options {
    const char *dir, *csv;
    struct model_options model;
    struct lengths lengths;
    size_t dense_to, decode;
    bool made_up, shapes;
};

/* ------------------------------------------------------------------ a backend with a clock */

enum op { OP_EIGHT, OP_FLOAT, OP_SELECT, OP_ATTEND, OP_EXPERTS, OP_OTHER, OP_COUNT };

static const char *const op_names[OP_COUNT] = {"8-bit products", "float products", "index_select",
                                               "attend",         "experts",        "other"};

#define SHAPES_MOST 32

struct spent {
    double seconds, flop;
    double least; /* seconds that loops on registers would have taken */
};

/* Operations have no room for a context: the one meter of this program. */
static struct meter {
    struct spent op[OP_COUNT];
    struct shape { /* products of weights of these sizes */
        enum op op;
        size_t G, O, I;
        struct spent spent;
    } shape[SHAPES_MOST];
    struct spent others; /* in shapes beyond these */
    const double *peak;  /* [PEAK_COUNT] */
    bool alone;          /* one thread */
} meter;

/* With one thread processor time, so that others may use the machine as well; else the clock's. */
static double seconds(void)
{
    struct timespec t;
    if (!meter.alone) return sys_seconds();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void reset(void)
{
    meter = (struct meter){.alone = meter.alone, .peak = meter.peak};
}

static void add(struct spent *to, struct spent s)
{
    to->seconds += s.seconds;
    to->flop += s.flop;
    to->least += s.least;
}

/* What was spent since t0, with a loop of `peak` GFLOP/s in view. */
static struct spent since(double t0, double flop, double peak)
{
    return (struct spent){seconds() - t0, flop, flop / peak * 1e-9};
}

static void count_shape(enum op op, const struct weight *w, struct spent s)
{
    struct shape *at = meter.shape, *end = at + SHAPES_MOST;
    while (at < end && at->G && !(at->op == op && at->G == w->G && at->O == w->O && at->I == w->I)) at++;
    if (at < end) {
        *at = (struct shape){op, w->G, w->O, w->I, at->spent};
        add(&at->spent, s);
    } else {
        add(&meter.others, s);
    }
}

static void timed_linear(struct device *d, const struct linear_args *a)
{
    const struct weight *w = a->w;
    enum op op = w->pack == PACK_E4M3 || w->pack == PACK_INT8 ? OP_EIGHT : OP_FLOAT;
    double t0 = seconds(), flop = 2.0 * (double)a->T * (double)(w->G * w->O * w->I);
    cpu_linear(d, a);
    struct spent s = since(t0, flop, peak_product(meter.peak, d, w->pack, a->T));
    count_shape(op, w, s);
    add(&meter.op[op], s);
}

/* Positions that T rows from pos0 on see, at most K each. */
static double visible(size_t pos0, size_t T, size_t K)
{
    double n = 0;
    for (size_t t = 0; t < T; t++) n += (double)cpu_min(pos0 + t + 1, K);
    return n;
}

static void timed_select(struct device *d, const struct index_args *a, size_t n)
{
    double positions = 0, t0 = seconds();
    cpu_backend.index_select(d, a, n);
    for (size_t i = 0; i < n; i++) positions += visible(a[i].pos0, a[i].T, SIZE_MAX);
    double peak = meter.peak[a->kv.index_type == KV_INT8 ? PEAK_INT8 : PEAK_FMA];
    add(&meter.op[OP_SELECT], since(t0, 2.0 * positions * a->J * a->C, peak));
}

static void timed_mla(struct device *d, const struct mla_args *a, size_t n)
{
    double positions = 0, t0 = seconds();
    cpu_backend.mla_attend(d, a, n);
    size_t K = a->sel ? (size_t)a->K : SIZE_MAX;
    for (size_t i = 0; i < n; i++) positions += visible(a[i].pos0, a[i].T, K);
    double peak = peak_attend(meter.peak, d, a->kv.type, a->R, a->P);
    add(&meter.op[OP_ATTEND], since(t0, 2.0 * positions * a->H * (2 * a->R + a->P), peak));
}

static void timed_mha(struct device *d, const struct mha_args *a, size_t n)
{
    double positions = 0, t0 = seconds();
    cpu_backend.mha_attend(d, a, n);
    for (size_t i = 0; i < n; i++) positions += visible(a[i].pos0, a[i].T, SIZE_MAX);
    double flop = 2.0 * positions * a->H * (a->N + a->P + a->W);
    add(&meter.op[OP_ATTEND], since(t0, flop, meter.peak[PEAK_FMA]));
}

/* The experts' rows may be many for some and few for others. */
static void timed_experts(struct device *d, const struct experts_args *a)
{
    size_t *rows = calloc((size_t)a->E, sizeof *rows);
    double t0 = seconds(), each = 6.0 * a->D * a->F;
    cpu_backend.experts(d, a);
    struct spent s = {.seconds = seconds() - t0};
    for (size_t i = 0; i < a->T * (size_t)a->A; i++) rows[a->expert[i]]++;
    for (int e = 0; e < a->E; e++) {
        double flop = each * (double)rows[e];
        add(&s, (struct spent){0, flop, flop / peak_product(meter.peak, d, a->gate_w->pack, rows[e]) * 1e-9});
    }
    count_shape(OP_EXPERTS, a->gate_w, s);
    add(&meter.op[OP_EXPERTS], s);
    free(rows);
}

/* ------------------------------------------------------------------ output */

struct report {
    const struct options *o;
    const char *attention;
    FILE *csv;
    double peak[PEAK_COUNT];
    double read_s;          /* seconds of reading so far */
    size_t from;            /* tokens of the length before */
    /* the curve: time and tokens when its last point was made */
    double mark_s;
    size_t mark;
};

static void put(const struct report *r, size_t tokens, const char *what, double value)
{
    if (r->csv) fprintf(r->csv, "%s,%zu,%s,%.6g\n", r->attention, tokens, what, value);
}

/* The rest of a line. */
static void put_speed(struct spent s)
{
    if (s.flop > 0)
        printf(" %9.1f GFLOP/s, %.0f %% of registers only", s.flop / s.seconds * 1e-9, 100 * s.least / s.seconds);
    putchar('\n');
}

/* Of `seconds`, each operation's share per one of n; doing: "", or a word before its names. */
static void put_ops(const struct report *r, size_t tokens, const char *doing, double all, size_t n)
{
    double other = all;
    for (int i = 0; i < OP_OTHER; i++) other -= meter.op[i].seconds;
    meter.op[OP_OTHER].seconds = other > 0 ? other : 0;
    for (int i = 0; i < OP_COUNT; i++) {
        struct spent spent = meter.op[i];
        double s = spent.seconds;
        char what[64];
        if (s == 0) continue;
        snprintf(what, sizeof what, "%s%s s", doing, op_names[i]);
        put(r, tokens, what, s / (double)n);
        printf("%13s%6s %-16s %9.2f %s %4.0f %%", "", doing, op_names[i], n > 1 ? s / (double)n * 1e3 : s,
               n > 1 ? "ms" : "s ", 100 * s / all);
        put_speed(spent);
        snprintf(what, sizeof what, "%s%s fraction", doing, op_names[i]);
        if (spent.flop > 0) put(r, tokens, what, spent.least / s);
    }
}

static void put_shapes(void)
{
    for (const struct shape *s = meter.shape; s < meter.shape + SHAPES_MOST && s->G; s++) {
        printf("%20s %-16s %zu x [%zu, %zu] %9.3f s", "", op_names[s->op], s->G, s->O, s->I, s->spent.seconds);
        put_speed(s->spent);
    }
    if (meter.others.seconds > 0) {
        printf("%20s in shapes beyond %d %9.3f s", "", SHAPES_MOST, meter.others.seconds);
        put_speed(meter.others);
    }
}

static void on_tick(void *ctx, size_t done, size_t total)
{
    struct report *r = ctx;
    double now = seconds();
    (void)total;
    if (done > r->mark && (done - r->mark >= 1024 || done == total)) {
        if (r->mark_s > 0)
            put(r, done, "read us per token", (now - r->mark_s) / (double)(done - r->mark) * 1e6);
        r->mark = done;
        r->mark_s = now;
    }
}

/* ------------------------------------------------------------------ measuring */

#define MADE_UP_READS KV_PAGE * 8 /* tokens that are read behind a state that is made up */

/* Rows of arbitrary numbers behind those that the session holds, up to n tokens. */
static enum err make_up(struct session *s, const int32_t *ids, size_t n, struct errinfo *e)
{
    const struct config *c = &s->m->config;
    size_t at = s->tokens.n, width = (size_t)s->m->kv.width;
    if (n <= at) return OK;
    TRY(kv_reserve(&s->kv, n - at, e));
    float *x = malloc((KV_PAGE * width + (size_t)c->L * 64) * sizeof *x);
    for (size_t i = 0; i < KV_PAGE * width + (size_t)c->L * 64; i++)
        x[i] = (float)((int)(i * 2654435761u >> 8 & 0xffff) - 0x8000) * 0x1p-15f;
    for (size_t pos; (pos = s->kv.n) < n;) {
        size_t T = cpu_min(n - pos, KV_PAGE - pos % KV_PAGE);
        for (int l = 0; l < c->L; l++) {
            struct kv_store_args a = {.kv = kv_view(&s->kv, l), .rows = x + (size_t)l * 64 + pos / KV_PAGE % 64,
                                      .T = T, .ld = width, .pos0 = pos, .width = (int)width, .split = c->R};
            s->m->b->kv_store(s->m->d, &a, 1);
            a = (struct kv_store_args){.kv = a.kv, .rows = a.rows, .T = T, .ld = width, .pos0 = pos,
                                       .width = c->C, .split = c->C, .to_index = true};
            if (c->full[l] && s->m->attention == ATTEND_CHOSEN) s->m->b->kv_store(s->m->d, &a, 1);
        }
        kv_advance(&s->kv, T);
    }
    tokens_append(&s->tokens, ids + at, n - at);
    free(x);
    return OK;
}

/* Reads up to n tokens, then writes some. */
static enum err at_length(struct report *r, struct session *s, const int32_t *ids, size_t n,
                          size_t V, struct errinfo *e)
{
    if (r->o->made_up && n > MADE_UP_READS) {
        TRY(make_up(s, ids, n - MADE_UP_READS, e));
        r->from = n - MADE_UP_READS;
    }
    reset();
    double t0 = seconds();
    r->mark_s = t0;
    r->mark = r->from;
    TRY(session_sync(s, ids, n, e));
    on_tick(r, n, n); /* the last chunk has none of its own */
    double t1 = seconds(), read = t1 - t0;
    r->read_s += read;
    session_set_reply(s, n);
    if (session_context(s) < n + r->o->decode) session_rewind(s, session_context(s) - r->o->decode);
    struct meter reading = meter;
    reset();
    for (size_t i = 0; i < r->o->decode; i++) {
        const float *logits = session_logits(s);
        int32_t id = logits ? sampler_argmax(logits, NULL, V) : ids[i];
        TRY(session_append(s, &id, 1, e));
    }
    double wrote = seconds() - t1, write = r->o->decode ? wrote / (double)r->o->decode : 0;
    struct meter writing = meter;
    session_set_reply(s, SIZE_MAX); /* drops what was written */
    printf("%8s %8zu %10.2f s %10.1f t/s %10.1f t/s %8zu MiB\n", r->attention, n, r->read_s,
           (double)n / r->read_s, write > 0 ? 1 / write : 0, sys_peak_memory() >> 20);
    put(r, n, "read s", r->read_s);
    if (write > 0) put(r, n, "write us per token", write * 1e6);
    meter = reading;
    put_ops(r, n, "", read, 1);
    if (r->o->shapes) put_shapes();
    meter = writing;
    if (r->o->decode) put_ops(r, n, "write ", wrote, r->o->decode);
    fflush(stdout);
    r->from = n;
    return OK;
}

static enum err read_and_write(struct report *r, struct model *m, size_t most, struct errinfo *e)
{
    const struct options *o = r->o;
    struct session *s = NULL;
    size_t V = (size_t)m->config.V, longest = o->lengths.v[o->lengths.n - 1];
    int32_t *ids = malloc(longest * sizeof *ids);
    uint32_t x = 12345;
    for (size_t i = 0; i < longest; i++) {
        x = x * 1664525u + 1013904223u;
        ids[i] = (int32_t)((1000 + x / 7 % 1000) % V);
    }
    enum err f = session_new(&s, m, e);
    if (!f) session_set_tick(s, on_tick, r);
    for (size_t i = 0; !f && i < o->lengths.n && o->lengths.v[i] <= most; i++)
        f = at_length(r, s, ids, o->lengths.v[i], V, e);
    session_free(s);
    free(ids);
    return f;
}

static enum err one_attention(const struct options *o, bool dense, size_t most, FILE *csv,
                              struct errinfo *e)
{
    struct model_options mo = o->model;
    struct report r = {.o = o, .attention = dense ? "dense" : "sparse", .csv = csv};
    struct backend timed = cpu_backend;
    struct buf about = {0};
    struct model *m = NULL;
    mo.dense = dense;
    mo.backend = "cpu";
    if (!most) return OK;
    TRY(model_open(&m, o->dir, &mo, e));
    int threads = par_threads(m->d->pool);
    meter.alone = threads == 1;
    for (int i = 0; i < PEAK_COUNT; i++) r.peak[i] = peak_gflops(m->d->isa, (enum peak)i, threads, 5);
    meter.peak = r.peak;
    m->b->describe(m->d, &about);
    printf("%s; weights %zu MiB; registers only: %.1f GFLOP/s in FMAs, %.1f in pairs of int16, %.1f in bytes",
           about.s, model_weight_bytes(m) >> 20, r.peak[PEAK_FMA], r.peak[PEAK_INT16], r.peak[PEAK_INT8]);
    if (r.peak[PEAK_TILES] > 0) printf(", %.1f on tiles of bytes", r.peak[PEAK_TILES]);
    putchar('\n');
    put(&r, 0, "peak FMA GFLOP/s", r.peak[PEAK_FMA]);
    put(&r, 0, "peak 8-bit GFLOP/s", r.peak[PEAK_INT16]);
    put(&r, 0, "peak bytes GFLOP/s", r.peak[PEAK_INT8]);
    if (r.peak[PEAK_TILES] > 0) put(&r, 0, "peak tiles GFLOP/s", r.peak[PEAK_TILES]);
    printf("%8s %8s %12s %14s %14s\n", "", "tokens", "read", "reading", "writing");
    timed.linear = timed_linear;
    timed.index_select = timed_select;
    timed.mla_attend = timed_mla;
    timed.mha_attend = timed_mha;
    timed.experts = timed_experts;
    const struct backend *own = m->b;
    m->b = &timed;
    enum err f = read_and_write(&r, m, most, e);
    m->b = own;
    model_close(m);
    buf_free(&about);
    return f;
}

static enum err run(const struct options *o, struct errinfo *e)
{
    FILE *csv = o->csv ? fopen(o->csv, "w") : NULL;
    if (o->csv && !csv) return err_set(e, E_IO, "%s: cannot be written", o->csv);
    if (csv) fprintf(csv, "attention,tokens,what,value\n");
    enum err f = one_attention(o, false, SIZE_MAX, csv, e);
    if (!f) f = one_attention(o, true, o->dense_to, csv, e);
    if (csv && fclose(csv) && !f) f = err_set(e, E_IO, "%s: cannot be written", o->csv);
    return f;
}

/* ------------------------------------------------------------------ options */

static enum weight_type weights_named(const char *s)
{
    return !strcmp(s, "f32")    ? WEIGHT_F32
           : !strcmp(s, "bf16") ? WEIGHT_BF16
           : !strcmp(s, "int8") ? WEIGHT_INT8
                                : WEIGHT_FP8;
}

static enum kv_type state_named(const char *s)
{
    for (int t = KV_F32; t <= KV_INT8; t++)
        if (!strcmp(s, kv_type_name((enum kv_type)t))) return (enum kv_type)t;
    return KV_AUTO;
}

int main(int argc, char **argv)
{
    struct options o = {.dir = "models/deepread-150m", .decode = 32, .dense_to = 8192};
    struct errinfo e = {0};
    bool fine = lengths_parse(&o.lengths, "1024,8192,32768");
    for (int i = 1; i < argc && fine; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[++i] : (i++, "");
        if (!strcmp(a, "-m")) o.dir = v;
        else if (!strcmp(a, "-t")) o.model.threads = atoi(v);
        else if (!strcmp(a, "-w")) o.model.weights = weights_named(v);
        else if (!strcmp(a, "-k")) o.model.kv = state_named(v);
        else if (!strcmp(a, "-n")) fine = lengths_parse(&o.lengths, v);
        else if (!strcmp(a, "--made-up")) o.made_up = true, i--;
        else if (!strcmp(a, "--shapes")) o.shapes = true, i--;
        else if (!strcmp(a, "-d")) o.decode = strtoul(v, NULL, 10);
        else if (!strcmp(a, "--dense-to")) o.dense_to = strtoul(v, NULL, 10);
        else if (!strcmp(a, "--index-share")) o.model.index_share = atoi(v);
        else if (!strcmp(a, "--reply-top-k")) o.model.reply_top_k = strtoul(v, NULL, 10);
        else if (!strcmp(a, "--csv")) o.csv = v;
        else fine = false;
    }
    if (!fine) {
        fprintf(stderr, "cpu: see the head of bench/cpu.c for its options\n");
        return 2;
    }
    if (run(&o, &e)) {
        fprintf(stderr, "cpu: %s\n", e.msg);
        return 1;
    }
    return 0;
}
