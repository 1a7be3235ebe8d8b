/* topk.cu: the K largest of each row of scores, ascending by position.   op: index_select, 2nd half
 *
 *   score [T, n] f32, n = positions up to that of row first + t; -inf and NaN rank last      sel [T, K] int32, -1 padded
 *
 * Method   one read of the row.  A sample of 4096 spread over it gives a bar that about 1.3 to 1.6 K
 *          scores should reach; one pass gathers those (value and position) in shared memory; a radix
 *          select there finds the K-th exactly; two bit maps, of what is above it and of what equals
 *          it, give positions in order and ties to the lower one.  Where the sample misled (fewer
 *          than K reached the bar, or too many for the room) a second pass asks for more than the bar:
 *          where most scores are equal that settles it.  Else the select runs over the row itself:
 *          three passes of 11 bits, and one to fill the maps.
 * Grid     one block of 512 threads per row, two or three to a multiprocessor; of 1024, where rows are fewer than
 *          multiprocessors.
 * Cost     reads 4 n bytes a row (two to six times that where the sample misled).  4096 rows of
 *          131072: 2.1 GB, floor 0.49 ms on an H200, 0.70 on an H100 that copies at 3.02 TB/s.
 * Seen     on that H100, 4096 rows of 32K / 64K / 128K: 0.35 / 0.52 / 0.92 ms; torch.topk on an H200:
 *          1.66 / 3.13 / 5.98.  Most of 128K scores equal: 1.8 ms.
 *          H200, 64 rows of 128K: 36 us with 1024 threads each, some 25 more with 512.
 *          128 / 256 rows: 36 / 64 us.
 * Tried    256 rows with 1024 threads each, two blocks to a multiprocessor: 63 us; what is gathered next read ahead: 67, of 128
 *          rows 35.  Two rows a multiprocessor and selects to the last bit: 0.45 / 0.62 / 0.94 ms.  Equal scores by
 *          the select over the row alone: 8.3 ms.
 * Exact    the same set as engine/ref/indexer.c, -0 equal to 0; no dependence on timing.
 * Limits   room in shared memory: 12 K bytes at least, 24 K at best, and n / 4: K 2048: n up to 700,000;
 *          K 8192: up to 400,000.
 * Source   radix select after Alabi et al., 2012; a sampled bar after Floyd and Rivest, 1975.
 * Tests    tests/test_op_indexer.c; bench/gpu_topk.cu compares whole rows */
#include "cuda/cuda.h"

#define MANY 512          /* threads, of many rows: three blocks to a multiprocessor */
#define MOST 1024         /* of few */
#define THREADS ((int)blockDim.x)
#define BINS 2048        /* 11 bits */
#define SAMPLE 4096
#define VECTORS 4        /* float4 a thread has in flight */
#define FEW 32           /* keys that are ranked by comparing each with each */

struct topk {
    const float *score;
    int32_t *sel;
    struct cuda_where where;
    size_t ld, first;
    int K, room;         /* candidates that fit */
};

/* What a block shares besides its candidates and maps. */
struct board {
    int hist[BINS];
    uint32_t lo, hi;
    int rank, held, count; /* held: keys in [lo, hi] */
    int warp[2][MOST / 32];
    uint32_t few[FEW];
};

/* Unsigned order is the order of the scores; equal zeros are equal, NaN is -inf. */
static __device__ __forceinline__ uint32_t key_of(float x)
{
    uint32_t u = __float_as_uint(x + 0.0f);
    if (x != x) u = 0xff800000u;
    return u ^ ((uint32_t)((int32_t)u >> 31) | 0x80000000u);
}

static __device__ float score_of(uint32_t key)
{
    return __uint_as_float(key & 0x80000000u ? key ^ 0x80000000u : ~key);
}

/* ------------------------------------------------------------------ scans */

static __device__ __forceinline__ int warp_scan(int v) /* inclusive */
{
    int lane = threadIdx.x % 32;
#pragma unroll
    for (int o = 1; o < 32; o *= 2) {
        int u = __shfl_up_sync(~0u, v, o);
        if (lane >= o) v += u;
    }
    return v;
}

/* Exclusive over the block; `row` keeps two scans apart.  Begins and ends with a barrier. */
static __device__ int block_scan(struct board *b, int row, int v)
{
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, sum = warp_scan(v), before = 0;
    __syncthreads();
    if (lane == 31) b->warp[row][warp] = sum;
    __syncthreads();
    for (int i = 0; i < warp; i++) before += b->warp[row][i];
    return before + sum - v;
}

