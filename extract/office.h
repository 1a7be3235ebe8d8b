/* office.h: what the zip-based formats share: the way from the file to its main part, relations
 * between parts, and the document's own title. */
#ifndef EXTRACT_OFFICE_H
#define EXTRACT_OFFICE_H

#include "extract/xml_pull.h"
#include "extract/zip.h"
#include "ingest/ingest.h"

/* Unpacks the XML members of an office document (not its pictures and fonts). */
enum err office_open(struct zip *z, struct arena *a, const char *name, const void *bytes, size_t n,
                     struct errinfo *e);

/* One relation of a part (OPC): `type` is the last step of its type's name ("slide"). */
struct office_rel {
    const char *id, *type, *target; /* target: a member's name */
};
struct office_rels {
    struct office_rel *v;
    size_t n;
};
/* The relations of `part` ("" for the file's own).  External ones are left out. */
struct office_rels office_rels_of(const struct zip *z, struct arena *a, const char *part);
/* By id, or by type (id NULL): the member it leads to, or NULL. */
const struct zip_member *office_related(const struct zip *z, const struct office_rels *r,
                                        const char *id, const char *type);

/* The same by type for a part of the document whose relations are r; where they are lost ("styles"),
 * the member styles.xml beside it. */
const struct zip_member *office_part(const struct zip *z, struct arena *a, const char *part,
                                     const struct office_rels *r, const char *type);

/* The main part of an Office Open XML file: by relation, else by its usual name.  E_FORMAT when it
 * is not there or cut short. */
enum err office_main(const struct zip_member **out, const struct zip *z, struct arena *a,
                     const char *name, const char *usual, struct errinfo *e);

/* The same for OpenDocument: content.xml. */
enum err office_content(const struct zip_member **out, const struct zip *z, const char *name,
                        struct errinfo *e);

/* Title from docProps/core.xml or meta.xml, if it has one. */
void office_title(struct doc_builder *b, const struct zip *z);

/* Says in the document's note what a damaged file lost. */
void office_note_damage(struct doc_builder *b, const struct zip *z, bool broken);
/* "left out 3 comments"; nothing for 0. */
void office_note_left_out(struct doc_builder *b, size_t n, const char *what);
/* The same for sheets by name; names is "" for none. */
void office_note_hidden_sheets(struct doc_builder *b, const struct buf *names);

#endif
