/* pass.cu: short passes recorded as CUDA graphs and played back.
 *
 * A step of deepread-150m is some 750 launches of a few microseconds each: launching one by one takes
 * longer than they run.  The first pass of its kind runs as any other and takes what memory it needs; the
 * second is recorded, and from then on it is one launch.  What differs from pass to pass lies in
 * device memory: positions and page tables (where.cu), the embedded tokens.  Grids are made for positions up
 * to the next multiple of STEP; blocks that find nothing there leave at once.
 *
 * Operations that do not depend on one another become branches (side.cu).
 *
 * Seen     H200, deepread-150m at 8K, waiting for logits at each step: 367 tokens/s, with a wait after each operation
 *          instead (bench/model --ops) 126; before recording, and with slower kernels, 70.
 *
 * A recording is for one number of sequences and of tokens of each, which share pages or do not, one set of buffers
 * and one state of the scratch memory. */
#include <string.h>

#include "cuda/cuda.h"

extern "C" {
#include "base/mem.h"
}

#define MOST_TOKENS 64 /* of one sequence; of several, PARTS_MOST in all */
#define STEP 4096
#define KINDS 32

enum state { NEW, SEEN, RECORDED, REFUSED };

struct kind {
    enum state state;
    const void *memory;
    size_t bytes, n, T, bound, wanted;
    enum kv_type type;
    int K;
    bool shares;
    unsigned generation, used;
    cudaGraphExec_t exec;
};

struct cuda_passes {
    struct kind kind[KINDS];
    struct kind *now; /* of the pass at hand; NULL: it is none of ours */
    unsigned clock;
};

size_t cuda_bound(const struct device *d, size_t n)
{
    return d->bound > n ? d->bound : n;
}

/* ------------------------------------------------------------------ kinds of passes */

static void forget(struct kind *k)
{
    if (k->exec) cudaGraphExecDestroy(k->exec);
    *k = {};
}

/* Whether sequences that follow one another begin with the same page. */
static bool shares(const struct pass *p)
{
    for (size_t i = 1; i < p->n; i++)
        if (p->parts[i].kv.pages[0] == p->parts[i - 1].kv.pages[0]) return true;
    return false;
}

static bool same(const struct kind *k, const struct pass *p, size_t bound)
{
    return k->memory == p->memory && k->bytes == p->bytes && k->n == p->n && k->T == p->T && k->bound == bound &&
           k->type == p->parts->kv.type && k->K == p->K && k->wanted == p->wanted && k->shares == shares(p);
}

/* The pass's kind; a new one takes the place of the one longest unused. */
static struct kind *kind_of(struct device *d, const struct pass *p, size_t bound)
{
    if (!d->passes) d->passes = (struct cuda_passes *)mem_alloc(1, sizeof *d->passes);
    struct kind *all = d->passes->kind, *oldest = all, *k = NULL;
    for (int i = 0; i < KINDS && !k; i++) {
        if (same(&all[i], p, bound)) k = &all[i];
        if (all[i].used < oldest->used) oldest = &all[i];
    }
    if (!k) {
        k = oldest;
        forget(k);
        *k = {.memory = p->memory, .bytes = p->bytes, .n = p->n, .T = p->T, .bound = bound,
              .wanted = p->wanted, .type = p->parts->kv.type, .K = p->K, .shares = shares(p)};
    }
    if (k->state == RECORDED && k->generation != d->generation) {
        cudaGraphExecDestroy(k->exec);
        k->exec = NULL;
        k->state = NEW;
    }
    k->used = ++d->passes->clock;
    return k;
}

static bool play(struct device *d, struct kind *k)
{
    return cuda_ok(d, cudaGraphLaunch(k->exec, d->stream), "playing a recorded pass");
}

/* Parts of as many tokens each, all or none of which meet the head. */
static bool even(const struct pass *p)
{
    size_t most = p->n > 1 ? PARTS_MOST : MOST_TOKENS;
    return p->T <= most && cuda_alike(p->parts, p->n) == p->n && (p->wanted == 0 || p->wanted == p->n);
}

bool cuda_pass_begin(struct device *d, const struct pass *p)
{
    size_t bound = cuda_ceil(cuda_farthest(p->parts, p->n), STEP) * STEP;
    struct cuda_where where;
    if (d->passes) d->passes->now = NULL;
    for (struct cuda_prepared &p : d->prepared) p.x = NULL;
    if (!even(p) || !cuda_where_of(d, p->parts, p->n, &where)) return false;
    struct kind *k = kind_of(d, p, bound);
    if (k->state == RECORDED && cuda_ready(d)) return play(d, k);
    if (k->state == REFUSED || !cuda_ready(d)) return false;
    d->passes->now = k;
    d->bound = bound;
    d->shares = k->shares;
    if (k->state == SEEN && k->generation == d->generation)
        d->recording = cudaStreamBeginCapture(d->stream, cudaStreamCaptureModeThreadLocal) ==
                       cudaSuccess;
    cudaGetLastError();
    return false;
}

/* The recording becomes something that can be played; false where it is of no use. */
static bool finish(struct device *d, struct kind *k, bool whole)
{
    cudaGraph_t graph = NULL;
    cudaError_t r = cudaStreamEndCapture(d->stream, &graph);
    bool fine = r == cudaSuccess && whole && cuda_ready(d) && k->generation == d->generation;
    if (fine) fine = cudaGraphInstantiate(&k->exec, graph, 0) == cudaSuccess;
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError();
    if (fine) return true;
    k->exec = NULL;
    err_clear(&d->failed); /* of recording: what is the matter otherwise shows when it is computed */
    return false;
}

bool cuda_pass_end(struct device *d, bool whole)
{
    for (int i = 1; i < SIDES_MOST; i++) cuda_join(d, i); /* of what failed midway */
    struct kind *k = d->passes ? d->passes->now : NULL;
    if (!k) return true;
    d->passes->now = NULL;
    d->bound = 0;
    if (!d->recording) {
        k->state = whole && cuda_ready(d) ? SEEN : NEW;
        k->generation = d->generation;
        return true;
    }
    d->recording = false;
    if (!finish(d, k, whole)) {
        if (whole) k->state = REFUSED;
        return false;
    }
    k->state = RECORDED;
    play(d, k);
    return true;
}

void cuda_passes_free(struct device *d)
{
    for (int i = 0; d->passes && i < KINDS; i++) forget(&d->passes->kind[i]);
    mem_free(d->passes);
    d->passes = NULL;
}
