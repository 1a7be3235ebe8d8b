/* test_tokenizer.c: ids as the reference tokenizers give them, for the embedded model's tokenizer
 * and for a small one with DeepSeek's three patterns; special tokens, ill-formed bytes, long pieces,
 * prefixes, files that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/tokenizer_impl.h"
#include "tests/vectors.h"

#define SMALL "tests/data/tokenizer/three-splits.json"

static struct tokenizer *model, *small;

static int setup(void **state)
{
    (void)state;
    struct errinfo e = {0};
    if (tokenizer_open(&model, VECTORS_MODEL "tokenizer.json", &e) ||
        tokenizer_open(&small, SMALL, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tokenizer_close(model);
    tokenizer_close(small);
    return 0;
}

static void decode(struct buf *out, const struct tokenizer *t, const struct tokens *ids)
{
    buf_addz(out, "");
    for (size_t i = 0; i < ids->n; i++) {
        struct str b = tokenizer_bytes(t, ids->v[i]);
        buf_add(out, b.s, b.n);
    }
}

static void check_vectors(const struct tokenizer *t, const char *path, size_t count)
{
    json_t *all = vectors_open(path);
    assert_int_equal(json_array_size(all), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *v = json_array_get(all, i), *want = json_object_get(v, "ids");
        const json_t *text = json_object_get(v, "text");
        struct tokens ids = {0};
        tokenizer_encode_text(t, json_string_value(text), json_string_length(text), &ids);
        for (size_t k = 0; k < ids.n && k < json_array_size(want); k++)
            if (ids.v[k] != json_integer_value(json_array_get(want, k)))
                fail_msg("vector %zu, token %zu: %d, expected %d: %s", i, k, ids.v[k],
                         (int)json_integer_value(json_array_get(want, k)),
                         json_string_value(text));
        assert_int_equal(ids.n, json_array_size(want));
        tokens_free(&ids);
    }
    json_decref(all);
}

static void ids_are_those_of_training(void **state)
{
    (void)state;
    check_vectors(model, VECTORS_DIR "tokenizer-vectors.jsonl", 249);
}

static void three_split_patterns(void **state)
{
    (void)state;
    check_vectors(small, "tests/data/tokenizer/three-splits-vectors.jsonl", 70);
}

/* ------------------------------------------------------------------ special tokens */

static void text_never_makes_a_special_token(void **state)
{
    (void)state;
    const struct tokenizer *const both[] = {model, small};
    for (int k = 0; k < 2; k++) {
        const struct tokenizer *t = both[k];
        size_t specials = 0;
        for (size_t id = 0; id < tokenizer_size(t); id++) {
            if (!tokenizer_is_special(t, (int32_t)id)) continue;
            struct str b = tokenizer_bytes(t, (int32_t)id);
            struct tokens ids = {0};
            struct buf back = {0};
            specials++;
            assert_int_equal(tokenizer_special(t, b.s, b.n), id);
            tokenizer_encode_text(t, b.s, b.n, &ids);
            assert_true(ids.n > 1);
            for (size_t i = 0; i < ids.n; i++) assert_false(tokenizer_is_special(t, ids.v[i]));
            decode(&back, t, &ids);
            assert_true(str_eq((struct str){back.s, back.n}, b));
            buf_free(&back);
            tokens_free(&ids);
        }
        assert_int_equal(specials, k == 0 ? 17 : 3);
        assert_int_equal(tokenizer_special(t, "<none>", 6), -1);
        assert_false(tokenizer_is_special(t, -1));
        assert_false(tokenizer_is_special(t, 1 << 30));
        assert_int_equal(tokenizer_bytes(t, -1).n, 0);
        assert_int_equal(tokenizer_bytes(t, 1 << 30).n, 0);
    }
}

