/* aside.h: text that stands elsewhere than in the flow (notes, text boxes): written into a
 * document of its own first, and into the flow when the paragraph or table that it belongs to has
 * ended. */
#ifndef EXTRACT_ASIDE_H
#define EXTRACT_ASIDE_H

#include "ingest/pen.h"

struct aside_text {
    size_t from, to; /* in the text of the aside */
    char mark[32];   /* "[3] ", or ""            */
    struct span at;  /* the place that it is said to come from */
};

struct aside {
    struct doc_builder *b;
    struct pen pen;          /* writes here: compare doc_length(b) before and after */
    struct aside_text *v;    /* waiting                                             */
    size_t n, cap;
};

void aside_init(struct aside *s, struct arena *a);
void aside_free(struct aside *s);
/* [from, to) of what was written waits for its turn. */
void aside_queue(struct aside *s, size_t from, size_t to, const char *mark, const struct span *at);
/* Writes what waits, each with a line of its own.  False when nothing did. */
bool aside_write(struct aside *s, struct pen *p);

#endif