/* ------------------------------------------------------------------ select */

/* Bins of the keys in [lo, hi]. */
static __device__ int shift_of(uint32_t lo, uint32_t hi)
{
    int bits = 32 - __clz((int)(hi - lo));
    return bits > 11 ? bits - 11 : 0;
}

/* From the histogram: the bin that holds the rank-th largest becomes [lo, hi]. */
static __device__ void narrow(struct board *b, int shift)
{
    int top = BINS - 1 - (int)threadIdx.x * (BINS / THREADS), sum = 0;
    for (int i = 0; i < BINS / THREADS; i++) sum += b->hist[top - i];
    int before = block_scan(b, 0, sum), rank = b->rank;
    __syncthreads();
    if (before < rank && rank <= before + sum) {
        int bin = top;
        for (; before + b->hist[bin] < rank; bin--) before += b->hist[bin];
        b->rank = rank - before;
        b->held = b->hist[bin];
        uint32_t lo = b->lo + ((uint32_t)bin << shift), last = lo + ((1u << shift) - 1);
        b->lo = lo;
        b->hi = last < b->hi ? last : b->hi;
    }
    __syncthreads();
}

static __device__ void clear_bins(struct board *b)
{
    for (int i = threadIdx.x; i < BINS; i += THREADS) b->hist[i] = 0;
    __syncthreads();
}

/* The same for the few keys in [lo, hi]: all bits at once. */
static __device__ void narrow_few(struct board *b, const uint32_t *key, int n)
{
    uint32_t first = b->lo, last = b->hi;
    int held = b->held, rank = b->rank;
    __syncthreads();
    if (threadIdx.x == 0) b->count = 0;
    __syncthreads();
    for (int i = threadIdx.x; i < n; i += THREADS)
        if (key[i] >= first && key[i] <= last) b->few[atomicAdd(&b->count, 1)] = key[i];
    __syncthreads();
    if ((int)threadIdx.x < held) {
        uint32_t mine = b->few[threadIdx.x];
        int above = 0, equal = 0;
        for (int i = 0; i < held; i++) {
            above += b->few[i] > mine;
            equal += b->few[i] == mine;
        }
        if (above < rank && rank <= above + equal) { /* all that are equal write the same */
            b->rank = rank - above;
            b->lo = b->hi = mine;
        }
    }
    __syncthreads();
}

/* The rank-th largest of n keys in shared memory; b->rank is then its rank among its equals.  Not
 * exact: a key at most FEW ranks below it will do. */
static __device__ uint32_t select_shared(struct board *b, const uint32_t *key, int n, int rank,
                                         bool exact)
{
    uint32_t lo = ~0u, hi = 0;
    for (int i = threadIdx.x; i < n; i += THREADS) {
        lo = min(lo, key[i]);
        hi = max(hi, key[i]);
    }
    lo = __reduce_min_sync(~0u, lo);
    hi = __reduce_max_sync(~0u, hi);
    __syncthreads();
    if (threadIdx.x == 0) {
        b->lo = ~0u;
        b->hi = 0;
        b->rank = rank;
        b->held = n;
    }
    __syncthreads();
    if (threadIdx.x % 32 == 0) {
        atomicMin(&b->lo, lo);
        atomicMax(&b->hi, hi);
    }
    __syncthreads();
    while (b->lo != b->hi) {
        uint32_t first = b->lo, last = b->hi;
        int shift = shift_of(first, last);
        if (b->held <= FEW && !exact) break;
        if (b->held <= FEW) {
            narrow_few(b, key, n);
            continue;
        }
        clear_bins(b);
        for (int i = threadIdx.x; i < n; i += THREADS)
            if (key[i] >= first && key[i] <= last)
                atomicAdd(&b->hist[(key[i] - first) >> shift], 1);
        __syncthreads();
        narrow(b, shift);
    }
    return b->lo;
}

/* The same over a row in device memory.  Runs of one bin, the rule where most scores are equal, are
 * added at once. */
static __device__ uint32_t select_row(struct board *b, const float *score, int n, int rank)
{
    __syncthreads();
    if (threadIdx.x == 0) {
        b->lo = 0;
        b->hi = ~0u;
        b->rank = rank;
    }
    __syncthreads();
    while (b->lo != b->hi) {
        uint32_t first = b->lo, last = b->hi;
        int shift = shift_of(first, last), run = 0, bin = 0;
        clear_bins(b);
        for (int i = threadIdx.x; i < n; i += THREADS) {
            uint32_t k = key_of(score[i]);
            if (k < first || k > last) continue;
            int mine = (int)((k - first) >> shift);
            if (mine != bin && run) {
                atomicAdd(&b->hist[bin], run);
                run = 0;
            }
            bin = mine;
            run++;
        }
        if (run) atomicAdd(&b->hist[bin], run);
        __syncthreads();
        narrow(b, shift);
    }
    return b->lo;
}

