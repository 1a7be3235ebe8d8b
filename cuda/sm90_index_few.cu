/* sm90_index_few.cu: the indexer's FP8 scores of few queries, each with the keys of its own part, V3.2's widths.
 *                                                                bench: bench/gpu_index.cu
 *   q [n, 64, 128] e4m3    w [n, 64] f32, q's scales folded in    keys: KV_E4M3, in the pages of each query
 *   out[r, s] = kscale[s] * sum_j w[r, j] * max(0, q[r, j] . key[s]),  s <= position of row r, at r * ld + s
 *   Chunks of q's rows are permuted as those of keys are (sm90.cuh): both go to shared memory as they lie.
 *
 * Method   a warp copies pages of 64 keys, one bulk copy each, as many on their way as there are stages; a
 *          warpgroup multiplies each with the query's heads (four m64n64k32) and adds over the heads, in
 *          sm90_index.cu's order.  Keys are on their way before the kernel before has ended.  What
 *          sm90_index_shared.cu has done (`common`) is left out.
 * Grid     three blocks per multiprocessor, each taking runs of pages in turn: equal runs, as many for each, where they take
 *          more than two.
 * Cost     129 bytes a key, once, and 4 of its score: 64 queries of 128K: 1.12 GB, 0.26 ms at 4.28 TB/s.
 * Exact    as sm90_index.cu, bit for bit.
 * Seen     H200, batch 1 / 8 / 64 at 128K: 8.5 / 36.5 / 280 us, 3.87 TB/s of keys; DeepGEMM 8.6 / 39.6 / 281.  Keys in 16
 *          bits, turned and rounded on their way: 26.7 / 178 / 1280 in the same run.  A later run, runs of a multiple of pages
 *          8.6 / 37.7 / 277, equal ones 9.5 / 37.9 / 271 (which is why few runs are not made so).
 *          All threads of the warpgroup arrive where a stage is left (racecheck sees no order otherwise): the same as one a warp.
 * Tried    keys marked as the first to leave the second cache: 8.7 / 37.9 / 282, with equal runs 277.
 *          Two blocks per multiprocessor, 4 / 5 / 9 stages: 9.2 / 8.1 / 10.0, 45.9 / 46.7 / 40.8, 325 / 347 / 304 us: adding is
 *          then the longer part.  Four, 4 stages: 8.6 / 36.1 / 281.  Runs of at most 8 pages: 8.3 / 37.9 / 317.
 *          All queries' pages cut into equal pieces, one a block: 8.3 / 38.0 / 279, in the same run 8.5 / 36.8 / 279; two
 *          pages' products under way at once: 9.1 / 38 / 300.
 *          64 / 128 / 256 queries over one 128K: 217 / 430 / 856 us here, 139 / 277 / 556 in sm90_index_shared.cu.  Shared pages
 *          copied once here, too, for groups of 2, 4 or 8 queries, one to six warpgroups a block: at best 171 / 337 / 652 (the
 *          next query's products under way meanwhile), with keys of their own then 295 us for 64.
 * Limits   64 heads of 128. */
#include "cuda/sm90_index.cuh"
#include "cuda/sm90_ops.h"

#define STAGES 5
#define BLOCKS 3      /* per multiprocessor */
#define MOST_PAGES 32 /* of a run: a lane each */
#define Q_BYTES (INDEX_HEADS * INDEX_WIDTH)
#define Q_ROOM (Q_BYTES + 1024) /* heads, then their weights */
#define SHARED (2 * Q_ROOM + STAGES * INDEX_ROOM + 1024)

struct few {
    struct cuda_where where;
    size_t offset, ld;
    const uint8_t *q;
    const float *w;
    float *out;
    int run, more, runs, n; /* pages of a run, how many have one more, runs of a query, runs of all */
    const uint32_t *common;
    size_t words;
};

/* What lies in a stage: a page of a query that sees so many keys; query -1: all is done. */
struct load {
    int query, page, keys, unused;
};

struct barriers {
    uint64_t full[STAGES], empty[STAGES], q_full[2], q_empty[2];
    struct load load[STAGES];
};

/* Pages first .. end-1 of a query; none where its keys end before. */
struct work {
    int query, first, end;
    size_t keys; /* of the query */
};

