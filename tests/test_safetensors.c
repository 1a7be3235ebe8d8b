/* test_safetensors.c: headers as they should be, and hostile ones; shards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/sys.h"
#include "engine/safetensors.h"

/* A file of this header and n bytes of data 0, 1, 2, ... */
static void make_file(struct buf *b, const char *header, size_t n)
{
    uint64_t length = strlen(header);
    buf_clear(b);
    for (int i = 0; i < 8; i++) buf_addc(b, (char)(length >> (8 * i)));
    buf_addz(b, header);
    for (size_t i = 0; i < n; i++) buf_addc(b, (char)i);
}

static enum err open_made(struct safetensors **s, struct buf *b, const char *header, size_t n,
                          struct errinfo *e)
{
    *e = (struct errinfo){0};
    make_file(b, header, n);
    return safetensors_open_bytes(s, b->s, b->n, "x.safetensors", e);
}

#define ONE "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}"

/* ------------------------------------------------------------------ one file */

static void a_good_file(void **state)
{
    (void)state;
    struct safetensors *s;
    struct buf b = {0};
    struct errinfo e;
    const char *header = "{\"__metadata__\":{\"format\":\"pt\"}," ONE
                         ",\"b\":{\"dtype\":\"F8_E4M3\",\"shape\":[5],\"data_offsets\":[24,29]},"
                         "\"none\":{\"dtype\":\"BF16\",\"shape\":[0,7],\"data_offsets\":[24,24]},"
                         "\"one\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[29,33]},"
                         "\"odd\":{\"dtype\":\"Q4_K\",\"shape\":[9],\"data_offsets\":[33,34]}}   ";
    assert_int_equal(open_made(&s, &b, header, 34, &e), OK);
    assert_int_equal(safetensors_count(s), 5);
    assert_string_equal(safetensors_name(s, 0), "a");
    assert_string_equal(safetensors_name(s, 4), "one");
    const struct tensor *t = safetensors_find(s, "a");
    assert_int_equal(t->type, DT_F32);
    assert_int_equal(t->ndim, 2);
    assert_int_equal(t->shape[1], 3);
    assert_int_equal(t->bytes, 24);
    assert_ptr_equal(t->data, b.s + 8 + strlen(header));
    t = safetensors_find(s, "b");
    assert_int_equal(t->type, DT_F8_E4M3);
    assert_int_equal(((const char *)t->data)[0], 24);
    assert_int_equal(safetensors_find(s, "one")->ndim, 0);
    assert_int_equal(safetensors_find(s, "odd")->type, DT_OTHER);
    assert_int_equal(safetensors_find(s, "none")->bytes, 0);
    assert_null(safetensors_find(s, "c"));
    assert_null(safetensors_find(s, "__metadata__"));
    safetensors_release(s, t); /* borrowed bytes stay */
    assert_int_equal(((const char *)t->data)[0], 24);
    safetensors_close(s);
    safetensors_close(NULL);
    buf_free(&b);
}

static void no_tensors(void **state)
{
    (void)state;
    struct safetensors *s;
    struct buf b = {0};
    struct errinfo e;
    assert_int_equal(open_made(&s, &b, "{}", 0, &e), OK);
    assert_int_equal(safetensors_count(s), 0);
    assert_null(safetensors_find(s, "a"));
    safetensors_close(s);
    buf_free(&b);
}

static void hostile_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        enum err want;
        const char *says;
    } rows[] = {
        {"[]", 0, E_FORMAT, "not a JSON object"},
        {"{\"a\":", 0, E_FORMAT, "JSON"},
        {"{" ONE "," ONE "}", 24, E_FORMAT, "JSON"}, /* twice */
        {"{" ONE "}", 23, E_FORMAT, "truncated: tensor 'a' ends at byte"},
        {"{" ONE "}", 25, E_FORMAT, "tensors end at byte"},
        {"{}", 1, E_FORMAT, "tensors end at byte"},
        {"{\"a\":7}", 0, E_FORMAT, "no dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, E_FORMAT, "no shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, E_FORMAT, "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, E_FORMAT,
         "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, E_FORMAT,
         "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, E_FORMAT,
         "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,\"4\"]}}", 4, E_FORMAT,
         "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, E_FORMAT,
         "dimension 0"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, E_FORMAT,
         "dimension 0"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
         E_UNSUPPORTED, "5 dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, E_FORMAT,
         "needs 8 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}", 4,
         E_FORMAT, "overflows"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,4]}}", 4,
         E_FORMAT, "JSON"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", 6, E_FORMAT,
         "'b' begins at"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, E_FORMAT,
         "begins at"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", 12, E_FORMAT,
         "'b' begins at"},
    };
    struct buf b = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct safetensors *s;
        struct errinfo e;
        enum err got = open_made(&s, &b, rows[i].header, rows[i].data, &e);
        if (got != rows[i].want || !strstr(e.msg, rows[i].says))
            fail_msg("%s: code %d, '%s'", rows[i].header, got, e.msg);
        if (strncmp(e.msg, "x.safetensors: ", 15)) fail_msg("without the file: %s", e.msg);
        assert_null(s);
    }
    buf_free(&b);
}

