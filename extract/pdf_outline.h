/* pdf_outline.h: what a PDF says about itself: title, outline, which pages hold images. */
#ifndef EXTRACT_PDF_OUTLINE_H
#define EXTRACT_PDF_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

struct outline_entry {
    uint64_t key;  /* outline_key of its title */
    uint32_t page; /* 1-based                  */
    int level;     /* 1 the outermost          */
};

struct outline;
struct _PopplerDocument; /* poppler's own name for what it calls PopplerDocument */

/* The same bytes through poppler's GLib interface, opened when something is asked for; they, the
 * password and the arena must outlive it.  Never fails: a file that this does not open has no title
 * and no outline.  Close it with outline_close. */
struct outline *outline_open(const void *bytes, size_t n, const char *password, struct arena *a);
void outline_close(struct outline *o); /* NULL is fine */

/* At most OUTLINE_MAX entries, by page. */
enum { OUTLINE_MAX = 20000 };
const struct outline_entry *outline_entries(struct outline *o, size_t *n);
/* The title in the file's metadata when it looks like one and not like the name of a file or the
 * habit of a program; else NULL.  Memory of the arena. */
const char *outline_title(struct outline *o);
struct _PopplerDocument *outline_document(struct outline *o); /* borrowed, or NULL */
bool outline_has_image(struct outline *o, uint32_t page);

/* Letters only, without case: "1.2 The end" and "1.2. The End" are equal.  0 without letters. */
uint64_t outline_key(struct str s);

#endif
