/* kv_store.cu: new rows into the pages of a session.              op: kv_store
 *
 * Grid     one block of 128 threads per row.
 * Cost     reads 4 bytes and writes 2 or 4 an element.  [4096, 576] f16: 14 MB, 4 us.
 * Exact    the roundings of engine/tensor.h, bit for bit; f16 saturates at 65504.
 * Tests    tests/test_op_norm.c */
#include "cuda/element.cuh"

template <enum kv_type TYPE>
static __global__ void store_kernel(void *const *pages, size_t offset, const float *rows, size_t ld,
                                    const size_t *pos0, int width)
{
    cuda_follow();
    auto *row = row_at<TYPE>(pages, offset, *pos0 + blockIdx.x, width);
    const float *x = rows + blockIdx.x * ld;
    for (int i = threadIdx.x; i < width; i += blockDim.x) row[i] = element<TYPE>::put(x[i]);
}

/* ------------------------------------------------------------------ launchers */

static void store_part(struct device *d, const struct kv_store_args *a)
{
    if (!a->T || !cuda_ready(d)) return;
    size_t offset = a->to_index ? a->kv.index_offset : a->kv.latent_offset;
    void *const *pages = cuda_pages(d, &a->kv, cuda_ceil(a->pos0 + a->T, KV_PAGE));
    if (!pages) return;
    auto *kernel = a->kv.type == KV_F32    ? store_kernel<KV_F32>
                   : a->kv.type == KV_BF16 ? store_kernel<KV_BF16>
                                           : store_kernel<KV_F16>;
    cuda_launch(d, kernel, (unsigned)a->T, 128, 0, pages, offset, a->rows, a->ld,
                cuda_position(d, a->pos0), a->width);
    cuda_launched(d, "kv_store");
}

void cuda_kv_store(struct device *d, const struct kv_store_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) store_part(d, &a[i]);
}