static __device__ __forceinline__ struct work work_of(const struct few &a, int i)
{
    int j = i % a.runs;
    struct work r = {i / a.runs, j * a.run + min(j, a.more), 0, 0};
    r.keys = position_of(a.where, r.query) + 1;
    r.end = min(r.first + a.run + (j < a.more), (int)((r.keys + KV_PAGE - 1) / KV_PAGE));
    return r;
}

/* Which of the 32 places from p on another kernel has done. */
static __device__ __forceinline__ uint32_t done_at(const struct few &a, int query, int p)
{
    if (!a.common) return 0;
    const uint32_t *word = a.common + query / 4 * a.words + p / 32;
    return __funnelshift_r(word[0], p % 32 ? word[1] : 0, p % 32);
}

/* One warp. */
struct producer {
    const struct few &a;
    uint32_t q, tiles;
    struct barriers *b;
    int stage, last, queries; /* last: the query whose heads were copied */
    uint32_t phase;
    bool followed;

    static __device__ int lane()
    {
        return threadIdx.x % 32;
    }
    /* Whether there is something to do in run i. */
    __device__ bool wanted(int i)
    {
        if (i >= a.n) return false;
        struct work r = work_of(a, i);
        if (r.first >= r.end) return false;
        uint32_t all = r.end - r.first < 32 ? (1u << (r.end - r.first)) - 1 : ~0u;
        return (done_at(a, r.query, r.first) & all) != all;
    }
    /* The address of a lane's page of run i, NULL for none. */
    __device__ const void *page_of(int i)
    {
        struct work r = work_of(a, i);
        int p = r.first + lane();
        if (p >= r.end || done_at(a, r.query, r.first) >> lane() & 1) return NULL;
        return (const char *)pages_of(a.where, r.query)[p] + a.offset;
    }
    __device__ void copy_query(int query)
    {
        if (query == last || lane()) return;
        int at = ++queries % 2;
        last = query;
        barrier_wait(&b->q_empty[at], (queries / 2 & 1) ^ 1);
        barrier_expect(&b->q_full[at], Q_BYTES + INDEX_HEADS * 4);
        copy_bulk(q + at * Q_ROOM, a.q + (size_t)query * Q_BYTES, Q_BYTES, &b->q_full[at]);
        copy_bulk(q + at * Q_ROOM + Q_BYTES, a.w + (size_t)query * INDEX_HEADS, INDEX_HEADS * 4, &b->q_full[at]);
    }
    /* Queries are the work of the kernel before. */
    __device__ void follow(int query)
    {
        if (!followed) cuda_follow();
        followed = true;
        copy_query(query);
    }
    /* page NULL: none. */
    __device__ void put(const void *page, struct load l)
    {
        if (lane() == 0) {
            barrier_wait(&b->empty[stage], phase);
            b->load[stage] = l;
            if (page) {
                barrier_expect(&b->full[stage], INDEX_PAGE);
                copy_bulk(tiles + stage * INDEX_ROOM, page, INDEX_PAGE, &b->full[stage]);
            } else
                barrier_arrive(&b->full[stage]);
        }
        if (++stage == STAGES) stage = 0, phase ^= 1;
    }
    __device__ void copy_run(const struct work &r, const void *mine)
    {
        int copied = 0;
        if (followed) copy_query(r.query);
        for (uint32_t left = __ballot_sync(~0u, mine != NULL); left; left &= left - 1) {
            int p = __ffs((int)left) - 1;
            if (!followed && copied++ == STAGES) follow(r.query);
            const void *page = (const void *)__shfl_sync(~0u, (unsigned long long)mine, p);
            put(page, {r.query, r.first + p, (int)r.keys, 0});
        }
        follow(r.query);
    }
    __device__ void copy_all()
    {
        if (a.common) cuda_follow(), followed = true;
        for (int first = blockIdx.x; first < a.n; first += 32 * gridDim.x) {
            uint32_t left = __ballot_sync(~0u, wanted(first + lane() * gridDim.x));
            const void *next = NULL;
            int i = first + (__ffs((int)left) - 1) * gridDim.x;
            if (left) next = page_of(i);
            while (left) {
                const void *mine = next;
                struct work r = work_of(a, i);
                left &= left - 1;
                i = first + (__ffs((int)left) - 1) * gridDim.x;
                if (left) next = page_of(i);
                copy_run(r, mine);
            }
        }
        if (!followed) cuda_follow();
        put(NULL, {-1, 0, 0, 0});
    }
};

