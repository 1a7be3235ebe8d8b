/* mirror.h: a backend whose memory is the host's, over one whose memory is not: each operation
 * copies what it names to the device, runs there, and copies back what was written.  So the tests of
 * operations, which hand plain arrays around, run on every backend. */
#ifndef TESTS_MIRROR_H
#define TESTS_MIRROR_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"

#define MIRROR_PAGES 2048 /* 131,072 positions */

struct mirror {
    const struct backend *be;
    struct device *d;
    struct mirrored {
        void *host, *there;
        size_t bytes;
    } copies[4096];
    size_t n;
};

struct mirror_weight {
    const struct backend *be;
    struct weight *w;
    size_t G, O, I;
};

static inline struct mirror *mirror_of(struct device *d)
{
    return (struct mirror *)d;
}

/* The device's copy of n elements at `host`; the same memory for the same array. */
static inline void *mirror_in(struct mirror *m, const void *host, size_t n, size_t size)
{
    if (!host) return NULL;
    for (size_t i = 0; i < m->n; i++)
        if (m->copies[i].host == host) return m->copies[i].there;
    if (m->n == sizeof m->copies / sizeof *m->copies) abort();
    void *there = m->be->alloc(m->d, n * size + 64);
    if (!there) abort();
    m->be->upload(m->d, there, host, n * size);
    m->copies[m->n++] = (struct mirrored){(void *)host, there, n * size};
    return there;
}

static inline void mirror_out(struct mirror *m, const void *host)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->copies[i].host == host)
            m->be->download(m->d, m->copies[i].host, m->copies[i].there, m->copies[i].bytes);
}

