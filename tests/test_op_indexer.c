/* test_op_indexer.c: top-k selection on every path, against ref and against its definition. */
#include "tests/op.h"

struct job {
    size_t T, pos0;
    int J, C, K;
    enum kv_type type;
};

/* T 0, 1, few, many; S around pages and K; heads and widths that are no multiple of anything. */
static const struct job jobs[] = {
    {0, 0, 2, 64, 8, KV_BF16},      {1, 0, 2, 64, 512, KV_BF16},   {63, 0, 2, 64, 64, KV_F32},
    {65, 0, 2, 64, 64, KV_BF16},    {1, 62, 2, 64, 63, KV_BF16},   {1, 63, 2, 64, 63, KV_F32},
    {1, 64, 2, 64, 63, KV_BF16},    {2, 510, 2, 64, 512, KV_BF16}, {3, 511, 2, 64, 512, KV_BF16},
    {1, 2048, 2, 64, 512, KV_BF16}, {70, 2000, 2, 64, 512, KV_BF16}, {33, 900, 1, 24, 17, KV_BF16},
    {70, 2000, 2, 64, 512, KV_F16}, {9, 200, 3, 21, 30, KV_F16},
    {29, 300, 3, 40, 1, KV_F32},    {100, 700, 4, 64, 64, KV_BF16}, {130, 1000, 5, 33, 100, KV_F32},
    {1, 30000, 2, 64, 512, KV_F16},  {1, 50000, 2, 64, 512, KV_F16},
    {1, 65535, 2, 64, 512, KV_BF16}, {2, 98302, 2, 64, 512, KV_F16}, {2, 131070, 2, 64, 512, KV_F16},
    {1, 40000, 2, 64, 2048, KV_F16}, {1, 131071, 1, 32, 2048, KV_F16}, {1, 70000, 1, 32, 8192, KV_F16},
    {1, 9000, 2, 64, 8192, KV_BF16},
    {0, 0, 2, 64, 8, KV_INT8},      {1, 64, 2, 64, 63, KV_INT8},   {65, 0, 2, 64, 64, KV_INT8},
    {70, 2000, 2, 64, 512, KV_INT8}, {3, 511, 2, 64, 512, KV_INT8}, {9, 200, 3, 21, 30, KV_INT8},
    {60, 500, 4, 128, 64, KV_INT8}, {33, 900, 1, 24, 17, KV_INT8},
    {40, 5000, 2, 64, 512, KV_INT8}, {30, 4400, 1, 32, 40, KV_F16}, {2, 98302, 2, 64, 512, KV_INT8},
    {1, 40000, 2, 64, 2048, KV_INT8},
};

struct input {
    float *q, *w, *keys;
    struct op_kv kv;
};

/* ties: few different keys, so that many scores are equal; negative: all weights below zero. */
static struct input make_input(const struct job *j, bool ties, bool negative)
{
    struct input in;
    size_t S = j->pos0 + j->T, C = (size_t)j->C;
    in.q = op_numbers(j->T * (size_t)j->J * C, 3);
    in.w = op_numbers(j->T * (size_t)j->J, 4);
    in.keys = op_numbers(S * C, 5);
    for (size_t i = 0; negative && i < j->T * (size_t)j->J; i++) in.w[i] = -fabsf(in.w[i]);
    for (size_t s = 5; ties && s < S; s++)
        memcpy(in.keys + s * C, in.keys + s * s % 5 * C, C * sizeof *in.keys);
    in.kv = op_kv_new(S, j->C, j->type, in.keys);
    for (size_t i = 0; j->type == KV_INT8 && i < j->T * (size_t)j->J; i++) { /* 7 bits */
        float most = 0;
        for (size_t c = 0; c < C; c++) most = fmaxf(most, fabsf(in.q[i * C + c]));
        for (size_t c = 0; c < C; c++)
            in.q[i * C + c] = rintf(in.q[i * C + c] / most * 63) * (most / 63);
    }
    for (size_t s = 0; j->type == KV_INT8 && s < S; s++) { /* what 8 bits have left of them */
        size_t bytes = kv_row_bytes(KV_INT8, j->C, 0);
        const int8_t *row = (int8_t *)in.kv.pages[s / KV_PAGE] + s % KV_PAGE * bytes;
        float scale;
        memcpy(&scale, row + kv_scales_at(j->C), sizeof scale);
        for (size_t c = 0; c < C; c++) in.keys[s * C + c] = row[c] * scale;
    }
    return in;
}

