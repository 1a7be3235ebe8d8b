/* test_cuda_fp8.c: --weights fp8 on Hopper: products with activations in FP8 against the same rounding done
 * here, experts and the indexer against ref within what eight bits leave. */
#include "bench/synthetic.h"
#include "engine/session.h"
#include "tests/op.h"
#include "tests/session_over.h"

static struct device *open_fp8(void)
{
    const struct backend *be;
    struct errinfo e = {0};
    struct device_options o = {.weights = WEIGHT_FP8, .kv = KV_F16};
    if (backend_plugin(&be, &e)) return NULL;
    return mirror_open(be, &o, &e);
}

/* n bytes of e4m3, most of them of about unit size. */
static uint8_t *random_bytes(size_t n, uint64_t seed)
{
    uint8_t *b = malloc(n);
    for (size_t i = 0; i < n; i++) b[i] = (uint8_t)((op_random(&seed) & 0x87) | (4 + op_random(&seed) % 4) << 3);
    return b;
}

static struct tensor fp8_tensor(const uint8_t *b, const float *scale, uint64_t rows, uint64_t cols)
{
    return (struct tensor){.type = DT_F8_E4M3, .ndim = 2, .shape = {rows, cols}, .data = b,
                           .bytes = rows * cols, .scale = scale, .block = 128};
}

static float nearest_e4m3(float x)
{
    float best = 0;
    for (int c = 0; c < 0x7f; c++) { /* of two as near the even code, which comes first or wins */
        float v = e4m3_to_f32((uint8_t)c), d = fabsf(fabsf(x) - v), b = fabsf(fabsf(x) - best);
        if (d < b || (d == b && c % 2 == 0)) best = v;
    }
    return copysignf(best, x);
}

/* Each 128 inputs to e4m3 times a power of two. */
static void round_row(float *x, size_t n)
{
    for (size_t k = 0; k < n; k += 128) {
        float most = 1e-4f, scale;
        for (size_t i = k; i < k + 128; i++) most = fmaxf(most, fabsf(x[i]));
        scale = exp2f(ceilf(log2f(most / 448)));
        for (size_t i = k; i < k + 128; i++) x[i] = nearest_e4m3(x[i] / scale) * scale;
    }
}

/* accumulate: onto what was there. */
static void product(size_t O, size_t I, size_t T, bool accumulate)
{
    struct device *d = open_fp8();
    struct errinfo e = {0};
    size_t blocks = (O + 127) / 128 * (I / 128);
    uint8_t *bytes = random_bytes(O * I, 3);
    float *scale = op_numbers(blocks, 4), *x = op_numbers(T * I, 5), *y = op_numbers(T * O, 6);
    float *want = malloc(T * O * sizeof *want), *row = malloc(I * sizeof *row), *alone = op_numbers(O, 6);
    for (size_t i = 0; i < T * I; i++) x[i] *= 1 + (float)(i % 7 == 0) * 30;
    struct tensor t = fp8_tensor(bytes, scale, O, I);
    struct weight *w;
    assert_int_equal(mirror_backend.weight_new(d, &w, &t, 1, NULL, O, false, false, &e), OK);
    float *before = op_numbers(T * O, 6);
    mirror_backend.linear(d, &(struct linear_args){.w = w, .x = x, .y = y, .T = T, .ldx = I, .ldy = O,
                                                   .accumulate = accumulate});
    for (size_t i = 0; i < T; i++) {
        memcpy(alone, before + i * O, O * sizeof *alone);
        mirror_backend.linear(d, &(struct linear_args){.w = w, .x = x + i * I, .y = alone, .T = 1, .ldx = I,
                                                       .ldy = O, .accumulate = accumulate});
        assert_memory_equal(alone, y + i * O, O * sizeof *alone);
        if (T > 20) i += 10;
    }
    for (size_t i = 0; i < T; i++) round_row(x + i * I, I);
    for (size_t o = 0; o < O; o++) {
        tensor_row_f32(&t, o, row);
        for (size_t i = 0; i < T; i++) {
            double sum = accumulate ? (double)before[i * O + o] : 0;
            for (size_t k = 0; k < I; k++) sum += (double)row[k] * x[i * I + k];
            want[i * O + o] = (float)sum;
        }
    }
    double error = op_error(y, want, T * O);
    print_message("# product %zu x %zu of %zu rows%s: error %.2g\n", O, I, T, accumulate ? ", added" : "", error);
    assert_true(error < 2e-3);
    mirror_backend.weight_free(d, w);
    mirror_backend.close(d);
    free(bytes), free(scale), free(x), free(y), free(want), free(row), free(alone), free(before);
}

