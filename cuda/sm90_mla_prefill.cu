/* sm90_mla_prefill.cu: sparse absorbed attention of many queries, V3.2's widths.
 *                                                                bench: bench/gpu_mla.cu
 *   q [T, H, 576]    rows [S, 576] in pages    sel [T, K] int32    out [T, H, 512]
 *   q and rows bf16, or both f16; out of that type, or f32.  Query t attends to the first
 *   min(K, its position + 1) entries of its row of sel.
 *
 * Method   a block holds one query and 64 heads: q stays in shared memory (72 KB), two buffers of 64
 *          rows (72 KB each) are gathered by a warpgroup with cp.async, row by row, into the swizzled
 *          panels that wgmma reads; three others multiply, as sm90_mla.cuh says.
 * Grid     as many blocks as multiprocessors; each takes (query, half of the heads) pairs in turn, so
 *          that the next query's rows are on their way while the last one's sums are written.
 * Cost     2*T*128*K*(576+512) flop: 4096 queries, K 2048: 2.34 TFLOP, 3.1 ms at 751 TFLOP/s.  Gathers
 *          T*2*K*1152 bytes, 19 GB, from the second-level cache: 3.5 ms at 5.5 TB/s, the longer part.
 * Exact    16-bit products, f32 sums; weights rounded to 16 bits; the order of keys is that of sel, so
 *          a query's result depends on nothing else.  As mla_attend it rounds q to the cache's type.
 * Seen     H200, 8K / 32K / 64K / 128K: 4.09 / 4.49 / 4.49 / 4.79 ms, 0.93 to 0.98 of FlashMLA there; 4.24 / 4.62 / 4.74 /
 *          4.79 while the next query was fetched before its first keys.
 * Tried    two warpgroups in step, each with the logits of its buffer and then half of the values of both: H100
 *          4.94 / 5.87 / 5.83 / 5.90 ms: a buffer was filled while nobody had work.
 * Limits   H a multiple of 64.   Source: FlashMLA's deep dive (halves of V).
 * Tests    tests/test_op_mla.c */
#include "cuda/sm90_mla.cuh"
#include "cuda/sm90_ops.h"

/* One step of work: half of the heads of one query. */
struct item {
    size_t t;
    int h0, n;     /* first head, rows to attend to */
};

static __device__ struct item item_of(const struct sm90_mla_args &a, size_t i)
{
    size_t parts = a.H / HEADS, t = i / parts, n = position_of(a.where, t) + 1;
    return {t, (int)(i % parts) * HEADS, (int)(n < (size_t)a.K ? n : (size_t)a.K)};
}

static __device__ __forceinline__ size_t items_of(const struct sm90_mla_args &a)
{
    return a.T * (a.H / HEADS);
}

/* ------------------------------------------------------------------ gathering */

/* 64 rows into nine panels, by 128 threads: eight to a row, four rows each. */
static __device__ __forceinline__ void gather(uint32_t to, const uint16_t *const row[4],
                                              const bool there[4])
{
    int thread = threadIdx.x, c = thread % 8;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int r = thread / 8 + 16 * i;
#pragma unroll
        for (int p = 0; p < PANELS; p++)
            copy16(to + p * PANEL_BYTES + swizzled(r, c), row[i] + p * 64 + c * 8, there[i]);
    }
}

static __device__ void produce(const struct sm90_mla_args &a, uint32_t q, uint32_t keys,
                               struct barriers *b)
{
    uint32_t block = 0, items = 0;
    const uint16_t *row[4];
    bool there[4];
    for (size_t i = blockIdx.x; i < items_of(a); i += gridDim.x, items++) {
        struct item w = item_of(a, i);
        const int32_t *sel = a.sel + w.t * a.K;
        void *const *pages = pages_of(a.where, w.t);
        for (int k = 0; k * KEYS < w.n; k++, block++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                int at = k * KEYS + threadIdx.x / 8 + 16 * j;
                there[j] = at < w.n;
                size_t pos = there[j] ? sel[at] : 0;
                row[j] = (const uint16_t *)((const char *)pages[pos / KV_PAGE] + a.offset) +
                         pos % KV_PAGE * WIDTH;
            }
            if (block >= 2) barrier_wait(&b->empty[block & 1], (block / 2 - 1) & 1);
            gather(keys + (block & 1) * MATRIX_BYTES, row, there);
            copies_arrive(&b->full[block & 1]);
            if (k) continue;
#pragma unroll
            for (int j = 0; j < 4; j++) { /* the last query's may be in use longer than a buffer of keys */
                row[j] = a.q + (w.t * a.H + w.h0 + threadIdx.x / 8 + 16 * j) * WIDTH;
                there[j] = true;
            }
            if (items) barrier_wait(&b->q_empty, (items - 1) & 1);
            gather(q, row, there);
            copies_arrive(&b->q_full);
        }
    }
    copies_close(); /* a block may not end while copies are under way */
    copies_wait<0>();
}

