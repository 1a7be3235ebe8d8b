#include "ingest/request.h"

#include <string.h>

static const char magic[8] = {'d', 'r', 'c', 'a', 'l', 'l', 0, REQUEST_VERSION};
#define HEADER (sizeof magic + 8 + 8 + 4)

static void put(char *out, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++) out[i] = (char)(v >> (8 * i));
}

static uint64_t get(const char *p, int bytes)
{
    uint64_t v = 0;
    for (int i = bytes; i-- > 0;) v = v << 8 | (unsigned char)p[i];
    return v;
}

enum err request_put(struct buf *out, const struct request *r, struct errinfo *e)
{
    char head[HEADER];
    size_t at = out->n;
    memcpy(head, magic, sizeof magic);
    put(head + 8, r->memory, 8);
    put(head + 16, r->document, 8);
    put(head + 24, r->seconds, 4);
    buf_add(out, head, sizeof head);
    for (int i = 0; i < r->argc; i++) buf_add(out, r->argv[i], strlen(r->argv[i]) + 1);
    if (out->n - at > REQUEST_BYTES)
        return err_set(e, E_LIMIT, "its name and options are longer than %d bytes", REQUEST_BYTES);
    return OK;
}

enum err request_parse(struct request *r, char *bytes, size_t n, struct errinfo *e)
{
    *r = (struct request){0};
    if (n < HEADER || memcmp(bytes, magic, sizeof magic - 1) != 0)
        return err_set(e, E_FORMAT, "%zu bytes that are no request", n);
    if (bytes[sizeof magic - 1] != REQUEST_VERSION)
        return err_set(e, E_FORMAT, "a request of version %u, expected %u: install deepread and "
                       "deepread-extract from one build", (unsigned char)bytes[sizeof magic - 1],
                       REQUEST_VERSION);
    r->memory = get(bytes + 8, 8);
    r->document = get(bytes + 16, 8);
    r->seconds = (uint32_t)get(bytes + 24, 4);
    for (char *p = bytes + HEADER, *all = bytes + n; p < all; p += strlen(p) + 1) {
        if (!memchr(p, 0, (size_t)(all - p)))
            return err_set(e, E_FORMAT, "a request whose last argument does not end");
        if (r->argc == REQUEST_ARGUMENTS)
            return err_set(e, E_FORMAT, "a request of more than %d arguments", REQUEST_ARGUMENTS);
        r->argv[r->argc++] = p;
    }
    return OK;
}

void request_put_reply(char out[REQUEST_REPLY], int32_t pid, int32_t why)
{
    put(out, (uint32_t)pid, 4);
    put(out + 4, (uint32_t)why, 4);
}

bool request_parse_reply(const char *bytes, size_t n, int32_t *pid, int32_t *why)
{
    if (n != REQUEST_REPLY) return false;
    *pid = (int32_t)get(bytes, 4);
    *why = (int32_t)get(bytes + 4, 4);
    return *why == 0 ? *pid > 1 : *why > 0;
}