/* Rows of a product of many have the bits that each has alone, whichever tiles it is made in. */
static void rows_as_alone(size_t O, size_t I, size_t T)
{
    struct device *d = open_fp8();
    struct errinfo e = {0};
    uint8_t *bytes = random_bytes(O * I, 3);
    float *scale = op_numbers((O + 127) / 128 * (I / 128), 4), *x = op_numbers(T * I, 5), *y = op_numbers(T * O, 6);
    float *alone = malloc(O * sizeof *alone);
    struct tensor t = fp8_tensor(bytes, scale, O, I);
    struct weight *w;
    assert_int_equal(mirror_backend.weight_new(d, &w, &t, 1, NULL, O, false, false, &e), OK);
    mirror_backend.linear(d, &(struct linear_args){.w = w, .x = x, .y = y, .T = T, .ldx = I, .ldy = O});
    for (size_t i = 0; i < T; i++) {
        mirror_backend.linear(d, &(struct linear_args){.w = w, .x = x + i * I, .y = alone, .T = 1, .ldx = I, .ldy = O});
        if (memcmp(alone, y + i * O, O * sizeof *alone)) fail_msg("%zu x %zu: row %zu of %zu differs", O, I, i, T);
        if (i + 20 < T) i += 12;
    }
    mirror_backend.weight_free(d, w);
    mirror_backend.close(d);
    free(bytes), free(scale), free(x), free(y), free(alone);
}

static void rows_are_as_alone(void **state)
{
    (void)state;
    struct device *d = open_fp8();
    if (!d) skip();
    mirror_backend.close(d);
    rows_as_alone(576, 7168, 65); /* in tiles of 64 rows, of 16, 32 and 64 outputs */
    rows_as_alone(2112, 7168, 129);
    rows_as_alone(1536, 7168, 257);
    rows_as_alone(7168, 2048, 256); /* of 128 x 128, 96, 192 */
    rows_as_alone(1536, 7168, 1000);
    rows_as_alone(7168, 2048, 300);
    rows_as_alone(19224, 640, 385); /* of 256 x 128, those that are left in halves */
    rows_as_alone(19224, 640, 513);
}

static void products_are_of_rounded_activations(void **state)
{
    (void)state;
    struct device *d = open_fp8();
    if (!d) skip();
    mirror_backend.close(d);
    product(128, 128, 1, false);
    product(300, 512, 5, false);
    product(200, 896, 130, false);
    product(520, 256, 300, false);
    product(136, 4096, 7, false);
    product(300, 2048, 150, false);
    product(136, 256, 7, true);
    product(520, 256, 300, true);
    product(300, 512, 150, true); /* not by the copy engine in any case: outputs no multiple of 8 */
}

