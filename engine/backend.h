/* backend.h: what a device must be able to do.  The comments are the specification; engine/ref
 * is the specification in C.  One graph (engine/graph.c) drives every backend.
 *
 * All activations are f32, row-major, with an explicit row stride where rows may lie apart.
 * Memory comes from the device's own alloc; only upload and download cross to the host.
 * Operations run in order and return at once where the device is asynchronous; the first failure
 * is kept and reported by sync.  Shapes are checked by the caller.  T may be 0: then nothing
 * happens.  A row's result never depends on T, on the other rows, or on the number of threads:
 * prefill in any chunks equals decoding token by token, bit for bit.
 *
 * The rows of an operation may be those of several sequences.  Most operations need not know; those
 * that ask where a row stands (rope, kv_store, index_select, mla_attend, mha_attend) take n <=
 * PARTS_MOST of their arguments, one a sequence, which differ in T, pos0, kv.pages and pointers to
 * rows only.  The rows of each follow those of the one before: x, rows, q, w, sel and out of a[i+1]
 * begin where the T rows of a[i] end.  Pages may be the same in several, as a common prefix is.
 * Letters: engine/config.h. */
#ifndef ENGINE_BACKEND_H
#define ENGINE_BACKEND_H

#include "base/err.h"
#include "engine/engine.h"
#include "engine/tensor.h"

#define KV_PAGE 64    /* tokens per page */
#define PARTS_MOST 256 /* sequences of one operation */
#define SIDES_MOST 4    /* strands of work side by side */

struct device; /* a backend's own state */
struct weight; /* one matrix, or G stacked ones, in the layout the backend computes with */

struct device_options {
    int threads; /* 0: all */
    enum weight_type weights;
    enum kv_type kv;
};

/* How pairs are rotated: (2i, 2i+1) or (i, i + P/2).  Always said, never a default. */
enum rope_pairing { ROPE_INTERLEAVED, ROPE_HALVES };

/* y[t, g, :] = W[g] x[t, g, :] for g < G (groups: heads; 1 for a plain matrix).
 *   x: row t at x + t*ldx, group g at + g*gx, in width I;   y likewise ldy, gy, out width O
 *   accumulate: y += instead of y = */
struct linear_args {
    const struct weight *w;
    const float *x;
    float *y;
    size_t T, ldx, ldy, gx, gy;
    bool accumulate;
};

/* Rotates P elements at x + t*ld + h*stride for h < heads, token t at position pos0 + t.
 * Angles are the f32 product of position and inv_freq; cos and sin are scaled by amplitude. */
struct rope_args {
    float *x;
    size_t T, ld, stride, pos0;
    int heads, P;
    const float *inv_freq; /* host memory, [P/2] */
    float amplitude;
    enum rope_pairing pairing;
};

/* The pages of one session.  Page i holds positions [64 i, 64 i + 64).  Within a page a layer's
 * rows lie together: the latent block of layer l starts at latent_offset and holds KV_PAGE rows of
 * R+P elements (of H (N+W) + P for mha_attend); the index keys of a selecting layer start at
 * index_offset, KV_PAGE rows of C.  What f16 cannot hold becomes its largest number.
 * KV_INT8: an element of a latent is a byte times the scale of its group of KV_INT8_GROUP, which is
 * the group's largest magnitude / 127.  A row is its bytes, up to a multiple of four, then the scales,
 * f32, then the rope key in f16, up to a multiple of four bytes.  An index key is its bytes and one
 * scale.  A group that holds something that is not finite has zeros and a scale of NaN.  Never with
 * mha_attend.
 * KV_E4M3, of index keys of 128 elements: a page's keys, then its scales, a byte each.  A key was turned by
 * Hadamard's matrix / sqrt(128), which leaves products with queries turned alike as they are, and is
 * e4m3 times 2^(byte - 127), the least power of two that brings its largest number (1e-4 at least) to at most
 * 448.  A key that holds something that is not finite has bytes of NaN, whatever its scale.  The 16-byte chunk c of
 * row r stands where chunk c ^ r % 8 would: so Hopper's products want it. */
