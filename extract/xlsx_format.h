/* xlsx_format.h: numbers of a workbook as its cells show them. */
#ifndef EXTRACT_XLSX_FORMAT_H
#define EXTRACT_XLSX_FORMAT_H

#include "base/mem.h"
#include "base/str.h"
#include "extract/zip.h"

enum xlsx_shows {
    XLSX_NUMBER = 0,
    XLSX_DATE = 1, /* both of these two: date and time */
    XLSX_TIME = 2,
    XLSX_PERCENT = 4
};

/* How a number is shown. */
struct xlsx_look {
    unsigned shows;
    const char *code; /* of the file, NULL: one that no file spells out, or is endless */
};

struct xlsx_formats; /* lives in the arena */

/* From xl/styles.xml; NULL gives numbers only. */
struct xlsx_formats *xlsx_formats_read(struct arena *a, const struct zip_member *styles);
/* What a cell of style s shows. */
struct xlsx_look xlsx_look(const struct xlsx_formats *f, long style);
/* What a format code asks for: "yyyy-mm-dd", "0.0%", "[h]:mm". */
unsigned xlsx_code_shows(const char *code);

/* The stored number as text: dates as 2024-03-05, times as 14:30:00, percent; 15 digits elsewhere,
 * with what the format sets before and behind them: "12.5 kg", "(3)", "-" for 0.
 * `base1904`: days count from 1904. */
void xlsx_number(struct buf *out, const char *stored, struct xlsx_look look, bool base1904);

#endif