static void hostile_lengths(void **state)
{
    (void)state;
    struct safetensors *s;
    struct errinfo e = {0};
    assert_int_equal(safetensors_open_bytes(&s, NULL, 0, "x", &e), E_FORMAT);
    assert_non_null(strstr(e.msg, "too short"));
    err_clear(&e);
    assert_int_equal(safetensors_open_bytes(&s, "\2\0\0\0\0\0\0", 7, "x", &e), E_FORMAT);
    err_clear(&e);
    assert_int_equal(safetensors_open_bytes(&s, "\3\0\0\0\0\0\0\0{}", 10, "x", &e), E_FORMAT);
    assert_non_null(strstr(e.msg, "the header ends at byte 11, the file has 10"));
    err_clear(&e);
    assert_int_equal(safetensors_open_bytes(&s, "\377\377\377\377\377\377\377\377{}", 10, "x", &e),
                     E_FORMAT);
    err_clear(&e);
    assert_int_equal(safetensors_open_bytes(&s, "\0\0\0\0\0\0\0\0", 8, "x", &e), E_FORMAT);
}

/* ------------------------------------------------------------------ folders */

struct folder {
    char path[64];
};

static void write_in(const struct folder *f, const char *name, const char *s, size_t n)
{
    struct buf path = {0};
    struct errinfo e = {0};
    buf_addf(&path, "%s/%s", f->path, name);
    if (sys_write_file(path.s, s, n, &e)) fail_msg("%s", e.msg);
    buf_free(&path);
}

static void write_shard(const struct folder *f, const char *name, const char *header, size_t n)
{
    struct buf b = {0};
    make_file(&b, header, n);
    write_in(f, name, b.s, b.n);
    buf_free(&b);
}

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    strcpy(f->path, "/tmp/deepread-test-XXXXXX");
    if (!f || !mkdtemp(f->path)) return -1;
    *state = f;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *f = *state;
    const char *names[] = {"model.safetensors", "model.safetensors.index.json", "1.safetensors",
                           "2.safetensors"};
    char path[160];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", f->path, names[i]);
        unlink(path);
    }
    rmdir(f->path);
    free(f);
    return 0;
}

static void a_single_file(void **state)
{
    struct folder *f = *state;
    struct safetensors *s;
    struct errinfo e = {0};
    assert_int_equal(safetensors_open(&s, f->path, &e), E_IO);
    assert_non_null(strstr(e.msg, f->path));
    err_clear(&e);
    write_shard(f, "model.safetensors", "{" ONE "}", 24);
    assert_int_equal(safetensors_open(&s, f->path, &e), OK);
    const struct tensor *t = safetensors_find(s, "a");
    assert_int_equal(((const unsigned char *)t->data)[23], 23);
    safetensors_release(s, t); /* a hint: the bytes come back from the file */
    assert_int_equal(((const unsigned char *)t->data)[23], 23);
    safetensors_close(s);
}

static void shards(void **state)
{
    struct folder *f = *state;
    struct safetensors *s;
    struct errinfo e = {0};
    const char *second = "{\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]},"
                         "\"a\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[4,6]}}";
    const char *map = "{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"}}";
    write_shard(f, "1.safetensors", "{" ONE "}", 24);
    write_in(f, "model.safetensors.index.json", map, strlen(map));
    assert_int_equal(safetensors_open(&s, f->path, &e), E_IO);
    assert_non_null(strstr(e.msg, "2.safetensors"));
    err_clear(&e);
    write_shard(f, "2.safetensors", second, 6);
    assert_int_equal(safetensors_open(&s, f->path, &e), OK);
    assert_int_equal(safetensors_count(s), 2);
    assert_int_equal(safetensors_find(s, "a")->type, DT_F32); /* the map decides between the two */
    assert_int_equal(safetensors_find(s, "b")->type, DT_BF16);
    safetensors_close(s);
    map = "{\"weight_map\":{\"a\":\"1.safetensors\",\"c\":\"2.safetensors\"}}";
    write_in(f, "model.safetensors.index.json", map, strlen(map));
    assert_int_equal(safetensors_open(&s, f->path, &e), E_FORMAT);
    assert_non_null(strstr(e.msg, "tensor 'c'"));
}

