/* sm90_map.cu: tensor maps, Hopper's descriptions of matrices for its copy engine. */
#include "cuda/sm90_fp8.cuh"

typedef CUresult encode_tiled(CUtensorMap *, CUtensorMapDataType, cuuint32_t, void *,
                              const cuuint64_t *, const cuuint64_t *, const cuuint32_t *,
                              const cuuint32_t *, CUtensorMapInterleave, CUtensorMapSwizzle,
                              CUtensorMapL2promotion, CUtensorMapFloatOOBfill);

static encode_tiled *encoder(struct device *d)
{
    void *f = NULL;
    cudaDriverEntryPointQueryResult found;
    cudaError_t r = cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &f, 12000,
                                                     cudaEnableDefault, &found);
    return cuda_ok(d, r, "cuTensorMapEncodeTiled") ? (encode_tiled *)f : NULL;
}

static bool made(struct device *d, CUresult c, size_t n, size_t k)
{
    if (c != CUDA_SUCCESS)
        err_set(&d->failed, E_DEVICE, "cuda: no tensor map for a matrix of %zu x %zu (%d)", n, k,
                (int)c);
    return c == CUDA_SUCCESS;
}

bool sm90_map(struct device *d, CUtensorMap *map, const void *p, size_t n, size_t k, unsigned rows,
              unsigned panels)
{
    encode_tiled *encode = encoder(d);
    if (!encode) return false;
    cuuint64_t size[3] = {k, n, 1}, stride[2] = {k, k};
    cuuint32_t box[3] = {128, rows, panels}, step[3] = {1, 1, 1};
    if (panels > 1) size[0] = 128, size[2] = k / 128, stride[1] = 128;
    CUresult c = encode(map, CU_TENSOR_MAP_DATA_TYPE_UINT8, panels > 1 ? 3 : 2, (void *)p, size,
                                     stride, box, step, CU_TENSOR_MAP_INTERLEAVE_NONE,
                                     CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                                     CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    return made(d, c, n, k);
}

/* Boxes of a matrix [n, k] of numbers, rows `bytes` apart. */
static bool map_numbers(struct device *d, CUtensorMap *map, CUtensorMapDataType type, const void *p, size_t n, size_t k,
                        size_t bytes, unsigned columns, unsigned rows, CUtensorMapSwizzle swizzle)
{
    encode_tiled *encode = encoder(d);
    if (!encode) return false;
    cuuint64_t size[2] = {k, n}, stride[1] = {bytes};
    cuuint32_t box[2] = {columns, rows}, step[2] = {1, 1};
    CUresult c = encode(map, type, 2, (void *)p, size, stride, box, step, CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle,
                        CU_TENSOR_MAP_L2_PROMOTION_NONE, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    return made(d, c, n, k);
}

bool sm90_map_numbers(struct device *d, CUtensorMap *map, void *p, size_t n, size_t k, size_t ld, unsigned rows,
                      size_t item)
{
    CUtensorMapDataType type = item == 4 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT32 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
    return map_numbers(d, map, type, p, n, k, item * ld, (unsigned)(128 / item), rows, CU_TENSOR_MAP_SWIZZLE_128B);
}

bool sm90_map_scales(struct device *d, CUtensorMap *map, const float *p, size_t n, size_t k, size_t ld, unsigned columns,
                     unsigned rows)
{
    return map_numbers(d, map, CU_TENSOR_MAP_DATA_TYPE_FLOAT32, p, n, k, sizeof *p * ld, columns, rows,
                       CU_TENSOR_MAP_SWIZZLE_NONE);
}
