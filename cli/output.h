/* output.h: results as bytes.  output.c is the only writer of standard output and of -o files;
 * the formats (output_text.c, output_markdown.c, output_json.c) write into a buffer.
 *
 * Standard output gets whole records only: nothing is written until a record is complete, so a
 * run that fails leaves it empty. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/options.h"
#include "cli/result.h"

/* ------------------------------------------------------------------ where it goes */

struct output {
    const char *path;   /* NULL: standard output */
    struct buf pending; /* of a file, until output_close replaces it in one step */
    size_t records, notes; /* so far */
};

/* path NULL or "-": standard output.  E_IO early when the file's folder cannot be written. */
enum err output_open(struct output *o, const char *path, struct errinfo *e);
enum err output_put(struct output *o, const char *s, size_t n, struct errinfo *e);
/* Writes what is pending.  Nothing was put: a file is written empty all the same. */
enum err output_close(struct output *o, struct errinfo *e);
/* Forgets what is pending; the old file stands. */
void output_drop(struct output *o);
/* Flushes standard output and finds out whether everything arrived.  When the reader has gone
 * away the process ends as by SIGPIPE. */
enum err output_flush(struct errinfo *e);

/* ------------------------------------------------------------------ how it looks */

struct look {
    enum format format;
    enum cite cite;
    bool color;   /* ANSI sequences, for a terminal                        */
    bool stats;   /* seconds in JSON                                       */
    bool many;    /* several results in one stream: say which each is      */
    bool docs;    /* ... by document                                       */
    bool texts;   /* ... by question                                       */
    bool each;    /* of one document: JSON names it                        */
};

/* Renders a result and puts it, with what separates records in this format. */
enum err output_result(struct output *o, const struct result *r, const struct look *look,
                       struct errinfo *e);
/* Ends a stream of results (JSON: the list's bracket). */
enum err output_end(struct output *o, const struct look *look, struct errinfo *e);

/* The suffix of files in this format, with its dot. */
const char *output_suffix(enum format f);

/* ------------------------------------------------------------------ the formats */

void output_text(struct buf *out, const struct result *r, const struct look *look);
void output_grep(struct buf *out, const struct result *r);
/* first: how many notes the file has already. */
void output_markdown(struct buf *out, const struct result *r, const struct look *look,
                     size_t first);
/* A value as output_value writes it, which stays text in Markdown. */
void output_markdown_value(struct buf *out, struct str s);
void output_json(struct buf *out, const struct result *r, const struct look *look, bool pretty);

/* A value from a document or the model on one line: runs of white space become one space, control
 * characters (a terminal would obey them) are written as \xNN. */
void output_value(struct buf *out, struct str s);
/* Control characters written out, white space as it is. */
void output_escaped(struct buf *out, struct str s);
/* "p.12 l.8-9" or ":120-141" after a name, as --cite asks; for citations in text and markdown. */
void output_place(struct buf *out, const struct place *p, enum cite cite);

#endif
