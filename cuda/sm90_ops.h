/* sm90_ops.h: kernels for DeepSeek-V3.2's widths on Hopper.  Contracts stand in the files' heads. */
#ifndef CUDA_SM90_OPS_H
#define CUDA_SM90_OPS_H

#include "cuda/cuda.h"

/* sm90_index.cu */
struct sm90_index_args {
    const uint8_t *q;
    const float *w;
    float *out;
    struct cuda_where where; /* one part; query t is its row t0 + t */
    size_t offset;           /* of the keys in a page, bytes: a multiple of 16 */
    size_t t0, T, bound;     /* bound: positions that the last one sees, at most */
    size_t ld;
};
/* q and w are there up to a multiple of 4 queries. */
void sm90_index_scores(struct device *d, const struct sm90_index_args *a);

/* sm90_index_shared.cu: of T queries of several parts, four at a time, only the keys of pages that are the same at the same
 * place for all of the four that see so far, and two do: where bit i % 32 of word i / 32 of `common` then says that place
 * i is one. */
struct sm90_index_shared_args {
    const uint8_t *q;
    const float *w;
    float *out;
    struct cuda_where where;
    size_t offset, T, bound, ld; /* bound: positions that one sees, at most */
    uint32_t *common;            /* [ceil(T/4), words] */
    size_t words;                /* sm90_index_words(bound) */
};
#define SM90_INDEX_PLACES 256
static inline size_t sm90_index_words(size_t bound)
{
    return cuda_ceil(bound, SM90_INDEX_PLACES * KV_PAGE) * (SM90_INDEX_PLACES / 32);
}
/* q and w are there up to a multiple of 4 queries. */
void sm90_index_shared(struct device *d, const struct sm90_index_shared_args *a);

/* sm90_index_few.cu: n queries, each with the keys of its own part, which were written before the launch before
 * this one. */
struct sm90_index_few_args {
    const uint8_t *q;
    const float *w;
    struct cuda_where where;
    size_t offset;
    float *out;
    size_t n, ld, bound;
    const uint32_t *common; /* NULL, or what sm90_index_shared left for these queries: keys that it has done */
};
void sm90_index_few(struct device *d, const struct sm90_index_few_args *a);

/* sm90_mla_prefill.cu */
struct sm90_mla_args {
    const uint16_t *q;
    struct cuda_where where;
    size_t offset;          /* of the rows in a page, bytes */
    const int32_t *sel;
    void *out;
    size_t T;
    int H, K;
    float scale_log2;       /* softmax scale times log2(e) */
    enum kv_type type;      /* of q and rows: bf16 or f16 */
    bool out_f32;           /* else the same type */
};
void sm90_mla_prefill(struct device *d, const struct sm90_mla_args *a);
/* mla_attend through it: false, and nothing done, where device or widths do not fit. */
bool sm90_mla_attend(struct device *d, const struct mla_args *m, size_t n);

/* sm90_gemm.cu */
struct sm90_gemm_args {
    const uint8_t *a, *b;           /* [M, K], [G, N, K] e4m3 */
    const float *a_scale, *b_scale; /* [K/128, a_ld], [G, ceil(N/128), K/128] */
    void *out;                      /* [M, N], rows ldo apart: bf16, or f32 */
    size_t M, N, K, G;
    size_t a_ld, ldo;               /* a_ld: a multiple of 128, at least M */
    bool out_f32, accumulate;       /* accumulate: to f32 only */
    /* NULL: all rows meet the one matrix.  Else, in device memory: the number of tiles of tile_rows rows
     * (16, 64 or 128; at most ceil(M/tile_rows)), and which of the G matrices each meets. */
    const int32_t *tiles;
    int tile_rows;
    int shape; /* SM90_CHOOSE, or which of the kernels' shapes: bench/gpu_gemm.cu */
};
#define SM90_CHOOSE (-1)
#define SM90_GEMM_SHAPES 3 /* of bf16 results; one more serves f32 only, and is not to be named */
#define SM90_FEW_SHAPES 4
/* Any M. */
void sm90_gemm(struct device *d, const struct sm90_gemm_args *a);

/* sm90_few.cu: M up to 64, tiles of 16 or 64 rows, or where it takes less than about `most` us; else false, and nothing
 * done.  A shape that is named is taken for any M, whatever `most` is; 48 rows are 64 where M is above 16. */
bool sm90_few(struct device *d, const struct sm90_gemm_args *a, double most);

/* sm90_mla_decode.cu */
struct sm90_decode_args {
    const uint16_t *q;
    const uint8_t *cache;
    const int32_t *sel;
    uint16_t *out;
    size_t B;
    int K;
    float scale_log2;
};
void sm90_mla_decode(struct device *d, const struct sm90_decode_args *a);

/* Where rmsnorm is to leave the rows x in FP8, too: in a short pass, where they follow one another, the products
 * that read them before the next norm but one find them there.  False: nowhere. */
bool fp8_prepare(struct device *d, const float *x, size_t ldx, size_t T, size_t n, struct cuda_prepared *out);

/* sm90_fp8.cu: false, and nothing done, where device, option or widths do not fit. */
bool fp8_linear(struct device *d, const struct linear_args *a);
bool fp8_experts(struct device *d, const struct experts_args *a);
bool fp8_index_scores(struct device *d, const struct cuda_scores *s);
/* What index keys of J heads of C are kept in: KV_E4M3 where it fits, else `type`. */
enum kv_type fp8_index_type(struct device *d, enum kv_type type, int J, int C);
/* n rows of KV_E4M3 from a->rows on. */
void fp8_store_keys(struct device *d, const struct kv_store_args *a, const struct cuda_where *where, size_t n);

#endif
