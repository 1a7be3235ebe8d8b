/* pdf_share.h: pages of a PDF that another process of the crew has read. */
#ifndef EXTRACT_PDF_SHARE_H
#define EXTRACT_PDF_SHARE_H

#include "base/mem.h"
#include "extract/crew.h"
#include "extract/pdf_page.h"

/* The process that reads the k-th of the pages that are read; `run` neighbours go to one. */
int share_of(size_t k, size_t run, int processes);

/* Sends a page.  False: nobody listens any more. */
bool share_send(int fd, const struct pdf_page *p);
/* Takes the page p->number from a process.  Memory of the arena.  False: that process gives no
 * more pages, or one that no page can be (recognised: where nothing `recognises`), *p is as it
 * was. */
bool share_take(struct crew *c, int number, struct pdf_page *p, bool recognises,
                struct arena *a);

#endif