struct kv_view {
    void *const *pages;  /* table in host memory; page memory is the device's */
    size_t latent_offset, index_offset; /* bytes, of the layer at hand */
    enum kv_type type, index_type; /* of latents, of index keys; never KV_AUTO */
};

/* KV_INT8: numbers whose largest is below this are stored as zeros with scale 0. */
#define KV_INT8_LEAST 1e-30f

#define KV_INT8_GROUP 64 /* elements of a latent that share a scale */

/* KV_INT8: where in a row the scales stand, of a latent or an index key of R elements. */
static inline size_t kv_scales_at(int R)
{
    return ((size_t)R + 3) / 4 * 4;
}
/* How many a latent has; an index key has one. */
static inline size_t kv_scales(int R)
{
    return ((size_t)R + KV_INT8_GROUP - 1) / KV_INT8_GROUP;
}
/* Where the rope key stands. */
static inline size_t kv_rope_at(int R)
{
    return kv_scales_at(R) + kv_scales(R) * sizeof(float);
}

/* Bytes of a row of a latent of R elements and a rope key of P; P 0: of an index key of R elements. */
static inline size_t kv_row_bytes(enum kv_type type, int R, int P)
{
    if (type == KV_E4M3) return (size_t)R + 1;
    if (type != KV_INT8) return (size_t)(R + P) * (type == KV_F32 ? 4 : 2);
    if (P == 0) return kv_scales_at(R) + sizeof(float);
    return kv_rope_at(R) + ((size_t)P * 2 + 3) / 4 * 4;
}

struct kv_store_args {   /* writes T rows at positions pos0.. */
    struct kv_view kv;
    const float *rows;   /* [T, width], row stride ld */
    size_t T, ld, pos0;
    int width;           /* of the latent block's rows, C with to_index */
    int split;           /* R, C with to_index: elements of the first part of a row */
    bool to_index;
};

/* The lightning indexer: scores every visible position of each query and keeps the K best.
 *   score[t, s] = sum_j w[t, j] * max(0, q[t, j] . key[s]),  s <= pos0 + t
 *   sel[t, 0..K): the positions of the K largest scores, ascending by position; fewer visible than
 *   K: all of them, then -1.  Equal scores at the threshold: the lower position wins.
 * w holds J^-1/2 and C^-1/2 and may be negative, and so may scores: nothing is pruned at zero.
 * Against keys in 8 bits a backend may round each head's query to 63 steps of its largest number.
 * Work 2*T*S*J*C flop.  Source: DeepSeek-V3.2-Exp report, section 2. */
struct index_args {
    struct kv_view kv;
    const float *q;      /* [T, J, C] */
    const float *w;      /* [T, J]    */
    int32_t *sel;        /* [T, K], device memory */
    size_t T, pos0;
    int J, C, K;
};

/* Absorbed attention of H heads over chosen rows (sel) or over every visible row (sel NULL).
 *   logit[h, s] = scale * (qc[t, h] . latent[s] + qr[t, h] . ropekey[s])
 *   out[t, h]   = sum_s softmax(logit)[s] * latent[s]
 * q: [T, H, R+P] = [qc | qr].  out: [T, H, R]. */
struct mla_args {
    struct kv_view kv;
    const float *q;
    const int32_t *sel;  /* [T, K] or NULL */
    float *out;
    size_t T, pos0;
    int H, R, P, K;
    float scale;
};

/* Attention of H heads over every visible row in the expanded form (MHA).  What the kv's latent
 * block holds is then not the latent but, per row, [H, N + W | P]: key and value of each head, and
 * the rope key that all heads share.
 *   logit[h, s] = scale * (qn[t, h] . key[s, h] + qr[t, h] . ropekey[s]),  s <= pos0 + t
 *   out[t, h]   = sum_s softmax(logit)[s] * value[s, h]
 * q: [T, H, N+P] = [qn | qr].  out: [T, H, W].  Work 2*(N+P+W) flop per row and head where the
 * absorbed form has 2*(2R+P): 320 and 1088 for deepread-150m, whose rows are four times as wide. */