static void hostile_maps(void **state)
{
    struct folder *f = *state;
    static const char *const maps[] = {
        "[]",
        "{}",
        "{\"weight_map\":[]}",
        "{\"weight_map\":{}}",
        "{\"weight_map\":{\"a\":3}}",
        "{\"weight_map\":{\"a\":\"\"}}",
        "{\"weight_map\":{\"a\":\"../1.safetensors\"}}",
        "{\"weight_map\":{\"a\":\"/etc/passwd\"}}",
        "{\"weight_map\":{\"a\":\"sub/1.safetensors\"}}",
        "{\"weight_map\":{\"a\":\"..\"}}",
        "{\"weight_map\":{\"a\":\".hidden\"}}",
        "{\"weight_map\":{\"a\":\"1.safetensors\\u0000\"}}",
    };
    write_shard(f, "1.safetensors", "{" ONE "}", 24);
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        struct safetensors *s;
        struct errinfo e = {0};
        write_in(f, "model.safetensors.index.json", maps[i], strlen(maps[i]));
        if (safetensors_open(&s, f->path, &e) != E_FORMAT) fail_msg("%s: %s", maps[i], e.msg);
        assert_null(s);
    }
}

/* ------------------------------------------------------------------ elements */

static void every_e4m3(void **state)
{
    (void)state;
    for (int b = 0; b < 256; b++) {
        int exponent = b >> 3 & 15, mantissa = b & 7;
        double want = exponent ? ldexp(8 + mantissa, exponent - 10) : ldexp(mantissa, -9);
        float got = e4m3_to_f32((uint8_t)b);
        if ((b & 0x7f) == 0x7f) assert_true(isnan(got));
        else assert_true((double)got == (b & 0x80 ? -want : want));
    }
    assert_true(e4m3_to_f32(0x7e) == 448);
    assert_true(signbit(e4m3_to_f32(0x80)));
}

static void bf16_rounds_to_even(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = bf16_to_f32((uint16_t)h);
        if (!isnan(f)) assert_int_equal(f32_to_bf16(f), h);
        else assert_true(isnan(bf16_to_f32(f32_to_bf16(f))));
    }
    assert_int_equal(f32_to_bf16(1 + 0x1p-8f), 0x3f80);           /* half way: to even */
    assert_int_equal(f32_to_bf16(1 + 0x3p-8f), 0x3f82);
    assert_int_equal(f32_to_bf16(1 + 0x1p-8f + 0x1p-20f), 0x3f81);
    assert_int_equal(f32_to_bf16(3.4028235e38f), 0x7f80);         /* beyond the largest */
}

static void rows_with_partial_blocks(void **state)
{
    (void)state;
    uint8_t data[5 * 7];
    float scale[6] = {1, 2, 4, 8, 16, 32}, row[7]; /* blocks of 3: 2 down, 3 across */
    for (size_t i = 0; i < sizeof data; i++) data[i] = 0x38; /* 1.0 */
    struct tensor t = {DT_F8_E4M3, 2, {5, 7}, data, sizeof data, scale, 3};
    tensor_row_f32(&t, 2, row);
    assert_true(row[0] == 1 && row[2] == 1 && row[3] == 2 && row[5] == 2 && row[6] == 4);
    tensor_row_f32(&t, 4, row);
    assert_true(row[0] == 8 && row[3] == 16 && row[6] == 32);
    t.scale = NULL;
    tensor_row_f32(&t, 4, row);
    assert_true(row[6] == 1);
}

static void sizes_overflow(void **state)
{
    (void)state;
    uint64_t n, big[3] = {1ull << 32, 1ull << 31, 2}, none[2] = {0, UINT64_MAX};
    assert_false(tensor_bytes(big, 3, DT_F8_E4M3, &n));
    assert_true(tensor_bytes(big, 2, DT_F8_E4M3, &n));
    assert_false(tensor_bytes(big, 2, DT_F32, &n));
    assert_true(tensor_bytes(none, 2, DT_F32, &n));
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file),
        cmocka_unit_test(no_tensors),
        cmocka_unit_test(hostile_headers),
        cmocka_unit_test(hostile_lengths),
        cmocka_unit_test_setup_teardown(a_single_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(shards, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(hostile_maps, make_folder, remove_folder),
        cmocka_unit_test(every_e4m3),
        cmocka_unit_test(bf16_rounds_to_even),
        cmocka_unit_test(rows_with_partial_blocks),
        cmocka_unit_test(sizes_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
