/* side.cu: strands of work side by side, a stream each.             ops: side, join
 *
 * Of a decoded token's operations many are too small to fill the device, and many do not depend on one another: a
 * layer's three projections of its input, the router beside the shared expert.  In a recorded pass (pass.cu) streams
 * become branches of the graph.  Each has scratch memory of its own, and is what `device` is while it is given work.
 * Seen     H200, a dense layer of V3.2's size and one of its 8-expert share, 64 / 128 sequences at 128K: 1.43 / 2.42 ms
 *          on the device; one strand alone 1.56 / 2.65 in the same run.
 * Tried    a strand that attends to 64 sequences on a third of the multiprocessors while the next 64 are scored on the
 *          rest: 128 / 256 sequences 2.58 / 4.53 ms beside 2.42 / 4.28.  Keys scored while the queries that attention needs
 *          are made: 128 sequences over one document 1.91 ms beside 1.92, 64 with copies 1.49 beside 1.49; scored on 120
 *          multiprocessors, which leaves 12 to the queries, 1.98 and 1.54.
 *
 * Long passes fill the device with each operation: they have no sides. */
#include "cuda/cuda.h"

extern "C" {
#include "base/mem.h"
}

struct cuda_sides {
    struct cuda_strand other[SIDES_MOST]; /* those not at hand, each at its number */
    cudaEvent_t reached[SIDES_MOST];
    bool begun[SIDES_MOST];               /* was given work since it was joined */
    int now;
};

bool cuda_sides_open(struct device *d)
{
    struct cuda_sides *s = d->sides = (struct cuda_sides *)mem_alloc(1, sizeof *s);
    cudaError_t r = cudaSuccess;
    for (int i = 0; i < SIDES_MOST && r == cudaSuccess; i++) {
        r = cudaEventCreateWithFlags(&s->reached[i], cudaEventDisableTiming);
        if (r == cudaSuccess && i) r = cudaStreamCreateWithFlags(&s->other[i].stream, cudaStreamNonBlocking);
    }
    return r == cudaSuccess;
}

static void change(struct device *d, int i)
{
    struct cuda_sides *s = d->sides;
    if (i == s->now) return;
    struct cuda_strand &now = *d;
    s->other[s->now] = now;
    now = s->other[i];
    s->now = i;
}

void cuda_await(struct device *d, int i)
{
    struct cuda_sides *s = d->sides;
    cudaEvent_t event = s->reached[s->now];
    cuda_ok(d, cudaEventRecord(event, d->stream), "side");
    cuda_ok(d, cudaStreamWaitEvent(s->other[i].stream, event, 0), "side");
    s->begun[i] = s->other[i].apart = true;
}

/* Only in a short pass. */
static bool wanted(const struct device *d)
{
    return d->bound && cuda_ready(d);
}

void cuda_side(struct device *d, int i)
{
    struct cuda_sides *s = d->sides;
    if (!wanted(d)) return;
    if (i && !s->begun[i]) {
        change(d, 0);
        cuda_await(d, i);
    }
    change(d, i);
}

void cuda_behind(struct device *d, int i)
{
    int now = d->sides->now;
    if (!wanted(d) || now == i) return;
    change(d, i);
    cuda_await(d, now);
    change(d, now);
}

void cuda_join(struct device *d, int i)
{
    struct cuda_sides *s = d->sides;
    if (s->begun[i]) {
        change(d, i);
        cuda_await(d, 0);
        s->begun[i] = false;
    }
    change(d, 0);
}

static size_t taken(const struct cuda_strand &s)
{
    return s.score.bytes + s.part.bytes + s.moe.bytes;
}

size_t cuda_sides_taken(const struct device *d, size_t *others)
{
    const struct cuda_sides *s = d->sides;
    size_t first = 0;
    *others = 0;
    for (int i = 0; i < SIDES_MOST; i++) {
        const struct cuda_strand &strand = i == s->now ? *d : s->other[i];
        *(i ? others : &first) += taken(strand);
    }
    return first;
}

void cuda_sides_free(struct device *d)
{
    struct cuda_sides *s = d->sides;
    if (!s) return;
    change(d, 0);
    for (int i = 0; i < SIDES_MOST; i++) {
        struct cuda_strand &o = s->other[i];
        struct cuda_buffer *all[] = {&o.score, &o.part, &o.moe, &o.fp8};
        for (int k = 0; i && k < 4; k++) cuda_release(d, all[k]->p, all[k]->bytes);
        if (i && o.stream) cudaStreamSynchronize(o.stream);
        if (i && o.stream) cudaStreamDestroy(o.stream);
        if (s->reached[i]) cudaEventDestroy(s->reached[i]);
    }
    mem_free(s);
    d->sides = NULL;
}