/* ------------------------------------------------------------------ one row */

/* A bar that a little more than K of n scores should reach. */
static __device__ uint32_t sampled_bar(struct board *b, const float *score, int n, int K,
                                       uint32_t *key)
{
    size_t groups = SAMPLE / 8; /* of 8 neighbours: whole sectors */
    for (int i = threadIdx.x; i < SAMPLE; i += THREADS) {
        size_t at = (size_t)(n / 8) * (i / 8) / groups * 8 + i % 8;
        key[i] = key_of(score[at]);
    }
    float mean = (float)K * SAMPLE / (float)n;
    int rank = (int)(mean + 4.0f * sqrtf(mean)) + 4;
    __syncthreads();
    return select_shared(b, key, SAMPLE, rank < SAMPLE ? rank : SAMPLE, false);
}

/* Gathers what reaches the bar, or with `more` what is above it.  Returns how many did, also beyond the room. */
static __device__ int gather(struct board *b, const float *score, int n, float bar, bool more,
                             uint32_t *key, int32_t *pos, int room)
{
    if (more) bar = score_of(key_of(bar) + 1);
    __syncthreads();
    if (threadIdx.x == 0) b->count = 0;
    __syncthreads();
    int lane = threadIdx.x % 32;
    const int step = 4 * THREADS;
    for (int base = 0; base < n; base += VECTORS * step) {
        float4 v[VECTORS];
        int count = 0;
#pragma unroll
        for (int i = 0; i < VECTORS; i++) {
            int at = base + i * step + (int)threadIdx.x * 4;
            v[i] = make_float4(NAN, NAN, NAN, NAN); /* never reaches the bar */
            if (at + 4 <= n)
                v[i] = __ldcs((const float4 *)(score + at));
            else {
                if (at < n) v[i].x = score[at];
                if (at + 1 < n) v[i].y = score[at + 1];
                if (at + 2 < n) v[i].z = score[at + 2];
            }
        }
#pragma unroll
        for (int i = 0; i < VECTORS; i++)
            count += (v[i].x >= bar) + (v[i].y >= bar) + (v[i].z >= bar) + (v[i].w >= bar);
        if (!__any_sync(~0u, count)) continue;
        int sum = warp_scan(count), first = 0;
        if (lane == 31) first = atomicAdd(&b->count, sum);
        int to = __shfl_sync(~0u, first, 31) + sum - count;
#pragma unroll
        for (int i = 0; i < VECTORS; i++) {
            int at = base + i * step + (int)threadIdx.x * 4;
            const float x[4] = {v[i].x, v[i].y, v[i].z, v[i].w};
#pragma unroll
            for (int j = 0; j < 4; j++)
                if (x[j] >= bar) {
                    if (to < room) {
                        key[to] = key_of(x[j]);
                        pos[to] = at + j;
                    }
                    to++;
                }
        }
    }
    __syncthreads();
    return b->count;
}

/* Positions in order: all of `above`, and the first `ties` of `equal`. */
static __device__ void write_rows(struct board *b, const uint32_t *above, const uint32_t *equal,
                                  int words, int ties, int32_t *sel)
{
    int each = (words + THREADS - 1) / THREADS, first = (int)threadIdx.x * each;
    int last = min(first + each, words), n = 0, m = 0;
    for (int i = first; i < last; i++) {
        n += __popc(above[i]);
        m += __popc(equal[i]);
    }
    n = block_scan(b, 0, n);
    m = block_scan(b, 1, m);
    for (int i = first; i < last; i++) {
        uint32_t a = above[i], bits = a | equal[i];
        while (bits) {
            int bit = __ffs((int)bits) - 1;
            bits &= bits - 1;
            bool is_above = a >> bit & 1;
            if (is_above || m < ties) sel[n + min(m, ties)] = i * 32 + bit;
            n += is_above;
            m += !is_above;
        }
    }
}

static __device__ __forceinline__ void mark(uint32_t *above, uint32_t *equal, uint32_t key,
                                            uint32_t bar, int pos)
{
    if (key >= bar) atomicOr(&(key > bar ? above : equal)[pos / 32], 1u << pos % 32);
}