static void free_input(struct input *in)
{
    op_kv_free(&in->kv);
    free(in->q);
    free(in->w);
    free(in->keys);
}

static int32_t *select_rows(const struct backend *be, struct device *d, const struct job *j,
                            const struct input *in, size_t first, size_t n)
{
    int32_t *sel = malloc((n * (size_t)j->K + 1) * sizeof *sel);
    sel[n * (size_t)j->K] = 12345;
    struct index_args a = {.kv = in->kv.view,
                           .q = in->q + first * (size_t)j->J * (size_t)j->C,
                           .w = in->w + first * (size_t)j->J,
                           .sel = sel, .T = n, .pos0 = j->pos0 + first,
                           .J = j->J, .C = j->C, .K = j->K};
    be->index_select(d, &a, 1);
    assert_int_equal(sel[n * (size_t)j->K], 12345);
    return sel;
}

static double score(const struct job *j, const struct input *in, size_t t, size_t s)
{
    double sum = 0;
    for (int h = 0; h < j->J; h++) {
        size_t row = t * (size_t)j->J + (size_t)h, C = (size_t)j->C;
        double dot = 0;
        for (size_t c = 0; c < C; c++) dot += (double)in->q[row * C + c] * in->keys[s * C + c];
        sum += in->w[row] * (dot > 0 ? dot : 0);
    }
    return sum;
}

/* The definition: ascending, in range, -1 only behind the last, and no position left out scores
 * higher than one chosen (within rounding); with ties, equal scores prefer the lower position. */
static void check_selection(const struct op_path *p, const struct job *j, const struct input *in,
                            const int32_t *sel, size_t t, bool ties)
{
    size_t visible = j->pos0 + t + 1, K = (size_t)j->K, n = visible < K ? visible : K;
    bool *chosen = calloc(visible, sizeof *chosen);
    double worst = INFINITY;
    for (size_t i = 0; i < K; i++) {
        if (i >= n) {
            assert_int_equal(sel[i], -1);
            continue;
        }
        assert_in_range(sel[i], i ? sel[i - 1] + 1 : 0, visible - 1);
        chosen[sel[i]] = true;
        worst = fmin(worst, score(j, in, t, (size_t)sel[i]));
    }
    double slack = 1e-4 * (1 + fabs(worst));
    bool gap = false; /* a position with the worst score was passed over */
    for (size_t s = 0; s < visible && n == K; s++) {
        double x = score(j, in, t, s);
        if (!chosen[s] && x > worst + slack)
            fail_msg("%s: query %zu: %zu scores %g, chosen ones only %g", p->name, t, s, x, worst);
        if (!ties || fabs(x - worst) > 1e-12 * fabs(worst)) continue;
        if (chosen[s] && gap) fail_msg("%s: query %zu: a tie took the higher position", p->name, t);
        gap |= !chosen[s];
    }
    free(chosen);
}

static void one_job(const struct op_path *p, const struct job *j, bool ties, bool negative)
{
    if (j->type == KV_INT8 && !op_has_int8(p)) return;
    struct input in = make_input(j, ties, negative);
    struct device *d = op_open(p, 2, j->type), *d1 = op_open(p, 1, j->type);
    size_t K = (size_t)j->K;
    int32_t *all = select_rows(p->be, d, j, &in, 0, j->T);
    int32_t *one = select_rows(p->be, d1, j, &in, 0, j->T);
    assert_memory_equal(all, one, j->T * K * sizeof *all);
    for (size_t t = 0; t < j->T; t++) {
        check_selection(p, j, &in, all + t * K, t, ties);
        int32_t *alone = select_rows(p->be, d, j, &in, t, 1);
        assert_memory_equal(alone, all + t * K, K * sizeof *alone);
        free(alone);
    }
    free(all);
    free(one);
    p->be->close(d);
    p->be->close(d1);
    free_input(&in);
}

/* Weights play no part: each instruction set once, those with VNNI have no other entry. */
static bool is_own_path(const struct op_path *p)
{
    bool vnni = p->isa == CPU_ISA_AVXVNNI || p->isa == CPU_ISA_AVX512VNNI || p->isa == CPU_ISA_AMX;
    return p->weights == WEIGHT_F32 || vnni;
}