static void experts_agree(void **state)
{
    (void)state;
    enum { E = 24, A = 3, D = 256, F = 384, T = 150 };
    struct device *d = open_fp8();
    struct errinfo e = {0};
    if (!d) skip();
    struct device *r = op_open_ref(KV_F16);
    static float scale[E * 6];
    float *x = op_numbers(T * D, 5), *y = op_numbers(T * D, 6), *want = op_numbers(T * D, 6);
    float *alone = op_numbers(T * D, 6), gate[T * A];
    int32_t expert[T * A];
    uint64_t seed = 9;
    struct weight *w[3], *wr[3];
    uint8_t *bytes[3];
    for (size_t i = 0; i < E * 6; i++) scale[i] = 0.02f + 0.001f * (float)(i % 5);
    for (int i = 0; i < T * A; i++) {
        expert[i] = (int32_t)((op_random(&seed) % 8 + (uint32_t)(i % A) * 8) % E);
        if (i % A == 0 && i < T * 2) expert[i] = 1; /* one has more than a tile */
        gate[i] = (float)(i % 5) * 0.3f - 0.5f;
    }
    for (int k = 0; k < 3; k++) {
        uint64_t rows = k == 2 ? D : F, cols = k == 2 ? F : D;
        struct tensor t[E];
        bytes[k] = random_bytes(E * (size_t)(rows * cols), 20 + (uint64_t)k);
        for (size_t g = 0; g < E; g++) t[g] = fp8_tensor(bytes[k] + g * rows * cols, scale + g * 6, rows, cols);
        assert_int_equal(mirror_backend.weight_new(d, &w[k], t, E, NULL, rows, false, false, &e), OK);
        assert_int_equal(ref_backend.weight_new(r, &wr[k], t, E, NULL, rows, false, false, &e), OK);
    }
    struct experts_args a = {.x = x, .gate_w = w[0], .up_w = w[1], .down_w = w[2], .expert = expert,
                             .gate = gate, .y = y, .T = T, .D = D, .F = F, .E = E, .A = A};
    struct experts_args one = a, ref = a;
    mirror_backend.experts(d, &a);
    one.T = 1;
    one.y = alone;
    mirror_backend.experts(d, &one);
    assert_memory_equal(alone, y, D * sizeof *y);
    ref.gate_w = wr[0], ref.up_w = wr[1], ref.down_w = wr[2];
    ref.y = want;
    ref_backend.experts(r, &ref);
    double error = op_error(y, want, T * D);
    print_message("# experts: error %.2g\n", error);
    assert_true(error < 6e-2);
    for (int k = 0; k < 3; k++) {
        mirror_backend.weight_free(d, w[k]);
        ref_backend.weight_free(r, wr[k]);
        free(bytes[k]);
    }
    mirror_backend.close(d);
    ref_backend.close(r);
    free(x), free(y), free(want), free(alone);
}

/* ------------------------------------------------------------------ the indexer */

enum { J = 64, C = 128 };

/* Pages of S positions, with nothing in them. */
static struct op_kv e4m3_pages(size_t S)
{
    struct op_kv kv = {.n = (S + KV_PAGE - 1) / KV_PAGE};
    size_t bytes = KV_PAGE * kv_row_bytes(KV_E4M3, C, 0);
    kv.pages = calloc(kv.n, sizeof *kv.pages);
    for (size_t i = 0; i < kv.n; i++) {
        kv.pages[i] = malloc(bytes);
        memset(kv.pages[i], 0xff, bytes);
    }
    kv.view = (struct kv_view){.pages = kv.pages, .type = KV_E4M3, .index_type = KV_E4M3};
    return kv;
}

/* Keys first .. first+n-1 into their places. */
static void store_keys(struct device *d, struct op_kv *kv, const float *keys, size_t first, size_t n)
{
    struct kv_store_args a = {.kv = kv->view, .rows = keys + first * C, .T = n, .ld = C, .pos0 = first,
                              .width = C, .split = C, .to_index = true};
    mirror_backend.kv_store(d, &a, 1);
}

/* What KV_E4M3 says of a key: the bytes of row s and its scale. */
static void expect_key(const float *key, size_t s, uint8_t *row, uint8_t *scale)
{
    float x[C], most = 1e-4f;
    memcpy(x, key, sizeof x);
    for (int apart = 1; apart < C; apart *= 2)
        for (int i = 0; i < C; i++)
            if (!(i & apart)) {
                float a = x[i], b = x[i + apart];
                x[i] = a + b, x[i + apart] = a - b;
            }
    for (int i = 0; i < C; i++) x[i] *= 0.08838834764831845f, most = fmaxf(most, fabsf(x[i]));
    int e = (int)ceilf(log2f(most / 448));
    *scale = (uint8_t)(127 + e);
    for (int i = 0; i < C; i++) {
        float v = nearest_e4m3(ldexpf(x[i], -e));
        uint8_t byte = 0;
        while (e4m3_to_f32(byte) != fabsf(v)) byte++;
        row[(i / 16 ^ (int)(s % 8)) * 16 + i % 16] = byte | (signbit(v) ? 0x80 : 0);
    }
}

