#include "extract/gunzip.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

enum { BLOCK = 1 << 16, GZIP = 15 + 16 /* window, and the head of gzip */ };

static bool begins(const unsigned char *s, size_t n)
{
    return n > 2 && s[0] == 0x1f && s[1] == 0x8b;
}

/* Z_STREAM_END: all members of the file were unpacked; Z_OK: `most` bytes were; else damaged. */
static int unpack_all(z_stream *z, struct buf *out, size_t most)
{
    unsigned char block[BLOCK];
    int r = Z_OK;
    while (r == Z_OK && out->n <= most) {
        z->next_out = block;
        z->avail_out = sizeof block;
        r = inflate(z, Z_NO_FLUSH);
        buf_add(out, (const char *)block, sizeof block - z->avail_out);
        if (r == Z_STREAM_END && begins(z->next_in, z->avail_in)) r = inflateReset(z);
    }
    return r;
}

enum gunzip gunzip(struct buf *out, const void *bytes, size_t n, size_t most)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)bytes, .avail_in = (unsigned)n};
    if (!begins(bytes, n) || n > GUNZIP_MAX || inflateInit2(&z, GZIP) != Z_OK) return GUNZIP_NONE;
    int r = unpack_all(&z, out, most);
    inflateEnd(&z);
    if (r == Z_OK || out->n == 0 || out->n > most) {
        buf_free(out);
        return GUNZIP_NONE;
    }
    return r == Z_STREAM_END ? GUNZIP_WHOLE : GUNZIP_CUT;
}
