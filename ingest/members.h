/* members.h: how deepread-extract hands the members of an archive to deepread, and which of them
 * are worth reading.
 *
 * The call is that of ingest/wire.h with FORMAT "archive".  An archive that cannot be opened at all
 * is an error as there (wire_send_error).  Else the answer is, all numbers little-endian,
 *
 *     magic    8 bytes "drtree\0\1" (the last byte is the version)
 *     records  u32 kind, u32 length of the path, u64 length of the data, path, data
 *              kind 0: a member; 1: left out, data is the reason; 2: the end, data is a message
 *              why it came early, or empty, and nothing follows
 *
 * A compressed file that is no archive is one member with an empty path. */
#ifndef INGEST_MEMBERS_H
#define INGEST_MEMBERS_H

#include "ingest/glob.h"
#include "ingest/wire.h"

#define MEMBERS_MAX 20000               /* more are not unpacked                     */
#define MEMBERS_ONE_MAX ((size_t)64 << 20)   /* larger ones are left out                  */
#define MEMBERS_BYTES ((size_t)256 << 20)   /* of all members together                   */
#define MEMBERS_RATIO 250                   /* more than so many bytes for each of the file's... */
#define MEMBERS_FREE ((size_t)16 << 20)     /* ... are refused behind these              */
#define MEMBERS_DEPTH 3                     /* archives in archives                      */

enum members_kind { MEMBERS_ONE, MEMBERS_LEFT_OUT, MEMBERS_END };

enum err members_send_start(int fd, struct errinfo *e);
enum err members_send(int fd, enum members_kind kind, const char *path, const char *data, size_t n,
                      struct errinfo *e);

struct member {
    const char *path;   /* "" of a compressed file; else no other member that is read has it */
    const char *name;   /* the path in the archive, which several may have: what rules and kinds go by */
    const char *s;
    size_t n;
    const char *reason; /* left out, or NULL                                                 */
    size_t which;       /* the second (2) and later ones of a name: called 2-NAME, or so     */
};

struct members {
    struct member *v; /* in byte order of the paths; memory of the arena */
    size_t n;
    const char *ended;        /* why it ended early, or NULL                     */
};

/* Reads an answer of hostile bytes; members point into it.  E_FORMAT when it is none; the sender's
 * own error. */
enum err members_parse(struct members *out, struct arena *a, const struct wire_about *about,
                       const struct buf *answer, struct errinfo *e);

/* The rules for members, as for files of a folder. */
struct members_rules {
    struct globs include, exclude;
    bool hidden;
    int max_depth; /* of a member's path, in names; 0: any */
};
enum err members_rules(struct members_rules *r, struct arena *a, const struct ingest_options *o,
                       struct errinfo *e);
/* The rule that leaves a member out, or NULL. */
const char *members_rule(const struct members_rules *r, const char *path);

#endif
