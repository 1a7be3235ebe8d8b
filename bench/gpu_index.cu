/* gpu_index.cu: index scores in FP8 at V3.2's widths: checked on some pairs in double, then timed. */
#include <math.h>

#include "bench/gpu.h"
#include "cuda/sm90_ops.h"

#define HEADS 64
#define WIDTH 128
#define PAGE (KV_PAGE * (WIDTH + 1)) /* bytes: keys, then their scales (KV_E4M3) */

static double value(uint8_t b)
{
    return e4m3_to_f32(b);
}

/* Number c of row r of rows whose chunks stand as products want them. */
static double number(const uint8_t *rows, size_t r, int c)
{
    return value(rows[r * WIDTH + (size_t)((c / 16 ^ (int)(r % 8)) * 16 + c % 16)]);
}

static double scale(const uint8_t *pages, size_t s)
{
    return ldexp(1, (int)pages[s / KV_PAGE * PAGE + KV_PAGE * WIDTH + s % KV_PAGE] - 127);
}

/* Keys of about unit size, their scales from 1/8 to 16. */
static __global__ void set_scales(uint8_t *pages)
{
    pages[blockIdx.x * (size_t)PAGE + KV_PAGE * WIDTH + threadIdx.x] = (uint8_t)(124 + (blockIdx.x + threadIdx.x * 5) % 8);
}

struct inputs {
    uint8_t *q, *pages;
    float *w, *out;
    struct cuda_where where;
    size_t n, T, S, ld, many; /* n parts of T queries; pages of a part */
    size_t own;               /* the pages of each from here on are its own, those before the first part's */
    uint32_t *common;
};

/* The page that part i has at place p. */
static size_t page_of(const struct inputs &in, size_t i, size_t p)
{
    return (p < in.own ? 0 : i * in.many) + p;
}

static struct inputs make(size_t n, size_t T, size_t S, size_t own = 0)
{
    struct inputs in = {.n = n, .T = T, .S = S, .ld = (S + 7) / 8 * 8, .many = (S + KV_PAGE - 1) / KV_PAGE, .own = own};
    size_t heads = n * ((T + 3) / 4 * 4) * HEADS;
    in.q = gpu_new<uint8_t>(heads * WIDTH);
    in.pages = gpu_new<uint8_t>(n * in.many * PAGE);
    in.w = gpu_new<float>(heads);
    in.out = gpu_new<float>(n * T * in.ld);
    gpu_normal_e4m3(in.q, heads * WIDTH, 1, 1);
    gpu_normal_e4m3(in.pages, n * in.many * PAGE, 1, 2);
    set_scales<<<(unsigned)(n * in.many), KV_PAGE>>>(in.pages);
    gpu_normal(in.w, heads, 0.1f, 3);
    std::vector<void *> pages;
    for (size_t i = 0; i < n * in.many; i++) pages.push_back(in.pages + page_of(in, i / in.many, i % in.many) * PAGE);
    in.common = own ? gpu_new<uint32_t>((n * T + 3) / 4 * sm90_index_words(S) + 1) : NULL;
    in.where = gpu_where(gpu_put(pages), S - T, n, in.many);
    CHECK(cudaMemset(in.out, 0xff, n * T * in.ld * 4));
    return in;
}

static void drop(struct inputs *in)
{
    for (void *p : {(void *)in->q, (void *)in->pages, (void *)in->w, (void *)in->out, (void *)in->common})
        CHECK(cudaFree(p));
}

/* Of many queries of one part, or of parts first .. first+n-1 of few each, common pages first. */
static void run(const struct inputs *in, size_t first, size_t n)
{
    if (in->n == 1 && in->T > 4) {
        struct sm90_index_args a = {in->q, in->w, in->out, in->where, 0, 0, in->T, in->S, in->ld};
        return sm90_index_scores(gpu_device(), &a);
    }
    struct cuda_where where = {in->where.part + first, (int)in->T};
    first *= in->T;
    struct sm90_index_few_args a = {in->q + first * HEADS * WIDTH, in->w + first * HEADS, where, 0,
                                    in->out + first * in->ld, n * in->T, in->ld, in->S, in->common};
    struct sm90_index_shared_args all = {a.q, a.w, a.out, where, 0, a.n, in->S, in->ld, in->common, sm90_index_words(in->S)};
    if (in->common) sm90_index_shared(gpu_device(), &all);
    sm90_index_few(gpu_device(), &a);
}