struct mha_args {
    struct kv_view kv;
    const float *q;
    float *out;
    size_t T, pos0;
    int H, N, P, W;
    float scale;
};

/* Router: p = sigmoid(x W^T); the choice uses p + bias, limited to the topk_group best of n_group
 * groups (a group's score is the sum of its two best), gates are p of the chosen, divided by their
 * sum + 1e-20 when norm is set, times scaling.  Equal scores: the lower expert. */
struct route_args {
    const float *x;      /* [T, D] */
    const struct weight *w; /* [E, D], computed in f32 */
    const float *bias;   /* [E] */
    int32_t *expert;     /* [T, A] */
    float *gate;         /* [T, A] */
    size_t T;
    int D, E, A, n_group, topk_group;
    bool norm;
    float scaling;
};

/* made_on: the side that was given to make what y holds (struct backend).
 * y[t] += sum_a gate[t,a] * down(silu(gate_proj x) * up_proj x) over the chosen experts. */
struct experts_args {
    const float *x;      /* [T, D] */
    const struct weight *gate_w, *up_w, *down_w; /* stacked: E groups of [F, D], [F, D], [D, F] */
    const int32_t *expert;
    const float *gate;
    float *y;
    int made_on;
    size_t T;
    int D, F, E, A;
};

/* What tells one pass from another: T tokens of n sequences. */
struct pass_part {
    struct kv_view kv;   /* of the first layer; pages for pos0 .. pos0+T-1 are there */
    size_t T, pos0;
};
struct pass {
    const struct pass_part *parts;
    const void *memory;  /* the pass's buffers lie here, in `bytes` bytes */
    size_t bytes, n, T;
    int K;               /* rows that its layers choose */
    size_t wanted;       /* parts whose last row meets the head */
};

struct backend {
    const char *name; /* "ref", "cpu", "cuda" */
    bool host_memory; /* alloc gives host memory: the caller may read and write it directly */
    /* E_DEVICE with the reason when the machine lacks what it needs. */
    enum err (*open)(struct device **out, const struct device_options *o, struct errinfo *e);
    void (*close)(struct device *d);
    void (*describe)(struct device *d, struct buf *out); /* "cpu: AVX-512 BF16, 2 threads, ..." */
    /* What decides the bits of its results: instruction set and precisions, never the threads.
     * State stored on disk is keyed by it.  NULL: what describe says. */
    void (*arithmetic)(struct device *d, struct buf *out);

    /* Uninitialised memory, aligned to 64 bytes; NULL when there is none. */
    void *(*alloc)(struct device *d, size_t bytes);
    void (*release)(struct device *d, void *p, size_t bytes);
    /* Bytes that alloc has still to give beside what operations take for themselves; 0: unknown.  NULL:
     * what the host has. */
    size_t (*free_memory)(struct device *d);
    void (*upload)(struct device *d, void *dst, const void *src, size_t bytes);
    void (*download)(struct device *d, void *dst, const void *src, size_t bytes);
    /* n pieces of `each` bytes that follow one another from src on: calls got(ctx, first, k, at) for pieces first ..
     * first+k-1, which then lie in host memory at `at`, until it has had them all, in order; the next come meanwhile.
     * After a failure it gets zeros.  NULL: download will do. */
    void (*download_each)(struct device *d, const void *src, size_t each, size_t n,
                          void (*got)(void *ctx, size_t first, size_t k, const void *at), void *ctx);

