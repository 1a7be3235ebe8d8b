/* kv_store.cu: new rows into the pages of a session.              op: kv_store
 *
 * Method   index keys in e4m3: sm90_fp8.cu.
 * Grid     one block of 128 threads per row.
 * Cost     reads 4 bytes and writes 2 or 4 an element.  [4096, 576] f16: 14 MB, 4 us.
 * Exact    the roundings of engine/tensor.h, bit for bit; f16 saturates at 65504.
 * Tests    tests/test_op_norm.c */
#include "cuda/element.cuh"
#include "cuda/sm90_ops.h"

template <enum kv_type TYPE>
static __global__ void store_kernel(struct cuda_where where, size_t offset, const float *rows, size_t ld, int width)
{
    cuda_follow();
    size_t r = blockIdx.x;
    auto *row = row_at<TYPE>(pages_of(where, r), offset, position_of(where, r), width);
    const float *x = rows + blockIdx.x * ld;
    for (int i = threadIdx.x; i < width; i += blockDim.x) row[i] = element<TYPE>::put(x[i]);
}

/* ------------------------------------------------------------------ launchers */

/* n parts of equally many rows. */
static void store(struct device *d, const struct kv_store_args *a, size_t n)
{
    size_t offset = a->to_index ? a->kv.index_offset : a->kv.latent_offset;
    struct cuda_where where;
    enum kv_type type = a->to_index ? a->kv.index_type : a->kv.type;
    if (!a->T || !cuda_where_of(d, a, n, &where)) return;
    if (type == KV_E4M3) return fp8_store_keys(d, a, &where, n * a->T);
    auto *kernel = type == KV_F32    ? store_kernel<KV_F32>
                   : type == KV_BF16 ? store_kernel<KV_BF16>
                                     : store_kernel<KV_F16>;
    cuda_launch(d, kernel, (unsigned)(n * a->T), 128, 0, where, offset, a->rows, a->ld, a->width);
    cuda_launched(d, "kv_store");
}

void cuda_kv_store(struct device *d, const struct kv_store_args *a, size_t n)
{
    for (size_t i = 0, k; i < n; i += k) store(d, a + i, k = cuda_alike(a + i, n - i));
}