static inline void mirror_done(struct mirror *m)
{
    struct errinfo e = {0};
    for (size_t i = 0; i < m->n; i++)
        m->be->release(m->d, m->copies[i].there, m->copies[i].bytes + 64);
    m->n = 0;
    if (m->be->sync(m->d, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        abort();
    }
}

/* Elements that T rows of `width` at `ld` reach over. */
static inline size_t mirror_span(size_t T, size_t ld, size_t width)
{
    return T ? (T - 1) * ld + width : 0;
}

/* ------------------------------------------------------------------ device */

static inline struct device *mirror_open(const struct backend *be, const struct device_options *o,
                                         struct errinfo *e)
{
    struct mirror *m = calloc(1, sizeof *m);
    m->be = be;
    if (!be->open(&m->d, o, e)) return (struct device *)m;
    free(m);
    return NULL;
}

static inline void mirror_close(struct device *d)
{
    struct mirror *m = mirror_of(d);
    m->be->close(m->d);
    free(m);
}

static inline void *mirror_alloc(struct device *d, size_t bytes)
{
    void *p = mirror_of(d)->be->alloc(mirror_of(d)->d, bytes);
    if (!p) return NULL;
    mirror_of(d)->be->release(mirror_of(d)->d, p, bytes);
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static inline void mirror_release(struct device *d, void *p, size_t bytes)
{
    (void)d, (void)bytes;
    free(p);
}

static inline void mirror_copy(struct device *d, void *dst, const void *src, size_t bytes)
{
    (void)d;
    memcpy(dst, src, bytes);
}

static inline enum err mirror_sync(struct device *d, struct errinfo *e)
{
    return mirror_of(d)->be->sync(mirror_of(d)->d, e);
}

/* ------------------------------------------------------------------ weights */

static inline enum err mirror_weight_new(struct device *d, struct weight **out,
                                         const struct tensor *t, size_t G, const uint64_t *row0,
                                         uint64_t rows, bool transposed, bool exact,
                                         struct errinfo *e)
{
    struct mirror *m = mirror_of(d);
    struct mirror_weight *w = calloc(1, sizeof *w);
    w->be = m->be;
    w->G = G;
    w->O = transposed ? t->shape[1] : rows;
    w->I = transposed ? rows : t->shape[1];
    *out = (struct weight *)w;
    return m->be->weight_new(m->d, &w->w, t, G, row0, rows, transposed, exact, e);
}

static inline struct mirror_weight *mirror_w(const struct weight *w)
{
    return (struct mirror_weight *)w;
}

static inline void mirror_weight_free(struct device *d, struct weight *w)
{
    mirror_of(d)->be->weight_free(mirror_of(d)->d, mirror_w(w)->w);
    free(mirror_w(w));
}

static inline void mirror_embed(struct device *d, float *x, const struct weight *table,
                                const int32_t *ids, size_t T)
{
    struct mirror *m = mirror_of(d);
    float *y = mirror_in(m, x, T * mirror_w(table)->I, sizeof *x);
    m->be->embed(m->d, y, mirror_w(table)->w, ids, T);
    mirror_out(m, x);
    mirror_done(m);
}

static inline void mirror_linear(struct device *d, const struct linear_args *a)
{
    struct mirror *m = mirror_of(d);
    struct mirror_weight *w = mirror_w(a->w);
    struct linear_args b = *a;
    b.w = w->w;
    b.x = mirror_in(m, a->x, mirror_span(a->T, a->ldx, (w->G - 1) * a->gx + w->I), 4);
    b.y = mirror_in(m, a->y, mirror_span(a->T, a->ldy, (w->G - 1) * a->gy + w->O), 4);
    m->be->linear(m->d, &b);
    mirror_out(m, a->y);
    mirror_done(m);
}

/* ------------------------------------------------------------------ norms and small moves */

static inline void mirror_rmsnorm(struct device *d, float *y, size_t ldy, float *x, size_t ldx,
                                  const float *r, const float *w, size_t T, int n, float eps)
{
    struct mirror *m = mirror_of(d);
    size_t span = mirror_span(T, ldx, (size_t)n);
    float *my = mirror_in(m, y, mirror_span(T, ldy, (size_t)n), 4), *mx = mirror_in(m, x, span, 4);
    float *mr = mirror_in(m, r, span, 4), *mw = mirror_in(m, w, (size_t)n, 4);
    m->be->rmsnorm(m->d, my, ldy, mx, ldx, mr, mw, T, n, eps);
    mirror_out(m, y);
    mirror_out(m, x);
    mirror_done(m);
}

static inline void mirror_layernorm(struct device *d, float *y, const float *x, const float *w,
                                    const float *b, size_t T, int n, float eps)
{
    struct mirror *m = mirror_of(d);
    size_t all = T * (size_t)n;
    float *my = mirror_in(m, y, all, 4), *mx = mirror_in(m, x, all, 4);
    float *mw = mirror_in(m, w, (size_t)n, 4), *mb = mirror_in(m, b, (size_t)n, 4);
    m->be->layernorm(m->d, my, mx, mw, mb, T, n, eps);
    mirror_out(m, y);
    mirror_done(m);
}

static inline void mirror_rope_part(struct device *d, const struct rope_args *a)
{
    struct mirror *m = mirror_of(d);
    struct rope_args b = *a;
    b.x = mirror_in(m, a->x, mirror_span(a->T, a->ld, (size_t)(a->heads - 1) * a->stride +
                                                          (size_t)a->P), 4);
    m->be->rope(m->d, &b, 1);
    mirror_out(m, a->x);
    mirror_done(m);
}

static inline void mirror_rope(struct device *d, const struct rope_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) mirror_rope_part(d, &a[i]);
}

static inline void mirror_swiglu(struct device *d, float *h, const float *g, const float *u,
                                 size_t n)
{
    struct mirror *m = mirror_of(d);
    float *mh = mirror_in(m, h, n, 4), *mg = mirror_in(m, g, n, 4), *mu = mirror_in(m, u, n, 4);
    m->be->swiglu(m->d, mh, mg, mu, n);
    mirror_out(m, h);
    mirror_done(m);
}

static inline void mirror_scale(struct device *d, float *x, float factor, size_t n)
{
    struct mirror *m = mirror_of(d);
    m->be->scale(m->d, mirror_in(m, x, n, 4), factor, n);
    mirror_out(m, x);
    mirror_done(m);
}

static inline void mirror_add(struct device *d, float *x, const float *r, size_t n)
{
    struct mirror *m = mirror_of(d);
    float *mx = mirror_in(m, x, n, 4), *mr = mirror_in(m, r, n, 4);
    m->be->add(m->d, mx, mr, n);
    mirror_out(m, x);
    mirror_done(m);
}

static inline void mirror_copy_rows(struct device *d, float *y, size_t ldy, const float *x,
                                    size_t ldx, size_t T, int n)
{
    struct mirror *m = mirror_of(d);
    float *my = mirror_in(m, y, mirror_span(T, ldy, (size_t)n), 4);
    float *mx = mirror_in(m, x, mirror_span(T, ldx, (size_t)n), 4);
    m->be->copy_rows(m->d, my, ldy, mx, ldx, T, n);
    mirror_out(m, y);
    mirror_done(m);
}

/* ------------------------------------------------------------------ the cache */

/* The first S positions' pages of a cache that holds nothing but rows of `width` at its start, of one type. */
static inline struct kv_view mirror_kv(struct mirror *m, const struct kv_view *kv, size_t S,
                                       int width, void **table)
{
    struct kv_view there = *kv;
    size_t bytes = KV_PAGE * kv_row_bytes(kv->type, width, 0);
    for (size_t i = 0; i * KV_PAGE < S; i++) table[i] = mirror_in(m, kv->pages[i], bytes, 1);
    there.pages = table;
    return there;
}

static inline void mirror_kv_store_part(struct device *d, const struct kv_store_args *a)
{
    struct mirror *m = mirror_of(d);
    struct kv_store_args b = *a;
    void *table[MIRROR_PAGES];
    size_t S = a->pos0 + a->T;
    b.kv = mirror_kv(m, &a->kv, S, a->width, table);
    b.rows = mirror_in(m, a->rows, mirror_span(a->T, a->ld, (size_t)a->width), 4);
    m->be->kv_store(m->d, &b, 1);
    for (size_t i = 0; i * KV_PAGE < S; i++) mirror_out(m, a->kv.pages[i]);
    mirror_done(m);
}

static inline void mirror_kv_store(struct device *d, const struct kv_store_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) mirror_kv_store_part(d, &a[i]);
}

