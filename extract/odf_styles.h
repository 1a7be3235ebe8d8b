/* odf_styles.h: what the styles of an OpenDocument file say: hidden text, code, lists. */
#ifndef EXTRACT_ODF_STYLES_H
#define EXTRACT_ODF_STYLES_H

#include "base/mem.h"
#include "ingest/pen.h"
#include "extract/zip.h"

struct odf_styles; /* lives in the arena */

/* From any number of members, NULL ones too: content.xml, styles.xml. */
struct odf_styles *odf_styles_read(struct arena *a, const struct zip_member *const *m, size_t n);

struct odf_style {
    bool hidden; /* its text (its table) is not shown   */
    bool code;   /* blanks count                        */
    bool title;
    const char *list; /* a list style, or NULL           */
};
struct odf_style odf_style_of(const struct odf_styles *s, const char *name);

/* The number of an item, formatted: style, depth (1 ..), the numbers of this level and of those
 * above it (count[0] the outermost).  "- " where the style has bullets or is unknown. */
void odf_list_mark(const struct odf_styles *s, const char *style, int depth, const int *count,
                   char out[PEN_MARK_MAX]);
/* Where the numbers of a level start: 1 in most. */
int odf_list_start(const struct odf_styles *s, const char *style, int depth);

#endif
