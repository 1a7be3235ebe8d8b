/* pdf_slant.c: see pdf_slant.h. */
#include "extract/pdf_slant.h"

#include <math.h>
#include <stdlib.h>

enum { SHRED = 3, NEIGHBOURS = 64, VOTES = 5, BINS = 46, ANGLES = 3 };

#define DEGREE 0.01745329252f

struct by_u {
    float u;
    size_t i;
};

static int cmp_u(const void *a, const void *b)
{
    const struct by_u *x = a, *y = b;
    if (x->u != y->u) return x->u < y->u ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

/* The angle of the step from a to b, folded to a half circle; the upper left corners move with
 * the letters. */
static float step_angle(const struct slant *a, const struct slant *b)
{
    float du = b->u0 - a->u0, dv = b->v0 - a->v0;
    float r = atan2f(dv, du);
    if (r > 90 * DEGREE) r -= 180 * DEGREE;
    if (r < -90 * DEGREE) r += 180 * DEGREE;
    return r;
}

static float distance(const struct slant *a, const struct slant *b)
{
    float du = b->u0 - a->u0, dv = b->v0 - a->v0;
    return sqrtf(du * du + dv * dv);
}

/* b starts where a ends: no blank between them.  Words on neighbouring lines do not do that. */
static int touches(const struct slant *a, const struct slant *b, float angle)
{
    const struct slant *l = a->u0 <= b->u0 ? a : b;
    return fabsf(distance(a, b) - (l->u1 - l->u0) / cosf(angle)) < 0.12f * l->size;
}

/* The angle to the nearest shred on one side that touches; 0 when there is none. */
static float touching(const struct slant *s, const struct by_u *order, size_t n, size_t k, int side)
{
    const struct slant *a = &s[order[k].i];
    float best = 1.6f * a->size, angle = 0;
    for (size_t step = 1; step <= NEIGHBOURS; step++) {
        if (side < 0 ? step > k : k + step >= n) break;
        const struct slant *b = &s[order[side < 0 ? k - step : k + step].i];
        if (fabsf(b->u0 - a->u0) > best) break;
        if (fabsf(b->v0 - a->v0) > best) continue; /* of another line: most are */
        if (b->chars > SHRED || fabsf(b->size - a->size) > 0.1f * a->size) continue;
        float d = distance(a, b);
        if (d >= best) continue;
        float r = step_angle(a, b);
        if (fabsf(r) > 60 * DEGREE || !touches(a, b, r)) continue;
        best = d;
        angle = r;
    }
    return angle;
}

/* Whether text at `angle` goes on from a to b: b starts on a's line, at once or after a blank. */
static int goes_on(const struct slant *a, const struct slant *b, float angle)
{
    float reach = 4 * a->size + 2 * (a->u1 - a->u0);
    if (fabsf(b->u0 - a->u0) > reach || fabsf(b->v0 - a->v0) > reach) return 0;
    struct slant p = *a, q = *b;
    p.angle = q.angle = angle;
    slant_turn(&p);
    slant_turn(&q);
    float gap = q.u0 - p.u1;
    return fabsf(q.v0 - p.v0) < 0.2f * a->size && gap > -0.15f * a->size && gap < 0.6f * a->size;
}

/* The angle of a word whose box is taller than its letters are: its stairs tell how steep, what
 * goes on from it tells which way. */
static float stairs(const struct slant *s, const struct by_u *order, size_t n, size_t k)
{
    const struct slant *a = &s[order[k].i];
    float rise = (a->v1 - a->v0) - a->letter;
    if (a->chars < 2 || rise < 0.12f * a->size) return 0;
    float run = (a->u1 - a->u0) * (float)(a->chars - 1) / (float)a->chars;
    float angle = atan2f(rise, run);
    int up = 0, down = 0;
    if (angle > 52 * DEGREE) return 0;
    for (int side = -1; side <= 1; side += 2)
        for (size_t step = 1; step <= NEIGHBOURS; step++) {
            if (side < 0 ? step > k : k + step >= n) break;
            const struct slant *b = &s[order[side < 0 ? k - step : k + step].i];
            if (fabsf(b->size - a->size) > 0.1f * a->size) continue;
            up += goes_on(a, b, -angle);
            down += goes_on(a, b, angle);
        }
    return up == down ? 0 : up > down ? -angle : angle;
}

/* A shred that touches one on either side votes for their angle when it is the same: an index or
 * an exponent does not go on.  Words with stairs vote too. */
static void collect_votes(const struct slant *s, const struct by_u *order, size_t n, float *vote)
{
    for (size_t k = 0; k < n; k++) {
        float l = 0, r = 0, mean = stairs(s, order, n, k);
        if (mean == 0 && s[order[k].i].chars <= SHRED) {
            l = touching(s, order, n, k, -1), r = touching(s, order, n, k, 1);
            if (l != 0 && r != 0 && fabsf(l - r) < 5 * DEGREE) mean = 0.5f * (l + r);
        }
        if (fabsf(mean) > 4 * DEGREE && fabsf(mean) < 52 * DEGREE) vote[order[k].i] = mean;
    }
}

/* The angle with the most votes, or 0 with fewer than VOTES or than one word in 25. */
static float strongest(const float *vote, size_t n)
{
    int count[2 * BINS + 3] = {0}, best = 0, least = n / 25 > VOTES ? (int)(n / 25) : VOTES;
    for (size_t i = 0; i < n; i++)
        if (vote[i] != 0) count[(int)lroundf(vote[i] / (1.2f * DEGREE)) + BINS + 1]++;
    for (int b = 1; b <= 2 * BINS + 1; b++) {
        int here = count[b - 1] + count[b] + count[b + 1];
        int there = best ? count[best - 1] + count[best] + count[best + 1] : least - 1;
        if (here > there) best = b;
    }
    if (!best) return 0;
    float sum = 0, mid = (float)(best - BINS - 1) * 1.2f * DEGREE;
    int votes = 0;
    for (size_t i = 0; i < n; i++)
        if (vote[i] != 0 && fabsf(vote[i] - mid) < 3 * DEGREE) sum += vote[i], votes++;
    return votes ? sum / (float)votes : mid;
}

/* Stairs make the box of several letters taller than a letter. */
static int is_tall(const struct slant *a, float angle)
{
    return a->chars > 1 &&
           a->v1 - a->v0 > 0.95f * a->letter + 0.5f * (a->u1 - a->u0) * fabsf(tanf(angle));
}

/* Gives the angle to its voters and to what stands in line with them. */
static void spread(struct slant *s, const struct by_u *order, size_t n, float *vote, float angle)
{
    for (size_t i = 0; i < n; i++)
        if (vote[i] != 0 && fabsf(vote[i] - angle) < 8 * DEGREE) s[i].angle = angle, vote[i] = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < n; k++) {
            struct slant *a = &s[order[k].i];
            if (a->angle != 0 || (a->chars > SHRED && !is_tall(a, angle))) continue;
            for (int side = -1; side <= 1 && a->angle == 0; side += 2)
                for (size_t step = 1; step <= NEIGHBOURS; step++) {
                    if (side < 0 ? step > k : k + step >= n) break;
                    const struct slant *b = &s[order[side < 0 ? k - step : k + step].i];
                    if (b->angle != angle || fabsf(b->size - a->size) > 0.1f * a->size) continue;
                    if (!goes_on(a, b, angle) && !goes_on(b, a, angle)) continue;
                    a->angle = angle;
                    vote[order[k].i] = 0;
                    break;
                }
        }
}

void slant_find(struct slant *s, size_t n, struct arena *scratch)
{
    struct by_u *order = NEW(scratch, struct by_u, n + 1);
    float *vote = NEW(scratch, float, n + 1);
    size_t shreds = 0;
    for (size_t i = 0; i < n; i++) {
        order[i] = (struct by_u){s[i].u0, i};
        s[i].angle = 0;
        shreds += s[i].chars <= SHRED;
    }
    if (shreds < VOTES) return;
    qsort(order, n, sizeof *order, cmp_u);
    collect_votes(s, order, n, vote);
    for (int k = 0; k < ANGLES; k++) {
        float angle = strongest(vote, n);
        if (angle == 0) return;
        spread(s, order, n, vote, angle);
    }
}

void slant_turn(struct slant *s)
{
    float c = cosf(s->angle), d = sinf(s->angle), h = s->letter;
    float u = s->u0, v = s->angle < 0 ? s->v1 - h : s->v0; /* the first letter's corner */
    float width = (s->u1 - s->u0) / c;
    s->u0 = u * c + v * d;
    s->v0 = v * c - u * d;
    s->u1 = s->u0 + width;
    s->v1 = s->v0 + h;
}
