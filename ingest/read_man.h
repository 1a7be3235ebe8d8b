/* read_man.h: manual pages, in the macros of man(7) and of mdoc(7). */
#ifndef INGEST_READ_MAN_H
#define INGEST_READ_MAN_H

#include "ingest/formats.h"

extern const struct reader read_man;

#endif
