/* ingest.h: the public face of ingest/: from bytes to addressed text.
 *
 *   input   what was named on the command line: files, folders, standard input
 *   source  the bytes of one document and what they are
 *   doc     one UTF-8 text in which every character knows where it came from; const once made
 *   chunk   two offsets into a doc's text and the label that the model cites
 *
 * Nothing here prints, and nothing here knows tokens or prompts. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

/* ------------------------------------------------------------------ documents */

enum doc_kind { DOC_PROSE, DOC_CODE };

/* A run of the text and the place it came from.  Spans are sorted by `text`, cover the text
 * without holes or overlap, and are never empty.  Characters that the reader made up (a space
 * between two lines joined, a blank line between paragraphs) belong to the span before them.
 *
 * verbatim: text bytes [text, text+i) equal source bytes [byte, byte+i), so an offset inside the
 * span is an offset inside the source; len - byte_len made up characters may follow (all of them
 * where byte_len is 0: the mark of a list item, which belongs to what follows).  Otherwise
 * the whole span maps to the whole byte range (another encoding, an HTML entity, a PDF line).
 * Each \n among the bytes of a span, but for one that is a span of its own and not verbatim, is a
 * line end of the source. */
struct span {
    size_t text;      /* offset of its first byte in doc->text                               */
    size_t len;       /* bytes of text                                                       */
    size_t byte;      /* offset in the source file; SPAN_NO_BYTES for formats without (PDF)  */
    size_t byte_len;
    uint32_t line;    /* 1-based line of its first character: of the file for text and HTML,
                         of the page for PDF; 0 unknown                                      */
    uint32_t page;    /* 1-based; 0 for formats without pages                                */
    float box[4];     /* x0 y0 x1 y1 in points from the page's top left; all 0 without pages */
    bool verbatim;
};
#define SPAN_NO_BYTES SIZE_MAX

/* What a citation calls the numbers of a place.  `page` of span, place and page counts parts of
 * any kind (slides, sheets, chapters), `line` lines of any kind (rows, paragraphs). */
struct units {
    const char *page, *line; /* NULL: "page", "line" */
};

struct page {
    const char *label;   /* printed label ("iv"), NULL when the file has none    */
    float width, height; /* points                                               */
    bool no_text;        /* an image or garbage: nothing could be read from it   */
    bool recognised;     /* its text was recognised in a picture of it (OCR)     */
    bool unread;         /* reading it broke down, or no time was left for all of it: another run may
                            find more                                           */
};

struct heading { /* for plan, chunk hints and --map; level 1 is the title */
    size_t text;
    size_t len;
    int level;
};

struct doc {
    const char *name;    /* as shown in the prompt and in citations: the path as the user gave it,
                            for a tree the path below its root                                  */
    const char *path;    /* what to open again; NULL for standard input                         */
    const char *format;  /* "pdf", "html", "markdown", ...: a name of the table in formats.c      */
    struct units units;
    const char *lang;    /* "c", "python", ...; NULL for prose                                  */
    const char *charset; /* of the source: "utf-8", "gb18030", ...                              */
    const char *title;   /* the document's own title, NULL if none was found                    */
    enum doc_kind kind;
    struct str text;     /* UTF-8, \n line ends, no NUL, no BOM; NUL-terminated                 */
    const struct span *spans;
    size_t n_spans;
    const struct page *pages;
    size_t n_pages;
    const struct heading *headings;
    size_t n_headings;
    size_t source_bytes;
    char sha256[SYS_SHA256_HEX]; /* of the source bytes                                         */
    size_t pages_without_text, pages_unread;
    bool cut;            /* damaged: text may be missing from its end                           */
    const char *note;    /* one line worth a warning ("rebuilt a damaged file"), or NULL        */
};

/* A place a person can open. */
struct place {
    struct units units;
    uint32_t page;         /* 0 without pages                                    */
    const char *page_label;
    bool recognised;       /* the text of the page was recognised in a picture (OCR) */
    uint32_t line0, line1; /* 1-based, both ends included; 0 unknown             */
    uint32_t col0;         /* 1-based byte column of the first character; 0 unknown */
    size_t byte0, byte1;   /* [byte0, byte1) of the source; SPAN_NO_BYTES for PDF */
    float box[4];          /* union over the spans on `page`                     */
};

/* Where text[off, off+len) came from.  O(log spans + spans touched). */
struct place doc_place(const struct doc *d, size_t off, size_t len);

/* Builds a doc.  Everything lives in the arena given to doc_new; the builder itself dies at
 * doc_freeze. */