static void check(size_t n, size_t T, size_t S, size_t own = 0)
{
    struct inputs in = make(n, T, S, own);
    run(&in, 0, n);
    CHECK(cudaDeviceSynchronize());
    auto q = gpu_get(in.q, n * T * HEADS * WIDTH), pages = gpu_get(in.pages, n * in.many * PAGE);
    auto w = gpu_get(in.w, n * T * HEADS), out = gpu_get(in.out, n * T * in.ld);
    double diff = 0, norm = 0;
    bool whole = true;
    for (size_t t = 0; t < n * T; t++)
        for (size_t s = 0; s < in.ld; s++) {
            bool visible = s <= S - T + t % T;
            whole &= isnan(out[t * in.ld + s]) == !visible;
            if (!visible || (t * 31 + s) % 97 % (S < 100 ? 1 : 97)) continue;
            const uint8_t *page = pages.data() + page_of(in, t / T, s / KV_PAGE) * PAGE;
            double want = 0;
            for (int j = 0; j < HEADS; j++) {
                double dot = 0;
                for (int c = 0; c < WIDTH; c++)
                    dot += number(q.data(), t * HEADS + j, c) * number(page, s % KV_PAGE, c);
                want += w[t * HEADS + j] * (dot > 0 ? dot : 0);
            }
            want *= scale(page, s % KV_PAGE);
            diff += (want - out[t * in.ld + s]) * (want - out[t * in.ld + s]);
            norm += want * want;
        }
    char what[80];
    snprintf(what, sizeof what, "index scores fp8, %zu x %zu queries of %zu%s%s", n, T, S, own ? ", shared" : "",
             whole ? "" : ", not whole");
    gpu_verdict(what, whole && sqrt(diff / norm) < 2e-3, sqrt(diff / norm));
    drop(&in);
}

static void time_many(size_t S)
{
    struct inputs in = make(1, 4096, S);
    double us = gpu_time(12, [&](int) { run(&in, 0, 1); });
    double pairs = 4096.0 * ((double)S - 2048);
    char what[80];
    snprintf(what, sizeof what, "index scores fp8, 4096 queries, %zuK", S >> 10);
    gpu_line(what, us, pairs * 2 * HEADS * WIDTH / us / 1e6, "TFLOP/s");
    drop(&in);
}

static void time_few(size_t n)
{
    size_t S = 131072, all = n < 8 ? 8 : n; /* taken in turn: none is found in the cache */
    struct inputs in = make(all, 1, S);
    double us = gpu_time_short(10, [&](int i) { run(&in, i * n % all, n); });
    char what[80];
    snprintf(what, sizeof what, "index scores fp8, decode at 128K, batch %zu", n);
    gpu_line(what, us, (double)n * S * (WIDTH + 1) / us / 1e3, "GB/s");
    drop(&in);
}

/* Over one document; the last page is each one's own. */
static void time_shared(size_t n)
{
    size_t S = 131072;
    struct inputs in = make(n, 1, S, S / KV_PAGE - 1);
    double us = gpu_time_short(10, [&](int) { run(&in, 0, n); });
    char what[80];
    snprintf(what, sizeof what, "index scores fp8, decode over one 128K, batch %zu", n);
    gpu_line(what, us, (double)n * S * 2 * HEADS * WIDTH / us / 1e6, "TFLOP/s");
    drop(&in);
}

void gpu_index(void)
{
    check(1, 8, 8);
    check(1, 8, 127);
    check(1, 8, 128);
    check(1, 13, 129);
    check(1, 64, 2000);
    check(1, 18, 16384 + 130);
    check(1, 1, 1);
    check(3, 1, 500);
    check(3, 3, 700);
    check(2, 2, 9001);
    check(64, 1, 3000);
    check(64, 4, 1000);
    check(1, 1, 131072);
    check(37, 1, 3000, 40);
    check(11, 3, 17000, 200);
    for (size_t S : {32768, 65536, 131072}) time_many(S);
    for (size_t n : {1, 8, 64}) time_few(n);
    for (size_t n : {64, 128, 256}) time_shared(n);
}
