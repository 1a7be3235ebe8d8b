/* where.cu: where the rows of an operation stand, as kernels read it: pages and position of each part.
 *
 * A kernel reads where its rows stand from device memory, so that a recorded pass can be played elsewhere
 * (pass.cu).  What stands there is remembered: within a pass only the first operation has something to bring.  A
 * session's pages change once in 64 tokens, its position with each pass. */
#include <string.h>

#include "cuda/cuda.h"

extern "C" {
#include "base/mem.h"
}

#define FEWEST_PAGES 2048 /* a session's table has room for */

struct cuda_standing {
    void **host, **pages; /* [n parts][cap]: what the tables hold, and the tables in device memory */
    size_t cap, parts, pages_bytes;
    struct cuda_part *part; /* device memory */
    size_t n, pos0[PARTS_MOST], n_pages[PARTS_MOST];
};

struct positions {
    size_t pos0[PARTS_MOST];
};

static __global__ void part_kernel(struct cuda_part *part, void **pages, size_t cap,
                                   __grid_constant__ const struct positions at)
{
    cuda_follow();
    part[threadIdx.x] = {pages + threadIdx.x * cap, at.pos0[threadIdx.x]};
}

/* Tables with room for n parts of `pages` pages; what they held is forgotten where they grow. */
static bool reserve(struct device *d, size_t n, size_t pages)
{
    struct cuda_standing *s = d->standing;
    if (!s) s = d->standing = (struct cuda_standing *)mem_alloc(1, sizeof *s);
    if (s->part && n <= s->parts && pages <= s->cap) return true;
    if (d->recording) { /* memory cannot change under a recording: it is given up */
        d->generation++;
        err_set(&d->failed, E_DEVICE, "cuda: a pass took other memory than the one before");
        return false;
    }
    d->generation++;
    size_t cap = pages < FEWEST_PAGES ? FEWEST_PAGES : pages <= s->cap ? s->cap : 2 * pages;
    size_t parts = n > 1 ? PARTS_MOST : 1;
    if (parts < s->parts) parts = s->parts;
    cuda_release(d, s->pages, s->pages_bytes);
    if (!s->part) s->part = (struct cuda_part *)cuda_alloc(d, PARTS_MOST * sizeof *s->part);
    s->pages_bytes = parts * cap * sizeof(void *);
    s->pages = (void **)cuda_alloc(d, s->pages_bytes);
    s->host = (void **)mem_grow(s->host, parts * cap, sizeof(void *));
    s->parts = parts;
    s->cap = cap;
    s->n = 0;
    memset(s->n_pages, 0, sizeof s->n_pages);
    if (!s->pages || !s->part) err_set(&d->failed, E_LIMIT, "cuda: no device memory for page tables");
    return cuda_ready(d);
}

/* The first n pages of part i. */
static void bring_pages(struct device *d, size_t i, void *const *pages, size_t n)
{
    struct cuda_standing *s = d->standing;
    void **host = s->host + i * s->cap;
    size_t bytes = n * sizeof(void *);
    if (n <= s->n_pages[i] && !memcmp(host, pages, bytes)) return;
    memcpy(host, pages, bytes);
    s->n_pages[i] = n;
    cuda_ok(d, cudaMemcpyAsync(s->pages + i * s->cap, host, bytes, cudaMemcpyHostToDevice, d->stream), "page table");
}

bool cuda_stand(struct device *d, const struct cuda_span *span, size_t n, struct cuda_where *out)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        size_t pages = cuda_ceil(span[i].pos0 + span[i].T, KV_PAGE);
        if (pages > most) most = pages;
    }
    if (!cuda_ready(d) || !reserve(d, n, most)) return false;
    struct cuda_standing *s = d->standing;
    struct positions at = {};
    bool moved = s->n < n;
    for (size_t i = 0; i < n; i++) {
        if (span[i].pages) bring_pages(d, i, span[i].pages, cuda_ceil(span[i].pos0 + span[i].T, KV_PAGE));
        at.pos0[i] = span[i].pos0;
        moved = moved || s->pos0[i] != span[i].pos0;
    }
    *out = {s->part, (int)span[0].T};
    if (!moved) return cuda_ready(d);
    cuda_launch(d, part_kernel, 1, (unsigned)n, 0, s->part, s->pages, s->cap, at);
    if (!cuda_launched(d, "positions")) return false;
    memcpy(s->pos0, at.pos0, n * sizeof *s->pos0);
    s->n = n;
    return true;
}

void cuda_standing_free(struct device *d)
{
    struct cuda_standing *s = d->standing;
    if (!s) return;
    cuda_release(d, s->pages, s->pages_bytes);
    cuda_release(d, s->part, PARTS_MOST * sizeof *s->part);
    mem_free(s->host);
    mem_free(s);
    d->standing = NULL;
}
