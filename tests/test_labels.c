/* test_labels.c: the label of a citation, scored by the embedded model as in training.
 *
 * For 14 prompts the vectors hold the log-probability of every label, computed by another
 * implementation in fp32, the z-scores of BM25 and the label that both choose together.  They are
 * 39,000 tokens: by default only short prompts run, with DEEPREAD_TEST_LONG=1 all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "engine/generate.h"
#include "engine/grammar_label.h"
#include "engine/tokenizer.h"
#include "tests/vectors.h"

#define RETRIEVAL_WEIGHT 1.5

/* Longest prompts that run by default, in tokens: 1 prompt, 5 and 8. */
#define QUICK_REF   992
#define QUICK_EXACT 1300
#define QUICK_CPU   2000

static double number(const json_t *v, const char *key, size_t i)
{
    return json_number_value(json_array_get(json_object_get(v, key), i));
}

static void prompt_of(struct tokens *out, const json_t *prompt, const struct tokenizer *t)
{
    const json_t *ids = json_object_get(prompt, "prompt_ids");
    for (size_t i = 0; i < json_array_size(ids); i++)
        tokens_add(out, (int32_t)json_integer_value(json_array_get(ids, i)));
    tokenizer_encode_text(t, "{\"citations\":[", 14, out);
    tokenizer_encode_text(t, "{\"chunk\":", 9, out);
}

/* One vector: the scores of all labels (within `within` of the other implementation's, 0: any) and
 * the label that the search takes. */
static void check_vector(struct session *s, const struct tokenizer *t, const json_t *v,
                         const struct tokens *prompt, double within)
{
    struct arena *a = arena_new();
    struct errinfo e = {0};
    size_t n = json_array_size(json_object_get(v, "labels")), best, done;
    struct choice *c = NEW(a, struct choice, n);
    double *logp = NEW(a, double, n), found;
    for (size_t i = 0; i < n; i++)
        c[i] = (struct choice){(int)number(v, "labels", i), STR("x"), false,
                               RETRIEVAL_WEIGHT * number(v, "z", i)};
    if (session_sync(s, prompt->v, prompt->n, &e)) fail_msg("%s", e.msg);
    if (generate_label_scores(s, t, c, n, ",\"quote\":\"", logp, &e)) fail_msg("%s", e.msg);
    double worst = 0;
    for (size_t i = 0; i < n; i++) worst = fmax(worst, fabs(logp[i] - number(v, "logp", i)));
    print_message("prompt %d: %zu labels, largest difference %.4f\n",
                  (int)json_integer_value(json_object_get(v, "prompt")), n, worst);
    if (within > 0) assert_true(worst <= within);
    struct labels l;
    grammar_label_init(&l, a, t, c, n, ",\"quote\":\"");
    if (grammar_label_search(&l, a, s, &best, &found, &done, &e)) fail_msg("%s", e.msg);
    assert_int_equal(c[l.v[best].choice].label, json_integer_value(json_object_get(v, "best")));
    assert_float_equal(found, logp[l.v[best].choice], 1e-3);
    arena_free(a);
}

static void check_backend(struct model_options o, size_t most_tokens, double within)
{
    struct model *m = NULL;
    struct session *s = NULL;
    struct errinfo e = {0};
    if (model_open(&m, VECTORS_MODEL, &o, &e)) fail_msg("%s", e.msg);
    if (session_new(&s, m, &e)) fail_msg("%s", e.msg);
    json_t *prompts = vectors_open(VECTORS_DIR "prompt-vectors.jsonl");
    json_t *labels = vectors_open(VECTORS_DIR "label-vectors.jsonl");
    size_t run = 0;
    if (getenv("DEEPREAD_TEST_LONG")) most_tokens = SIZE_MAX;
    for (size_t i = 0; i < json_array_size(labels); i++) {
        const json_t *v = json_array_get(labels, i);
        const json_t *p =
            json_array_get(prompts, (size_t)json_integer_value(json_object_get(v, "prompt")));
        struct tokens prompt = {0};
        prompt_of(&prompt, p, model_tokenizer(m));
        if (prompt.n <= most_tokens) {
            check_vector(s, model_tokenizer(m), v, &prompt, within);
            run++;
        }
        tokens_free(&prompt);
    }
    assert_true(run >= 1);
    json_decref(prompts);
    json_decref(labels);
    session_free(s);
    model_close(m);
}

static void ref_scores_are_those_of_training(void **state)
{
    (void)state;
    struct model_options o = {.backend = "ref"};
    check_backend(o, QUICK_REF, 0.02);
}

static void cpu_chooses_the_same_labels(void **state)
{
    (void)state;
    check_backend((struct model_options){.backend = "cpu"}, QUICK_CPU, 0);
}

static void exact_cpu_scores_are_those_of_training(void **state)
{
    (void)state;
    struct model_options o = {.backend = "cpu", .weights = WEIGHT_F32, .kv = KV_F32};
    check_backend(o, QUICK_EXACT, 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_chooses_the_same_labels),
        cmocka_unit_test(exact_cpu_scores_are_those_of_training),
        cmocka_unit_test(ref_scores_are_those_of_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
