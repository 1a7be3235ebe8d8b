/* fuzz_safetensors.c: one safetensors file; every byte of every accepted tensor is read. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "engine/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static unsigned sum_of(const struct tensor *t)
{
    const uint8_t *p = t->data;
    unsigned sum = 0;
    for (uint64_t i = 0; i < t->bytes; i++) sum += p[i];
    return sum;
}

/* The rows of a matrix, as a weight would read them. */
static void read_rows(const struct tensor *t)
{
    if (t->ndim != 2 || t->bytes == 0 || t->type == DT_OTHER) return;
    float *row = mem_alloc(t->shape[1], sizeof *row);
    for (uint64_t r = 0; r < t->shape[0]; r++) tensor_row_f32(t, r, row);
    mem_free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct safetensors *s;
    struct errinfo e = {0};
    enum err r = safetensors_open_bytes(&s, (const char *)data, n, "fuzz", &e);
    assert((r == OK) == (s != NULL) && (r == OK || e.msg[0]));
    if (!s) return 0;
    volatile unsigned sum = 0;
    for (size_t i = 0; i < safetensors_count(s); i++) {
        const struct tensor *t = safetensors_find(s, safetensors_name(s, i));
        assert(t && t->ndim <= 4);
        sum += sum_of(t);
        read_rows(t);
    }
    safetensors_close(s);
    return 0;
}