static void segments(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct tokens joined = {0}, whole = {0};
    struct seg segs[] = {{SEG_CONTROL, STR("</think>")},
                         {SEG_TEXT, STR("Hel")},
                         {SEG_TEXT, STR("")},
                         {SEG_TEXT, STR("lo </think>")},
                         {SEG_CONTROL, STR("</think>")}};
    assert_int_equal(tokenizer_encode(model, segs, 5, &joined, &e), OK);
    int32_t think = tokenizer_special(model, "</think>", 8);
    tokens_add(&whole, think);
    tokenizer_encode_text(model, "Hello </think>", 14, &whole);
    tokens_add(&whole, think);
    assert_int_equal(joined.n, whole.n);
    assert_memory_equal(joined.v, whole.v, whole.n * sizeof *whole.v);
    segs[4].s = STR("<|nobody|>");
    assert_int_equal(tokenizer_encode(model, segs, 5, &joined, &e), E_FORMAT);
    assert_non_null(strstr(e.msg, "<|nobody|>"));
    tokens_free(&joined);
    tokens_free(&whole);
}

/* ------------------------------------------------------------------ bytes */

static void every_byte_comes_back(void **state)
{
    (void)state;
    uint64_t rng = 88172645463325252u;
    for (int round = 0; round < 2000; round++) {
        char s[48];
        size_t n = (size_t)round % sizeof s;
        for (size_t i = 0; i < n; i++) {
            rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
            s[i] = (char)(round & 1 ? rng >> 24 : 0x20 + (rng >> 24) % 0x60);
        }
        struct tokens ids = {0};
        struct buf back = {0};
        tokenizer_encode_text(small, s, n, &ids); /* it has a token for each of the 256 bytes */
        decode(&back, small, &ids);
        assert_int_equal(back.n, n);
        if (n) assert_memory_equal(back.s, s, n);
        ids.n = 0;
        tokenizer_encode_text(model, s, n, &ids); /* it has not: the others are dropped */
        tokens_free(&ids);
        buf_free(&back);
    }
}

static void ill_formed_runs_are_pieces(void **state)
{
    (void)state;
    struct tokens got = {0}, want = {0};
    static const char text[] = "one \xff\xe4\xb8 two"; /* a lone byte, a cut character */
    tokenizer_encode_text(small, text, sizeof text - 1, &got);
    tokenizer_encode_text(small, "one ", 4, &want);
    for (int i = 4; i < 7; i++) tokens_add(&want, vocab_find(&small->vocab, text + i, 1));
    tokenizer_encode_text(small, " two", 4, &want);
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.v, want.v, want.n * sizeof *want.v);
    tokens_free(&got);
    tokens_free(&want);
}

/* ------------------------------------------------------------------ merging */

struct pair {
    int32_t left, right, id;
};

/* The definition: lowest rank first, leftmost first; pairs in order of rank. */
static size_t merge_slowly(const struct pair *pairs, size_t n_pairs, int32_t *v, size_t n)
{
    for (;;) {
        size_t best = n_pairs, where = 0;
        for (size_t i = 0; i + 1 < n; i++)
            for (size_t r = 0; r < best; r++)
                if (pairs[r].left == v[i] && pairs[r].right == v[i + 1]) best = r, where = i;
        if (best == n_pairs) return n;
        v[where] = pairs[best].id;
        memmove(v + where + 1, v + where + 2, (n - where - 2) * sizeof *v);
        n--;
    }
}