template <enum kv_type TYPE, typename OUT>
static __device__ __forceinline__ void put_pair(OUT *to, float x, float y)
{
    if (sizeof(OUT) == 4)
        *(float2 *)to = make_float2(x, y);
    else
        *(uint32_t *)to = pack<TYPE>(x, y);
}

/* out: the first of the 64 heads. */
template <enum kv_type TYPE, typename OUT>
static __device__ __forceinline__ void write(OUT *out, const struct attended &r, int half)
{
    OUT *to = out + head_of() * LATENT + half * 256 + threadIdx.x % 4 * 2;
    float f0 = 1 / r.l0, f1 = 1 / r.l1;
#pragma unroll
    for (int i = 0; i < 32; i++) {
        put_pair<TYPE>(to + 8 * i, r.o[4 * i] * f0, r.o[4 * i + 1] * f0);
        put_pair<TYPE>(to + 8 * LATENT + 8 * i, r.o[4 * i + 2] * f1, r.o[4 * i + 3] * f1);
    }
}

template <enum kv_type TYPE, typename OUT>
static __global__ void __launch_bounds__(512, 1)
mla_prefill_kernel(__grid_constant__ const struct sm90_mla_args a)
{
    extern __shared__ uint8_t memory[];
    __shared__ struct barriers b;
    __shared__ struct beside beside[2];
    uint32_t q = (shared_address(memory) + 1023) / 1024 * 1024, keys = q + MATRIX_BYTES;
    if (threadIdx.x == 0) barriers_init(&b);
    __syncthreads();
    uint32_t block = 0, items = 0;
    int role = (int)threadIdx.x / 128;
    if (role == 0) {
        registers_less<88>();
        produce(a, q, keys, &b);
    } else if (role == 1) {
        registers_less<104>();
        struct weighed weights;
        for (size_t i = blockIdx.x; i < items_of(a); i += gridDim.x, items++) {
            struct item w = item_of(a, i);
            barrier_wait(&b.q_full, items & 1);
            weigh<TYPE>(weights, w.n, a.scale_log2, q, keys, &b, beside, block);
            block += (w.n + KEYS - 1) / KEYS;
        }
    } else {
        registers_more<160>();
        struct attended r;
        for (size_t i = blockIdx.x; i < items_of(a); i += gridDim.x) {
            struct item w = item_of(a, i);
            attend<TYPE>(r, w.n, role - 2, keys, &b, beside, block);
            write<TYPE>((OUT *)a.out + (w.t * a.H + w.h0) * LATENT, r, role - 2);
            block += (w.n + KEYS - 1) / KEYS;
        }
    }
}

/* n numbers of q as the cache's type. */
template <enum kv_type TYPE> static __global__ void narrow_kernel(uint16_t *y, const float *x, size_t n)
{
    size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
    if (i < n) y[i] = element<TYPE>::put(x[i]);
}

/* ------------------------------------------------------------------ launchers */

template <enum kv_type TYPE, typename OUT>
static void launch(struct device *d, const struct sm90_mla_args *a)
{
    auto *kernel = mla_prefill_kernel<TYPE, OUT>;
    size_t items = a->T * (a->H / HEADS);
    unsigned blocks = (unsigned)d->multiprocessors;
    if (items < blocks) blocks = (unsigned)items;
    if (!cuda_shared(d, (const void *)kernel, SHARED, "sparse attention")) return;
    kernel<<<blocks, 512, SHARED, d->stream>>>(*a);
    cuda_launched(d, "sparse attention");
}

void sm90_mla_prefill(struct device *d, const struct sm90_mla_args *a)
{
    if (!a->T || !cuda_ready(d)) return;
    if (a->type == KV_BF16 && a->out_f32) launch<KV_BF16, float>(d, a);
    else if (a->type == KV_BF16) launch<KV_BF16, uint16_t>(d, a);
    else if (a->out_f32) launch<KV_F16, float>(d, a);
    else launch<KV_F16, uint16_t>(d, a);
}

bool sm90_mla_attend(struct device *d, const struct mla_args *m, size_t parts)
{
    bool fits = d->major == 9 && m->sel && m->R == LATENT && m->P == WIDTH - LATENT &&
                m->H % HEADS == 0 && (m->kv.type == KV_BF16 || m->kv.type == KV_F16) &&
                m->kv.latent_offset % 16 == 0 && SHARED <= d->shared_limit;
    if (!fits) return false;
    size_t T = parts * m->T, n = T * (size_t)m->H * WIDTH;
    uint16_t *q = (uint16_t *)cuda_reserve(d, &d->part, n * sizeof *q);
    struct sm90_mla_args a = {q, {}, m->kv.latent_offset, m->sel, m->out, T, m->H, m->K, m->scale * 1.44269504f,
                              m->kv.type, true};
    if (!q || !cuda_where_of(d, m, parts, &a.where)) return true;
    auto *narrow = m->kv.type == KV_BF16 ? narrow_kernel<KV_BF16> : narrow_kernel<KV_F16>;
    narrow<<<(unsigned)cuda_ceil(n, 256), 256, 0, d->stream>>>(q, m->q, n);
    if (cuda_launched(d, "queries, rounding")) sm90_mla_prefill(d, &a);
    return true;
}
