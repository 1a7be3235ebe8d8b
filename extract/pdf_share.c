#include "extract/pdf_share.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "base/sys.h"

/* Before a page's lines, label and text: both sides are one program. */
struct head {
    struct pdf_page page; /* without what it points to */
    size_t n_label;       /* 0: no label */
    size_t n_text;        /* of all lines, one after the other */
};

#define MOST_POINTS 1e7f /* from the corner of a page */

enum { MOST_LABEL = 1 << 16, MOST_LINES = 1 << 20, MOST_TEXT = 64 << 20, MOST_CHARS = 1 << 20 };

int share_of(size_t k, size_t run, int processes)
{
    return (int)(k / run % (size_t)processes);
}

bool share_send(int fd, const struct pdf_page *p)
{
    struct buf b = {0};
    struct head h = {.page = *p, .n_label = p->label ? strlen(p->label) : 0};
    for (size_t i = 0; i < p->n; i++) h.n_text += p->v[i].text.n;
    buf_add(&b, (const char *)&h, sizeof h);
    if (p->n) buf_add(&b, (const char *)p->v, p->n * sizeof *p->v);
    if (h.n_label) buf_add(&b, p->label, h.n_label);
    for (size_t i = 0; i < p->n; i++) buf_add(&b, p->v[i].text.s, p->v[i].text.n);
    bool ok = sys_write_all(fd, b.s, b.n);
    buf_free(&b);
    return ok;
}

static bool are_near(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(v[i]) <= MOST_POINTS)) return false; /* nor is what is no number */
    return true;
}

/* Whether numbers are such as a page gives: sums over them stay numbers. */
static bool is_sane(const struct pdf_line *l)
{
    const float all[] = {l->at.u0, l->at.v0,   l->at.u1, l->at.v1, l->at.size,
                         l->at.tilt, l->left, l->right, l->leading};
    return are_near(all, sizeof all / sizeof *all) && are_near(l->at.box, 4) && l->at.size >= 0 &&
           l->at.chars >= 0 && l->at.chars <= MOST_CHARS;
}

/* Points the lines to their parts of the text.  False: they claim more than there is. */
static bool hand_out(struct pdf_line *v, size_t n, const char *text, size_t n_text, struct arena *a)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = v[i].text.n;
        if (k > n_text - at || !is_sane(&v[i])) return false;
        v[i].text.s = mem_copy(a, text + at, k);
        v[i].at.word = NULL;
        at += k;
    }
    return at == n_text;
}

bool share_take(struct crew *c, int number, struct pdf_page *p, bool recognises, struct arena *a)
{
    struct head h;
    if (!crew_read(c, number, &h, sizeof h)) return false;
    if (h.page.number != p->number || h.n_label > MOST_LABEL || h.page.n > MOST_LINES ||
        h.n_text > MOST_TEXT || (h.page.recognised && !recognises) ||
        !are_near((float[]){h.page.width, h.page.height}, 2))
        return false;
    struct pdf_line *v = NEW(a, struct pdf_line, h.page.n + 1);
    char *label = h.n_label ? NEW(a, char, h.n_label + 1) : NULL;
    char *text = mem_alloc(h.n_text + 1, 1);
    bool ok = crew_read(c, number, v, h.page.n * sizeof *v) &&
              crew_read(c, number, label, h.n_label) && crew_read(c, number, text, h.n_text) &&
              hand_out(v, h.page.n, text, h.n_text, a);
    mem_free(text);
    if (!ok) return false;
    *p = h.page;
    p->v = v;
    p->label = label;
    return true;
}
