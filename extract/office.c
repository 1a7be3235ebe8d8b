#include "extract/office.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n >= k && !strcasecmp(s + n - k, end);
}

static bool is_xml(const char *member)
{
    return ends_with(member, ".xml") || ends_with(member, ".rels") || !strcmp(member, "mimetype");
}

enum err office_open(struct zip *z, struct arena *a, const char *name, const void *bytes, size_t n,
                     struct errinfo *e)
{
    return zip_open(z, a, name, bytes, n, is_xml, e);
}

/* ------------------------------------------------------------------ relations */

static const char *last_step(const char *s)
{
    const char *slash = strrchr(s, '/');
    return slash ? slash + 1 : s;
}

/* word/document.xml -> word/_rels/document.xml.rels */
static const char *rels_name(struct arena *a, const char *part)
{
    struct buf b = {0};
    const char *base = last_step(part);
    buf_add(&b, part, (size_t)(base - part));
    buf_addf(&b, "_rels/%s.rels", base);
    const char *name = mem_copy(a, b.s, b.n);
    buf_free(&b);
    return name;
}

static void add_relation(struct office_rels *r, size_t *cap, struct arena *a, const char *part,
                         const struct pull *p)
{
    if (!strcasecmp(pull_attr(p, "TargetMode"), "External")) return;
    if (r->n == *cap) {
        *cap = *cap ? 2 * *cap : 16;
        struct office_rel *fresh = NEW(a, struct office_rel, *cap);
        if (r->n) memcpy(fresh, r->v, r->n * sizeof *fresh);
        r->v = fresh;
    }
    const char *id = pull_attr(p, "Id"), *type = last_step(pull_attr(p, "Type"));
    r->v[r->n++] = (struct office_rel){
        .id = mem_copy(a, id, strlen(id)),
        .type = mem_copy(a, type, strlen(type)),
        .target = zip_resolve(a, part, pull_attr(p, "Target")),
    };
}

struct office_rels office_rels_of(const struct zip *z, struct arena *a, const char *part)
{
    struct office_rels r = {0};
    size_t cap = 0;
    const struct zip_member *m = zip_find(z, rels_name(a, part));
    if (!m) return r;
    struct pull p;
    enum pull_event ev;
    pull_open(&p, m->s, m->n);
    while ((ev = pull_next(&p)) != PULL_END && r.n < ZIP_MEMBERS_MAX)
        if (ev == PULL_OPEN && pull_is(&p, "Relationship")) add_relation(&r, &cap, a, part, &p);
    pull_close(&p);
    return r;
}

const struct zip_member *office_related(const struct zip *z, const struct office_rels *r,
                                        const char *id, const char *type)
{
    for (size_t i = 0; i < r->n; i++)
        if (id ? !strcmp(r->v[i].id, id) : !strcmp(r->v[i].type, type))
            return zip_find(z, r->v[i].target);
    return NULL;
}

const struct zip_member *office_part(const struct zip *z, struct arena *a, const char *part,
                                     const struct office_rels *r, const char *type)
{
    struct buf usual = {0};
    if (r->n) return office_related(z, r, NULL, type);
    buf_addf(&usual, "%s.xml", type);
    const struct zip_member *m = zip_find(z, zip_resolve(a, part, usual.s));
    buf_free(&usual);
    return m;
}

enum err office_main(const struct zip_member **out, const struct zip *z, struct arena *a,
                     const char *name, const char *usual, struct errinfo *e)
{
    struct office_rels r = office_rels_of(z, a, "");
    *out = office_related(z, &r, NULL, "officeDocument");
    if (!*out || !(*out)->n) *out = zip_find(z, usual);
    if (*out && (*out)->n) return OK;
    return err_set(e, E_FORMAT, "%s: %s: no %s in it", name,
                   z->damaged ? "damaged or cut short" : "not what its name says", usual);
}

enum err office_content(const struct zip_member **out, const struct zip *z, const char *name,
                        struct errinfo *e)
{
    *out = zip_find(z, "content.xml");
    if (*out && (*out)->n) return OK;
    return err_set(e, E_FORMAT, "%s: %s: no content.xml in it", name,
                   z->damaged ? "damaged or cut short" : "not what its name says");
}

/* ------------------------------------------------------------------ about the document */

void office_title(struct doc_builder *b, const struct zip *z)
{
    const struct zip_member *m = zip_find(z, "docProps/core.xml");
    if (!m) m = zip_find(z, "meta.xml");
    if (!m) return;
    struct pull p;
    enum pull_event ev;
    struct buf title = {0};
    pull_open(&p, m->s, m->n);
    while ((ev = pull_next(&p)) != PULL_END) {
        if (ev != PULL_OPEN || !pull_is(&p, "title")) continue;
        for (int depth = p.depth; pull_inside(&p, depth, &ev);)
            if (ev == PULL_TEXT) buf_add(&title, p.text.s, p.text.n);
    }
    pull_close(&p);
    if (title.n && title.n < 1000) doc_set_title(b, title.s, title.n);
    buf_free(&title);
}

void office_note_damage(struct doc_builder *b, const struct zip *z, bool broken)
{
    if (z->damaged || broken) doc_set_cut(b);
}

void office_note_left_out(struct doc_builder *b, size_t n, const char *what)
{
    char note[96];
    if (!n) return;
    snprintf(note, sizeof note, "left out %zu %s%s", n, what, n == 1 ? "" : "s");
    doc_set_note(b, note);
}

void office_note_hidden_sheets(struct doc_builder *b, const struct buf *names)
{
    struct buf note = {0};
    if (!names->n) return;
    buf_addf(&note, "left out hidden sheets: %.300s", names->s);
    note.s[utf8_check(note.s, note.n)] = '\0';
    doc_set_note(b, note.s);
    buf_free(&note);
}
