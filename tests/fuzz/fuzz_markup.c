/* fuzz_markup.c: the text-like formats that are read in deepread itself.  The first byte says which. */
#include "tests/fuzz/reader_fuzz.h"

#include "ingest/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"latex", "man", "csv", "rst", "asciidoc", "ipynb"};
    if (!n) return 0;
    const char *name = names[data[0] % (sizeof names / sizeof *names)];
    fuzz_read(formats_find(name)->read, name, data + 1, n - 1);
    return 0;
}
