/* backend.cu: the CUDA backend's table, its device and its memory.
 *
 * Built into libdeepread-cuda.so together with its own copies of what it needs from base/ and
 * engine/ (errors, buffers, tensors), all hidden but the table: the program exports nothing, and
 * the same library serves the program, its tests and its benchmarks.  Nothing crosses but the table
 * and plain structs; memory that crosses (a buf) is the C library's, which both share.
 *
 * Device memory comes from the stream-ordered pool: taking a page is then a matter of microseconds,
 * and freeing one needs no synchronisation. */
#include <stdio.h>
#include <string.h>

#include "cuda/sm90_ops.h"

extern "C" {
#include "base/mem.h"
#include "base/str.h"
}

#define SCRATCH_MOST ((size_t)768 << 20) /* scores and parts: index_select.cu, mla_attend.cu */
#define SIDES_SCRATCH ((size_t)256 << 20) /* and of the other strands, together */
#define PINNED_MOST ((size_t)64 << 20)
#define GROWN_MOST ((size_t)1 << 30) /* scratch beyond this is taken to the byte */

/* ------------------------------------------------------------------ failures */

bool cuda_ok(struct device *d, cudaError_t r, const char *what)
{
    if (r == cudaSuccess) return true;
    if (r == cudaErrorMemoryAllocation)
        err_set(&d->failed, E_LIMIT, "cuda: %s: out of device memory", what);
    else
        err_set(&d->failed, E_DEVICE, "cuda: %s failed on %s: %s", what, d->name,
                cudaGetErrorString(r));
    cudaGetLastError();
    return false;
}

bool cuda_launched(struct device *d, const char *what)
{
    return cuda_ok(d, cudaGetLastError(), what);
}

static enum err sync_device(struct device *d, struct errinfo *e)
{
    cuda_ok(d, cudaStreamSynchronize(d->stream), "computing");
    if (!d->failed.code) return OK;
    enum err r = err_set(e, d->failed.code, "%s", d->failed.msg);
    err_clear(&d->failed);
    return r;
}

/* ------------------------------------------------------------------ memory */

void *cuda_alloc(struct device *d, size_t bytes)
{
    void *p = NULL;
    if (bytes > SIZE_MAX / 4) return NULL;
    if (cudaMallocAsync(&p, bytes ? bytes : 1, d->stream) == cudaSuccess) return p;
    cudaGetLastError(); /* a refused allocation is an ordinary answer */
    return NULL;
}

void cuda_release(struct device *d, void *p, size_t bytes)
{
    (void)bytes;
    if (p) cudaFreeAsync(p, d->stream);
}

void *cuda_reserve(struct device *d, struct cuda_buffer *b, size_t bytes)
{
    if (b->p && b->bytes >= bytes) return b->p;
    if (d->recording) { /* memory cannot change under a recording: it is given up */
        d->generation++;
        err_set(&d->failed, E_DEVICE, "cuda: a pass took other memory than the one before");
        return NULL;
    }
    size_t grown = b->bytes + b->bytes / 2; /* a text grows token by token: not a new block for each */
    if (bytes < grown && grown < GROWN_MOST) bytes = grown;
    d->generation++;
    cuda_release(d, b->p, b->bytes);
    b->bytes = 0;
    b->p = cuda_alloc(d, bytes);
    if (b->p)
        b->bytes = bytes;
    else
        err_set(&d->failed, E_LIMIT, "cuda: no device memory for %zu bytes of scratch", bytes);
    return b->p;
}

bool cuda_shared(struct device *d, const void *kernel, size_t bytes, const char *what)
{
    if (bytes <= 16u << 10) return true; /* with what is static, within the 48 KB that need no asking */
    return cuda_ok(d, cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                           (int)bytes), what);
}

/* What the driver has left and what the pool holds unused, less what operations will want. */
static size_t free_memory(struct device *d)
{
    size_t free = 0, total = 0;
    uint64_t reserved = 0, used = 0;
    if (cudaMemGetInfo(&free, &total) != cudaSuccess) return 0;
    cudaMemPoolGetAttribute(d->pool, cudaMemPoolAttrReservedMemCurrent, &reserved);
    cudaMemPoolGetAttribute(d->pool, cudaMemPoolAttrUsedMemCurrent, &used);
    if (reserved > used) free += (size_t)(reserved - used);
    size_t others, taken = cuda_sides_taken(d, &others);
    size_t wanted = taken < SCRATCH_MOST ? SCRATCH_MOST - taken : 0;
    if (others < SIDES_SCRATCH) wanted += SIDES_SCRATCH - others;
    return free > wanted ? free - wanted : 1;
}

static void upload(struct device *d, void *dst, const void *src, size_t bytes)
{
    if (bytes && cuda_ready(d))
        cuda_ok(d, cudaMemcpyAsync(dst, src, bytes, cudaMemcpyHostToDevice, d->stream), "upload");
}

