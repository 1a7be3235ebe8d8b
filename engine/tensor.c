#include "engine/tensor.h"

size_t dtype_size(enum dtype t)
{
    switch (t) {
    case DT_F32: return 4;
    case DT_BF16: return 2;
    case DT_F16: return 2;
    case DT_F8_E4M3: return 1;
    case DT_I32: return 4;
    case DT_I64: return 8;
    case DT_OTHER: break;
    }
    return 0;
}

const char *dtype_name(enum dtype t)
{
    switch (t) {
    case DT_F32: return "F32";
    case DT_BF16: return "BF16";
    case DT_F16: return "F16";
    case DT_F8_E4M3: return "F8_E4M3";
    case DT_I32: return "I32";
    case DT_I64: return "I64";
    case DT_OTHER: break;
    }
    return "another type";
}

bool tensor_bytes(const uint64_t *shape, int ndim, enum dtype t, uint64_t *out)
{
    uint64_t b = dtype_size(t);
    for (int i = 0; i < ndim; i++)
        if (__builtin_mul_overflow(b, shape[i], &b)) return false;
    *out = b;
    return true;
}

static void e4m3_row(const struct tensor *t, uint64_t r, const uint8_t *p, uint64_t cols,
                     float *out)
{
    uint64_t block = t->scale ? t->block : cols;
    const float *scale = t->scale ? t->scale + r / block * ((cols + block - 1) / block) : NULL;
    for (uint64_t i = 0; i < cols;) {
        uint64_t end = cols - i < block ? cols : i + block;
        float s = scale ? *scale++ : 1;
        for (; i < end; i++) out[i] = e4m3_to_f32(p[i]) * s;
    }
}

void tensor_row_f32(const struct tensor *t, uint64_t r, float *out)
{
    uint64_t cols = t->ndim ? t->shape[t->ndim - 1] : 1;
    const uint8_t *p = (const uint8_t *)t->data + r * cols * dtype_size(t->type);
    uint16_t h;
    switch (t->type) {
    case DT_F32:
        memcpy(out, p, cols * sizeof *out);
        break;
    case DT_BF16:
        for (uint64_t i = 0; i < cols; i++) {
            memcpy(&h, p + 2 * i, sizeof h);
            out[i] = bf16_to_f32(h);
        }
        break;
    case DT_F16:
        for (uint64_t i = 0; i < cols; i++) {
            memcpy(&h, p + 2 * i, sizeof h);
            out[i] = f16_to_f32(h);
        }
        break;
    case DT_F8_E4M3:
        e4m3_row(t, r, p, cols, out);
        break;
    case DT_I32:
    case DT_I64:
    case DT_OTHER:
        for (uint64_t i = 0; i < cols; i++) out[i] = 0;
        break;
    }
}