static void keys_are_turned_and_rounded(void **state)
{
    (void)state;
    enum { S = 150 };
    struct device *d = open_fp8();
    if (!d) skip();
    float *keys = op_numbers(S * C, 3);
    for (int i = 0; i < C; i++) keys[5 * C + i] = 0, keys[7 * C + i] *= 1e6f, keys[9 * C + i] *= 1e-9f;
    struct op_kv at_once = e4m3_pages(S), parts = e4m3_pages(S);
    store_keys(d, &at_once, keys, 0, S);
    for (size_t s = 0, n; s < S; s += n) store_keys(d, &parts, keys, s, n = s < 70 ? 1 : s == 70 ? 61 : S - s);
    for (size_t s = 0; s < S; s++) {
        const uint8_t *page = at_once.pages[s / KV_PAGE], *other = parts.pages[s / KV_PAGE];
        size_t r = s % KV_PAGE;
        uint8_t row[C], scale;
        expect_key(keys + s * C, s, row, &scale);
        assert_memory_equal(page + r * C, row, C);
        assert_int_equal(page[KV_PAGE * C + r], scale);
        assert_memory_equal(other + r * C, row, C);
        assert_int_equal(other[KV_PAGE * C + r], scale);
    }
    op_kv_free(&at_once);
    op_kv_free(&parts);
    mirror_backend.close(d);
    free(keys);
}

static void state_keeps_them_so(void **state)
{
    (void)state;
    const struct backend *be;
    struct errinfo e = {0};
    struct device *d = open_fp8();
    if (!d) skip();
    assert_int_equal(backend_plugin(&be, &e), OK);
    struct device *there = mirror_of(d)->d;
    assert_int_equal(be->index_type(there, KV_F16, J, C), KV_E4M3);
    assert_int_equal(be->index_type(there, KV_F32, J, C), KV_F32);
    assert_int_equal(be->index_type(there, KV_F16, 2, 64), KV_F16);
    mirror_backend.close(d);
}

static size_t in_both(const int32_t *a, const int32_t *b, int K)
{
    size_t same = 0;
    for (int i = 0, j = 0; i < K && j < K;) {
        int32_t x = a[i], y = b[j];
        same += x == y;
        i += x <= y;
        j += y <= x;
    }
    return same;
}

/* Many queries, each alone, and three together choose the same; nearly what ref chooses. */
static void the_indexer_chooses_almost_the_same(void **state)
{
    (void)state;
    enum { T = 70, POS0 = 3000, K = 128 };
    struct device *d = open_fp8();
    if (!d) skip();
    struct device *r = op_open_ref(KV_F16);
    float *q = op_numbers(T * J * C, 1), *w = op_numbers(T * J, 2), *keys = op_numbers((POS0 + T) * C, 3);
    struct op_kv kv = op_kv_new(POS0 + T, C, KV_F16, keys), narrow = e4m3_pages(POS0 + T);
    static int32_t got[T * K], want[T * K], few[3 * K];
    struct index_args ref = {.kv = kv.view, .q = q, .w = w, .sel = want, .T = T, .pos0 = POS0, .J = J, .C = C, .K = K};
    struct index_args a = ref;
    store_keys(d, &narrow, keys, 0, POS0 + T);
    a.kv = narrow.view;
    a.sel = got;
    mirror_backend.index_select(d, &a, 1);
    for (size_t t = 0, n; t + 3 < T; t += n) {
        struct index_args part = a;
        part.q += t * J * C, part.w += t * J;
        part.pos0 += t;
        part.T = n = t % 2 ? 3 : 1;
        part.sel = few;
        mirror_backend.index_select(d, &part, 1);
        assert_memory_equal(few, got + t * K, n * K * sizeof *few);
    }
    ref_backend.index_select(r, &ref, 1);
    size_t same = 0;
    for (int t = 0; t < T; t++) same += in_both(got + t * K, want + t * K, K);
    print_message("# indexer: %zu of %d the same\n", same, T * K);
    assert_true(same * 100 >= 90 * T * K);
    op_kv_free(&kv);
    op_kv_free(&narrow);
    mirror_backend.close(d);
    ref_backend.close(r);
    free(q), free(w), free(keys);
}

/* ------------------------------------------------------------------ queries of several sequences */

enum { TEXTS = 3, PLACES = 44, MANY_QUERIES = 65, BEST = 128 };