static void jobs_on(const struct op_path *p)
{
    if (!is_own_path(p)) return;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        one_job(p, &jobs[i], false, false);
        one_job(p, &jobs[i], true, true);
        if (jobs[i].T * jobs[i].pos0 > 40000) continue; /* seconds, and nothing new */
        one_job(p, &jobs[i], true, false);
        one_job(p, &jobs[i], false, true);
    }
}

static void selection_is_exact(void **state)
{
    (void)state;
    op_each(jobs_on);
}

/* Selects among the keys as they now are, checks what was chosen, and frees the input. */
static void select_among(const struct op_path *p, struct device *d, const struct job *j, struct input *in)
{
    op_kv_free(&in->kv);
    in->kv = op_kv_new(j->pos0 + j->T, 64, j->type, in->keys);
    int32_t *sel = select_rows(p->be, d, j, in, 0, j->T);
    for (size_t t = 0; t < j->T; t++) check_selection(p, j, in, sel + t * 512, t, false);
    free(sel);
    free_input(in);
}

/* Where every n-th page holds the largest scores. */
static void loud_pages_in(const struct op_path *p, enum kv_type type)
{
    struct job j = {7, 5000, 2, 64, 512, type};
    struct device *d = op_open(p, 2, j.type);
    for (size_t every = 14; every <= 19; every++) {
        struct input in = make_input(&j, false, false);
        for (size_t i = 0; i < j.T * 2; i++) in.w[i] = fabsf(in.w[i]) + 0.1f;
        for (size_t i = 0; i < (j.pos0 + j.T) * 64; i++)
            if (i / 64 / KV_PAGE % every == 0) in.keys[i] *= 64;
        select_among(p, d, &j, &in);
    }
    p->be->close(d);
}

static void loud_pages_on(const struct op_path *p)
{
    if (!is_own_path(p)) return;
    loud_pages_in(p, KV_F32);
    if (op_has_int8(p)) loud_pages_in(p, KV_INT8);
}

static void selection_among_loud_pages(void **state)
{
    (void)state;
    op_each(loud_pages_on);
}

/* Where the keys that the CPU backend takes for a sample (indexer.c, sample_pos) are nothing like the
 * others: largest for queries of positive weight, least for the rest. */
static void misleading_sample_in(const struct op_path *p, enum kv_type type)
{
    struct job j = {50, 3000, 2, 64, 512, type};
    struct device *d = op_open(p, 2, j.type);
    struct input in = make_input(&j, false, false);
    for (size_t i = 0; i < j.T * 2; i++) in.w[i] = (fabsf(in.w[i]) + 0.1f) * (i / 2 % 3 ? 1.0f : -1.0f);
    for (size_t i = 0; i < (j.pos0 + j.T) / 16; i++)
        for (size_t c = 0; c < 64; c++) in.keys[(i * 16 + ((uint32_t)i * 2654435761u >> 16) % 16) * 64 + c] *= 64;
    select_among(p, d, &j, &in);
    p->be->close(d);
}

static void misleading_sample_on(const struct op_path *p)
{
    if (!is_own_path(p)) return;
    misleading_sample_in(p, KV_F32);
    if (op_has_int8(p)) misleading_sample_in(p, KV_INT8);
}

static void selection_where_a_sample_misleads(void **state)
{
    (void)state;
    op_each(misleading_sample_on);
}

/* Products of few-bit numbers are exact in every order and precision: all backends must choose
 * exactly what ref chooses, ties and negative scores included. */
static struct input few_bits(const struct job *j)
{
    struct input in = make_input(j, false, false);
    size_t C = (size_t)j->C, rows = j->T * (size_t)j->J, S = j->pos0 + j->T;
    uint64_t seed = 8;
    for (size_t i = 0; i < rows * C; i++) in.q[i] = (float)(op_random(&seed) % 5) - 2.0f;
    for (size_t i = 0; i < rows; i++) in.w[i] = (float)(op_random(&seed) % 5) - 2.0f;
    for (size_t i = 0; i < S * C; i++) in.keys[i] = (float)(op_random(&seed) % 3) - 1.0f;
    /* Rounded to 7 bits, all these stay as they are. */
    for (size_t i = 0; i < rows; i++) in.q[i * C] = 63;
    for (size_t i = 0; i < S; i++) in.keys[i * C] = 0;
    return in;
}

