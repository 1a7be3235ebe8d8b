/* fuzz_pdf_repair.c: rebuilding the table of a damaged PDF never reads outside of it. */
#include <stdint.h>

#include "extract/pdf_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf out = {0};
    repair_file(&out, (const char *)data, n);
    buf_clear(&out);
    repair_newlines(&out, (const char *)data, n);
    buf_free(&out);
    return 0;
}