/* Pages of some texts' keys: as they are, and in FP8 on the device.  A sequence's page at each place is that of one text. */
struct texts {
    struct op_kv kv[TEXTS];
    char *there; /* [TEXTS][PLACES] */
    void *plain[MANY_QUERIES][PLACES], *narrow[MANY_QUERIES][PLACES];
};

static void open_texts(struct texts *t, struct device *d)
{
    const struct mirror *m = mirror_of(d);
    size_t bytes = KV_PAGE * kv_row_bytes(KV_E4M3, C, 0);
    t->there = m->be->alloc(m->d, TEXTS * PLACES * bytes);
    for (size_t i = 0; i < TEXTS; i++) {
        float *keys = op_numbers(PLACES * KV_PAGE * C, 20 + i);
        struct op_kv kv = e4m3_pages(PLACES * KV_PAGE);
        t->kv[i] = op_kv_new(PLACES * KV_PAGE, C, KV_F16, keys);
        store_keys(d, &kv, keys, 0, PLACES * KV_PAGE);
        for (size_t p = 0; p < PLACES; p++) m->be->upload(m->d, t->there + (i * PLACES + p) * bytes, kv.pages[p], bytes);
        op_kv_free(&kv);
        free(keys);
    }
}

static void close_texts(struct texts *t, struct device *d)
{
    mirror_of(d)->be->release(mirror_of(d)->d, t->there, TEXTS * PLACES * KV_PAGE * kv_row_bytes(KV_E4M3, C, 0));
    for (size_t i = 0; i < TEXTS; i++) op_kv_free(&t->kv[i]);
}

/* Whose page sequence i has at place p, of all shared, the beginning shared, here and there shared, none shared. */
static size_t text_at(int sharing, size_t i, size_t p)
{
    uint64_t seed = i * PLACES + p;
    switch (sharing) {
    case 0: return 0;
    case 1: return p < PLACES - 4 - i % 17 ? 0 : 1 + i % 2;
    case 2: return op_random(&seed) % TEXTS;
    default: return i % TEXTS;
    }
}

/* n sequences' T queries each, in one call and each sequence alone. */
static void queries_of_sequences(struct device *d, struct texts *t, size_t n, size_t T, int sharing, bool alike)
{
    const struct mirror *m = mirror_of(d);
    size_t bytes = KV_PAGE * kv_row_bytes(KV_E4M3, C, 0), rows = n * T, sel_bytes = rows * BEST * sizeof(int32_t);
    float *q = op_numbers(rows * J * C, 31), *w = op_numbers(rows * J, 32);
    float *q_there = m->be->alloc(m->d, rows * J * C * 4), *w_there = m->be->alloc(m->d, rows * J * 4);
    int32_t *sel = m->be->alloc(m->d, sel_bytes), *together = malloc(sel_bytes), *alone = malloc(sel_bytes);
    struct index_args a[MANY_QUERIES];
    struct device *r = op_open_ref(KV_F16);
    m->be->upload(m->d, q_there, q, rows * J * C * 4);
    m->be->upload(m->d, w_there, w, rows * J * 4);
    for (size_t i = 0; i < n; i++) {
        uint64_t seed = 5 + i;
        size_t pos0 = alike ? PLACES * KV_PAGE - T - i : op_random(&seed) % (PLACES * KV_PAGE - T);
        for (size_t p = 0; p < PLACES; p++) {
            size_t text = text_at(sharing, i, p);
            t->plain[i][p] = t->kv[text].pages[p];
            t->narrow[i][p] = t->there + (text * PLACES + p) * bytes;
        }
        a[i] = (struct index_args){.kv = {.pages = t->narrow[i], .type = KV_F16, .index_type = KV_E4M3},
                                   .q = q_there + i * T * J * C, .w = w_there + i * T * J, .sel = sel + i * T * BEST,
                                   .T = T, .pos0 = pos0, .J = J, .C = C, .K = BEST};
    }
    m->be->index_select(m->d, a, n);
    m->be->download(m->d, together, sel, sel_bytes);
    for (size_t i = 0; i < n; i++) m->be->index_select(m->d, &a[i], 1);
    m->be->download(m->d, alone, sel, sel_bytes);
    if (memcmp(together, alone, sel_bytes)) fail_msg("%zu x %zu queries, sharing %d: others than alone", n, T, sharing);
    struct index_args ref = a[n - 1]; /* ref takes its time: of the last sequence */
    size_t same = 0, count = 0;
    ref.kv = (struct kv_view){.pages = t->plain[n - 1], .type = KV_F16, .index_type = KV_F16};
    ref.q = q + (n - 1) * T * J * C, ref.w = w + (n - 1) * T * J, ref.sel = alone;
    ref_backend.index_select(r, &ref, 1);
    for (size_t k = 0; k < T; k++) {
        int visible = (int)(ref.pos0 + k + 1), of = visible < BEST ? visible : BEST;
        same += in_both(alone + k * BEST, together + ((n - 1) * T + k) * BEST, of);
        count += (size_t)of;
    }
    assert_true(same * 100 >= 85 * count);
    ref_backend.close(r);
    m->be->release(m->d, q_there, rows * J * C * 4);
    m->be->release(m->d, w_there, rows * J * 4);
    m->be->release(m->d, sel, sel_bytes);
    free(q), free(w), free(together), free(alone);
}