static void both_ways_of_merging_equal_the_definition(void **state)
{
    (void)state;
    enum { N_PAIRS = 60 };
    uint64_t rng = 88172645463325252u;
    for (int round = 0; round < 60; round++) {
        struct arena *a = arena_new();
        struct bpe b;
        struct pair pairs[N_PAIRS];
        size_t n_pairs = 0;
        bpe_init(&b, a, N_PAIRS);
        for (int c = 0; c < 4; c++) b.byte_id['a' + c] = c;
        for (int32_t id = 4; n_pairs < N_PAIRS; id++) {
            rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
            struct pair p = {(int32_t)(rng % (uint64_t)id), (int32_t)(rng / 977 % (uint64_t)id), id};
            bool known = false;
            for (size_t i = 0; i < n_pairs; i++)
                known |= pairs[i].left == p.left && pairs[i].right == p.right;
            if (known) continue;
            bpe_add(&b, p.left, p.right, (uint32_t)n_pairs, id);
            pairs[n_pairs++] = p;
        }
        for (size_t n = 1; n < 200; n += n < 60 || n > 68 ? 7 : 1) {
            char s[200];
            int32_t want[200];
            size_t m = 0;
            for (size_t i = 0; i < n; i++) {
                rng ^= rng << 13, rng ^= rng >> 7, rng ^= rng << 17;
                s[i] = (char)('a' + rng % (round % 2 ? 5 : 2)); /* 'e' has no token */
                if (s[i] != 'e') want[m++] = s[i] - 'a';
            }
            m = merge_slowly(pairs, n_pairs, want, m);
            struct tokens got = {0};
            bpe_encode(&b, s, n, &got);
            assert_int_equal(got.n, m);
            for (size_t i = 0; i < m; i++) assert_int_equal(got.v[i], want[i]);
            tokens_free(&got);
        }
        arena_free(a);
    }
}

/* A piece of a megabyte ends, and comes back; every tokenizer's patterns cope with it. */
static void long_pieces(void **state)
{
    (void)state;
    static const char *const units[] = {"a", " ", "\n", "\xe6\xa3\xae\xe6\x9e\x97", "7", "-", "\xff",
                                        "xy", "\xcc\x81"};
    const struct tokenizer *const both[] = {model, small};
    for (size_t k = 0; k < 2 * sizeof units / sizeof *units; k++) {
        const struct tokenizer *t = both[k % 2];
        struct buf b = {0}, back = {0};
        struct tokens ids = {0};
        while (b.n < 1u << 20) buf_addz(&b, units[k / 2]);
        tokenizer_encode_text(t, b.s, b.n, &ids);
        decode(&back, t, &ids);
        if (t == small || units[k / 2][0] != '\xff') {
            assert_int_equal(back.n, b.n);
            assert_memory_equal(back.s, b.s, b.n);
        }
        tokens_free(&ids);
        buf_free(&b);
        buf_free(&back);
    }
}

/* ------------------------------------------------------------------ prefixes */

static void prefixes_are_all_tokens_that_start_a_text(void **state)
{
    (void)state;
    static const char text[] = "        return the internationalisation \xe4\xb8\xad\xe6\x96\x87 1";
    const struct tokenizer *const both[] = {model, small};
    for (int k = 0; k < 2; k++) {
        for (size_t at = 0; at < sizeof text - 1; at++) {
            int32_t out[64];
            size_t left = sizeof text - 1 - at, count = 0, last = 0;
            size_t n = tokenizer_prefixes(both[k], text + at, left, out, 64);
            for (size_t i = 0; i < n; i++) {
                struct str b = tokenizer_bytes(both[k], out[i]);
                assert_true(b.n > last && b.n <= left && memcmp(b.s, text + at, b.n) == 0);
                assert_false(tokenizer_is_special(both[k], out[i]));
                last = b.n;
            }
            for (size_t id = 0; id < tokenizer_size(both[k]); id++) {
                struct str b = tokenizer_bytes(both[k], (int32_t)id);
                count += b.n && b.n <= left && memcmp(b.s, text + at, b.n) == 0 &&
                         !tokenizer_is_special(both[k], (int32_t)id);
            }
            assert_int_equal(n, count);
            assert_int_equal(tokenizer_prefixes(both[k], text + at, left, out, 1), n > 0);
        }
        int32_t one;
        assert_int_equal(tokenizer_prefixes(both[k], "", 0, &one, 1), 0);
        assert_int_equal(tokenizer_prefixes(both[k], "<\xef\xbd\x9cUser\xef\xbd\x9c>", 12, &one, 1),
                         1); /* "<", not the mark */
    }
}