/* Marks the first `ties` scores that equal the bar, and perhaps some behind them. */
static __device__ void mark_equal(const float *score, int n, uint32_t bar, int ties,
                                  uint32_t *equal)
{
    for (int base = 0, found = 0; base < n && found < ties; base += 4 * THREADS) {
        int mine = 0;
        for (int i = 0; i < 4; i++) {
            int at = base + i * THREADS + (int)threadIdx.x;
            if (at >= n || key_of(score[at]) != bar) continue;
            atomicOr(&equal[at / 32], 1u << at % 32);
            mine++;
        }
        for (int i = 1; i <= 4; i++) found += __syncthreads_count(mine >= i);
    }
}

template <int SIZE, int BLOCKS>
static __global__ void __launch_bounds__(SIZE, BLOCKS) topk_kernel(__grid_constant__ const struct topk a)
{
    cuda_follow();
    extern __shared__ __align__(16) uint32_t shared[];
    __shared__ struct board b;
    const float *score = a.score + blockIdx.x * a.ld;
    int32_t *sel = a.sel + blockIdx.x * (size_t)a.K;
    int n = (int)position_of(a.where, a.first + blockIdx.x) + 1, words = (n + 31) / 32;
    if (n <= a.K) {
        for (int k = threadIdx.x; k < a.K; k += THREADS) sel[k] = k < n ? k : -1;
        return;
    }
    uint32_t *above = shared, *equal = above + words, *key = equal + words;
    int32_t *pos = (int32_t *)(key + a.room);
    for (int i = threadIdx.x; i < 2 * words; i += THREADS) above[i] = 0;

    float bar = -INFINITY;
    if (n > a.room) bar = score_of(sampled_bar(&b, score, n, a.K, key));
    uint32_t least = key_of(bar), threshold = 0;
    int count = gather(&b, score, n, bar, false, key, pos, a.room);
    bool crowded = count > a.room;
    if (crowded) count = gather(&b, score, n, bar, true, key, pos, a.room);
    if (crowded && count < a.K) { /* the bar itself is the threshold */
        mark_equal(score, n, least, a.K - count, equal);
        if (threadIdx.x == 0) b.rank = a.K - count;
        threshold = least;
    } else if (count >= a.K && count <= a.room)
        threshold = select_shared(&b, key, count, a.K, true);
    if (threshold > key_of(-INFINITY)) {
        for (int i = threadIdx.x; i < count; i += THREADS)
            mark(above, equal, key[i], threshold, pos[i]);
    } else { /* NaN, which no pass gathers, counts as -inf */
        threshold = select_row(&b, score, n, a.K);
        for (int i = threadIdx.x; i < n; i += THREADS)
            mark(above, equal, key_of(score[i]), threshold, i);
    }
    __syncthreads();
    write_rows(&b, above, equal, words, b.rank, sel);
}

/* ------------------------------------------------------------------ launchers */

void cuda_topk(struct device *d, const struct cuda_topk_args *a)
{
    if (!a->T || !cuda_ready(d)) return;
    size_t n = a->bound, room = 3 * (size_t)a->K < SAMPLE ? SAMPLE : 3 * (size_t)a->K;
    if (room > n) room = n < (size_t)a->K ? 0 : (n + 3) / 4 * 4;
    size_t maps = 2 * cuda_ceil(n, 32) * 4, taken = maps + sizeof(struct board) + 1024;
    size_t most = d->shared_limit > taken ? (d->shared_limit - taken) / 32 * 4 : 0;
    if (room > most) room = most; /* the sample aims at about 1.5 K of them */
    size_t bytes = maps + 8 * (room < SAMPLE / 2 ? SAMPLE / 2 : room);
    bool crowded = n > (size_t)a->K && room < n && 2 * room < 3 * (size_t)a->K;
    if (bytes + sizeof(struct board) > d->shared_limit || crowded) {
        err_set(&d->failed, E_LIMIT, "cuda: top %d of %zu positions does not fit shared memory",
                a->K, n);
        return;
    }
    struct topk k = {a->score, a->sel, a->where, a->ld, a->first, a->K, (int)room};
    bool few = a->T <= (size_t)d->multiprocessors;
    auto *kernel = few ? topk_kernel<MOST, 1> : topk_kernel<MANY, 3>;
    if (!cuda_shared(d, (const void *)kernel, bytes, "top-k")) return;
    cuda_launch(d, kernel, (unsigned)a->T, few ? MOST : MANY, bytes, k);
    cuda_launched(d, "top-k");
}
