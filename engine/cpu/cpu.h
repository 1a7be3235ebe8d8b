/* cpu.h: inside of the CPU backend: device, packed weights, the table of kernels of a path.
 *
 * How it is cut: files named after an operation (gemm.c, mla.c, ...) hold the drivers: blocking,
 * threads, scratch memory.  The inner loops are templates (*.inc) over a small vector layer
 * (simd_*.inc) and are compiled once per path by path_*.c, with function-level targets.
 *
 * Batch invariance: a kernel may cut rows, columns and heads as it likes, never the sum of one
 * output element: that runs over k in one order, in one accumulator, whatever the tile. */
#ifndef ENGINE_CPU_CPU_H
#define ENGINE_CPU_CPU_H

#include <math.h>

#include "base/par.h"
#include "engine/backend.h"
#include "engine/cpu/isa.h"

#define CPU_ALIGN 64
#define CPU_INT_BLOCK 128 /* inputs that share a scale in an 8-bit pack, at most */
#define MLA_HEADS 9   /* most heads of one attention tile */
#define MLA_PAD 16    /* logits of one key: MLA_HEADS, padded to a whole vector */
#define MLA_PART_MAX 8192 /* config.c's limit of kv_lora_rank */
#define MLA_BLOCK KV_PAGE /* rows per softmax step; sparse and dense must agree on it */

/* How one matrix is stored.  O is cut into panels of `lanes2` = two vectors of outputs.
 *   PACK_F32   [panel][I][2 vectors]
 *   PACK_BF16  [panel][I][2 vectors], the vectors interleaved element by element, so that one
 *              load, one shift and one mask give both as f32
 *   PACK_E4M3  [panel][ceil(I/2)][2 vectors][2]: FP8 as it came (e4m3.h), pairs along I; of each
 *              16 bytes eight belong to the first vector and eight to the second, so that
 *              unpacking bytes within 16 gives both
 *   PACK_INT8  likewise, int8
 * With kblock set (PACK_BF16 of FP8, the 8-bit packs) the numbers are the bare ones and each panel
 * begins with its scales, [ceil(I/kblock)][2 vectors] f32.
 * PACK_F32 and PACK_BF16 are multiplied with the activations as they are, the 8-bit packs with
 * integers of about 15 bits (gemm_int.inc).  Tried and dropped: activations rounded to bf16; the
 * logits of deepread-150m were 4e-2 off, arg max 98.5%. */
enum pack { PACK_F32, PACK_BF16, PACK_E4M3, PACK_INT8 };

struct weight {
    enum pack pack;
    size_t G, O, I, panels;
    size_t kblock, blocks; /* inputs that share a scale, 0: none; how many scales an output has */
    size_t scale_bytes;    /* of a panel's scales */
    float most; /* 8-bit packs: the largest integer of an activation */
    size_t panel_bytes, group_bytes, bytes;
    int lanes2; /* outputs per panel */
    void *data;
};

/* Rows [0, rows) of y = x W^T for one run of neighbouring panels. */
struct gemm_block {
    const void *x;       /* f32 rows at ldx elements; for 8-bit packs prepared ones at ldx bytes */
    const void *w;       /* first panel */
    float *y;            /* first row, column of the first panel */
    size_t ldx, ldy, rows, I, panels, panel_bytes;
    size_t columns;      /* valid outputs in these panels */
    size_t kblock, scale_bytes; /* of the weight */
    bool accumulate;
};

/* The keys of one page against a few queries, in f32 or in integers. */
struct index_tile {
    const void *keys;    /* f32 [C][KV_PAGE] from columns; bytes [C/4][KV_PAGE][4] from quads */
    const float *key_scale; /* [KV_PAGE], integers only */
    const void *q;       /* f32 [queries][J][C]; bytes [queries][J][C, up to a quad] */
    const int32_t *bias; /* [queries][J] integers only: -128 times the sum of a query */
    const uint64_t *crowded; /* [queries][J] integers only, where `crowded` is: what it says of a query */
    const float *w;      /* [queries][J]; with integers times the step of q */
    const float *limit;  /* [queries] */
    float *score;        /* [queries][KV_PAGE] */
    uint64_t *above;     /* [queries] bit s: score s > limit */
    size_t queries;
    int J, C;
};

struct spread {
    float least, most, mean; /* the mean roughly: rounded in the order of a path */
};

struct split {
    size_t n;           /* scores >= limit */
    float above, below; /* the least of these, infinity: none; the largest of the others, -infinity: none */
};

