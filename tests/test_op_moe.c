/* test_op_moe.c: router and experts on every path, against ref. */
#include "tests/op.h"

struct job {
    size_t T;
    int D, F, E, A, n_group, topk_group;
    bool norm;
};

static const struct job jobs[] = {
    {0, 16, 8, 4, 2, 1, 1, true},      {1, 16, 8, 4, 2, 1, 1, true},
    {1, 192, 136, 8, 3, 4, 2, true},   {37, 192, 136, 8, 3, 4, 2, false},
    {64, 33, 17, 16, 4, 4, 3, true},   {5, 40, 24, 8, 8, 1, 1, true},
    {130, 64, 48, 6, 1, 1, 1, true},   {9, 24, 20, 12, 2, 12, 5, true},
};

static struct weight *stack(const struct backend *be, struct device *d, size_t G, size_t O,
                            size_t I, uint64_t seed, bool exact)
{
    float *x = op_numbers(G * O * I, seed);
    struct tensor t[32];
    struct weight *w = NULL;
    for (size_t i = 0; i < G * O * I; i++) x[i] *= 0.25f; /* still bf16 */
    for (size_t g = 0; g < G; g++) t[g] = op_tensor(x + g * O * I, O, I);
    assert_int_equal(be->weight_new(d, &w, t, G, NULL, O, false, exact, NULL), OK);
    free(x);
    return w;
}

struct routed {
    int32_t *expert;
    float *gate, *y;
};

/* Router and experts of tokens [first, first + n), with the experts given by `from` when set. */
static struct routed forward(const struct backend *be, struct device *d, const struct job *j,
                             const float *x, size_t first, size_t n, const struct routed *from)
{
    size_t A = (size_t)j->A, D = (size_t)j->D, E = (size_t)j->E, F = (size_t)j->F;
    struct routed r = {calloc(n * A + 1, 4), calloc(n * A + 1, 4), op_numbers(n * D, 50)};
    float *bias = op_numbers(E, 51);
    struct weight *w = stack(be, d, 1, E, D, 60, true);
    struct route_args a = {.x = x + first * D, .w = w, .bias = bias, .expert = r.expert,
                           .gate = r.gate, .T = n, .D = j->D, .E = j->E, .A = j->A,
                           .n_group = j->n_group, .topk_group = j->topk_group, .norm = j->norm,
                           .scaling = 2.5f};
    be->route(d, &a);
    be->weight_free(d, w);
    struct weight *g = stack(be, d, E, F, D, 61, false), *u = stack(be, d, E, F, D, 62, false);
    struct weight *down = stack(be, d, E, D, F, 63, false);
    for (size_t i = 0; i < n * D; i++) r.y[i] = (float)(i % D % 5); /* added to */
    struct experts_args b = {.x = x + first * D, .gate_w = g, .up_w = u, .down_w = down,
                             .expert = from ? from->expert : r.expert,
                             .gate = from ? from->gate : r.gate, .y = r.y, .T = n, .D = j->D,
                             .F = j->F, .E = j->E, .A = j->A};
    be->experts(d, &b);
    be->weight_free(d, g);
    be->weight_free(d, u);
    be->weight_free(d, down);
    free(bias);
    return r;
}

static void drop(struct routed *r)
{
    free(r->expert);
    free(r->gate);
    free(r->y);
}

static void one_job(const struct op_path *p, const struct job *j)
{
    size_t A = (size_t)j->A, D = (size_t)j->D;
    struct device *d = op_open(p, 2, KV_AUTO), *d1 = op_open(p, 1, KV_AUTO);
    struct device *rd = op_open_ref(KV_AUTO);
    float *x = op_numbers(j->T * D, 20);
    struct routed want = forward(&ref_backend, rd, j, x, 0, j->T, NULL);
    struct routed got = forward(p->be, d, j, x, 0, j->T, &want);
    struct routed one = forward(p->be, d1, j, x, 0, j->T, &want);
    assert_memory_equal(got.expert, want.expert, j->T * A * sizeof *got.expert);
    op_close(p, "gate", got.gate, want.gate, j->T * A, 1e-5);
    op_close(p, "experts", got.y, want.y, j->T * D, p->loose);
    assert_memory_equal(got.y, one.y, j->T * D * sizeof *got.y);
    for (size_t t = 0; t < j->T; t++) {
        struct routed mine = {want.expert + t * A, want.gate + t * A, NULL};
        struct routed alone = forward(p->be, d, j, x, t, 1, &mine);
        assert_memory_equal(alone.expert, got.expert + t * A, A * sizeof *alone.expert);
        assert_memory_equal(alone.gate, got.gate + t * A, A * sizeof *alone.gate);
        if (memcmp(alone.y, got.y + t * D, D * sizeof *got.y) != 0)
            fail_msg("%s: token %zu alone differs", p->name, t);
        drop(&alone);
    }
    drop(&want);
    drop(&got);
    drop(&one);
    free(x);
    p->be->close(d);
    p->be->close(d1);
    ref_backend.close(rd);
}

static void jobs_on(const struct op_path *p)
{
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) one_job(p, &jobs[i]);
}

static void experts_agree(void **state)
{
    (void)state;
    op_each(jobs_on);
}

/* Equal scores go to the lower expert, and to the lower group. */
static void ties_on(const struct op_path *p)
{
    if (p->weights != WEIGHT_F32) return;
    float zero[8 * 4] = {0}, x[4] = {1, 2, 3, 4}, bias[8] = {0}, gate[3];
    int32_t expert[3];
    struct tensor t = op_tensor(zero, 8, 4);
    struct device *d = op_open(p, 1, KV_AUTO);
    struct weight *w;
    assert_int_equal(p->be->weight_new(d, &w, &t, 1, NULL, 8, false, true, NULL), OK);
    struct route_args a = {.x = x, .w = w, .bias = bias, .expert = expert, .gate = gate, .T = 1,
                           .D = 4, .E = 8, .A = 3, .n_group = 4, .topk_group = 2, .norm = true,
                           .scaling = 3.0f};
    p->be->route(d, &a);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(expert[i], i);
        assert_true(fabsf(gate[i] - 1.0f) < 1e-6f);
    }
    bias[6] = 1.0f; /* the bias chooses, and stays out of the gate */
    p->be->route(d, &a);
    assert_int_equal(expert[0], 6);
    assert_int_equal(expert[1], 0);
    assert_true(fabsf(gate[0] - 1.0f) < 1e-6f);
    p->be->weight_free(d, w);
    p->be->close(d);
}

static void ties_go_to_the_lower(void **state)
{
    (void)state;
    op_each(ties_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(experts_agree),
        cmocka_unit_test(ties_go_to_the_lower),
    };
    return cmocka_run_group_tests_name("op_moe", tests, NULL, NULL);
}
