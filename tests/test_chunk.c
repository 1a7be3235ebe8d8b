/* test_chunk.c: where documents are cut: the vectors of training, and the rule at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/vectors.h"

/* Byte offset of the character with index k. */
static size_t byte_of(struct str s, size_t k)
{
    size_t i = 0;
    uint32_t c;
    while (k-- > 0) i += utf8_next(s.s + i, s.n - i, &c);
    return i;
}

/* The vectors hold the cuts before stripping, in characters. */
static void cuts_are_those_of_training(void **state)
{
    (void)state;
    json_t *all = vectors_open(VECTORS_DIR "prompt-vectors.jsonl");
    assert_int_equal(json_array_size(all), 40);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *v = json_array_get(all, i);
        struct vectors_prompt p = vectors_prompt_new(v);
        for (size_t d = 0; d < p.n_docs; d++) {
            const json_t *want = json_array_get(json_object_get(v, "chunks"), d);
            struct str t = p.docs[d]->text;
            assert_int_equal(p.first_chunk[d + 1] - p.first_chunk[d], json_array_size(want));
            for (size_t k = 0; k < json_array_size(want); k++) {
                const json_t *w = json_array_get(want, k);
                struct chunk c = p.chunks[p.first_chunk[d] + k];
                size_t a = byte_of(t, (size_t)json_integer_value(json_object_get(w, "start")));
                size_t b = byte_of(t, (size_t)json_integer_value(json_object_get(w, "end")));
                assert_int_equal(c.label, json_integer_value(json_object_get(w, "label")));
                assert_int_equal(c.doc, d);
                assert_in_range(c.start, a, b);
                assert_in_range(c.end, a, b);
                for (size_t x = a; x < c.start; x++) assert_non_null(strchr(" \n\t", t.s[x]));
                for (size_t x = c.end; x < b; x++) assert_non_null(strchr(" \n\t", t.s[x]));
            }
        }
        vectors_prompt_free(&p);
    }
    json_decref(all);
}

/* Chunks of `text` joined by "|", with limit characters. */
static char *split(enum doc_kind kind, const char *text, size_t limit)
{
    struct doc d = {.kind = kind, .text = str_of(text)};
    struct chunk *v = NULL;
    size_t n = 0;
    int label = 7;
    chunk_split(&d, 3, (struct chunk_limits){limit, limit}, &label, &v, &n);
    struct buf b = {0};
    buf_addz(&b, "");
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(v[i].label, 7 + i);
        assert_int_equal(v[i].doc, 3);
        if (i) buf_addc(&b, '|');
        buf_add(&b, text + v[i].start, v[i].end - v[i].start);
    }
    assert_int_equal(label, 7 + n);
    mem_free(v);
    static char out[4][512];
    static int turn;
    char *o = out[turn++ % 4];
    snprintf(o, sizeof out[0], "%s", b.s);
    buf_free(&b);
    return o;
}

static void edges(void **state)
{
    (void)state;
    static const struct {
        enum doc_kind kind;
        size_t limit;
        const char *text, *want;
    } cases[] = {
        {DOC_PROSE, 12, "", ""},
        {DOC_PROSE, 12, " \n\t \xe3\x80\x80 ", ""},
        {DOC_PROSE, 12, "  exactly 12  ", "exactly|12"},
        {DOC_PROSE, 12, "twelve chars", "twelve chars"},
        {DOC_PROSE, 12, "thirteen char", "thirteen|char"},
        /* a blank line from the third on beats a later line end */
        {DOC_PROSE, 12, "aaaa\n\nb\nc\nddd", "aaaa|b\nc\nddd"},
        {DOC_PROSE, 12, "aaa\n\nbb\ncc\ndd", "aaa\n\nbb\ncc|dd"},
        /* its second newline must be inside the window */
        {DOC_PROSE, 12, "aaaaa\nbbbbb\n\ncc", "aaaaa\nbbbbb|cc"},
        /* line ends before the third do not count, sentences do */
        {DOC_PROSE, 12, "aa\nb. cccccccc", "aa\nb.|cccccccc"},
        {DOC_PROSE, 12, "aa. bb.) ccccc d", "aa. bb.)|ccccc d"},
        {DOC_PROSE, 12, "aa. bb.)) cccc d", "aa.|bb.)) cccc|d"},
        /* the white space behind a sentence must be inside the window */
        {DOC_PROSE, 12, "aa bbbbbbbb. c", "aa|bbbbbbbb. c"},
        {DOC_PROSE, 12, "\xe4\xb8\xad\xe3\x80\x82 \xe4\xb8\xad\xe6\x96\x87 xxxxxxxxxx",
         "\xe4\xb8\xad\xe3\x80\x82|\xe4\xb8\xad\xe6\x96\x87|xxxxxxxxxx"},
        {DOC_PROSE, 12, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaa|aaaaaaaaaaaa|aaaaaa"},
        {DOC_PROSE, 4, "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad",
         "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad|\xe4\xb8\xad"},
        {DOC_PROSE, 1, "a b", "a|b"},
        {DOC_PROSE, 0, "ab", "a|b"},
        /* code keeps its spaces, loses its outer line ends */
        {DOC_CODE, 12, "\n\n    x;  \n\n", "    x;  "},
        {DOC_CODE, 12, "  aaa();\n  bbb();\n", "  aaa();|  bbb();"},
        {DOC_CODE, 12, "\n \n \n", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(split(cases[i].kind, cases[i].text, cases[i].limit), cases[i].want);
}

/* Nothing but white space is lost, nothing stands twice, and a megabyte takes no time. */
static void chunks_hold_the_whole_text(void **state)
{
    (void)state;
    static const char alphabet[] = "ab. \n";
    for (int round = 0; round < 3; round++) {
        struct buf b = {0};
        uint64_t rng = 88172645463325252u + (uint64_t)round;
        for (size_t i = 0; i < 1u << 20; i++) {
            rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
            buf_addc(&b, round == 0 ? 'x' : alphabet[rng % (round == 1 ? 2 : 5)]);
        }
        struct doc d = {.kind = DOC_PROSE, .text = {b.s, b.n}};
        struct chunk *v = NULL;
        size_t n = 0, at = 0;
        int label = 1;
        chunk_split(&d, 0, CHUNK_LIMITS_DEFAULT, &label, &v, &n);
        assert_true(n >= (1u << 20) / 700 && n <= (1u << 20) / 100);
        for (size_t i = 0; i < n; i++) {
            assert_true(v[i].start >= at && v[i].end > v[i].start && v[i].end - v[i].start <= 700);
            for (; at < v[i].start; at++) assert_true(b.s[at] == ' ' || b.s[at] == '\n');
            at = v[i].end;
        }
        for (; at < b.n; at++) assert_true(b.s[at] == ' ' || b.s[at] == '\n');
        mem_free(v);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_are_those_of_training),
        cmocka_unit_test(edges),
        cmocka_unit_test(chunks_hold_the_whole_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