static void compare_with_ref(const struct op_path *p, const struct job *j, struct input *in, int threads)
{
    op_kv_free(&in->kv);
    in->kv = op_kv_new(j->pos0 + j->T, j->C, j->type, in->keys);
    struct device *d = op_open(p, threads, j->type), *r = op_open_ref(j->type);
    int32_t *got = select_rows(p->be, d, j, in, 0, j->T);
    int32_t *want = select_rows(&ref_backend, r, j, in, 0, j->T);
    assert_memory_equal(got, want, j->T * (size_t)j->K * sizeof *got);
    free(got);
    free(want);
    p->be->close(d);
    ref_backend.close(r);
}

static void same_as_ref(const struct op_path *p)
{
    static const enum kv_type types[] = {KV_F32, KV_BF16, KV_F16, KV_INT8};
    if (!is_own_path(p)) return;
    for (size_t i = 0; i < 4; i++)
        if (types[i] != KV_INT8 || op_has_int8(p)) {
            struct job j = {40, 400, 2, 64, 64, types[i]};
            struct input in = few_bits(&j);
            compare_with_ref(p, &j, &in, 2);
            free_input(&in);
        }
}

static void selection_is_that_of_ref(void **state)
{
    (void)state;
    op_each(same_as_ref);
}

/* Queries of 7 bits of which some groups of 8 are as large as they can be, against keys that are: no short cut of a
 * kernel may lose what exceeds its 16 bits.  Queries 2 n and 2 n + 1 have n such groups, from none on, or groups just
 * within what the AVX2 path takes together. */
static struct input large_numbers(const struct job *j)
{
    struct input in = make_input(j, false, false);
    size_t C = (size_t)j->C, rows = j->T * (size_t)j->J, S = j->pos0 + j->T;
    uint64_t seed = 9;
    for (size_t i = 0; i < rows; i++) {
        float *q = in.q + i * C, sign = op_random(&seed) % 2 ? 63.0f : -63.0f;
        in.w[i] = (float)(op_random(&seed) % 5) - 2.0f;
        for (size_t c = 0; c < C; c++) q[c] = (float)(op_random(&seed) % 21) - 10.0f;
        q[C - 1] = 63;
        for (size_t n = i / (2 * (size_t)j->J) % (C / 8 + 2); n; n--) {
            float *group = q + 8 * (op_random(&seed) % (C / 8));
            uint64_t kind = op_random(&seed) % 4; /* both halves, either, or sums of 128 and 129 */
            for (size_t k = 0; k < 8; k++)
                if (kind == 0 || k / 2 % 2 == kind - 1) group[k] = sign;
            if (kind == 3) memcpy(group, (float[]){63, 63, -63, -63, 2, 0, -2, -1}, 8 * sizeof *group);
        }
    }
    for (size_t i = 0; i < S * C; i++) {
        int kind = (int)(op_random(&seed) % 8);
        in.keys[i] = kind < 3 ? 127 : kind < 6 ? -127 : (float)(op_random(&seed) % 255) - 127.0f;
    }
    for (size_t i = 0; i < S; i++) {
        if (i % 5 == 0)
            for (size_t c = 0; c < C; c++) in.keys[i * C + c] = fabsf(in.keys[i * C + c]);
        in.keys[i * C] = 127;
    }
    return in;
}

/* Scores that rise, so that each one passes every threshold before it, or fall. */
static struct input steps(const struct job *j, bool falling)
{
    struct input in = make_input(j, false, false);
    size_t C = (size_t)j->C, rows = j->T * (size_t)j->J, S = j->pos0 + j->T;
    memset(in.q, 0, rows * C * sizeof *in.q);
    memset(in.keys, 0, S * C * sizeof *in.keys);
    for (size_t i = 0; i < rows; i++) {
        in.q[i * C] = 63;
        in.q[i * C + 1] = 1;
        in.w[i] = 1;
    }
    for (size_t i = 0; i < S; i++) {
        size_t step = falling ? S - i : i;
        in.keys[i * C] = (float)(step / 63);
        in.keys[i * C + 1] = (float)(step % 63);
        in.keys[i * C + 2] = 127; /* so that all have one scale */
    }
    return in;
}