/* ------------------------------------------------------------------ pre-tokenizers */

static void add_piece(void *ctx, const char *s, size_t n)
{
    struct buf *b = ctx;
    if (b->n) buf_addc(b, '|');
    buf_add(b, s, n);
}

/* Expected pieces are those of the tokenizers library, version 0.23. */
static void behaviours(void **state)
{
    (void)state;
#define SPLIT(pattern, behavior, invert)                                                           \
    "{\"type\":\"Split\",\"pattern\":" pattern ",\"behavior\":\"" behavior "\",\"invert\":" invert \
    "}"
#define DASH "{\"String\":\"-\"}"
#define REGEX(r) "{\"Regex\":\"" r "\"}"
#define SAMPLE "a b1\na\xcc\x81 \xe2\x80\xbf\xe1\xa0\x8e c\na"
    static const struct {
        const char *json, *text, *want;
    } cases[] = {
        {"null", "a b", "a b"},
        {SPLIT(DASH, "Isolated", "false"), "-a--b-", "-|a|-|-|b|-"},
        {SPLIT(DASH, "Isolated", "true"), "-a--b-", "-|a|-|-|b|-"},
        {SPLIT(DASH, "Removed", "false"), "-a--b-", "a|b"},
        {SPLIT(DASH, "Removed", "true"), "-a--b-", "-|-|-|-"},
        {SPLIT(DASH, "MergedWithPrevious", "false"), "-a--b-", "-|a-|-|b-"},
        {SPLIT(DASH, "MergedWithPrevious", "true"), "-a--b-", "-a|-|-b|-"},
        {SPLIT(DASH, "MergedWithNext", "false"), "-a--b-", "-a|-|-b|-"},
        {SPLIT(DASH, "MergedWithNext", "true"), "-a--b-", "-|a-|-|b-"},
        {SPLIT(DASH, "Contiguous", "false"), "-a--b-", "-|a|--|b|-"},
        {SPLIT(DASH, "Contiguous", "true"), "-a--b-", "-|a|--|b|-"},
        {SPLIT("{\"String\":\"a.\"}", "Isolated", "false"), "aba.b", "ab|a.|b"},
        {SPLIT("{\"String\":\"\"}", "Isolated", "false"), "ab", "ab"},
        {SPLIT(REGEX("[0-9]?"), "Isolated", "false"), "a b1\nac", "a| |b|1|\n|a|c"},
        {SPLIT(REGEX("\\\\w+"), "Isolated", "false"), SAMPLE,
         "a| |b1|\n|a\xcc\x81| |\xe2\x80\xbf|\xe1\xa0\x8e |c|\n|a"},
        {SPLIT(REGEX("\\\\W"), "Isolated", "false"), SAMPLE,
         "a| |b1|\n|a\xcc\x81| |\xe2\x80\xbf|\xe1\xa0\x8e| |c|\n|a"},
        {SPLIT(REGEX("\\\\s"), "Isolated", "false"), SAMPLE,
         "a| |b1|\n|a\xcc\x81| |\xe2\x80\xbf\xe1\xa0\x8e| |c|\n|a"},
        {SPLIT(REGEX("^a"), "Isolated", "false"), "a b1\nac\na", "a| b1\n|a|c\n|a"},
        {SPLIT(REGEX("a$"), "Isolated", "false"), "a b1\nac\na", "a b1\nac\n|a"},
        {"{\"type\":\"Digits\",\"individual_digits\":true}", "ab12 \xe2\x85\xa7\xc2\xb2"
                                                             "3c4",
         "ab|1|2| |\xe2\x85\xa7|\xc2\xb2|3|c|4"},
        {"{\"type\":\"Digits\"}", "ab12 \xe2\x85\xa7\xc2\xb2" "3c4",
         "ab|12| |\xe2\x85\xa7\xc2\xb2" "3|c|4"},
        {"{\"type\":\"ByteLevel\",\"add_prefix_space\":true}",
         "I'll  don't\n\n x\xe3\x80\x80y  ", " I|'ll| | don|'t|\n\n| x|\xe3\x80\x80|y|  "},
        {"{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}", "a b 1", "a b 1"},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\",\"individual_digits\":true},"
         "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"use_regex\":true}]}",
         "a 1b", " a| | 1| b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *o = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);
        struct split *s;
        struct errinfo e = {0};
        bool byte_level;
        struct buf b = {0};
        assert_int_equal(split_new(&s, o, &byte_level, "test", &e), OK);
        struct split_work *w = split_work_new(s);
        split_text(s, w, cases[i].text, strlen(cases[i].text), add_piece, &b);
        assert_string_equal(b.s, cases[i].want);
        split_work_free(w);
        split_free(s);
        buf_free(&b);
        json_decref(o);
    }
}

