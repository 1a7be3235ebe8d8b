/* docx_styles.h: what the styles and the numbering of a Word document say of a paragraph. */
#ifndef EXTRACT_DOCX_STYLES_H
#define EXTRACT_DOCX_STYLES_H

#include "base/mem.h"
#include "ingest/pen.h"
#include "extract/zip.h"

struct docx_styles; /* lives in the arena */

/* Either member may be NULL. */
struct docx_styles *docx_styles_read(struct arena *a, const struct zip_member *styles,
                                     const struct zip_member *numbering);

struct docx_style {
    int heading;  /* 1 .. 9 by outline level, 0 none        */
    bool title;   /* the document's title                   */
    bool code;    /* blanks count                           */
    bool hidden;  /* its text is not shown                  */
    int num, level; /* its list, -1 none                    */
};
/* Of a paragraph or character style; all that it does not say is inherited. */
struct docx_style docx_style_of(const struct docx_styles *s, const char *id);

/* What stands before the next item of list `num` on `level` (0 ..), with a blank behind: "- ",
 * "2.1. "; "" when nothing does. */
void docx_list_mark(struct docx_styles *s, int num, int level, char out[PEN_MARK_MAX]);

#endif
