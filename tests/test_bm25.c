/* test_bm25.c: retrieval by words: the vectors of training, and edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "prompts/prompts.h"
#include "tests/vectors.h"

static void assert_near(double got, double want, double margin)
{
    if (!(fabs(got - want) <= margin)) fail_msg("%.9g, expected %.9g", got, want);
}

static void scores_are_those_of_training(void **state)
{
    (void)state;
    json_t *prompts = vectors_open(VECTORS_DIR "prompt-vectors.jsonl");
    json_t *all = vectors_open(VECTORS_DIR "label-vectors.jsonl");
    assert_int_equal(json_array_size(all), 14);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *v = json_array_get(all, i), *want = json_object_get(v, "bm25");
        size_t which = (size_t)json_integer_value(json_object_get(v, "prompt"));
        const json_t *prompt = json_array_get(prompts, which);
        struct vectors_prompt p = vectors_prompt_new(prompt);
        double *bm25 = NEW(p.a, double, p.n_chunks), *z = NEW(p.a, double, p.n_chunks);
        assert_int_equal(json_array_size(want), p.n_chunks);
        bm25_score(vectors_text(prompt, "text"), p.docs, p.chunks, p.n_chunks, bm25, z);
        for (size_t k = 0; k < p.n_chunks; k++) {
            const json_t *wz = json_array_get(json_object_get(v, "z"), k);
            assert_near(bm25[k], json_number_value(json_array_get(want, k)), 1e-4);
            assert_near(z[k], json_number_value(wz), 1e-3);
        }
        vectors_prompt_free(&p);
    }
    json_decref(all);
    json_decref(prompts);
}

/* Scores of single-chunk documents. */
static void score(const char *question, const char *const *texts, size_t n, double *bm25, double *z)
{
    struct doc d[8] = {{0}};
    struct doc *docs[8];
    struct chunk c[8];
    for (size_t i = 0; i < n; i++) {
        d[i].text = str_of(texts[i]);
        docs[i] = &d[i];
        c[i] = (struct chunk){(int)i + 1, i, 0, d[i].text.n};
    }
    bm25_score(question, docs, c, n, bm25, z);
}

static void edges(void **state)
{
    (void)state;
    double s[4], z[4];
    const char *const equal[] = {"the same", "the same", "the same"};
    score("same", equal, 3, s, z);
    for (int i = 0; i < 3; i++) assert_true(s[i] > 0 && z[i] == 0);
    score("", equal, 3, s, z);
    for (int i = 0; i < 3; i++) assert_true(s[i] == 0 && z[i] == 0);
    score(NULL, equal, 3, s, z);
    for (int i = 0; i < 3; i++) assert_true(s[i] == 0 && z[i] == 0);
    const char *const none[] = {"...", "--"};
    score("word", none, 2, s, z);
    assert_true(s[0] == 0 && s[1] == 0 && z[0] == 0);
    score("word", none, 0, s, z);
    /* by hand: N 2, n 1, f 2, lengths 2 and 4 */
    const char *const two[] = {"A_1 a_1!", "b c d e"};
    score("a_1", two, 2, s, z);
    assert_near(s[0], log(1 + 1.5 / 1.5) * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 2 / 3.0)),
                        1e-12);
    assert_near(z[0], 1, 1e-12);
    assert_near(z[1], -1, 1e-12);
    double once = s[0];
    score("a_1 A_1", two, 2, s, z);
    assert_near(s[0], 2 * once, 1e-12);
}

static void other_scripts(void **state)
{
    (void)state;
    double s[4], z[4];
    /* one CJK character is one word */
    const char *const han[] = {"\xe6\xa3\xae\xe6\x9e\x97", "\xe6\x9e\x97\xe6\xa3\xae", "x"};
    score("\xe6\x9e\x97", han, 3, s, z);
    assert_true(s[0] > 0);
    assert_near(s[0], s[1], 1e-12);
    /* an ASCII question sees no other letters */
    const char *const mixed[] = {"caf\xc3\xa9", "caf"};
    score("caf", mixed, 2, s, z);
    assert_near(s[0], s[1], 1e-12);
    /* a question with such letters does, whatever their case */
    score("Caf\xc3\x89", mixed, 2, s, z);
    assert_true(s[0] > 0 && s[1] == 0);
    const char *const russian[] = {"\xd0\x9b\xd0\xb5\xd1\x81", "\xd0\xbb\xd0\xb5", "\xd0\xbb"};
    score("\xd0\xbb\xd0\x95\xd0\xa1?", russian, 3, s, z);
    assert_true(s[0] > 0 && s[1] == 0 && s[2] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_those_of_training),
        cmocka_unit_test(edges),
        cmocka_unit_test(other_scripts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
