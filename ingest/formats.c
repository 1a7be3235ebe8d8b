#include "ingest/formats.h"

#include <strings.h>

#include "ingest/read_csv.h"
#include "ingest/read_ipynb.h"
#include "ingest/read_man.h"
#include "ingest/read_markup.h"
#include "ingest/read_tex.h"
#include "ingest/read_text.h"
#include "ingest/sniff.h"

#define SUFFIXES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct reader pdf = {
    "pdf", SUFFIXES(".pdf"), sniff_pdf, .apart = true, .title = "PDF", .binary = true};
static const struct reader html = {
    "html", SUFFIXES(".html", ".htm", ".xhtml"), sniff_html, .apart = true, .title = "HTML"};
static const struct reader docx = {
    "docx", SUFFIXES(".docx", ".docm", ".dotx"), sniff_docx, .apart = true, .title = "Word document",
    .binary = true, .units = {.line = "paragraph"}};
static const struct reader odt = {
    "odt", SUFFIXES(".odt", ".ott"), sniff_odt, .apart = true, .title = "OpenDocument text",
    .binary = true, .units = {.line = "paragraph"}};
static const struct reader epub = {
    "epub", SUFFIXES(".epub"), sniff_epub, .apart = true, .title = "e-book", .binary = true,
    .units = {.page = "chapter"}};
static const struct reader pptx = {
    "pptx", SUFFIXES(".pptx", ".pptm", ".ppsx"), sniff_pptx, .apart = true,
    .title = "PowerPoint slides", .binary = true, .units = {.page = "slide"}};
static const struct reader odp = {
    "odp", SUFFIXES(".odp", ".otp"), sniff_odp, .apart = true, .title = "OpenDocument slides",
    .binary = true, .units = {.page = "slide"}};
static const struct reader xlsx = {
    "xlsx", SUFFIXES(".xlsx", ".xlsm", ".xltx"), sniff_xlsx, .apart = true,
    .title = "Excel workbook", .binary = true, .units = {"sheet", "row"}};
static const struct reader ods = {
    "ods", SUFFIXES(".ods", ".ots"), sniff_ods, .apart = true, .title = "OpenDocument spreadsheet",
    .binary = true, .units = {"sheet", "row"}};
static const struct reader rtf = {
    "rtf", SUFFIXES(".rtf"), sniff_rtf, .apart = true, .title = "Rich Text Format", .binary = true,
    .units = {.line = "paragraph"}};
static const struct reader eml = {"eml", SUFFIXES(".eml", ".mht", ".mhtml"), sniff_eml,
                                  .apart = true, .title = "mail", .attachments = true};
static const struct reader mbox = {"mbox", SUFFIXES(".mbox", ".mbx"), sniff_mbox, .apart = true,
                                   .title = "mailbox", .attachments = true, .units = {.page = "message"}};
static const struct reader archive = {
    "archive", SUFFIXES(".zip", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"), sniff_archive,
    .apart = true, .title = "archive or compressed file", .binary = true, .members = true};

/* Where two readers are equally sure, the first one reads. */
static const struct reader *const readers[] = {
    &pdf, &html, &docx, &odt, &epub, &pptx, &odp, &xlsx, &ods, &rtf, &eml, &mbox, &archive, &read_ipynb,
    &read_csv, &read_rst, &read_asciidoc, &read_man, &read_tex,
    &read_text_markdown, &read_text_code, &read_text_plain,
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

bool formats_know_binary(const char *name, const char *head, size_t n)
{
    const struct reader *r;
    for (size_t i = 0; (r = formats_row(i)); i++)
        if (r->binary && r->sniff(name, (const unsigned char *)head, n) > 0) return true;
    return false;
}
