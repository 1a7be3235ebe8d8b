/* fuzz_prefix.c: any bytes as a file of the prefix cache.  As they are a checksum nearly always
 * refuses them, so they are read a second time with checksum and key made right. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "engine/prefix_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define TOKENS_AT 80
#define PARENT_AT 32
#define KEY_AT 48
#define SUM_AT 104
#define IDS_AT 128

static void parse(const char *p, size_t n)
{
    struct prefix_block b;
    struct errinfo e = {0};
    volatile unsigned sum = 0;
    if (prefix_block_parse(&b, p, n, n, "fuzz", &e)) {
        assert(e.msg[0] && !b.ids);
        return;
    }
    assert(b.tokens > 0 && b.tokens <= PREFIX_BLOCK_TOKENS);
    assert(prefix_block_bytes(&b) == n);
    for (size_t i = 0; i < b.tokens; i++) sum += (unsigned)b.ids[i];
    for (size_t i = 0; i < b.model.n; i++) sum += (unsigned char)b.model.s[i];
    for (size_t i = 0; i < b.label.n; i++) sum += (unsigned char)b.label.s[i];
    if (!prefix_block_intact(&b, p)) return;
    char head[PREFIX_BLOCK_DATA]; /* what was read is written as it was, but for unused bytes */
    struct prefix_block again;
    prefix_block_head(&b, head);
    assert(prefix_block_parse(&again, head, sizeof head, n, "again", &e) == OK);
    assert(prefix_key_equal(&again.key, &b.key) && again.sum == b.sum);
}

static void repair(char *p)
{
    uint32_t tokens;
    uint64_t sum = 0;
    struct prefix_key parent, key;
    memcpy(&tokens, p + TOKENS_AT, sizeof tokens);
    memcpy(&parent, p + PARENT_AT, sizeof parent);
    if (tokens > PREFIX_BLOCK_TOKENS) tokens = 0;
    key = prefix_key_next(&parent, (const int32_t *)(const void *)(p + IDS_AT), tokens);
    memcpy(p + KEY_AT, &key, sizeof key);
    memset(p + SUM_AT, 0, sizeof sum);
    sum = XXH3_64bits(p, PREFIX_BLOCK_DATA);
    memcpy(p + SUM_AT, &sum, sizeof sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *copy = mem_alloc(n + 1, 1); /* aligned as a mapping is */
    if (n) memcpy(copy, data, n);
    parse(copy, n);
    if (n >= PREFIX_BLOCK_DATA) {
        repair(copy);
        parse(copy, n);
    }
    mem_free(copy);
    return 0;
}