/* ------------------------------------------------------------------ files */

/* The pattern's stack overflows the small one of machine code: the interpreter takes over. */
static void deep_patterns(void **state)
{
    (void)state;
    json_t *o = json_loads(SPLIT(REGEX("(?:a|b(?=c)|[cd]x?)+y"), "Isolated", "false"), 0, NULL);
    struct split *s;
    struct errinfo e = {0};
    bool byte_level;
    struct buf b = {0}, got = {0};
    assert_int_equal(split_new(&s, o, &byte_level, "test", &e), OK);
    for (int i = 0; i < 200000; i++) buf_addz(&b, "a");
    buf_addz(&b, "yz");
    struct split_work *w = split_work_new(s);
    split_text(s, w, b.s, b.n, add_piece, &got);
    assert_int_equal(got.n, b.n + 1);
    assert_string_equal(got.s + got.n - 3, "y|z");
    split_work_free(w);
    split_free(s);
    buf_free(&b);
    buf_free(&got);
    json_decref(o);
}

#define FILE_WITH(pre, model) "{\"pre_tokenizer\":" pre ",\"model\":{\"type\":\"BPE\"," model "}}"
#define BYTES "{\"type\":\"ByteLevel\",\"use_regex\":false,\"add_prefix_space\":false}"

static void files_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum err code;
        const char *names, *json;
    } cases[] = {
        {E_FORMAT, "JSON", "{\"model\":"},
        {E_FORMAT, "model", "{}"},
        {E_UNSUPPORTED, "Unigram", "{\"model\":{\"type\":\"Unigram\"}}"},
        {E_UNSUPPORTED, "NFC", "{\"normalizer\":{\"type\":\"NFC\"},\"model\":{\"type\":\"BPE\"}}"},
        {E_UNSUPPORTED, "byte_fallback", FILE_WITH(BYTES, "\"byte_fallback\":true")},
        {E_UNSUPPORTED, "dropout", FILE_WITH(BYTES, "\"dropout\":0.1")},
        {E_UNSUPPORTED, "unk_token", FILE_WITH(BYTES, "\"unk_token\":\"<unk>\"")},
        {E_UNSUPPORTED, "ByteLevel", FILE_WITH("null", "\"vocab\":{\"a\":0},\"merges\":[]")},
        {E_UNSUPPORTED, "Metaspace", FILE_WITH("{\"type\":\"Metaspace\"}", "\"vocab\":{}")},
        {E_UNSUPPORTED, "Sideways",
         FILE_WITH(SPLIT(DASH, "Sideways", "false"), "\"vocab\":{}")},
        {E_FORMAT, "a(", FILE_WITH(SPLIT(REGEX("a("), "Isolated", "false"), "\"vocab\":{}")},
        {E_UNSUPPORTED, "\\h", FILE_WITH(SPLIT(REGEX("\\\\h"), "Isolated", "false"), "\"vocab\":{}")},
        {E_UNSUPPORTED, "class in a class",
         FILE_WITH(SPLIT(REGEX("[a[bc]]"), "Isolated", "false"), "\"vocab\":{}")},
        {E_UNSUPPORTED, "option",
         FILE_WITH(SPLIT(REGEX("(?m)a."), "Isolated", "false"), "\"vocab\":{}")},
        {E_FORMAT, "invert",
         FILE_WITH(SPLIT(REGEX("a"), "Isolated", "1"), "\"vocab\":{}")},
        {E_FORMAT, "vocab", FILE_WITH(BYTES, "\"merges\":[]")},
        {E_FORMAT, "empty", FILE_WITH(BYTES, "\"vocab\":{},\"merges\":[]")},
        {E_FORMAT, "'a'", FILE_WITH(BYTES, "\"vocab\":{\"a\":-1},\"merges\":[]")},
        {E_FORMAT, "'a'", FILE_WITH(BYTES, "\"vocab\":{\"a\":99999999},\"merges\":[]")},
        {E_FORMAT, "id 0", FILE_WITH(BYTES, "\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]")},
        {E_FORMAT, "merges", FILE_WITH(BYTES, "\"vocab\":{\"a\":0}")},
        {E_FORMAT, "merge 0", FILE_WITH(BYTES, "\"vocab\":{\"a\":0},\"merges\":[\"ab\"]")},
        {E_FORMAT, "'b'", FILE_WITH(BYTES, "\"vocab\":{\"a\":0},\"merges\":[\"a b\"]")},
        {E_FORMAT, "'aa'", FILE_WITH(BYTES, "\"vocab\":{\"a\":0},\"merges\":[[\"a\",\"a\"]]")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tokenizer *t;
        struct errinfo e = {0};
        enum err r = tokenizer_open_bytes(&t, cases[i].json, strlen(cases[i].json), "T", &e);
        if (r != cases[i].code || strncmp(e.msg, "T: ", 3) != 0 || !strstr(e.msg, cases[i].names))
            fail_msg("%s: %d, %s", cases[i].json, r, e.msg);
        assert_null(t);
    }
    struct tokenizer *t;
    struct errinfo e = {0};
    assert_int_equal(tokenizer_open(&t, "tests/data/nothing.json", &e), E_IO);
    assert_null(t);
}

