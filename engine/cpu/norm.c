/* norm.c: drivers of the elementwise and row-wise operations, RoPE and the cache writer. */
#include <math.h>
#include <string.h>

#include "engine/cpu/cpu.h"

#define ALONE 16384 /* elements below which one thread is faster */

/* Rows of n elements in one range: about ALONE elements, at least one row. */
static size_t rows_at_once(size_t n)
{
    return ALONE / (n + 1) + 1;
}

struct norm {
    struct device *d;
    float *y;
    float *x;
    const float *r, *w, *b;
    size_t ldy, ldx;
    int n;
    float eps;
};

static void rmsnorm_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct norm *a = ctx;
    (void)worker;
    for (size_t t = first; t < last; t++)
        a->d->k.rmsnorm(a->y + t * a->ldy, a->x + t * a->ldx,
                        a->r ? a->r + t * a->ldx : NULL, a->w, a->n, a->eps);
}

void cpu_rmsnorm(struct device *d, float *y, size_t ldy, float *x, size_t ldx, const float *r,
                 const float *w, size_t T, int n, float eps)
{
    struct norm a = {.d = d, .y = y, .x = x, .r = r, .w = w, .ldy = ldy, .ldx = ldx, .n = n,
                     .eps = eps};
    par_for(d->pool, T, rows_at_once((size_t)n), rmsnorm_range, &a);
}

void cpu_layernorm(struct device *d, float *y, const float *x, const float *w, const float *b,
                   size_t T, int n, float eps)
{
    for (size_t t = 0; t < T; t++) /* index keys: 64 wide, not worth a second thread */
        d->k.layernorm(y + t * (size_t)n, x + t * (size_t)n, w, b, n, eps);
}

/* Ranges of runs of this many elements, so that cuts between threads never move within a vector. */
#define RUN 4096

struct elementwise {
    struct device *d;
    float *x;
    const float *g, *u;
    size_t n;
};

static void swiglu_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct elementwise *a = ctx;
    size_t i = first * RUN, n = cpu_min(last * RUN, a->n) - i;
    (void)worker;
    a->d->k.swiglu(a->x + i, a->g + i, a->u + i, n);
}

static void add_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct elementwise *a = ctx;
    size_t i = first * RUN, n = cpu_min(last * RUN, a->n) - i;
    (void)worker;
    a->d->k.add(a->x + i, a->g + i, n);
}

void cpu_swiglu(struct device *d, float *h, const float *g, const float *u, size_t n)
{
    struct elementwise a = {d, h, g, u, n};
    par_for(d->pool, (n + RUN - 1) / RUN, ALONE / RUN, swiglu_range, &a);
}

void cpu_scale(struct device *d, float *x, float factor, size_t n)
{
    d->k.scale(x, factor, n); /* head weights of the indexer: two a token */
}

void cpu_add(struct device *d, float *x, const float *r, size_t n)
{
    struct elementwise a = {.d = d, .x = x, .g = r, .n = n};
    par_for(d->pool, (n + RUN - 1) / RUN, 4 * ALONE / RUN, add_range, &a);
}

void cpu_copy_rows(struct device *d, float *y, size_t ldy, const float *x, size_t ldx, size_t T,
                   int n)
{
    (void)d;
    for (size_t t = 0; t < T; t++) memcpy(y + t * ldy, x + t * ldx, (size_t)n * sizeof *y);
}

/* ------------------------------------------------------------------ RoPE */

struct rotation {
    const struct rope_args *a; /* of the first part, where all rows begin */
    struct cpu_parts parts;
    float *table;    /* [rows][P/2][2] */
};

static size_t position_of(const struct rotation *r, size_t row)
{
    size_t i = cpu_part_of(&r->parts, row);
    return r->a[i].pos0 + row - r->parts.first[i];
}

static void angles_of(float *out, const struct rope_args *a, size_t pos)
{
    for (size_t i = 0; i < (size_t)a->P / 2; i++) {
        float angle = (float)pos * a->inv_freq[i];
        out[2 * i] = cosf(angle) * a->amplitude;
        out[2 * i + 1] = sinf(angle) * a->amplitude;
    }
}

static void angles_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct rotation *r = ctx;
    const struct rope_args *a = r->a;
    size_t half = (size_t)a->P / 2;
    (void)worker;
    for (size_t t = first; t < last; t++)
        angles_of(r->table + t * half * 2, a, position_of(r, t));
}

/* Whether the table holds the angles of these parts. */
static bool have_angles(const struct device *d, const struct rotation *r)
{
    const struct rope_args *a = r->a;
    size_t half = (size_t)a->P / 2;
    if (!d->angles.p || d->angle_parts != r->parts.n || d->angle_P != a->P ||
        d->angle_amplitude != a->amplitude || memcmp(d->angles.p, a->inv_freq, half * sizeof(float)))
        return false;
    for (size_t i = 0; i < r->parts.n; i++)
        if (d->angle_part[i].pos0 != a[i].pos0 || d->angle_part[i].T != a[i].T) return false;
    return true;
}

