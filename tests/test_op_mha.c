/* test_op_mha.c: expanded attention over all rows, on every path, against ref. */
#include "tests/op.h"

struct job {
    size_t T, pos0;
    int H, N, P, W;
    enum kv_type type;
};

/* T and S around pages and blocks of queries; widths that are no multiple of anything. */
static const struct job jobs[] = {
    {0, 0, 9, 64, 32, 64, KV_F16},    {1, 0, 9, 64, 32, 64, KV_F16},
    {1, 63, 9, 64, 32, 64, KV_BF16},  {2, 63, 9, 64, 32, 64, KV_F32},
    {65, 0, 3, 64, 32, 64, KV_F16},   {7, 130, 1, 33, 7, 50, KV_BF16},
    {5, 130, 2, 17, 6, 3, KV_F32},    {129, 70, 2, 64, 32, 64, KV_F16},
    {128, 64, 1, 48, 32, 40, KV_F32}, {130, 1, 2, 48, 32, 40, KV_BF16},
    {3, 700, 2, 128, 64, 128, KV_F16}, {13, 250, 2, 21, 2, 31, KV_F16},
};

struct input {
    float *q, *rows;
    struct op_kv kv;
};

static struct input make_input(const struct job *j)
{
    size_t S = j->pos0 + j->T, H = (size_t)j->H;
    size_t width = H * (size_t)(j->N + j->W) + (size_t)j->P;
    struct input in;
    in.q = op_numbers(j->T * H * (size_t)(j->N + j->P), 6);
    in.rows = op_numbers(S * width, 7);
    in.kv = op_kv_new(S, (int)width, j->type, in.rows);
    return in;
}

static void free_input(struct input *in)
{
    op_kv_free(&in->kv);
    free(in->q);
    free(in->rows);
}

static float *attend(const struct backend *be, struct device *d, const struct job *j,
                     const struct input *in, size_t first, size_t n)
{
    size_t H = (size_t)j->H;
    float *out = malloc((n * H * (size_t)j->W + 1) * sizeof *out);
    out[n * H * (size_t)j->W] = 12345;
    struct mha_args a = {.kv = in->kv.view, .q = in->q + first * H * (size_t)(j->N + j->P),
                         .out = out, .T = n, .pos0 = j->pos0 + first, .H = j->H, .N = j->N,
                         .P = j->P, .W = j->W, .scale = 0.11f};
    be->mha_attend(d, &a, 1);
    assert_true(out[n * H * (size_t)j->W] == 12345.0f);
    return out;
}

static void one_job(const struct op_path *p, const struct job *j)
{
    struct input in = make_input(j);
    struct device *d = op_open(p, 2, j->type), *d1 = op_open(p, 1, j->type);
    struct device *r = op_open_ref(j->type);
    size_t each = (size_t)j->H * (size_t)j->W, n = j->T * each;
    float *got = attend(p->be, d, j, &in, 0, j->T), *one = attend(p->be, d1, j, &in, 0, j->T);
    float *want = attend(&ref_backend, r, j, &in, 0, j->T);
    char what[100];
    snprintf(what, sizeof what, "T %zu pos0 %zu H %d N %d P %d W %d", j->T, j->pos0, j->H, j->N,
             j->P, j->W);
    op_close(p, what, got, want, n, 1e-5);
    assert_memory_equal(got, one, n * sizeof *got);
    for (size_t t = 0; t < j->T; t++) {
        float *alone = attend(p->be, d, j, &in, t, 1);
        if (memcmp(alone, got + t * each, each * sizeof *alone) != 0)
            fail_msg("%s: %s: query %zu alone differs", p->name, what, t);
        free(alone);
    }
    free(got);
    free(one);
    free(want);
    p->be->close(d);
    p->be->close(d1);
    ref_backend.close(r);
    free_input(&in);
}

static void jobs_on(const struct op_path *p)
{
    if (p->weights != WEIGHT_F32 || !p->be->mha_attend) return; /* weights play no part */
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) one_job(p, &jobs[i]);
}

static void attention_agrees(void **state)
{
    (void)state;
    op_each(jobs_on);
}

/* Logits far apart and far from zero: the softmax must neither overflow nor lose the largest. */
static void extreme_on(const struct op_path *p)
{
    if (p->weights != WEIGHT_F32 || !p->be->mha_attend) return;
    struct job j = {2, 140, 3, 64, 16, 32, KV_F32};
    struct input in = make_input(&j);
    for (size_t i = 0; i < j.T * 3 * 80; i++) in.q[i] *= 400.0f;
    struct device *d = op_open(p, 2, j.type), *r = op_open_ref(j.type);
    float *got = attend(p->be, d, &j, &in, 0, j.T);
    float *want = attend(&ref_backend, r, &j, &in, 0, j.T);
    op_close(p, "extreme logits", got, want, j.T * 3 * 32, 1e-3);
    free(got);
    free(want);
    p->be->close(d);
    ref_backend.close(r);
    free_input(&in);
}

static void extreme_logits_are_survived(void **state)
{
    (void)state;
    op_each(extreme_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_agrees),
        cmocka_unit_test(extreme_logits_are_survived),
    };
    return cmocka_run_group_tests_name("op_mha", tests, NULL, NULL);
}