static void merges_never_reach_an_added_token(void **state)
{
    (void)state;
    static const char json[] =
        "{\"added_tokens\":[{\"id\":2,\"content\":\"ab\"}],\"pre_tokenizer\":" BYTES ",\"model\":{"
        "\"type\":\"BPE\",\"ignore_merges\":false,\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,\"abb\":3,"
        "\"bb\":4,\"aa\":6},\"merges\":[\"a b\",\"ab b\",\"b b\",\"a a\"]}}";
    struct tokenizer *t;
    struct errinfo e = {0};
    struct tokens ids = {0};
    assert_int_equal(tokenizer_open_bytes(&t, json, sizeof json - 1, "T", &e), OK);
    assert_int_equal(tokenizer_size(t), 7); /* 5 is a hole */
    assert_int_equal(tokenizer_bytes(t, 5).n, 0);
    tokenizer_encode_text(t, "ab", 2, &ids);
    tokenizer_encode_text(t, "abb", 3, &ids);
    static const int32_t want[] = {0, 1, 0, 4}; /* abb is there but cannot be made */
    assert_int_equal(ids.n, 4);
    assert_memory_equal(ids.v, want, sizeof want);
    tokens_free(&ids);
    tokenizer_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_of_training),
        cmocka_unit_test(three_split_patterns),
        cmocka_unit_test(text_never_makes_a_special_token),
        cmocka_unit_test(segments),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(ill_formed_runs_are_pieces),
        cmocka_unit_test(both_ways_of_merging_equal_the_definition),
        cmocka_unit_test(long_pieces),
        cmocka_unit_test(prefixes_are_all_tokens_that_start_a_text),
        cmocka_unit_test(behaviours),
        cmocka_unit_test(deep_patterns),
        cmocka_unit_test(files_that_are_refused),
        cmocka_unit_test(merges_never_reach_an_added_token),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
