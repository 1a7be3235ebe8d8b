#include "cli/jsonw.h"

#include <inttypes.h>
#include <math.h>

static void start(struct jsonw *w, const char *key)
{
    if (w->comma) buf_addc(w->out, ',');
    if (w->depth && w->pretty && !w->inner_flat) buf_addf(w->out, "\n%*s", 2 * w->depth, "");
    else if (w->comma) buf_addc(w->out, ' ');
    if (key) {
        buf_add_json(w->out, key, str_of(key).n);
        buf_addz(w->out, ": ");
    }
    w->comma = true;
}

void jsonw_open(struct jsonw *w, const char *key, char bracket)
{
    start(w, key);
    buf_addc(w->out, bracket);
    w->depth++;
    w->comma = false;
}

void jsonw_close(struct jsonw *w, char bracket)
{
    w->depth--;
    /* w->comma tells whether anything stands inside: empty ones stay on their line. */
    if (w->comma && w->pretty && !w->inner_flat) buf_addf(w->out, "\n%*s", 2 * w->depth, "");
    buf_addc(w->out, bracket);
    w->comma = true;
}

void jsonw_str(struct jsonw *w, const char *key, struct str s)
{
    start(w, key);
    buf_add_json(w->out, s.s, s.n);
}

void jsonw_z(struct jsonw *w, const char *key, const char *z)
{
    if (z) jsonw_str(w, key, str_of(z));
    else jsonw_null(w, key);
}

void jsonw_int(struct jsonw *w, const char *key, int64_t x)
{
    start(w, key);
    buf_addf(w->out, "%" PRId64, x);
}

void jsonw_real(struct jsonw *w, const char *key, double x, int decimals)
{
    if (!isfinite(x)) {
        jsonw_null(w, key);
        return;
    }
    start(w, key);
    buf_addf(w->out, "%.*f", decimals, x);
}

void jsonw_bool(struct jsonw *w, const char *key, bool x)
{
    start(w, key);
    buf_addz(w->out, x ? "true" : "false");
}

void jsonw_null(struct jsonw *w, const char *key)
{
    start(w, key);
    buf_addz(w->out, "null");
}

void jsonw_pair(struct jsonw *w, const char *key, int64_t a, int64_t b)
{
    jsonw_open(w, key, '[');
    w->inner_flat = true;
    jsonw_int(w, NULL, a);
    jsonw_int(w, NULL, b);
    jsonw_close(w, ']');
    w->inner_flat = false;
}