/* One tile of heads against up to MLA_BLOCK rows. */
struct mla_tile {
    const void *row[MLA_BLOCK];  /* latent rows of R+P elements */
    const void *next[MLA_BLOCK]; /* rows to come, to prefetch; NULL: none */
    int n, coming;               /* rows of this block, of the next one of its query */
    bool cold;                   /* this block's rows have not been asked for */
    void *q;             /* as mla_query left it; over tiles a block's memory as well */
    float *logit;        /* [MLA_BLOCK][MLA_PAD], KV_INT8 [MLA_HEADS][MLA_BLOCK]; softmax turns them into weights */
    float *max, *sum, *fix; /* [MLA_PAD] running maximum, sum, and factor for what stands in out */
    float *out;          /* [heads][R] */
    float *row_scale;    /* [groups][MLA_BLOCK] KV_INT8: the rows' scales */
    int32_t *pair;       /* [MLA_HEADS][MLA_BLOCK/2] KV_INT8: weights of two rows in 16 bits each */
    float *step;         /* [MLA_PAD] KV_INT8: of the weights in `pair` */
    int heads;           /* 8 or 9; missing ones are zeros in q */
    int R, width;        /* width = R+P */
    enum kv_type type;
    bool tiles;          /* the way of cpu_mla_tiles */
};

/* What head h's sums of values are times in the end: no number where no logit was one, or where one was infinite. */
static inline float mla_factor(const struct mla_tile *t, int h)
{
    return isfinite(t->max[h]) ? 1.0f / t->sum[h] : NAN;
}

#define MHA_LANES 16 /* partial sums of a query's weights, at least `lanes` */

/* One head: a block of queries that follow one another against one page, expanded. */
struct mha_tile {
    const float *q;      /* [rows][width], scaled */
    const float *keys;   /* [width][KV_PAGE] */
    const float *values; /* [KV_PAGE][W]; zeros where no row has been stored */
    float *logit;        /* [rows][KV_PAGE]; softmax turns them into weights */
    float *max, *fix;    /* [rows] running maximum, factor for what stands in out */
    float *sum;          /* [rows][MHA_LANES] */
    float *out;          /* [rows][W] */
    size_t rows;
    size_t visible;      /* rows that the first query sees; each next one sees one more */
    size_t behind;       /* rows before this page */
    int width, W;        /* N+P; value width, padded to two vectors */
};

/* Products of 8-bit weights, for rows that `row` has prepared. */
struct cpu_eight {
    int mr;              /* rows of a tile */
    size_t together;     /* so many rows are prepared as one piece, of row_bytes each; the last one may be filled up with anything */
    size_t block_bytes;  /* of prepared rows that pass by a panel: a part of L2; 0: as with floats */
    size_t (*row_bytes)(const struct weight *w);
    void (*row)(void *piece, size_t row, const float *x, const struct weight *w); /* one of its rows */
    void (*gemm_e4m3)(const struct gemm_block *b);
    void (*gemm_int8)(const struct gemm_block *b);
};

/* Attention of shapes that go over tiles, a block at once. */
struct cpu_mla_tiles {
    size_t (*bytes)(int R, int P, enum kv_type type); /* of t->q, with room for a block; 0: not these.  NULL: there are no tiles */
    void (*begin)(void); /* before blocks, on their thread */
    void (*query)(const struct mla_tile *t, const float *q, int heads, float factor); /* fills t->q */
    void (*block)(const struct mla_tile *t);
    void (*finish)(float *dst, const struct mla_tile *t, int heads); /* as mla_finish, of what `block` made */
    void (*end)(void);
};