static __device__ void consume(const struct few &a, uint32_t q, uint32_t tiles, struct barriers *b)
{
    int lane = threadIdx.x % 32, key = threadIdx.x / 32 * 16 + lane / 4;
    int stage = 0, last = -1, queries = -1;
    uint32_t phase = 0, heads = q;
    float w[16];
    cuda_follow(); /* where scores go the kernel before may still read */
    for (;;) {
        barrier_wait(&b->full[stage], phase);
        struct load l = b->load[stage];
        if (l.query < 0) break;
        if (l.query != last) {
            if (last >= 0) barrier_arrive(&b->q_empty[queries % 2]);
            last = l.query;
            heads = q + ++queries % 2 * Q_ROOM;
            barrier_wait(&b->q_full[queries % 2], queries / 2 & 1);
#pragma unroll
            for (int j = 0; j < 16; j++)
                w[j] = load_shared(heads + Q_BYTES + (j / 2 * 8 + lane % 4 * 2 + j % 2) * 4);
        }
        uint32_t page = tiles + stage * INDEX_ROOM;
        float d[32];
        products_open();
#pragma unroll
        for (int k = 0; k < 4; k++) wgmma_e4m3<INDEX_HEADS>(d, operand(page) + 2 * k, operand(heads) + 2 * k, k > 0);
        products_close();
        float scale = index_scale(page, key + lane % 2 * 8);
        products_wait<0>();
        products_hold<32>(d);
        float2 sum = index_add(d, w);
        sum.x += __shfl_xor_sync(~0u, sum.x, 1), sum.y += __shfl_xor_sync(~0u, sum.y, 1);
        sum.x += __shfl_xor_sync(~0u, sum.x, 2), sum.y += __shfl_xor_sync(~0u, sum.y, 2);
        barrier_arrive(&b->empty[stage]);
        int s = l.page * KV_PAGE + key + lane % 2 * 8;
        if (lane % 4 < 2 && s < l.keys) a.out[l.query * a.ld + s] = (lane % 2 ? sum.y : sum.x) * scale;
        if (++stage == STAGES) stage = 0, phase ^= 1;
    }
}

static __global__ void __launch_bounds__(160, BLOCKS) few_kernel(__grid_constant__ const struct few a)
{
    extern __shared__ uint8_t shared[];
    __shared__ struct barriers b;
    uint32_t q = (shared_address(shared) + 1023) / 1024 * 1024, tiles = q + 2 * Q_ROOM;
    if (threadIdx.x == 0) {
        for (int i = 0; i < STAGES; i++) {
            barrier_init(&b.full[i], 1);
            barrier_init(&b.empty[i], 128);
        }
        for (int i = 0; i < 2; i++) {
            barrier_init(&b.q_full[i], 1);
            barrier_init(&b.q_empty[i], 128);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    if (threadIdx.x < 128)
        consume(a, q, tiles, &b);
    else
        producer{a, q, tiles, &b, 0, -1, -1, 1, false}.copy_all();
}

/* ------------------------------------------------------------------ launchers */

void sm90_index_few(struct device *d, const struct sm90_index_few_args *a)
{
    if (!a->n || !cuda_ready(d)) return;
    size_t pages = cuda_ceil(a->bound, KV_PAGE), blocks = BLOCKS * (size_t)d->multiprocessors;
    size_t share = cuda_ceil(pages * a->n, blocks), run = cuda_ceil(share, cuda_ceil(share, MOST_PAGES));
    size_t runs = cuda_ceil(pages, run), more = 0, rounds = cuda_ceil(cuda_ceil(pages, MOST_PAGES) * a->n, blocks);
    if (rounds > 2) { /* each block as many runs, nearly as long */
        runs = min(rounds * blocks / a->n, pages);
        run = pages / runs;
        more = pages % runs;
    }
    size_t n = runs * a->n;
    struct few k = {a->where, a->offset, a->ld, a->q, a->w, a->out, (int)run, (int)more, (int)runs, (int)n, a->common,
                    sm90_index_words(a->bound)};
    if (!cuda_shared(d, (const void *)few_kernel, SHARED, "index scores of few queries")) return;
    cuda_launch(d, few_kernel, (unsigned)(n < blocks ? n : blocks), 160, SHARED, k);
    cuda_launched(d, "index scores of few queries");
}
