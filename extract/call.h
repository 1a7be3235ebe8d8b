/* call.h: the command line of deepread-extract, as ingest/wire.h specifies it. */
#ifndef EXTRACT_CALL_H
#define EXTRACT_CALL_H

#include "ingest/ingest.h"

struct call {
    const char *format;      /* argv[1]; whether there is such a reader the caller finds out */
    const char *name;        /* what messages call the document                               */
    struct ingest_options o; /* pages, encoding, show_hidden, jobs, ocr, ocr_lang, ocr_ms     */
    int password_fd;         /* -1: no password                                               */
    bool apart;              /* a page that breaks the reader costs itself only               */
};

/* False: not a call.  Strings stay those of argv. */
bool call_take(struct call *c, int argc, char *const *argv);

#endif