struct cpu_kernels {
    int lanes;           /* floats per vector */
    int mr;              /* rows of a GEMM tile of floats */
    void (*gemm_f32)(const struct gemm_block *b);
    void (*gemm_bf16)(const struct gemm_block *b);
    struct cpu_eight eight;
    struct cpu_eight tiles; /* the same bits, faster where many rows meet a weight: */
    size_t tiles_from;      /* so many of a job; 0: there are no tiles */
    void (*to_bf16)(uint16_t *y, const float *x, size_t n);
    void (*to_f16)(uint16_t *y, const float *x, size_t n);
    /* y = x / scale rounded, scale = largest magnitude / limit; returns scale.  Of what is not all finite
     * zeros and NaN. */
    float (*to_int8)(int8_t *y, const float *x, size_t n, int limit);
    void (*rmsnorm)(float *y, float *x, const float *r, const float *w, int n, float eps);
    void (*layernorm)(float *y, const float *x, const float *w, const float *b, int n, float eps);
    void (*swiglu)(float *h, const float *g, const float *u, size_t n);
    void (*scale)(float *x, float factor, size_t n);
    void (*add)(float *x, const float *r, size_t n);
    /* out[n][KV_PAGE]: the first n numbers of a page's rows, which begin at `first` and lie
     * `stride` elements apart, transposed; `then`: what is read next, asked for meanwhile, or NULL. */
    void (*columns)(float *out, const void *first, enum kv_type type, size_t stride, int n,
                    const void *then);
    /* out[n/4][KV_PAGE][4]: the bytes of a page's rows, `stride` apart, plus 128. */
    void (*quads)(uint8_t *out, const int8_t *first, size_t stride, int n, const void *then);
    void (*index_score)(const struct index_tile *t);
    void (*index_score_int8)(const struct index_tile *t);
    /* Which groups of 8 of a query's n numbers are too large for short cuts, as bits; NULL: there are none. */
    uint64_t (*crowded)(const int8_t *q, size_t n);
    /* The scores of a page whose bits are set to `to`, their positions (pos is the first one's) to `at`;
     * returns how many.  NaN becomes -infinity.  Up to KV_PAGE of both are written. */
    size_t (*take)(float *to, int32_t *at, const float *score, uint64_t mask, size_t pos);
    /* Of n > 0 scores, none of them NaN. */
    struct spread (*spread)(const float *score, size_t n);
    struct split (*split)(const float *score, size_t n, float limit);
    /* Leaves those >= limit, in their order; returns how many. */
    size_t (*keep)(float *score, int32_t *pos, size_t n, float limit);
    size_t (*mla_query_bytes)(int width, enum kv_type type);
    /* q: [heads][width] -> the order that mla_logits reads, times factor; zeros up to `tile`. */
    void (*mla_query)(void *dst, const float *q, int heads, int tile, int width, float factor,
                      enum kv_type type);
    void (*mla_logits)(const struct mla_tile *t);
    void (*mla_softmax)(const struct mla_tile *t);
    void (*mla_values)(const struct mla_tile *t);
    /* The same for rows in 8 bits.  mla_query_int8 fills t->q. */
    size_t (*mla_query_bytes_int8)(int R, int P);
    void (*mla_query_int8)(const struct mla_tile *t, const float *q, int heads, float factor);
    void (*mla_logits_int8)(const struct mla_tile *t);
    void (*mla_softmax_int8)(const struct mla_tile *t);
    void (*mla_values_int8)(const struct mla_tile *t);
    /* max, sum and out, of earlier rows, become those of these and the tile's rows. */
    void (*mla_join)(const struct mla_tile *t, float *max, float *sum, float *out);
    void (*mla_finish)(float *dst, const struct mla_tile *t, int heads); /* [heads][R] */
    struct cpu_mla_tiles mla_tiles;
    /* n rows of W values, `stride` elements apart, as [KV_PAGE][padded] with zeros around them. */
    void (*mha_page_values)(float *out, const void *first, enum kv_type type, size_t stride,
                            size_t n, int W, size_t padded);
    void (*mha_logits)(const struct mha_tile *t);
    void (*mha_softmax)(const struct mha_tile *t);
    void (*mha_values)(const struct mha_tile *t);
    void (*mha_finish)(float *dst, size_t ld, const struct mha_tile *t, int W); /* rows at ld */
};

void cpu_kernels_generic(struct cpu_kernels *k);
void cpu_kernels_avx2(struct cpu_kernels *k);
void cpu_kernels_avx512(struct cpu_kernels *k);
void cpu_kernels_avxvnni(struct cpu_kernels *k);
void cpu_kernels_avx512vnni(struct cpu_kernels *k);
void cpu_kernels_amx(struct cpu_kernels *k);

/* Memory that grows and is kept between calls. */
struct cpu_buffer {
    void *p;
    size_t bytes;
};

struct device {
    struct cpu_kernels k;
    enum cpu_isa isa;
    int threads;
    struct par *pool;
    struct cpu_memory *memory;
    enum weight_type weights;
    enum kv_type kv;
    struct cpu_buffer rows;  /* prepared activations, for 8-bit packs */
    struct cpu_buffer local; /* scratch of the threads, one slice each */
    struct cpu_buffer states; /* what slices of attention leave, until they are joined */
    struct cpu_buffer moe, route, angles;
    /* what `angles` holds: cos and sin of the positions of these parts */
    struct {
        size_t pos0, T;
    } angle_part[PARTS_MOST];
    size_t angle_parts;
    int angle_P;
    float angle_amplitude;
    struct errinfo failed;   /* first failure, reported by sync */
};

