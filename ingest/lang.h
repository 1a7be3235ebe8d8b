/* lang.h: the language of a file, by name, first line and, where names are shared, by content. */
#ifndef INGEST_LANG_H
#define INGEST_LANG_H

#include <stdbool.h>
#include <stddef.h>

struct lang {
    const char *name;  /* lower case, as usually written: "c", "c++", "emacs lisp"          */
    bool prose;        /* read as running text: its name goes no further                    */
    const char *suffixes;  /* separated by blanks, with the dot, lower case                 */
    const char *names;     /* whole file names, lower case; a final * matches any rest      */
    const char *programs;  /* interpreters of a #! line, without version digits             */
};

/* `name` may have folders before it; head is the start of the file as bytes (a few KiB are
 * enough; it may be NULL).  NULL when neither name nor first lines tell. */
const struct lang *lang_of(const char *name, const char *head, size_t n);
/* By content alone, for input without a telling name: a language, "markdown", or NULL when it
 * reads like prose or like nothing in particular. */
const struct lang *lang_guess(const char *head, size_t n);
/* By its own name, a suffix without the dot, or a common short name ("js"); NULL if unknown. */
const struct lang *lang_named(const char *name, size_t n);
/* By its name as the table writes it; NULL if unknown. */
const struct lang *lang_called(const char *name);
/* The rows of the table, for listings; NULL after the last. */
const struct lang *lang_row(size_t i);

#endif
