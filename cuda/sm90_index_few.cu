/* sm90_index_few.cu: the indexer's FP8 scores of few queries, each with its own keys, V3.2's widths.
 *                                                                bench: bench/gpu_index.cu
 *   q [n, 64, 128] e4m3    w [n, 64] f32, q's scales folded in    keys: KV_E4M3, in the pages of each query
 *   out[r, s] = kscale[s] * sum_j w[r, j] * max(0, q[r, j] . key[s]),  s <= position of row r, at r * ld + s
 *   Chunks of q's rows are permuted as those of keys are (sm90.cuh): both go to shared memory as they lie.
 *
 * Method   a warp copies pages of 64 keys, one bulk copy each, as many on their way as there are stages; a
 *          warpgroup multiplies each with the query's heads (four m64n64k32) and adds over the heads, in
 *          sm90_index.cu's order.  Keys are on their way before the kernel before has ended.
 * Grid     three blocks per multiprocessor, each taking runs of pages in turn.
 * Cost     129 bytes a key, once, and 4 of its score: 64 queries of 128K: 1.12 GB, 0.26 ms at 4.28 TB/s.
 * Exact    as sm90_index.cu, bit for bit.
 * Seen     H200, batch 1 / 8 / 64 at 128K: 8.5 / 36.5 / 280 us, 3.87 TB/s of keys; DeepGEMM 8.6 / 39.6 / 281.  Keys in 16
 *          bits, turned and rounded on their way: 26.7 / 178 / 1280 in the same run.
 * Tried    two blocks per multiprocessor, 4 / 5 / 9 stages: 9.2 / 8.1 / 10.0, 45.9 / 46.7 / 40.8, 325 / 347 / 304 us: adding is
 *          then the longer part.  Four, 4 stages: 8.6 / 36.1 / 281.  Runs of at most 8 pages: 8.3 / 37.9 / 317.
 *          All queries' pages cut into equal pieces, one a block: 8.3 / 38.0 / 279, in the same run 8.5 / 36.8 / 279; two
 *          pages' products under way at once: 9.1 / 38 / 300.
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
    int run, runs, n; /* pages of a run, runs of a query, runs of all */
};

struct barriers {
    uint64_t full[STAGES], empty[STAGES], q_full[2], q_empty[2];
};

/* Pages first .. end-1 of a query; none where its keys end before. */
struct work {
    int query, first, end;
    size_t keys; /* of the query */
};

static __device__ __forceinline__ struct work work_of(const struct few &a, int i)
{
    struct work r = {i / a.runs, i % a.runs * a.run, 0, 0};
    r.keys = position_of(a.where, r.query) + 1;
    r.end = min(r.first + a.run, (int)((r.keys + KV_PAGE - 1) / KV_PAGE));
    return r;
}

/* One warp. */
struct producer {
    const struct few &a;
    uint32_t q, tiles;
    struct barriers *b;
    int stage, last, queries; /* last: the query whose heads were copied */
    uint32_t phase;

    /* The address of a lane's page of run i. */
    __device__ const void *page_of(int i)
    {
        if (i >= a.n) return NULL;
        struct work r = work_of(a, i);
        int p = r.first + threadIdx.x % 32;
        return p < r.end ? (const char *)pages_of(a.where, r.query)[p] + a.offset : NULL;
    }
    __device__ void copy_query(int query)
    {
        if (query == last) return;
        int at = ++queries % 2;
        last = query;
        barrier_wait(&b->q_empty[at], (queries / 2 & 1) ^ 1);
        barrier_expect(&b->q_full[at], Q_BYTES + INDEX_HEADS * 4);
        copy_bulk(q + at * Q_ROOM, a.q + (size_t)query * Q_BYTES, Q_BYTES, &b->q_full[at]);
        copy_bulk(q + at * Q_ROOM + Q_BYTES, a.w + (size_t)query * INDEX_HEADS, INDEX_HEADS * 4, &b->q_full[at]);
    }
    __device__ void copy_page(const void *page)
    {
        barrier_wait(&b->empty[stage], phase);
        barrier_expect(&b->full[stage], INDEX_PAGE);
        copy_bulk(tiles + stage * INDEX_ROOM, page, INDEX_PAGE, &b->full[stage]);
    }
    __device__ void copy_all()
    {
        bool leads = threadIdx.x % 32 == 0, followed = false;
        const void *next = page_of(blockIdx.x);
        for (int i = blockIdx.x; i < a.n; i += gridDim.x) {
            struct work r = work_of(a, i);
            const void *mine = next;
            next = page_of(i + gridDim.x);
            if (followed && leads && r.first < r.end) copy_query(r.query);
            for (int p = r.first; p < r.end; p++) {
                if (!followed && (p - r.first == STAGES)) follow(r.query, &followed);
                const void *page = (const void *)__shfl_sync(~0u, (unsigned long long)mine, p - r.first);
                if (leads) copy_page(page);
                if (++stage == STAGES) stage = 0, phase ^= 1;
            }
            if (!followed && r.first < r.end) follow(r.query, &followed);
        }
        if (!followed) cuda_follow();
    }
    /* Queries are the work of the kernel before. */
    __device__ void follow(int query, bool *followed)
    {
        cuda_follow();
        *followed = true;
        if (threadIdx.x % 32 == 0) copy_query(query);
    }
};

