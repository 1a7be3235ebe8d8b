/* test_op_parts.c: operations that ask where a row stands, given as many sequences as they take: one row of each, over
 * the same pages, is what one sequence of that many rows gives, to the bit; and the last of fewer.  Of a
 * device whose memory is its own the mirror walks them; there tests/test_cuda_fp8.c has many. */
#include "tests/op.h"

enum { POS0 = 70, H = 3, R = 32, P = 8, K = 24, J = 2, C = 16, MOST = PARTS_MOST };

static void rotated(const struct op_path *p, struct device *d, size_t n)
{
    enum { LD = H * P };
    float inv_freq[P / 2], *one = op_numbers(MOST * LD, 3), *each = op_numbers(MOST * LD, 3);
    struct rope_args a[MOST];
    for (int i = 0; i < P / 2; i++) inv_freq[i] = 1.0f / (float)(1 + 3 * i);
    for (size_t i = 0; i < n; i++)
        a[i] = (struct rope_args){.x = each + i * LD, .T = 1, .ld = LD, .stride = P, .pos0 = POS0 + i, .heads = H,
                                  .P = P, .inv_freq = inv_freq, .amplitude = 1, .pairing = ROPE_HALVES};
    struct rope_args all = a[0];
    all.x = one;
    all.T = n;
    p->be->rope(d, &all, 1);
    p->be->rope(d, a, n);
    assert_memory_equal(each, one, MOST * LD * sizeof *one);
    free(one), free(each);
}

static void stored(const struct op_path *p, struct device *d, size_t n)
{
    float *rows = op_numbers((POS0 + MOST) * (R + P), 4);
    struct op_kv one = op_kv_parts(POS0 + MOST, R + P, R, KV_F16, rows);
    struct op_kv each = op_kv_parts(POS0 + MOST, R + P, R, KV_F16, rows);
    struct kv_store_args a[MOST];
    for (size_t i = 0; i < n; i++)
        a[i] = (struct kv_store_args){.kv = each.view, .rows = rows + i * (R + P), .T = 1, .ld = R + P,
                                      .pos0 = POS0 + i, .width = R + P, .split = R};
    struct kv_store_args all = a[0];
    all.kv = one.view;
    all.T = n;
    p->be->kv_store(d, &all, 1);
    p->be->kv_store(d, a, n);
    for (size_t i = 0; i < one.n; i++)
        assert_memory_equal(each.pages[i], one.pages[i], KV_PAGE * kv_row_bytes(KV_F16, R, P));
    op_kv_free(&one);
    op_kv_free(&each);
    free(rows);
}

/* Rows chosen, then attended to. */
static void attended(const struct op_path *p, struct device *d, size_t n)
{
    float *keys = op_numbers((POS0 + MOST) * C, 5), *rows = op_numbers((POS0 + MOST) * (R + P), 6);
    float *iq = op_numbers(MOST * J * C, 7), *iw = op_numbers(MOST * J, 8), *q = op_numbers(MOST * H * (R + P), 9);
    struct op_kv index = op_kv_new(POS0 + MOST, C, KV_F16, keys);
    struct op_kv latent = op_kv_parts(POS0 + MOST, R + P, R, KV_F16, rows);
    static int32_t one_sel[MOST * K], each_sel[MOST * K];
    static float one[MOST * H * R], each[MOST * H * R];
    struct index_args a[MOST];
    struct mla_args m[MOST];
    for (size_t i = 0; i < n; i++) {
        a[i] = (struct index_args){.kv = index.view, .q = iq + i * J * C, .w = iw + i * J, .sel = each_sel + i * K,
                                   .T = 1, .pos0 = POS0 + i, .J = J, .C = C, .K = K};
        m[i] = (struct mla_args){.kv = latent.view, .q = q + i * H * (R + P), .sel = each_sel + i * K,
                                 .out = each + i * H * R, .T = 1, .pos0 = POS0 + i, .H = H, .R = R, .P = P, .K = K,
                                 .scale = 0.2f};
    }
    struct index_args all = a[0];
    struct mla_args all_m = m[0];
    all.T = all_m.T = n;
    all.sel = one_sel, all_m.sel = one_sel, all_m.out = one;
    p->be->index_select(d, &all, 1);
    p->be->mla_attend(d, &all_m, 1);
    p->be->index_select(d, a, n);
    p->be->mla_attend(d, m, n);
    assert_memory_equal(each_sel, one_sel, n * K * sizeof *one_sel);
    assert_memory_equal(each, one, n * H * R * sizeof *one);
    op_kv_free(&index);
    op_kv_free(&latent);
    free(keys), free(rows), free(iq), free(iw), free(q);
}

static void parts_on(const struct op_path *p)
{
    static const size_t counts[] = {1, 2, PARTS_MOST - 1, PARTS_MOST};
    if (p->weights != WEIGHT_F32) return; /* weights play no part */
    struct device *d = op_open(p, 2, KV_F16);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        rotated(p, d, counts[i]);
        stored(p, d, counts[i]);
        attended(p, d, counts[i]);
    }
    p->be->close(d);
}

static void rows_of_many_are_as_rows_of_one(void **state)
{
    (void)state;
    op_each(parts_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_many_are_as_rows_of_one)};
    return cmocka_run_group_tests_name("op_parts", tests, NULL, NULL);
}
