/* pages.h: page ranges like "1-4,9,20-". */
#ifndef INGEST_PAGES_H
#define INGEST_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* E_USAGE when `range` is not a list of N, N-M, N- or -M with 1 <= N <= M; NULL is fine. */
enum err pages_check(const char *range, struct errinfo *e);
/* Whether page `page` (1-based) is in `range`; NULL holds every page, an ill-formed one none. */
bool pages_has(const char *range, uint32_t page);
/* The first and last page of `range` that a document of `count` pages has; false when there is
 * none.  For loops that need not look at every page. */
bool pages_bounds(const char *range, uint32_t count, uint32_t *first, uint32_t *last);

#endif