static inline void mirror_index_select_part(struct device *d, const struct index_args *a)
{
    struct mirror *m = mirror_of(d);
    struct index_args b = *a;
    void *table[MIRROR_PAGES];
    b.kv = mirror_kv(m, &a->kv, a->pos0 + a->T, a->C, table);
    b.q = mirror_in(m, a->q, a->T * (size_t)a->J * (size_t)a->C, 4);
    b.w = mirror_in(m, a->w, a->T * (size_t)a->J, 4);
    b.sel = mirror_in(m, a->sel, a->T * (size_t)a->K, 4);
    m->be->index_select(m->d, &b, 1);
    mirror_out(m, a->sel);
    mirror_done(m);
}

static inline void mirror_index_select(struct device *d, const struct index_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) mirror_index_select_part(d, &a[i]);
}

static inline void mirror_mla_attend_part(struct device *d, const struct mla_args *a)
{
    struct mirror *m = mirror_of(d);
    struct mla_args b = *a;
    void *table[MIRROR_PAGES];
    size_t W = (size_t)(a->R + a->P), H = (size_t)a->H;
    b.kv = mirror_kv(m, &a->kv, a->pos0 + a->T, a->R + a->P, table);
    b.q = mirror_in(m, a->q, a->T * H * W, 4);
    b.sel = mirror_in(m, a->sel, a->T * (size_t)a->K, 4);
    b.out = mirror_in(m, a->out, a->T * H * (size_t)a->R, 4);
    m->be->mla_attend(m->d, &b, 1);
    mirror_out(m, a->out);
    mirror_done(m);
}

static inline void mirror_mla_attend(struct device *d, const struct mla_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) mirror_mla_attend_part(d, &a[i]);
}

/* ------------------------------------------------------------------ experts */

static inline void mirror_route(struct device *d, const struct route_args *a)
{
    struct mirror *m = mirror_of(d);
    struct route_args b = *a;
    size_t TA = a->T * (size_t)a->A;
    b.w = mirror_w(a->w)->w;
    b.x = mirror_in(m, a->x, a->T * (size_t)a->D, 4);
    b.bias = mirror_in(m, a->bias, (size_t)a->E, 4);
    b.expert = mirror_in(m, a->expert, TA, 4);
    b.gate = mirror_in(m, a->gate, TA, 4);
    m->be->route(m->d, &b);
    mirror_out(m, a->expert);
    mirror_out(m, a->gate);
    mirror_done(m);
}

static inline void mirror_experts(struct device *d, const struct experts_args *a)
{
    struct mirror *m = mirror_of(d);
    struct experts_args b = *a;
    size_t TA = a->T * (size_t)a->A;
    b.gate_w = mirror_w(a->gate_w)->w;
    b.up_w = mirror_w(a->up_w)->w;
    b.down_w = mirror_w(a->down_w)->w;
    b.x = mirror_in(m, a->x, a->T * (size_t)a->D, 4);
    b.expert = mirror_in(m, a->expert, TA, 4);
    b.gate = mirror_in(m, a->gate, TA, 4);
    b.y = mirror_in(m, a->y, a->T * (size_t)a->D, 4);
    m->be->experts(m->d, &b);
    mirror_out(m, a->y);
    mirror_done(m);
}

static inline size_t mirror_weight_bytes(const struct weight *w)
{
    return mirror_w(w)->be->weight_bytes(mirror_w(w)->w);
}

static const struct backend mirror_backend = {
    .name = "mirror", .close = mirror_close, .alloc = mirror_alloc, .release = mirror_release,
    .upload = mirror_copy, .download = mirror_copy, .weight_new = mirror_weight_new,
    .weight_free = mirror_weight_free, .weight_bytes = mirror_weight_bytes, .embed = mirror_embed,
    .rmsnorm = mirror_rmsnorm, .layernorm = mirror_layernorm, .rope = mirror_rope,
    .linear = mirror_linear, .swiglu = mirror_swiglu, .scale = mirror_scale,
    .copy_rows = mirror_copy_rows, .add = mirror_add, .kv_store = mirror_kv_store,
    .index_select = mirror_index_select, .mla_attend = mirror_mla_attend, .route = mirror_route,
    .experts = mirror_experts, .sync = mirror_sync,
};

#endif
