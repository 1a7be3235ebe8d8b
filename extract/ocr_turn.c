#include "extract/ocr_turn.h"

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* Darker is ink; lighter is paper: between them nothing is said. */
enum { INK = 100, PAPER = 160 };

/* A pair of directions is told apart when one has this much more contrast. */
#define CLEARLY 1.5

/* Steps from ink to paper in each row, where `across`, or each column. */
static void count_steps(const struct picture *p, bool across, uint32_t *count)
{
    int lines = across ? p->height : p->width, length = across ? p->width : p->height;
    size_t step = across ? 1 : (size_t)p->width, next = across ? (size_t)p->width : 1;
    for (int i = 0; i < lines; i++) {
        const unsigned char *at = p->gray + (size_t)i * next;
        bool ink = false;
        for (int k = 0; k < length; k++, at += step) {
            if (!ink && *at < INK) ink = true, count[i]++;
            if (ink && *at > PAPER) ink = false;
        }
    }
}

/* How much counts `apart` from each other differ, beside their mean. */
static double contrast_at(const uint32_t *count, int n, int apart)
{
    double sum = 0, mean = 0;
    for (int i = 0; i < n; i++) mean += count[i];
    for (int i = 0; i + apart < n; i++) {
        double d = (double)count[i + apart] - count[i];
        sum += d * d;
    }
    mean /= n;
    return mean > 0 ? sum / n / (mean * mean) : 0;
}

/* The most contrast at half the distance that lines may have, in points. */
static double contrast(const struct picture *p, bool across)
{
    static const double half_line[] = {4, 6, 9, 14};
    int n = across ? p->height : p->width;
    uint32_t *count = mem_alloc((size_t)n + 1, sizeof *count);
    double most = 0;
    count_steps(p, across, count);
    for (size_t i = 0; i < sizeof half_line / sizeof *half_line; i++) {
        double c = contrast_at(count, n, (int)(half_line[i] * p->dpi / 72));
        if (c > most) most = c;
    }
    mem_free(count);
    return most;
}

bool ocr_is_sideways(const struct picture *p)
{
    return contrast(p, false) > CLEARLY * contrast(p, true);
}

void ocr_turn_back(struct picture *p, int turn)
{
    size_t w = (size_t)p->width, h = (size_t)p->height, across = turn & 1 ? h : w;
    if (turn == 0) return;
    unsigned char *out = mem_alloc(w * h, 1);
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            size_t u = turn == 1 ? y : turn == 2 ? w - 1 - x : h - 1 - y;
            size_t v = turn == 1 ? w - 1 - x : turn == 2 ? h - 1 - y : x;
            out[v * across + u] = p->gray[y * w + x];
        }
    mem_free(p->gray);
    p->gray = out;
    p->width = (int)across;
    p->height = (int)(turn & 1 ? w : h);
}
