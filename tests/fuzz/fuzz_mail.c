/* fuzz_mail.c: a message or a box of hostile bytes is read, and what is attached to it is handed on. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/fuzz/reader_fuzz.h"

#include "extract/extract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct errinfo e = {0};
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    fuzz_read(read_mbox, "mbox", data, n);
    if (fd < 0) return 0;
    if (unpack_mail(fd, "fuzz", data, n, &e)) abort();
    close(fd);
    return 0;
}
