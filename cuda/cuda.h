/* cuda.h: inside of the CUDA backend: the device, weights as they lie on it, launch checks.
 *
 * How it is cut: one operation of engine/backend.h per file: a data sheet, the kernels, and below
 * a ruled line the launchers that backend.cu puts into the table.  A launcher computes the grid and
 * checks what the kernel takes for granted; a kernel gets pointers and numbers.
 *
 * Batch invariance: a kernel may cut rows, columns and heads as it likes, never the order of the sum
 * of one output element.  Where keys or inputs are split, the cuts depend on their numbers alone. */
#ifndef CUDA_CUDA_H
#define CUDA_CUDA_H

#include <cuda_runtime.h>

extern "C" {
#include "engine/backend.h"
}

#define CUDA_ALIGN 256  /* of every allocation */
#define DOWNLOADS 4    /* copies of one download_each */
#define CUDA_KBLOCK 128 /* inputs that share a scale of FP8 weights */

/* Memory that grows and is kept between calls. */
struct cuda_buffer {
    void *p;
    size_t bytes;
};

/* Where launches go, and the scratch memory that they use there. */
struct cuda_strand {
    cudaStream_t stream;
    struct cuda_buffer score, part, moe, fp8;
    mutable bool apart;  /* the next launch waits for another strand */
};

/* Rows x [T, n] in FP8, as products on Hopper want them (sm90_fp8.cu). */
struct cuda_prepared {
    const float *x;
    uint8_t *q;
    float *scale; /* [n/128, ld] */
    size_t T, n, ld;
};

struct device : cuda_strand { /* the strand at hand */
    int ordinal, multiprocessors, major, minor;
    size_t shared_limit; /* bytes of shared memory one block may ask for */
    char name[128];
    cudaMemPool_t pool;
    enum weight_type weights;
    enum kv_type kv;
    struct cuda_buffer stage, ids;
    struct cuda_sides *sides;       /* the other strands (side.cu) */
    struct cuda_standing *standing; /* where rows stand (where.cu) */
    struct cuda_passes *passes;     /* recorded ones */
    size_t bound;                   /* in a short pass: positions that grids are made for; else 0 */
    bool recording;
    bool shares;                    /* in a short pass: sequences that follow one another have pages in common */
    struct cuda_buffer ready[2];    /* in turn: what rmsnorm wrote in a short pass, in FP8 */
    struct cuda_prepared prepared[2];
    int last_prepared;
    unsigned generation;            /* counts changes of scratch memory */
    struct cuda_buffer pinned;      /* host memory that downloads land in */
    cudaEvent_t came[DOWNLOADS];    /* that a part of them has */
    struct errinfo failed;    /* first failure, reported by sync */
};

/* How one stack of matrices is stored: [G][O][ld], rows padded with zeros to ld elements.
 *   STORE_F32   exact, and --weights f32
 *   STORE_BF16  bf16
 *   STORE_F8    the checkpoint's e4m3 bytes; scale [G][ceil(I/CUDA_KBLOCK)][O] f32, and where blocks of outputs
 *               share them and I is a multiple of CUDA_KBLOCK, block_scale [G][ceil(O/128)][I/128] */
enum store { STORE_F32, STORE_BF16, STORE_F8 };

struct weight {
    enum store store;
    size_t G, O, I, ld, bytes;
    void *data;
    float *scale, *block_scale;
};

/* False after a failure: then an operation does nothing. */
static inline bool cuda_ready(const struct device *d)
{
    return !d->failed.code;
}

/* Keeps the first failure of a runtime call, by name; true when there was none. */
bool cuda_ok(struct device *d, cudaError_t r, const char *what);
/* After a launch. */
bool cuda_launched(struct device *d, const char *what);
/* At least `bytes` in b, or NULL with the failure kept. */
void *cuda_reserve(struct device *d, struct cuda_buffer *b, size_t bytes);
/* Raises a kernel's limit of dynamic shared memory. */
bool cuda_shared(struct device *d, const void *kernel, size_t bytes, const char *what);
void *cuda_alloc(struct device *d, size_t bytes);
void cuda_release(struct device *d, void *p, size_t bytes);

static inline size_t cuda_ceil(size_t n, size_t to)
{
    return (n + to - 1) / to;
}

/* Launches begin before the one before has ended (Hopper on): a kernel launched by cuda_launch calls
 * cuda_follow first, whatever it does then, and so sees all that went before. */
static __device__ __forceinline__ void cuda_follow(void)
{
#if __CUDA_ARCH__ >= 900
    cudaGridDependencySynchronize();
    cudaTriggerProgrammaticLaunchCompletion();
#endif
}

template <typename... P, typename... A>
static void cuda_launch(const struct device *d, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared,
                        A... args)
{
    cudaLaunchAttribute early;
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t launch = {};
    launch.gridDim = grid;
    launch.blockDim = block;
    launch.dynamicSmemBytes = shared;
    launch.stream = d->stream;
    launch.attrs = &early;
    launch.numAttrs = d->major >= 9 && !d->apart;
    d->apart = false;
    cudaLaunchKernelEx(&launch, kernel, (P)args...); /* its failure is found by cuda_launched */
}

/* where.cu.  What a kernel finds in device memory of the sequences whose rows it meets: row r is number
 * r % each of part r / each. */
struct cuda_part {
    void *const *pages; /* a table in device memory */
    size_t pos0;
};
struct cuda_where {
    const struct cuda_part *part;
    int each;
};

static __device__ __forceinline__ size_t position_of(const struct cuda_where &w, size_t row)
{
    return w.part[(unsigned)row / (unsigned)w.each].pos0 + (unsigned)row % (unsigned)w.each;
}

