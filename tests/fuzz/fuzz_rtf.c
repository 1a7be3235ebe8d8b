/* fuzz_rtf.c: hostile Rich Text Format. */
#include "tests/fuzz/reader_fuzz.h"

#include "extract/extract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_read(read_rtf, "rtf", data, n);
    return 0;
}
