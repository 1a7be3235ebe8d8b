/* fuzz_pdf_scan.c: files of any bytes, looked through for text that leaves no mark.  What was found
 * stays found when more follows. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "extract/pdf_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char more[] =
        "\nendstream endobj 9 0 obj<<>>stream\n3 Tr (x) Tj\nendstream endobj\n";
    char *s = malloc(n + sizeof more);
    if (!s) abort();
    if (n) memcpy(s, data, n);
    memcpy(s + n, more, sizeof more);
    scan_may_hide(s, n);
    if (!scan_may_hide(s, n + sizeof more - 1)) abort();
    free(s);
    return 0;
}
