/* sys.h: files, time, hashes, the interrupt flag. */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* A whole file, mapped read-only.  n == 0 has p == NULL. */
struct mapping {
    const char *p;
    size_t n;
};
enum err sys_map(struct mapping *m, const char *path, struct errinfo *e); /* E_IO; refuses folders */
/* The n bytes of an open file, writable without changing it: what is written is the process's own
 * copy.  E_IO. */
enum err sys_map_private(struct mapping *m, int fd, size_t n, const char *name, struct errinfo *e);
void sys_unmap(struct mapping *m);                                        /* zeroed is fine */
void sys_map_release(const void *p, size_t n); /* hint: these pages will not be read again soon */

/* Reads fd to its end into *out (appended).  E_LIMIT after `limit` bytes. */
enum err sys_read_all(int fd, size_t limit, struct buf *out, const char *name, struct errinfo *e);

/* Appends a file of any kind but a folder, read to its end.  E_IO, E_LIMIT after `limit` bytes. */
enum err sys_read_file(const char *path, size_t limit, struct buf *out, struct errinfo *e);

/* Writes all n bytes where fd stands; false leaves the reason in errno. */
bool sys_write_all(int fd, const void *bytes, size_t n);

/* Replaces `path` with n bytes: a temporary file beside it, fsync, rename.  The old file's mode is
 * kept, and a link is followed.  On failure the old file stands untouched and nothing is left
 * beside it. */
enum err sys_write_file(const char *path, const char *s, size_t n, struct errinfo *e);
enum err sys_make_dirs(const char *path, struct errinfo *e); /* like mkdir -p */
enum err sys_make_private_dirs(const char *path, struct errinfo *e); /* the same with mode 0700 */
/* Marks a folder, which is there, as one that backup programs pass over (CACHEDIR.TAG). */
void sys_tag_cache(const char *dir);

#define SYS_SHA256_HEX 65
void sys_sha256_hex(const void *p, size_t n, char out[SYS_SHA256_HEX]);

double sys_seconds(void);       /* monotonic clock */
size_t sys_peak_memory(void);   /* bytes resident at most so far; 0 if unknown */
size_t sys_free_memory(void);   /* bytes available now; 0 if unknown */
size_t sys_memory(void);        /* bytes of the machine; 0 if unknown */
int sys_numa_nodes(void);       /* at least 1 */
void sys_processor(char *out, size_t cap); /* its name; "" if unknown */
int sys_cores(void);            /* processors this process may run on, at least 1 */
/* The running executable; "" if unknown. */
void sys_exe_path(char *out, size_t cap);
/* The folder of the running executable, without a trailing slash; "" if unknown. */
void sys_exe_dir(char *out, size_t cap);

/* A mapped file that another program cuts short ends the process when it is read: with this line
 * on standard error and this exit code, once sys_catch_bus was called. */
void sys_catch_bus(const char *message, int exit_code);

/* The one variable that changes while the program runs: set by SIGINT and SIGTERM once sys_catch_interrupt was
 * called, polled between layers and between tokens.  A second SIGINT, not at the same moment, ends the process. */
void sys_catch_interrupt(void);
bool sys_interrupted(void);
int sys_interrupt_signal(void); /* SIGINT, SIGTERM, ... or 0 */
void sys_interrupt(int sig);    /* sets or (0) clears the flag, for tests */

/* SIGUSR1 asks how far things are: the last line set here goes to standard error at once, whatever the
 * program waits for.  sys_set_status copies the line, with its \n at most SYS_STATUS bytes of it, whole
 * characters; a \n that it lacks is added.  Only the thread that called sys_catch_status calls it. */
enum { SYS_STATUS = 256 };
void sys_catch_status(void);
void sys_set_status(const char *line, size_t n);

#endif
