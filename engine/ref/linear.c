#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/ref/ref.h"

/* Matrix g of the stack from rows row0 .. row0+rows-1 of t. */
static void fill(struct weight *w, size_t g, const struct tensor *t, uint64_t row0, uint64_t rows,
                 bool transposed, float *row)
{
    size_t cols = t->shape[1];
    float *out = w->data + g * w->O * w->I;
    for (size_t r = 0; r < rows; r++) {
        tensor_row_f32(t, row0 + r, row);
        if (!transposed) memcpy(out + r * cols, row, cols * sizeof *row);
        for (size_t c = 0; transposed && c < cols; c++) out[c * rows + r] = row[c];
    }
}

enum err ref_weight_new(struct device *d, struct weight **out, const struct tensor *t, size_t G,
                        const uint64_t *row0, uint64_t rows, bool transposed, bool exact,
                        struct errinfo *e)
{
    (void)d;
    (void)exact; /* everything is */
    size_t cols = t[0].shape[1];
    struct weight *w = mem_alloc(1, sizeof *w);
    *w = (struct weight){G, transposed ? cols : rows, transposed ? rows : cols, NULL};
    *out = NULL;
    w->data = malloc(ref_weight_bytes(w));
    if (!w->data) {
        size_t bytes = ref_weight_bytes(w);
        mem_free(w);
        return err_set(e, E_LIMIT, "no memory for weights, %zu bytes", bytes);
    }
    float *row = mem_alloc(cols, sizeof *row);
    for (size_t g = 0; g < G; g++) fill(w, g, &t[g], row0 ? row0[g] : 0, rows, transposed, row);
    mem_free(row);
    *out = w;
    return OK;
}

void ref_weight_free(struct device *d, struct weight *w)
{
    (void)d;
    free(w->data);
    mem_free(w);
}

size_t ref_weight_bytes(const struct weight *w)
{
    return w->G * w->O * w->I * sizeof *w->data;
}

void ref_embed(struct device *d, float *x, const struct weight *table, const int32_t *ids,
               size_t T)
{
    (void)d;
    for (size_t t = 0; t < T; t++)
        memcpy(x + t * table->I, table->data + (size_t)ids[t] * table->I,
               table->I * sizeof *x);
}

/* Rows of W outside, tokens inside: a row is read once for all of them. */
void ref_linear(struct device *d, const struct linear_args *a)
{
    const struct weight *w = a->w;
#pragma omp parallel for num_threads(d->threads)
    for (size_t row = 0; row < w->G * w->O; row++) {
        size_t g = row / w->O, o = row % w->O;
        for (size_t t = 0; t < a->T; t += REF_TOGETHER) {
            size_t n = a->T - t < REF_TOGETHER ? a->T - t : REF_TOGETHER;
            const float *x[REF_TOGETHER];
            float v[REF_TOGETHER];
            for (size_t k = 0; k < n; k++) x[k] = a->x + (t + k) * a->ldx + g * a->gx;
            ref_dots(v, w->data + row * w->I, x, n, w->I);
            for (size_t k = 0; k < n; k++) {
                float *y = a->y + (t + k) * a->ldy + g * a->gy + o;
                *y = a->accumulate ? *y + v[k] : v[k];
            }
        }
    }
}