struct doc_builder;
struct doc_builder *doc_new(struct arena *a, const char *name, const char *format);
/* Adds n bytes of UTF-8 from one place.  at->text and at->len are ignored and set by the builder,
 * and so is at->byte_len when verbatim: it is n.  Ill-formed bytes become U+FFFD; \r\n and a lone
 * \r become \n, \f a blank line; other control characters but \n and \t, escape sequences of
 * terminals and overstruck characters are dropped.  What is verbatim is cut at each such place
 * into spans that are exact, and into spans of at most a few KiB, and joined with the span before
 * where it goes on from there. */
void doc_add(struct doc_builder *b, const char *s, size_t n, const struct span *at);
/* Adds characters that have no source of their own; they join the span before them.  Leading ones
 * (nothing added yet) are dropped. */
void doc_add_made(struct doc_builder *b, const char *s);
/* The same for characters that belong to what is added next, from `next`: a mark of a list item.
 * They are a span of their own, of no bytes, in front of it. */
void doc_add_lead(struct doc_builder *b, const char *s, const struct span *next);
size_t doc_length(const struct doc_builder *b);
/* The text so far; valid until the next call that adds. */
struct str doc_text(const struct doc_builder *b);
/* A hint: about n more bytes will be added. */
void doc_reserve(struct doc_builder *b, size_t n);
void doc_page(struct doc_builder *b, const char *label, float width, float height, bool no_text);
void doc_page_recognised(struct doc_builder *b); /* the page added last */
void doc_page_unread(struct doc_builder *b);     /* the same */
void doc_heading(struct doc_builder *b, size_t text, size_t len, int level);
void doc_set_title(struct doc_builder *b, const char *s, size_t n);  /* copied, trimmed */
/* Lines of the source end in \r, and not in \n (old Macintosh files).  Elsewhere a lone \r starts a
 * line of the text but is no line end of the source.  Say so before adding. */
void doc_set_cr_lines(struct doc_builder *b, bool cr_lines);
void doc_set_kind(struct doc_builder *b, enum doc_kind kind, const char *lang);
void doc_set_charset(struct doc_builder *b, const char *charset);
void doc_set_cut(struct doc_builder *b);
void doc_set_note(struct doc_builder *b, const char *note);
struct doc *doc_freeze(struct doc_builder *b, const char *path, const void *source, size_t n);

/* ------------------------------------------------------------------ chunks */

struct chunk {
    int label;         /* as the model cites it; labels count from 1 through the whole prompt */
    size_t doc;        /* index into the set of documents                                     */
    size_t start, end; /* bytes of docs[doc]->text, stripped: never empty                     */
};

struct chunk_limits {
    size_t prose, code; /* code points; design.md section 3: 700 and 1200 */
};
#define CHUNK_LIMITS_DEFAULT ((struct chunk_limits){700, 1200})

/* Splits one document and appends to *out (grown with mem_grow, freed by the caller with
 * mem_free).  *next_label is the label of the next chunk and advances.  A document of nothing but
 * white space gives no chunk.  Exactly the rule of training (ingest/chunk.c).  Zero-initialise *out
 * and *n_out once and let only this function grow them: the capacity follows from the number. */
void chunk_split(const struct doc *d, size_t doc_index, struct chunk_limits limits,
                 int *next_label, struct chunk **out, size_t *n_out);

/* ------------------------------------------------------------------ the ledger */

/* Every input is accounted for, once. */
enum ledger_status { LEDGER_USED, LEDGER_IGNORED, LEDGER_SKIPPED, LEDGER_UNREADABLE,
                     LEDGER_OVER_BUDGET };
struct ledger_entry {
    const char *path;
    const char *reason; /* "binary", "rule .gitignore", "needs a password", ...; for used NULL, or
                           why it may give nothing: "no source code"                           */
    size_t bytes;
    enum ledger_status status;
    bool holds;         /* an archive that was used: its members have entries of their own            */
    bool rest;          /* unreadable is only what follows in a file whose beginning was read          */
    const char *format, *lang; /* of a file that ingest_list lists: what its first bytes say; lang is
                                  NULL where nothing tells                                     */
};
struct ledger {
    struct ledger_entry *v; /* in input order; memory from the arena of the set */
    size_t n, cap;
};
void ledger_add(struct ledger *l, struct arena *a, enum ledger_status status, const char *path,
                const char *reason, size_t bytes);

/* ------------------------------------------------------------------ reading */