/* Around groups of 4 queries, and around 32, from which on common pages are sought: pages that are the same at all
 * places, at some, at none; of like and of any lengths. */
static void pages_may_be_shared(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 3, 4, 5, 9, 11, 31, 32, 33, 35, MANY_QUERIES};
    static struct texts texts;
    struct device *d = open_fp8();
    if (!d) skip();
    open_texts(&texts, d);
    for (int sharing = 0; sharing < 4; sharing++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            for (size_t T = 1; T <= 3; T += 2) queries_of_sequences(d, &texts, counts[i], T, sharing, (i + T) % 2);
    close_texts(&texts, d);
    mirror_backend.close(d);
}

/* ------------------------------------------------------------------ a layer of V3.2's size */

enum { N = 2500 }; /* the indexer selects 2,048 */

static void append(struct session *s, const int32_t *ids, size_t n)
{
    struct errinfo e = {0};
    if (session_append(s, ids + session_length(s), n, &e)) fail_msg("%s", e.msg);
}

/* The state of s as it lies on disk, in a session of its own. */
static struct session *saved_and_loaded(struct session *s, struct kv_source *source)
{
    struct errinfo e = {0};
    struct session *t;
    size_t n = session_length(s), page = s->kv.layout->page_bytes;
    char *bytes = malloc(s->kv.n_pages * page), *copy = malloc(page), *again = malloc(page);
    for (size_t i = 0; i * KV_PAGE < n; i++) memcpy(bytes + i * page, kv_page_bytes(&s->kv, i, copy), page);
    const uint8_t *keys = (const uint8_t *)bytes + n / KV_PAGE * page + s->kv.layout->index_offset[0];
    for (size_t r = n % KV_PAGE, i; r && r < KV_PAGE; r++) { /* rows that hold no token are zeros */
        for (i = 0; i < C && !keys[r * C + i]; i++) {}
        assert_true(i == C && !keys[KV_PAGE * C + r] && keys[KV_PAGE * C + n % KV_PAGE - 1]);
    }
    *source = (struct kv_source){.map = {bytes, s->kv.n_pages * page}, .users = 1};
    assert_int_equal(session_new(&t, s->m, &e), OK);
    session_share(t, s, n);
    kv_free(&t->kv);
    kv_init(&t->kv, &s->m->kv, s->m->b, s->m->d);
    assert_int_equal(kv_put(&t->kv, 0, n, source, 0, &e), OK);
    for (size_t i = 0; i * KV_PAGE < n; i++)
        assert_memory_equal(kv_page_bytes(&t->kv, i, again), bytes + i * page, page);
    free(copy), free(again);
    return t;
}

