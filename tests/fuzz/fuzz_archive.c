/* fuzz_archive.c: an archive of hostile bytes is unpacked and its members are received; and the
 * same bytes are received as if they were an answer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "extract/unpack.h"
#include "ingest/members.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void receive(struct buf *answer)
{
    struct arena *a = arena_new();
    struct wire_about about = {.name = "fuzz", .format = "archive", .source = ""};
    struct members m;
    struct errinfo e = {0};
    if (members_parse(&m, a, &about, answer, &e)) {
        if (!e.msg[0]) abort();
    } else {
        for (size_t i = 0; i < m.n; i++) {
            const struct member *v = &m.v[i];
            if (i && strcmp(m.v[i - 1].path, v->path) > 0) abort();
            if (i && !v->reason && !m.v[i - 1].reason && !strcmp(m.v[i - 1].path, v->path)) abort();
            if (v->n && (v->s < answer->s || v->s + v->n > answer->s + answer->n)) abort();
            if (utf8_check(v->path, strlen(v->path)) != strlen(v->path)) abort();
        }
    }
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct errinfo e = {0};
    struct buf answer = {0};
    int fd = memfd_create("answer", 0);
    if (fd < 0) return 0;
    if (unpack(fd, "fuzz", data, n, &e)) {
        if (!e.msg[0]) abort();
    } else {
        lseek(fd, 0, SEEK_SET);
        if (sys_read_all(fd, SIZE_MAX / 2, &answer, "answer", NULL)) abort();
        receive(&answer);
    }
    close(fd);
    buf_clear(&answer);
    buf_add(&answer, "drtree\0\1", 8);
    buf_add(&answer, (const char *)data, n);
    receive(&answer);
    buf_free(&answer);
    return 0;
}