/* At least `bytes` in b, or NULL with the failure kept in d->failed. */
void *cpu_reserve(struct device *d, struct cpu_buffer *b, size_t bytes);
/* One slice of `bytes` for each thread; slice i stands at i * (bytes rounded up to 64). */
void *cpu_reserve_local(struct device *d, size_t bytes);
/* Memory of the device, aligned to CPU_ALIGN; NULL when refused.  Released with the same `bytes`; NULL is
 * fine.  From any thread. */
void *cpu_alloc(struct device *d, size_t bytes);
void cpu_release(struct device *d, void *p, size_t bytes);
struct cpu_memory *cpu_memory_new(uint64_t nodes); /* bits; huge pages go to these in turn, 0: where they are touched */
void cpu_memory_free(struct cpu_memory *m); /* with pieces that were not released */

/* NUMA nodes whose processors this process may use, as bits, where `threads` threads need more than one of them and
 * memory can be spread over them; else 0, and where someone has set a policy.  folder: as /sys/devices/system/node. */
uint64_t cpu_nodes(int threads);
uint64_t cpu_nodes_of(const char *folder, int threads);
bool cpu_policy_is_set(void); /* numactl */
/* Pages of these bytes go to the nodes in turn, but for those touched before; false where the system refuses. */
bool cpu_spread(void *p, size_t bytes, uint64_t nodes);

/* Where the rows of each part of an operation begin: rows [first[i], first[i + 1]) are those of
 * part i < n.  Zero-initialise it. */
struct cpu_parts {
    size_t n, first[PARTS_MOST + 1];
};
static inline void cpu_parts_add(struct cpu_parts *p, size_t T)
{
    p->first[p->n + 1] = p->first[p->n] + T;
    p->n++;
}
/* The part of a row; few, so they are walked. */
static inline size_t cpu_part_of(const struct cpu_parts *p, size_t row)
{
    size_t i = 0;
    while (row >= p->first[i + 1]) i++;
    return i;
}

static inline size_t cpu_round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}
static inline size_t cpu_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ------------------------------------------------------------------ drivers */

enum err cpu_weight_new(struct device *d, struct weight **out, const struct tensor *t, size_t G,
                        const uint64_t *row0, uint64_t rows, bool transposed, bool exact,
                        struct errinfo *e);
void cpu_weight_free(struct device *d, struct weight *w);
size_t cpu_weight_bytes(const struct weight *w);
void cpu_embed(struct device *d, float *x, const struct weight *table, const int32_t *ids,
               size_t T);

/* One product of a batch: rows of x with group g of w. */
struct gemm_job {
    const float *x;
    float *y;
    size_t g, rows;
};
/* All products of one weight, in parallel over jobs, rows and panels. */
void cpu_gemm(struct device *d, const struct weight *w, const struct gemm_job *jobs, size_t n,
              size_t ldx, size_t ldy, bool accumulate);
void cpu_linear(struct device *d, const struct linear_args *a);

void cpu_rmsnorm(struct device *d, float *y, size_t ldy, float *x, size_t ldx, const float *r,
                 const float *w, size_t T, int n, float eps);
void cpu_layernorm(struct device *d, float *y, const float *x, const float *w, const float *b,
                   size_t T, int n, float eps);
void cpu_swiglu(struct device *d, float *h, const float *g, const float *u, size_t n);
void cpu_scale(struct device *d, float *x, float factor, size_t n);
void cpu_add(struct device *d, float *x, const float *r, size_t n);
void cpu_copy_rows(struct device *d, float *y, size_t ldy, const float *x, size_t ldx, size_t T,
                   int n);
void cpu_rope(struct device *d, const struct rope_args *a, size_t n);
void cpu_kv_store(struct device *d, const struct kv_store_args *a, size_t n);
void cpu_index_select(struct device *d, const struct index_args *a, size_t n);
void cpu_mla_attend(struct device *d, const struct mla_args *a, size_t n);
void cpu_mha_attend(struct device *d, const struct mha_args *a, size_t n);
void cpu_route(struct device *d, const struct route_args *a);
void cpu_experts(struct device *d, const struct experts_args *a);

#endif