static void a_state_in_e4m3_is_as_one_pass(void **state)
{
    (void)state;
    struct model_options o = {.backend = "cuda", .weights = WEIGHT_FP8};
    struct errinfo e = {0};
    struct model *m;
    struct kv_source source;
    struct device *d = open_fp8();
    static int32_t ids[N];
    if (!d) skip();
    mirror_backend.close(d);
    if (synthetic_open(&m, 1, SYNTHETIC_EXPERTS, &o, &e)) fail_msg("%s", e.msg);
    assert_int_equal(m->kv.index_type, KV_E4M3);
    size_t bytes = (size_t)m->config.V * sizeof(float);
    for (size_t i = 0; i < N; i++) ids[i] = (int32_t)((i * 2654435761u >> 7) % (unsigned)m->config.V);
    struct session *once = session_over(m, ids, N, 4096), *parts = session_over(m, ids, N, 100);
    assert_memory_equal(session_logits(parts), session_logits(once), bytes);
    struct session *steps = session_over(m, ids, N - 60, 1000);
    for (int i = 0; i < 20; i++) append(steps, ids, 1);
    struct session *loaded = saved_and_loaded(steps, &source);
    while (session_length(steps) < N) append(steps, ids, 4), append(loaded, ids, 2), append(loaded, ids, 2);
    assert_memory_equal(session_logits(steps), session_logits(once), bytes);
    assert_memory_equal(session_logits(loaded), session_logits(once), bytes);
    for (struct session **s = (struct session *[]){once, parts, steps, loaded, NULL}; *s; s++) session_free(*s);
    free((void *)source.map.p);
    model_close(m);
}

/* A token of each of many texts in a pass, as often as it takes to record passes and play them back: the logits are
 * those that each has alone. */
static void many_in_a_pass_are_as_each_alone(void **state)
{
    (void)state;
    enum { MANY = PARTS_MOST, STEPS = 5 };
    struct model_options o = {.backend = "cuda", .weights = WEIGHT_FP8};
    struct errinfo e = {0};
    struct model *m;
    struct device *d = open_fp8();
    static int32_t ids[N], next[MANY][STEPS];
    static struct session *s[MANY];
    if (!d) skip();
    mirror_backend.close(d);
    if (synthetic_open(&m, 2, SYNTHETIC_CHOSEN, &o, &e)) fail_msg("%s", e.msg);
    size_t V = (size_t)m->config.V;
    for (size_t i = 0; i < N; i++) ids[i] = (int32_t)((i * 2654435761u >> 7) % V);
    struct session *read = session_over(m, ids, N, 4096);
    for (size_t i = 0; i < MANY; i++) {
        s[i] = session_new_beside(read);
        session_share(s[i], read, N - i % 70 * 3);
        for (size_t k = 0; k < STEPS; k++) next[i][k] = (int32_t)((i * 40503u + k * 977u) % V);
    }
    for (size_t k = 0; k < STEPS; k++) {
        struct append a[MANY];
        for (size_t i = 0; i < MANY; i++) a[i] = (struct append){.s = s[i], .ids = &next[i][k], .n = 1, .e = &e};
        session_append_all(a, MANY);
        for (size_t i = 0; i < MANY; i++)
            if (a[i].code) fail_msg("%s", e.msg);
    }
    for (size_t i = 0; i < MANY; i += 7) {
        struct session *alone = session_new_beside(read);
        session_share(alone, read, N - i % 70 * 3);
        if (session_append(alone, next[i], STEPS, &e)) fail_msg("%s", e.msg);
        if (memcmp(session_logits(alone), session_logits(s[i]), V * sizeof(float)))
            fail_msg("text %zu: other logits than alone", i);
        session_free(alone);
    }
    for (size_t i = 0; i < MANY; i++) session_free(s[i]);
    session_free(read);
    model_close(m);
}

/* PATTERN: of the tests to leave out (a sanitizer takes long over the last two). */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_of_rounded_activations),
        cmocka_unit_test(rows_are_as_alone),
        cmocka_unit_test(experts_agree),
        cmocka_unit_test(keys_are_turned_and_rounded),
        cmocka_unit_test(state_keeps_them_so),
        cmocka_unit_test(the_indexer_chooses_almost_the_same),
        cmocka_unit_test(pages_may_be_shared),
        cmocka_unit_test(a_state_in_e4m3_is_as_one_pass),
        cmocka_unit_test(many_in_a_pass_are_as_each_alone),
    };
    if (argc > 1) cmocka_set_skip_filter(argv[1]);
    return cmocka_run_group_tests_name("cuda_fp8", tests, NULL, NULL);
}