/* cos and sin of the angles of all rows, with the frequencies kept in front to recognise them.  All
 * layers of a call use the same positions: computed once. */
static bool angles(struct device *d, struct rotation *r)
{
    const struct rope_args *a = r->a;
    size_t half = (size_t)a->P / 2, rows = r->parts.first[r->parts.n];
    bool have = have_angles(d, r);
    if (!have) d->angle_parts = 0;
    float *freq = have ? d->angles.p
                       : cpu_reserve(d, &d->angles, (half + rows * half * 2) * sizeof *freq);
    if (!freq) return false;
    r->table = freq + half;
    if (have) return true;
    memcpy(freq, a->inv_freq, half * sizeof *freq);
    par_for(d->pool, rows, 1024 / (half + 1) + 1, angles_range, r);
    for (size_t i = 0; i < r->parts.n; i++) {
        d->angle_part[i].pos0 = a[i].pos0;
        d->angle_part[i].T = a[i].T;
    }
    d->angle_parts = r->parts.n;
    d->angle_P = a->P;
    d->angle_amplitude = a->amplitude;
    return true;
}

static void rotate(float *x, const float *cs, int P, enum rope_pairing pairing)
{
    int half = P / 2, step = pairing == ROPE_INTERLEAVED ? 2 : 1;
    int apart = pairing == ROPE_INTERLEAVED ? 1 : half;
    for (int i = 0; i < half; i++) {
        float *p = x + i * step, a = p[0], b = p[apart], c = cs[2 * i], s = cs[2 * i + 1];
        p[0] = a * c - b * s;
        p[apart] = a * s + b * c;
    }
}

static void rotate_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct rotation *r = ctx;
    const struct rope_args *a = r->a;
    (void)worker;
    for (size_t t = first; t < last; t++)
        for (int h = 0; h < a->heads; h++)
            rotate(a->x + t * a->ld + (size_t)h * a->stride, r->table + t * (size_t)a->P, a->P,
                   a->pairing);
}

void cpu_rope(struct device *d, const struct rope_args *a, size_t n)
{
    struct rotation r = {.a = a};
    for (size_t i = 0; i < n; i++) cpu_parts_add(&r.parts, a[i].T);
    size_t rows = r.parts.first[n];
    if (rows && angles(d, &r))
        par_for(d->pool, rows, 256 / (size_t)a->heads + 1, rotate_range, &r);
}

/* ------------------------------------------------------------------ cache */

/* A latent in groups, or a whole index key, and what there is of a rope key. */
static void store_int8(const struct device *d, char *row, const float *x, int R, int P)
{
    size_t n = (size_t)R, group = P ? KV_INT8_GROUP : n;
    float *scale = (float *)(row + kv_scales_at(R));
    for (size_t i = 0; i < n; i += group)
        scale[i / group] = d->k.to_int8((int8_t *)row + i, x + i, cpu_min(group, n - i), 127);
    if (P) d->k.to_f16((uint16_t *)(row + kv_rope_at(R)), x + n, (size_t)P);
}

static void store_row(const struct device *d, char *row, const float *x, enum kv_type type, int R,
                      int P)
{
    size_t n = (size_t)(R + P);
    if (type == KV_F32)
        memcpy(row, x, n * sizeof *x);
    else if (type == KV_F16)
        d->k.to_f16((uint16_t *)row, x, n);
    else if (type == KV_BF16)
        d->k.to_bf16((uint16_t *)row, x, n);
    else
        store_int8(d, row, x, R, P);
}

struct storing {
    const struct device *d;
    const struct kv_store_args *a;
};

static void store_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct storing *s = ctx;
    const struct kv_store_args *a = s->a;
    size_t offset = a->to_index ? a->kv.index_offset : a->kv.latent_offset;
    enum kv_type type = a->to_index ? a->kv.index_type : a->kv.type;
    int P = a->width - a->split;
    size_t bytes = kv_row_bytes(type, a->split, P);
    (void)worker;
    for (size_t t = first; t < last; t++) {
        size_t pos = a->pos0 + t;
        char *page = (char *)a->kv.pages[pos / KV_PAGE] + offset;
        store_row(s->d, page + pos % KV_PAGE * bytes, a->rows + t * a->ld, type, a->split, P);
    }
}

void cpu_kv_store(struct device *d, const struct kv_store_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct storing s = {d, &a[i]};
        par_for(d->pool, a[i].T, rows_at_once((size_t)a[i].width), store_range, &s);
    }
}
