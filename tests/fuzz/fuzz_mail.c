/* fuzz_mail.c: a message or a box of hostile bytes. */
#include "tests/fuzz/reader_fuzz.h"

#include "extract/extract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_read(read_mbox, "mbox", data, n);
    return 0;
}