    /* Converts G stacked matrices of a checkpoint.  Matrix g is rows [row0[g], row0[g] + rows) of
     * tensor t[g] (row0 NULL: all 0): [O, I] = [rows, cols], or with `transposed` [cols, rows].
     * exact: keep f32 whatever the options say (router, index weights).  The tensors are not
     * needed afterwards.  E_LIMIT when memory is short. */
    enum err (*weight_new)(struct device *d, struct weight **out, const struct tensor *t, size_t G,
                           const uint64_t *row0, uint64_t rows, bool transposed, bool exact,
                           struct errinfo *e);
    void (*weight_free)(struct device *d, struct weight *w);
    size_t (*weight_bytes)(const struct weight *w);
    enum kv_type (*kv_type)(struct device *d);
    /* What index keys of J heads of C are kept in where latents are in `type`.  NULL: in the same. */
    enum kv_type (*index_type)(struct device *d, enum kv_type type, int J, int C);
    size_t chunk;             /* tokens of a pass that keep it busy; 0: no wish */
    enum kv_type kv_smallest; /* of the state, where memory is short; KV_AUTO: it has no smaller one */

    /* x[t] = row ids[t] of the table; ids in host memory, checked. */
    void (*embed)(struct device *d, float *x, const struct weight *table, const int32_t *ids,
                  size_t T);
    /* y = x / sqrt(mean(x^2) + eps) * w.  r not NULL: x += r first (x keeps the sum).
     * Rows of x at ldx, of y at ldy. */
    void (*rmsnorm)(struct device *d, float *y, size_t ldy, float *x, size_t ldx, const float *r,
                    const float *w, size_t T, int n, float eps);
    /* y = (x - mean) / sqrt(var + eps) * w + b; y may be x. */
    void (*layernorm)(struct device *d, float *y, const float *x, const float *w, const float *b,
                      size_t T, int n, float eps);
    void (*rope)(struct device *d, const struct rope_args *a, size_t n);
    void (*linear)(struct device *d, const struct linear_args *a);
    /* h = silu(g) * u, elementwise over n values; h may be g. */
    void (*swiglu)(struct device *d, float *h, const float *g, const float *u, size_t n);
    void (*scale)(struct device *d, float *x, float factor, size_t n);
    /* y rows of width n at ldy = x rows at ldx. */
    void (*copy_rows)(struct device *d, float *y, size_t ldy, const float *x, size_t ldx, size_t T,
                      int n);
    void (*add)(struct device *d, float *x, const float *r, size_t n);
    void (*kv_store)(struct device *d, const struct kv_store_args *a, size_t n);
    void (*index_select)(struct device *d, const struct index_args *a, size_t n);
    void (*mla_attend)(struct device *d, const struct mla_args *a, size_t n);
    /* NULL: absorbed form only */
    void (*mha_attend)(struct device *d, const struct mha_args *a, size_t n);
    void (*route)(struct device *d, const struct route_args *a);
    void (*experts)(struct device *d, const struct experts_args *a);
    enum err (*sync)(struct device *d, struct errinfo *e);

    /* Work that may run side by side.  What is called after side(d, i), 0 < i < SIDES_MOST, runs in order, behind what
     * side 0 had been given when side i was first called since it was last joined, and perhaps beside what side 0
     * is given from then on.  join(d, i) goes back to side 0: what is called from now on comes behind all that
     * side i was given.  Every side is joined before the pass ends.  Both NULL: all runs in order. */
    void (*side)(struct device *d, int i);
    void (*join)(struct device *d, int i);

    /* Short passes over again: a device that can keeps what a pass launched and plays it back where only
     * positions, tokens and the pages' addresses differ.  Both NULL: never.
     * pass_begin: true, then the device did all of the pass behind its embedding, and its operations
     * are left out.  False: they are called, and then pass_end (whole: none was left out), which
     * gives false where nothing was computed: then they are called once more. */
    bool (*pass_begin)(struct device *d, const struct pass *p);
    bool (*pass_end)(struct device *d, bool whole);
};

extern const struct backend ref_backend, cpu_backend;

const char *kv_type_name(enum kv_type t); /* "f32" */

/* By name; "auto" or NULL gives cuda where its library and a device for it are, else cpu.  E_USAGE
 * for an unknown name, with the known ones; E_DEVICE for one that this build or machine does not
 * have ("cuda"). */
enum err backend_find(const struct backend **out, const char *name, struct errinfo *e);
/* What "auto" gives; where that is not cuda, *why says what is missing. */
const struct backend *backend_best(struct errinfo *why);

#endif
