/* ties.h: which of equal scores another implementation's top-k keeps.
 *
 * Scores of exactly zero are common (no head's dot product is positive), and where the threshold
 * falls on them the choice is free.  This program keeps the lower positions.  The vectors of
 * tests/data come from an implementation that leaves it to C++'s std::nth_element over all
 * positions of the pass, invisible ones as -inf; to compare whole passes the tests choose among
 * equals as that does.  Below is what libstdc++ makes of the standard's description: quickselect
 * with the median of three, a heap when that goes badly, insertion sort for the rest. */
#ifndef TESTS_TIES_H
#define TESTS_TIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scored {
    float score;
    int32_t pos;
};

static inline void ties_swap(struct scored *a, struct scored *b)
{
    struct scored c = *a;
    *a = *b;
    *b = c;
}

/* The median of a, b, c to *to. */
static inline void ties_median(struct scored *to, struct scored *a, struct scored *b,
                               struct scored *c)
{
    bool ab = a->score > b->score, bc = b->score > c->score, ac = a->score > c->score;
    struct scored *median = ab ? (bc ? b : ac ? c : a) : (ac ? a : bc ? c : b);
    ties_swap(to, median);
}

static inline struct scored *ties_partition(struct scored *first, struct scored *last)
{
    const struct scored *pivot = first;
    ties_median(first, first + 1, first + (last - first) / 2, last - 1);
    first++;
    for (;;) {
        while (first->score > pivot->score) first++;
        last--;
        while (pivot->score > last->score) last--;
        if (first >= last) return first;
        ties_swap(first, last);
        first++;
    }
}

static inline void ties_sort(struct scored *first, struct scored *last)
{
    for (struct scored *i = first + 1; i < last; i++)
        for (struct scored *j = i; j > first && j->score > (j - 1)->score; j--)
            ties_swap(j, j - 1);
}

/* Fills the hole of a heap of `len` (the smallest on top) from below, then lets x rise to it. */
static inline void ties_sift(struct scored *heap, size_t hole, size_t len, struct scored x)
{
    size_t top = hole, child = hole;
    while (child < (len - 1) / 2) {
        child = 2 * (child + 1);
        if (heap[child].score > heap[child - 1].score) child--;
        heap[hole] = heap[child];
        hole = child;
    }
    if (len % 2 == 0 && child == (len - 2) / 2) {
        child = 2 * child + 1;
        heap[hole] = heap[child];
        hole = child;
    }
    while (hole > top && heap[(hole - 1) / 2].score > x.score) {
        heap[hole] = heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap[hole] = x;
}

/* The k largest of n by a heap; the smallest of them stays on top. */
static inline void ties_heap_select(struct scored *v, size_t n, size_t k)
{
    for (size_t i = k / 2; k > 1 && i-- > 0;) ties_sift(v, i, k, v[i]);
    for (size_t i = k; i < n; i++) {
        if (!(v[i].score > v[0].score)) continue;
        struct scored x = v[i];
        v[i] = v[0];
        ties_sift(v, 0, k, x);
    }
}

/* Puts the k largest of n first, the smallest of them at v[k-1]. */
static inline void ties_nth_element(struct scored *v, size_t n, size_t k)
{
    struct scored *first = v, *last = v + n, *nth = v + k - 1;
    int depth = 0;
    if (k >= n) return;
    for (size_t i = n; i > 1; i >>= 1) depth += 2;
    while (last - first > 3) {
        if (depth-- == 0) {
            ties_heap_select(first, (size_t)(last - first), (size_t)(nth - first) + 1);
            ties_swap(first, nth);
            return;
        }
        struct scored *cut = ties_partition(first, last);
        if (cut <= nth) first = cut;
        else last = cut;
    }
    ties_sort(first, last);
}

#endif
