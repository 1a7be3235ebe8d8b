/* data.h: the files of prompts/ that are built into the program (written by tools/embed.sh). */
#ifndef PROMPTS_DATA_H
#define PROMPTS_DATA_H

#include <stddef.h>

struct data_file {
    const char *path;  /* below prompts/: "compact/answer.txt", "schema/answer.json" */
    const char *bytes; /* a NUL stands behind them */
    size_t n;
};
extern const struct data_file data_files[];
extern const size_t data_n_files;

#endif