static void numbers_on(const struct op_path *p)
{
    static const struct job large[] = {{50, 1500, 2, 64, 64, KV_INT8},  {40, 300, 2, 33, 64, KV_INT8},
                                       {37, 300, 3, 24, 30, KV_INT8},   {9, 300, 1, 520, 64, KV_INT8},
                                       {150, 200, 1, 512, 64, KV_INT8}, {50, 300, 2, 72, 64, KV_INT8}};
    static const size_t K[] = {1, 63, 64, 65, 512, 2999, 3000};
    if (!is_own_path(p) || !op_has_int8(p)) return;
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        struct input in = large_numbers(&large[i]);
        compare_with_ref(p, &large[i], &in, 2);
        free_input(&in);
    }
    for (size_t i = 0; i < sizeof K / sizeof *K; i++)
        for (int falling = 0; falling < 2; falling++) {
            struct job j = {30, 2970, 1, 64, (int)K[i], KV_INT8};
            struct input in = steps(&j, falling);
            compare_with_ref(p, &j, &in, 1 + falling);
            free_input(&in);
        }
}

static void selection_of_large_numbers_and_steps(void **state)
{
    (void)state;
    op_each(numbers_on);
}

/* Scores that are all equal, infinite, NaN, or next to nothing. */
enum odd { KEYS_ZERO, KEYS_NAN, WEIGHTS_NAN, WEIGHTS_MINUS_ZERO, WEIGHTS_LEAST, WEIGHTS_MOST, WEIGHTS_MINUS_MOST, ODDS };

static void make_odd(const struct job *j, struct input *in, enum odd odd)
{
    size_t C = (size_t)j->C;
    for (size_t i = 0; i < (j->pos0 + j->T) * C; i++) {
        if (odd == KEYS_ZERO) in->keys[i] = 0;
        if (odd == KEYS_NAN && i / C % 7 == 3) in->keys[i] = NAN;
    }
    for (size_t i = 0; i < j->T * (size_t)j->J; i++) {
        if (odd == WEIGHTS_NAN) in->w[i] = NAN;
        if (odd == WEIGHTS_MINUS_ZERO) in->w[i] = -0.0f;
        if (odd == WEIGHTS_LEAST) in->w[i] = i % 2 ? 1e-44f : -1e-44f;
        if (odd == WEIGHTS_MOST) in->w[i] = 3e38f; /* of most keys the score is infinite */
        if (odd == WEIGHTS_MINUS_MOST) in->w[i] = -3e38f;
    }
}

static void odd_scores_on(const struct op_path *p)
{
    static const struct job odd_jobs[] = {
        {1, 3000, 2, 64, 64, KV_F32},   {1, 20000, 2, 32, 512, KV_BF16}, {9, 600, 2, 32, 64, KV_BF16},
        {40, 2000, 2, 32, 512, KV_F32}, {5, 62, 2, 32, 64, KV_F32},      {130, 200, 2, 32, 70, KV_BF16},
        {2, 9000, 1, 32, 2048, KV_F32},
    };
    if (p->be != &cpu_backend || !is_own_path(p)) return;
    for (size_t i = 0; i < sizeof odd_jobs / sizeof *odd_jobs; i++)
        for (int odd = 0; odd < ODDS; odd++)
            for (int threads = 1; threads <= 3; threads++) {
                struct input in = few_bits(&odd_jobs[i]);
                make_odd(&odd_jobs[i], &in, (enum odd)odd);
                compare_with_ref(p, &odd_jobs[i], &in, threads);
                free_input(&in);
            }
}

static void selection_of_odd_scores(void **state)
{
    (void)state;
    op_each(odd_scores_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection_is_exact),
        cmocka_unit_test(selection_among_loud_pages),
        cmocka_unit_test(selection_where_a_sample_misleads),
        cmocka_unit_test(selection_is_that_of_ref),
        cmocka_unit_test(selection_of_large_numbers_and_steps),
        cmocka_unit_test(selection_of_odd_scores),
    };
    return cmocka_run_group_tests_name("op_indexer", tests, NULL, NULL);
}
