/* extractor.h: the program that parses hostile formats, running as a server: it makes a process
 * for each document (request.h), so that loading its libraries is paid for once. */
#ifndef INGEST_EXTRACTOR_H
#define INGEST_EXTRACTOR_H

#include <sys/types.h>

#include "base/mem.h"
#include "ingest/request.h"

#define EXTRACTOR_PROGRAM "deepread-extract"

/* Folders of tesseract's languages, in the order in which they are looked through. */
#define EXTRACTOR_TESSDATA                                                                         \
    "/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata",               \
        "/usr/share/tessdata", "/usr/local/share/tessdata"

struct extractor;

/* Starts the program: `named`, else deepread-extract beside the running executable, else
 * ../libexec/deepread/deepread-extract from there.  It ends with this process, however that ends.
 * To be called by a thread that lives as long as its documents.
 *   E_DEVICE  it is not there or does not start */
enum err extractor_open(struct extractor **out, const char *named, struct errinfo *e);
void extractor_close(struct extractor *x); /* NULL is fine; processes that it made go on */

/* Makes a process for one document.  fd[REQUEST_FDS] are its descriptors 0 to 3 (the last may be
 * -1); they stay open here.  *pid is a child of this process, which reaps it.
 *   E_DEVICE  the system has no process left, or the server is gone   E_LIMIT as request_put
 *   E_INTR    the user interrupted before the server answered */
enum err extractor_ask(struct extractor *x, const struct request *r, const int fd[REQUEST_FDS],
                       pid_t *pid, struct errinfo *e);

/* Appends what tells one program from another: the version, its file's size and time, and those of
 * the system's list of libraries, which is written anew whenever one of them (poppler) is
 * replaced, and of tesseract's languages.  Starts nothing: asking the program for its libraries'
 * versions costs more than a kept text does.
 * False: the program is not there. */
bool extractor_stamp(struct buf *out, const char *named);

/* Appends "key: value" lines: what the program shuts itself into on this machine, and whether it reads
 * text in images.  E_DEVICE. */
enum err extractor_describe(struct buf *out, struct errinfo *e);

#endif
