/* read_csv.h: tables as text: values separated by commas, semicolons, bars or tabs. */
#ifndef INGEST_READ_CSV_H
#define INGEST_READ_CSV_H

#include "ingest/formats.h"

/* A record is a line, with bars between its cells, as in tables elsewhere.  Records may have quoted
 * cells with line ends in them. */
extern const struct reader read_csv;

#endif