static __device__ __forceinline__ void *const *pages_of(const struct cuda_where &w, size_t row)
{
    return w.part[(unsigned)row / (unsigned)w.each].pages;
}

/* One part: T rows from pos0 on; pages NULL: those of before, or of no interest. */
struct cuda_span {
    void *const *pages;
    size_t pos0, T;
};
/* n parts of equally many rows, for all launches that follow; false after a failure. */
bool cuda_stand(struct device *d, const struct cuda_span *span, size_t n, struct cuda_where *out);
void cuda_standing_free(struct device *d);

static inline void *const *cuda_pages_in(const struct rope_args *)
{
    return NULL;
}
template <typename ARGS> static inline void *const *cuda_pages_in(const ARGS *a)
{
    return a->kv.pages;
}

template <typename ARGS> static bool cuda_where_of(struct device *d, const ARGS *a, size_t n, struct cuda_where *out)
{
    struct cuda_span span[PARTS_MOST];
    for (size_t i = 0; i < n; i++) span[i] = {cuda_pages_in(&a[i]), a[i].pos0, a[i].T};
    return cuda_stand(d, span, n, out);
}

/* How many of n parts, from the first on, have as many rows as the first. */
template <typename ARGS> static size_t cuda_alike(const ARGS *a, size_t n)
{
    size_t k = 1;
    while (k < n && a[k].T == a->T) k++;
    return k;
}

/* The farthest end of n parts: how many positions the last row of one sees. */
template <typename ARGS> static size_t cuda_farthest(const ARGS *a, size_t n)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++)
        if (a[i].pos0 + a[i].T > most) most = a[i].pos0 + a[i].T;
    return most;
}

/* side.cu: side and join of engine/backend.h.  Only short passes have sides. */
void cuda_side(struct device *d, int i);
void cuda_join(struct device *d, int i);
/* What side i is given from now on waits for what the side at hand was given until now. */
void cuda_await(struct device *d, int i);
/* And what the side at hand is given, for what side i was given. */
void cuda_behind(struct device *d, int i);
/* Bytes of scratch memory that the first strand holds; *others: that the others do. */
size_t cuda_sides_taken(const struct device *d, size_t *others);
bool cuda_sides_open(struct device *d);
void cuda_sides_free(struct device *d);

/* pass.cu.  For how many positions a launch makes its grid and scratch: n, or what a short pass is recorded for. */
size_t cuda_bound(const struct device *d, size_t n);
bool cuda_pass_begin(struct device *d, const struct pass *p);
bool cuda_pass_end(struct device *d, bool whole);
void cuda_passes_free(struct device *d);

/* ------------------------------------------------------------------ operations */

enum err cuda_weight_new(struct device *d, struct weight **out, const struct tensor *t, size_t G,
                         const uint64_t *row0, uint64_t rows, bool transposed, bool exact,
                         struct errinfo *e);
void cuda_weight_free(struct device *d, struct weight *w);
size_t cuda_weight_bytes(const struct weight *w);
void cuda_embed(struct device *d, float *x, const struct weight *table, const int32_t *ids,
                size_t T);
void cuda_rmsnorm(struct device *d, float *y, size_t ldy, float *x, size_t ldx, const float *r,
                  const float *w, size_t T, int n, float eps);
void cuda_layernorm(struct device *d, float *y, const float *x, const float *w, const float *b,
                    size_t T, int n, float eps);
void cuda_rope(struct device *d, const struct rope_args *a, size_t n);
void cuda_swiglu(struct device *d, float *h, const float *g, const float *u, size_t n);
void cuda_scale(struct device *d, float *x, float factor, size_t n);
void cuda_add(struct device *d, float *x, const float *r, size_t n);
void cuda_copy_rows(struct device *d, float *y, size_t ldy, const float *x, size_t ldx, size_t T,
                    int n);
void cuda_kv_store(struct device *d, const struct kv_store_args *a, size_t n);
void cuda_linear(struct device *d, const struct linear_args *a);
void cuda_index_select(struct device *d, const struct index_args *a, size_t n);
void cuda_mla_attend(struct device *d, const struct mla_args *a, size_t n);
void cuda_route(struct device *d, const struct route_args *a);
void cuda_experts(struct device *d, const struct experts_args *a);

/* Products of chosen rows with chosen matrices (experts.cu).  Matrix g meets the `count[g]` pairs
 * pair[first[g]] ...; pair p reads row p / share of x and writes row p of y. */
struct cuda_chosen {
    const int32_t *pair, *first, *count; /* device memory */
    int share;
};
void cuda_product(struct device *d, const struct linear_args *a, const struct cuda_chosen *chosen);

/* Both on tensor cores, for rows of 16-bit numbers of n parts of equally many rows; false, and nothing done, where
 * widths do not fit. */
bool mma_attend(struct device *d, const struct mla_args *m, size_t n);

/* Of n parts of equally many rows the queries t0 .. t0+T-1 (n > 1: all), and where their scores go: rows ld
 * apart, a part's after those of the one before. */
struct cuda_scores {
    const struct index_args *a;
    size_t n, t0, T, ld;
    struct cuda_where where;
    size_t bound; /* positions that one sees, at most */
    float *out;
};
bool mma_index_scores(struct device *d, const struct cuda_scores *s);

/* The K largest of each row, ascending by position (topk.cu): row r of `score` at r * ld holds the
 * scores of positions up to that of row first + r. */
struct cuda_topk_args {
    const float *score;
    int32_t *sel;       /* [T, K] */
    struct cuda_where where;
    size_t T, ld, first;
    size_t bound;       /* positions that a row sees, at most */
    int K;
};
void cuda_topk(struct device *d, const struct cuda_topk_args *a);

extern "C" const struct backend deepread_cuda_backend;

#endif
