/* fuzz_office.c: office documents and books of hostile bytes.  The seeds are zip files without
 * compression, so that mutations reach the XML inside: a member whose checksum fails is read as one
 * that is damaged. */
#include "tests/fuzz/reader_fuzz.h"

#include "extract/extract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct { const char *mark, *format; fuzz_reader *read; } readers[] = {
        {"word/", "docx", read_docx},    {"ppt/", "pptx", read_pptx},
        {"xl/", "xlsx", read_xlsx},      {"spreadsheet", "ods", read_ods},
        {"presentation", "odp", read_odp}, {"content.xml", "odt", read_odt},
    };
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (!memmem(data, n, readers[i].mark, strlen(readers[i].mark))) continue;
        fuzz_read(readers[i].read, readers[i].format, data, n);
        return 0;
    }
    fuzz_read(read_epub, "epub", data, n);
    return 0;
}
