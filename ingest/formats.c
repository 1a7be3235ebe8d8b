#include "ingest/formats.h"

#include <strings.h>

#include "ingest/read_text.h"
#include "ingest/sniff.h"

#define SUFFIXES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct reader pdf = {
    "pdf", SUFFIXES(".pdf"), sniff_pdf, .apart = true, .title = "PDF", .binary = true};
static const struct reader html = {
    "html", SUFFIXES(".html", ".htm", ".xhtml"), sniff_html, .apart = true, .title = "HTML"};

/* Where two readers are equally sure, the first one reads. */
static const struct reader *const readers[] = {
    &pdf, &html, &read_text_markdown, &read_text_code, &read_text_plain,
};

const struct reader *formats_row(size_t i)
{
    return i < sizeof readers / sizeof *readers ? readers[i] : NULL;
}

const struct reader *formats_find(const char *name)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (strcasecmp(readers[i]->name, name) == 0) return readers[i];
    return NULL;
}