/* Pageable memory would be copied piece by piece: a step's logits land in pinned memory first.  NULL: too many. */
static char *pinned(struct device *d, size_t bytes)
{
    struct cuda_buffer *b = &d->pinned;
    if (bytes > PINNED_MOST) return NULL;
    if (b->bytes >= bytes) return (char *)b->p;
    cudaFreeHost(b->p);
    *b = {};
    if (cudaMallocHost(&b->p, bytes) == cudaSuccess) b->bytes = bytes;
    else cudaGetLastError(), b->p = NULL;
    return (char *)b->p;
}

static bool bring(struct device *d, void *to, const void *src, size_t bytes)
{
    return cuda_ready(d) &&
           cuda_ok(d, cudaMemcpyAsync(to, src, bytes, cudaMemcpyDeviceToHost, d->stream), "download");
}

static void download(struct device *d, void *dst, const void *src, size_t bytes)
{
    if (!bytes) return;
    void *via = cuda_ready(d) ? pinned(d, bytes) : NULL, *to = via ? via : dst;
    bool good = bring(d, to, src, bytes) && cuda_ok(d, cudaStreamSynchronize(d->stream), "computing");
    if (!good) memset(dst, 0, bytes); /* never what happened to lie there */
    else if (via) memcpy(dst, via, bytes);
}

/* Through pinned memory in a few copies. */
static void download_each(struct device *d, const void *src, size_t each, size_t n,
                          void (*got)(void *ctx, size_t first, size_t k, const void *at), void *ctx)
{
    size_t fit = each ? PINNED_MOST / each : 0, most = n < fit ? n : fit, step = cuda_ceil(most, DOWNLOADS);
    char *via = most && cuda_ready(d) ? pinned(d, most * each) : NULL;
    void *zeros = via ? NULL : mem_alloc(1, each);
    for (size_t i = 0; !via && i < n; i++) { /* too large, or a failure */
        if (cuda_ready(d)) download(d, zeros, (const char *)src + i * each, each);
        got(ctx, i, 1, zeros);
    }
    mem_free(zeros);
    for (size_t from = 0; via && from < n; from += most) {
        size_t end = n - from < most ? n : from + most;
        bool good = true;
        for (size_t at = from, k = 0; at < end; at += step, k++) {
            size_t many = end - at < step ? end - at : step;
            good = good && bring(d, via + (at - from) * each, (const char *)src + at * each, many * each) &&
                   cuda_ok(d, cudaEventRecord(d->came[k], d->stream), "download");
        }
        for (size_t at = from, k = 0; at < end; at += step, k++) {
            size_t many = end - at < step ? end - at : step;
            good = good && cuda_ok(d, cudaEventSynchronize(d->came[k]), "computing");
            if (!good) memset(via + (at - from) * each, 0, many * each);
            got(ctx, at, many, via + (at - from) * each);
        }
    }
}

/* ------------------------------------------------------------------ device */

