/* sm90_index_shared.cu: sm90_index.cu's scores for queries of several sequences that share pages, as those over one document
 * do.                                                            bench: bench/gpu_index.cu
 *   q, w, keys, out: as sm90_index_few.cu has them
 *
 * Method   a block looks which of its 256 places hold one page for all of its four queries that see so far, two at least,
 *          and multiplies those as sm90_index.cu does, two pages a tile.  `common` then says which these are: the others
 *          are sm90_index_few.cu's.
 * Grid     (n / 4, keys / 16384).
 * Cost     2*n*S*64*128 flop; a page comes from memory once, then for each four queries from the second-level cache.
 * Exact    as sm90_index.cu, bit for bit.
 * Seen     H200, 64 / 128 / 256 sequences over one 128K: 139 / 277 / 556 us (sm90_index_few.cu, which has their last pages to
 *          do, included); sm90_index_few.cu alone 217 / 430 / 856.  Where nothing is shared looking for it takes 8 us.
 * Tried    sm90_index.cu in this form, too: 4096 queries of 128K 8.64 ms where it takes 8.49.
 *          Pages gathered by a function that all threads call, or the loop over tiles in one template with sm90_index.cu's:
 *          157 / 293 / 577 us in a run where these were 141 / 268 / 536: ptxas then puts all maxima before all sums, whose
 *          units could work side by side.
 * Limits   64 heads of 128.     Tests: tests/test_cuda_fp8.c */
#include "cuda/sm90_index.cuh"
#include "cuda/sm90_ops.h"

#define THREADS 384
#define PLACES SM90_INDEX_PLACES       /* of a block */

/* What a block works on: of its places the pages that are the same for all of its queries that see one. */
struct pages {
    const void *at[PLACES];
    int place[PLACES];
    int count[PLACES / 32 + 1]; /* of all, then of each 32 places */
};

/* The first PLACES threads, one place each; which pages these are is left in a.common.  All threads meet within and behind. */
static __device__ void gather_pages(const struct sm90_index_shared_args &a, size_t t0, int first, struct pages *out)
{
    int p = first + (int)threadIdx.x, lane = threadIdx.x % 32, word = threadIdx.x / 32, see = 0;
    const void *mine[INDEX_QUERIES], *page = NULL;
    bool same = true;
#pragma unroll
    for (int j = 0; j < INDEX_QUERIES; j++) { /* all on their way at once */
        size_t t = t0 + j < a.T ? t0 + j : t0;
        bool sees = t0 + j < a.T && p <= (int)(position_of(a.where, t) / KV_PAGE);
        mine[j] = sees ? pages_of(a.where, t)[p] : NULL;
    }
#pragma unroll
    for (int j = 0; j < INDEX_QUERIES; j++) {
        if (!mine[j]) continue;
        same = same && (!see || mine[j] == page);
        page = mine[j];
        see++;
    }
    bool taken = same && see >= 2;
    uint32_t mask = __ballot_sync(~0u, taken);
    if (lane == 0) out->count[word + 1] = __popc(mask), a.common[(size_t)blockIdx.x * a.words + (size_t)first / 32 + word] = mask;
    named_sync(3, THREADS);
    int k = __popc(mask & ((1u << lane) - 1));
    for (int i = 1; i <= word; i++) k += out->count[i];
    if (taken) out->at[k] = (const char *)page + a.offset, out->place[k] = p;
    if (threadIdx.x == 0) {
        int sum = 0;
        for (int i = 1; i <= PLACES / 32; i++) sum += out->count[i];
        out->count[0] = sum;
    }
}

/* One thread. */
static __device__ void produce(const struct pages &pages, int n, uint32_t tiles, uint64_t *full, uint64_t *empty)
{
    for (int i = 0; 2 * i < n; i++)
        index_copy(i, pages.at[2 * i], pages.at[2 * i + 1], 2 * i + 1 < n, tiles, full, empty);
}

static __device__ void consume(const struct sm90_index_shared_args &a, size_t t0, const struct pages &pages, int many,
                               uint32_t q, uint32_t tiles, uint64_t *q_full, uint64_t *full, uint64_t *empty)
{
    int thread = threadIdx.x % 128, half = threadIdx.x / 128 - 1, lane = thread % 32, n = (many + 1) / 2;
    float w[64];
    index_weights(w, a.w, t0);
    int row = thread / 32 * 16 + lane / 4;
    size_t t = t0 + lane % 4;
    int last = t < a.T ? (int)position_of(a.where, t) : -1;
    float *out = a.out + t * a.ld;
    float d[128];
    barrier_wait(q_full, 0);
    if (half) named_arrive(1, 256);
    for (int i = 0; i < n; i++) {
        int stage = i % INDEX_STAGES;
        int s = 2 * i + half < many ? pages.place[2 * i + half] * KV_PAGE + row : last + 1; /* the second may be none */
        uint32_t page = tiles + stage * INDEX_TILE_BYTES + half * INDEX_ROOM;
        barrier_wait(&full[stage], i / INDEX_STAGES & 1);
        float k0 = index_scale(page, row), k1 = index_scale(page, row + 8);
        index_multiply(d, page, q, half, i + 1 < n);
        barrier_arrive(&empty[stage]);
        float2 sum = index_sums(d, w, k0, k1);
        if (s <= last) out[s] = sum.x;
        if (s + 8 <= last) out[s + 8] = sum.y;
    }
}

static __global__ void __launch_bounds__(THREADS, 1)
shared_kernel(__grid_constant__ const struct sm90_index_shared_args a)
{
    extern __shared__ uint8_t shared[];
    __shared__ uint64_t full[INDEX_STAGES], empty[INDEX_STAGES], q_full;
    __shared__ struct pages pages;
    uint32_t q = (shared_address(shared) + 1023) / 1024 * 1024, tiles = q + INDEX_Q_BYTES;
    size_t t0 = (size_t)blockIdx.x * INDEX_QUERIES;
    if (threadIdx.x == 0) index_begin(full, empty, &q_full, q, a.q + t0 * INDEX_HEADS * INDEX_WIDTH);
    __syncwarp();
    if (threadIdx.x < PLACES) gather_pages(a, t0, (int)blockIdx.y * PLACES, &pages);
    else named_sync(3, THREADS); /* where some meet without the others racecheck no longer knows when all have met */
    __syncthreads();
    int many = pages.count[0];
    if (!many) {
        if (threadIdx.x == 0) barrier_wait(&q_full, 0); /* before its place is another's */
        return;
    }
    if (threadIdx.x < 128) {
        registers_less<40>();
        if (threadIdx.x == 0) produce(pages, many, tiles, full, empty);
    } else {
        registers_more<232>();
        consume(a, t0, pages, many, q, tiles, &q_full, full, empty);
    }
}

/* ------------------------------------------------------------------ launchers */

void sm90_index_shared(struct device *d, const struct sm90_index_shared_args *a)
{
    if (!a->T || !cuda_ready(d)) return;
    dim3 grid((unsigned)cuda_ceil(a->T, INDEX_QUERIES), (unsigned)cuda_ceil(a->bound, PLACES * KV_PAGE));
    if (!cuda_shared(d, (const void *)shared_kernel, INDEX_SHARED, "index scores of shared pages")) return;
    shared_kernel<<<grid, THREADS, INDEX_SHARED, d->stream>>>(*a);
    cuda_launched(d, "index scores of shared pages");
}