static __device__ void consume(const struct few &a, uint32_t q, uint32_t tiles, struct barriers *b)
{
    int lane = threadIdx.x % 32, key = threadIdx.x / 32 * 16 + lane / 4;
    int stage = 0, last = -1, queries = -1;
    uint32_t phase = 0, heads = q;
    float w[16];
    cuda_follow(); /* where scores go the kernel before may still read */
    for (int i = blockIdx.x; i < a.n; i += gridDim.x) {
        struct work r = work_of(a, i);
        if (r.first >= r.end) continue;
        if (r.query != last) {
            if (last >= 0 && lane == 0) barrier_arrive(&b->q_empty[queries % 2]);
            last = r.query;
            heads = q + ++queries % 2 * Q_ROOM;
            barrier_wait(&b->q_full[queries % 2], queries / 2 & 1);
#pragma unroll
            for (int j = 0; j < 16; j++)
                w[j] = load_shared(heads + Q_BYTES + (j / 2 * 8 + lane % 4 * 2 + j % 2) * 4);
        }
        float *out = a.out + (size_t)r.query * a.ld;
        for (int p = r.first; p < r.end; p++) {
            uint32_t page = tiles + stage * INDEX_ROOM;
            float d[32];
            barrier_wait(&b->full[stage], phase);
            products_open();
#pragma unroll
            for (int k = 0; k < 4; k++) wgmma_e4m3<INDEX_HEADS>(d, operand(page) + 2 * k, operand(heads) + 2 * k, k > 0);
            products_close();
            float scale = index_scale(page, key + lane % 2 * 8);
            products_wait<0>();
            __syncwarp();
            if (lane == 0) barrier_arrive(&b->empty[stage]);
            products_hold<32>(d);
            float2 sum = index_add(d, w);
            sum.x += __shfl_xor_sync(~0u, sum.x, 1), sum.y += __shfl_xor_sync(~0u, sum.y, 1);
            sum.x += __shfl_xor_sync(~0u, sum.x, 2), sum.y += __shfl_xor_sync(~0u, sum.y, 2);
            size_t s = (size_t)p * KV_PAGE + key + lane % 2 * 8;
            if (lane % 4 < 2 && s < r.keys) out[s] = (lane % 2 ? sum.y : sum.x) * scale;
            if (++stage == STAGES) stage = 0, phase ^= 1;
        }
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
            barrier_init(&b.empty[i], 4);
        }
        for (int i = 0; i < 2; i++) {
            barrier_init(&b.q_full[i], 1);
            barrier_init(&b.q_empty[i], 4);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    if (threadIdx.x < 128)
        consume(a, q, tiles, &b);
    else
        producer{a, q, tiles, &b, 0, -1, -1, 1}.copy_all();
}

/* ------------------------------------------------------------------ launchers */

void sm90_index_few(struct device *d, const struct sm90_index_few_args *a)
{
    if (!a->n || !cuda_ready(d)) return;
    size_t pages = cuda_ceil(a->bound, KV_PAGE), blocks = BLOCKS * (size_t)d->multiprocessors;
    size_t share = cuda_ceil(pages * a->n, blocks), run = cuda_ceil(share, cuda_ceil(share, MOST_PAGES));
    size_t runs = cuda_ceil(pages, run), n = runs * a->n;
    struct few k = {a->where, a->offset, a->ld, a->q, a->w, a->out, (int)run, (int)runs, (int)n};
    if (!cuda_shared(d, (const void *)few_kernel, SHARED, "index scores of few queries")) return;
    cuda_launch(d, few_kernel, (unsigned)(n < blocks ? n : blocks), 160, SHARED, k);
    cuda_launched(d, "index scores of few queries");
}
