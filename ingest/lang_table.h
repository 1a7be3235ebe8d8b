/* lang_table.h: the data of lang.c.  The names are those of GitHub Linguist (MIT licence,
 * Copyright (c) 2017 GitHub, Inc.), and so are, with more of ours, the suffixes, file names and
 * interpreters. */
#ifndef INGEST_LANG_TABLE_H
#define INGEST_LANG_TABLE_H

#include "ingest/lang.h"

/* First row wins; a language without suffix of its own is found by content, name or program. */
extern const struct lang lang_table_rows[];
extern const size_t lang_table_count;

/* Those that come after. */
extern const struct lang lang_rare_rows[];
extern const size_t lang_rare_count;

#endif