/* Whether text is recognised in pictures of pages (PDF), when tesseract is installed.  The last two
 * are not for callers: where pages turn out to be pictures, or recognising breaks down, a document
 * is read once more. */
enum ocr_use {
    OCR_OFF,
    OCR_AUTO,  /* of pages from which no text can be read */
    OCR_FORCE, /* of all pages */
    OCR_IMAGES,
    OCR_FAILED
};

struct text_cache_options; /* ingest/text_cache.h */

struct ingest_options {
    const char *const *include; /* globs, NULL-terminated list or NULL: a file of a folder must match one */
    const char *const *exclude; /* globs: a file of a folder must match none                              */
    const char *pages;          /* "1-4,9,20-" or NULL                                                    */
    const char *from;           /* force a format by name, or NULL: sniff                                 */
    const char *encoding;       /* force a charset, or NULL: detect                                       */
    const char *stdin_name;     /* what standard input is called, NULL: "stdin"                           */
    const char *extract_path;   /* the deepread-extract program; NULL: beside this one, else libexec      */
    const char *password;       /* for encrypted PDF, or NULL                                             */
    enum ocr_use ocr;
    const char *ocr_lang;       /* tesseract's names, as in "eng+deu"; NULL: what is installed            */
    bool no_ignore;             /* do not read ignore files                                               */
    bool hidden;                /* include dot files of folders                                           */
    bool show_hidden;           /* keep text that no reader of the document sees                          */
    bool follow;                /* follow symlinks in folders (never in a loop)                           */
    size_t max_file;            /* bytes; larger files of a folder are skipped, a larger file named
                                   directly is E_LIMIT.  0: 64 MiB                                        */
    int max_depth;              /* folders down, whose files are read; 1: a folder's own only, 0: 128     */
    int timeout_s;              /* per document for the extract program; 0: 120                           */
    bool ocr_timed;             /* recognising takes ocr_ms, shared by its processes, else most of
                                   timeout_s                                                              */
    int ocr_ms;
    size_t memory;              /* bytes that it may take per document; 0: 1 GiB                          */
    bool fail_fast;             /* the first input, part of one or file of a folder that is found
                                   unreadable ends all                                                    */
    int jobs;                   /* processes that parse at once, one a document and several for a long
                                   one; 0: one a core                                                     */
    const struct text_cache_options *cache; /* of what it answered; NULL: none                            */
};

/* Documents of one run in input order.  All memory is the arena's. */
struct docset {
    struct doc **v;
    size_t n, cap;
    struct ledger ledger;
};

/* Called after each input so that a terminal can show life; may be NULL. */
typedef void ingest_tick(void *ctx, const char *path, size_t done);

/* Reads operands: files, "-" (standard input), folders (recursively, in byte order of the paths).
 * Documents and ledger are in the order of the operands, whatever is read at once.  A bad file
 * inside a folder is a ledger entry.  A file named directly that cannot be read is a ledger entry
 * too AND a call of `failed` with why, in the order of the operands, after the last was read:
 *   E_IO not there or not readable   E_UNSUPPORTED binary, unknown type   E_LOCKED encrypted
 *   E_EMPTY nothing to read (empty, image-only, tree without text)   E_FORMAT damaged beyond repair
 *   E_LIMIT larger than a limit, or the parser ran out of time or memory   E_USAGE bad glob or range
 *   E_DEVICE deepread-extract is not there or does not start, no descriptors left; of a folder only
 *   when nothing in it could be read
 * Returns E_INTR when the user interrupted, and what makes no sense for all operands: E_USAGE.  With
 * fail_fast also the first failure: nothing more is read then, what is parsed is ended, and `failed` is
 * not called for it. */
typedef void ingest_failed(void *ctx, const char *path, const struct errinfo *why);
enum err ingest_paths(struct docset *set, struct arena *a, char *const *paths,
                      const struct ingest_options *o, ingest_tick *tick, ingest_failed *failed,
                      void *ctx, struct errinfo *e);
/* One operand; its failure is returned. */
enum err ingest_path(struct docset *set, struct arena *a, const char *path,
                     const struct ingest_options *o, ingest_tick *tick, void *ctx,
                     struct errinfo *e);
/* The files that ingest_path would read below a folder, in order, by their first bytes only (sizes,
 * formats and languages in the ledger's USED entries).  What is attached to a message, is only
 * compressed, or is in an archive that is named, is unpacked for it.  Any other file that is named is
 * listed whatever it is. */
enum err ingest_list(struct ledger *l, struct arena *a, const char *path,
                     const struct ingest_options *o, struct errinfo *e);

#endif