static enum err find_device(struct device *d, struct errinfo *e)
{
    int n = 0, driver = 0;
    cudaError_t r = cudaGetDeviceCount(&n);
    if (r == cudaErrorNoDevice || (r == cudaSuccess && n == 0))
        return err_set(e, E_DEVICE, "backend 'cuda': the driver finds no NVIDIA GPU");
    cudaDriverGetVersion(&driver);
    if (driver == 0)
        return err_set(e, E_DEVICE, "backend 'cuda': no NVIDIA driver on this machine");
    if (r == cudaErrorInsufficientDriver)
        return err_set(e, E_DEVICE, "backend 'cuda': the NVIDIA driver supports CUDA %d.%d, this "
                       "program needs %d.%d", driver / 1000, driver % 1000 / 10,
                       CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    if (r != cudaSuccess)
        return err_set(e, E_DEVICE, "backend 'cuda': no device: %s", cudaGetErrorString(r));
    cudaDeviceProp p;
    r = cudaGetDeviceProperties(&p, d->ordinal);
    if (r != cudaSuccess)
        return err_set(e, E_DEVICE, "backend 'cuda': device %d: %s", d->ordinal,
                       cudaGetErrorString(r));
    if (p.major < 8)
        return err_set(e, E_DEVICE, "backend 'cuda': %s has compute capability %d.%d, 8.0 or later "
                       "is needed", p.name, p.major, p.minor);
    snprintf(d->name, sizeof d->name, "%.127s", p.name);
    d->multiprocessors = p.multiProcessorCount;
    d->major = p.major;
    d->minor = p.minor;
    d->shared_limit = p.sharedMemPerBlockOptin;
    return OK;
}

static enum err start(struct device *d, struct errinfo *e)
{
    cudaError_t r = cudaSetDevice(d->ordinal);
    if (r == cudaSuccess) r = cudaStreamCreateWithFlags(&d->stream, cudaStreamNonBlocking);
    if (r == cudaSuccess && !cuda_sides_open(d)) r = cudaGetLastError();
    if (r == cudaSuccess) r = cudaDeviceGetDefaultMemPool(&d->pool, d->ordinal);
    for (int i = 0; i < DOWNLOADS && r == cudaSuccess; i++)
        r = cudaEventCreateWithFlags(&d->came[i], cudaEventDisableTiming);
    uint64_t keep = UINT64_MAX; /* freed memory stays ours until the end */
    if (r == cudaSuccess)
        r = cudaMemPoolSetAttribute(d->pool, cudaMemPoolAttrReleaseThreshold, &keep);
    if (r == cudaSuccess) return OK;
    cudaGetLastError();
    return err_set(e, E_DEVICE, "backend 'cuda': %s cannot be used: %s", d->name,
                   cudaGetErrorString(r));
}

static void close_device(struct device *d)
{
    if (!d) return;
    struct cuda_buffer *all[] = {&d->score, &d->part, &d->moe, &d->stage, &d->ids, &d->fp8, &d->ready[0], &d->ready[1]};
    for (size_t i = 0; d->stream && i < sizeof all / sizeof *all; i++)
        cuda_release(d, all[i]->p, all[i]->bytes);
    if (d->stream) {
        cudaStreamSynchronize(d->stream);
        cuda_sides_free(d);
        cuda_passes_free(d);
        cudaFreeHost(d->pinned.p);
        for (int i = 0; i < DOWNLOADS; i++)
            if (d->came[i]) cudaEventDestroy(d->came[i]);
        cuda_standing_free(d);
        cudaStreamDestroy(d->stream);
    }
    mem_free(d);
}

static enum err open_device(struct device **out, const struct device_options *o, struct errinfo *e)
{
    *out = NULL;
    if (o->weights == WEIGHT_INT8)
        return err_set(e, E_USAGE, "cuda: int8 weights are not implemented; choose f32 or bf16");
    if (o->kv != KV_AUTO && o->kv != KV_F32 && o->kv != KV_BF16 && o->kv != KV_F16)
        return err_set(e, E_USAGE, "cuda: the state is kept in f32, bf16 or f16");
    struct device *d = (struct device *)mem_alloc(1, sizeof *d);
    d->weights = o->weights == WEIGHT_AUTO ? WEIGHT_BF16 : o->weights;
    d->kv = o->kv == KV_AUTO ? KV_F16 : o->kv;
    enum err r = find_device(d, e);
    if (!r) r = start(d, e);
    if (r) {
        close_device(d);
        return r;
    }
    *out = d;
    return OK;
}

static void describe(struct device *d, struct buf *out)
{
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    buf_addf(out, "cuda: %s, %d multiprocessors, %.0f of %.0f GB free, %s weights, %s state",
             d->name, d->multiprocessors, (double)free / 1e9, (double)total / 1e9,
             d->weights == WEIGHT_F32   ? "f32"
             : d->weights == WEIGHT_FP8 ? "fp8"
                                        : "bf16 and fp8",
             d->kv == KV_F32 ? "f32" : d->kv == KV_BF16 ? "bf16" : "f16");
}

/* Tensor cores of another architecture may round their sums otherwise. */
static void arithmetic(struct device *d, struct buf *out)
{
    buf_addf(out, "cuda %d.%d weights=%d kv=%d", d->major, d->minor, (int)d->weights, (int)d->kv);
}

static enum kv_type kv_type_of(struct device *d)
{
    return d->kv;
}

/* What the program's table must be as large as: engine/backend_plugin.c. */
extern "C" __attribute__((visibility("default"))) const size_t deepread_cuda_backend_bytes;
const size_t deepread_cuda_backend_bytes = sizeof(struct backend);

extern "C" __attribute__((visibility("default"))) const struct backend deepread_cuda_backend = {
    .name = "cuda",
    .host_memory = false,
    .open = open_device,
    .close = close_device,
    .describe = describe,
    .arithmetic = arithmetic,
    .alloc = cuda_alloc,
    .release = cuda_release,
    .free_memory = free_memory,
    .upload = upload,
    .download = download,
    .download_each = download_each,
    .weight_new = cuda_weight_new,
    .weight_free = cuda_weight_free,
    .weight_bytes = cuda_weight_bytes,
    .kv_type = kv_type_of,
    .index_type = fp8_index_type,
    .chunk = 4096,
    .embed = cuda_embed,
    .rmsnorm = cuda_rmsnorm,
    .layernorm = cuda_layernorm,
    .rope = cuda_rope,
    .linear = cuda_linear,
    .swiglu = cuda_swiglu,
    .scale = cuda_scale,
    .copy_rows = cuda_copy_rows,
    .add = cuda_add,
    .kv_store = cuda_kv_store,
    .index_select = cuda_index_select,
    .mla_attend = cuda_mla_attend,
    .mha_attend = NULL, /* dense stays absorbed */
    .route = cuda_route,
    .experts = cuda_experts,
    .sync = sync_device,
    .side = cuda_side,
    .join = cuda_join,
    .pass_begin = cuda_pass_begin,
    .pass_end = cuda_pass_end,
};
