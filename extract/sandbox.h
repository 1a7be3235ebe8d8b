/* sandbox.h: what deepread-extract may still do once it holds the bytes of a document.
 *
 *   seccomp    a filter of system calls.  Allowed is what computing, reading and writing of open
 *              descriptors and ending need.  What no parser has a reason for (a network, another
 *              program, a new process, another process's memory, a signal to others) ends the
 *              process: SIGSYS.  Opening a file gives EACCES, memory that can be executed or that
 *              the limit does not count EACCES, and everything else ENOSYS, as on a kernel that
 *              lacks the call, because libraries have a way on from there.
 *   Landlock   for readers that need files: only those, and only to be read.  poppler asks for its
 *              tables of East Asian encodings and fontconfig for fonts when a page needs them.
 *              Without Landlock in the kernel such a reader opens nothing either.
 *   limits     no bytes into files (but into the output where that is one), few descriptors, no core
 *              dump; not to be traced by others.  Memory and CPU time are limited by who starts the
 *              program (serve.c).
 *
 * There is no way back.  In builds with AddressSanitizer the filter is a list of what is
 * forbidden and Landlock is left out: the leak checker starts a thread, traces its process and
 * reads /proc. */
#ifndef EXTRACT_SANDBOX_H
#define EXTRACT_SANDBOX_H

#include "base/err.h"
#include "base/str.h"

enum sandbox_need {
    SANDBOX_NO_FILES, /* the reader computes from the bytes it has            */
    SANDBOX_FONTS     /* reads poppler's tables, fonts, fontconfig's settings */
};

/* Loads what would be loaded from files later: the tables of character sets, the time zone; and
 * makes UTF-8 the process's own character set. */
void sandbox_preload(void);
void sandbox_preload_charset(const char *name); /* one more; NULL is fine */

/* Sets the sandbox up for the rest of the process's life.  *lacks becomes NULL, or what this
 * machine cannot forbid or had to forbid too much of, as one line for the reader of the document.
 * E_UNSUPPORTED when the kernel has the means and refuses them: do not go on. */
enum err sandbox_enter(enum sandbox_need need, const char **lacks, struct errinfo *e);

/* One line without its end: what a sandbox consists of on this machine. */
void sandbox_describe(struct buf *out);

#endif
