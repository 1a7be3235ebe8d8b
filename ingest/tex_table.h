/* tex_table.h: what is known of LaTeX's commands and environments. */
#ifndef INGEST_TEX_TABLE_H
#define INGEST_TEX_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum tex_action {
    TEX_KEEP,     /* a command that is not known: its name and options go, its arguments stay */
    TEX_DROP,     /* arg arguments go with it; further ones stay                              */
    TEX_HEADING,  /* arg: the level                                                           */
    TEX_SIGN,     /* means                                                                    */
    TEX_RAW,      /* its argument stands as it is                                             */
    TEX_CITE,     /* ... in brackets                                                          */
    TEX_NOTE, TEX_ITEM, TEX_CAPTION, TEX_TITLE, TEX_AUTHOR, TEX_PARAGRAPH, TEX_LINE, TEX_BEGIN, TEX_END,
    TEX_VERB, TEX_INPUT, TEX_DEFINE
};

struct tex_command {
    const char *name; /* without the backslash */
    enum tex_action action;
    int arg;
    const char *means;
};
/* NULL: not known. */
const struct tex_command *tex_command(const char *name, size_t len);

enum tex_block { TEX_PLAIN, TEX_VERBATIM, TEX_MATH, TEX_NOTHING, TEX_TABLE, TEX_BULLETS, TEX_NUMBERS,
                 TEX_TAGS, TEX_DOCUMENT };
struct tex_environment {
    const char *name;
    enum tex_block block;
    int args; /* that say how it looks */
};
/* A star at the end of the name counts for nothing.  NULL: not known. */
const struct tex_environment *tex_environment(const char *name, size_t len);

/* The letter with its accent ("'e"), or 0. */
uint32_t tex_accent(char accent, char letter);

#endif
