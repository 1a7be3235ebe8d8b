/* fuzz_schema.c: any bytes as a JSON schema. */
#include <stddef.h>
#include <stdint.h>

#include "engine/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new();
    struct errinfo e = {0};
    struct schema *s = NULL;
    enum err r = schema_compile(&s, a, (struct str){(const char *)data, n}, "fuzz", &e);
    if (!r != (s != NULL) || (r && !e.msg[0])) __builtin_trap();
    arena_free(a);
    return 0;
}
