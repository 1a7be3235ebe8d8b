/* read_ipynb.h: Jupyter notebooks. */
#ifndef INGEST_READ_IPYNB_H
#define INGEST_READ_IPYNB_H

#include "ingest/formats.h"

/* Cells in order, what code printed behind it.  A place is a cell and a line in it, and the bytes
 * of the JSON string that holds it. */
extern const struct reader read_ipynb;

#endif
