/* read_epub.c: e-books: the chapters in the order of the spine, each read like a page of HTML.  A
 * place is a chapter, labelled with its file, and a line in that file. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "extract/extract.h"
#include "extract/office.h"
#include "extract/read_html.h"
#include "ingest/pages.h"

enum { ITEMS_MAX = 65536 };

struct item {
    const char *id, *path, *type;
};

struct book {
    struct arena *a;
    struct item *item;
    size_t n_items, cap_items;
    const struct zip_member **chapter;
    size_t n_chapters, cap_chapters, missing;
    size_t hidden; /* characters that were left out */
    struct buf title;
};

static bool is_wanted(const char *member)
{
    static const char *const ends[] = {".xml", ".opf", ".xhtml", ".html", ".htm", "mimetype"};
    size_t n = strlen(member);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t k = strlen(ends[i]);
        if (n >= k && !strcasecmp(member + n - k, ends[i])) return true;
    }
    return false;
}

static void *grow(struct arena *a, void *old, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return old;
    *cap = *cap ? 2 * *cap : 64;
    void *fresh = mem_take(a, *cap, size);
    if (n) memcpy(fresh, old, n * size);
    return fresh;
}

static const char *copy(struct arena *a, const char *s)
{
    return mem_copy(a, s, strlen(s));
}

/* ------------------------------------------------------------------ the package */

static const struct zip_member *find_package(const struct zip *z, struct arena *a)
{
    const struct zip_member *m = zip_find(z, "META-INF/container.xml"), *found = NULL;
    struct pull p;
    enum pull_event ev;
    if (m) {
        pull_open(&p, m->s, m->n);
        while (!found && (ev = pull_next(&p)) != PULL_END)
            if (ev == PULL_OPEN && pull_is(&p, "rootfile"))
                found = zip_find(z, zip_resolve(a, "", pull_attr(&p, "full-path")));
        pull_close(&p);
    }
    for (size_t i = 0; !found && i < z->n; i++)
        if (str_has_suffix(z->v[i].name, ".opf")) found = &z->v[i];
    return found;
}

static void add_item(struct book *k, const struct zip_member *package, const struct pull *p)
{
    if (k->n_items >= ITEMS_MAX) return;
    k->item = grow(k->a, k->item, k->n_items, &k->cap_items, sizeof *k->item);
    k->item[k->n_items++] = (struct item){
        .id = copy(k->a, pull_attr(p, "id")),
        .path = zip_resolve(k->a, package->name, pull_attr(p, "href")),
        .type = copy(k->a, pull_attr(p, "media-type")),
    };
}

static void add_chapter(struct book *k, const struct zip *z, const char *id)
{
    for (size_t i = 0; i < k->n_items; i++) {
        if (strcmp(k->item[i].id, id)) continue;
        const struct zip_member *m = zip_find(z, k->item[i].path);
        if (!m) {
            k->missing += !strncmp(k->item[i].type, "application/xhtml", 17);
            return;
        }
        if (k->n_chapters >= ITEMS_MAX) return;
        k->chapter = grow(k->a, k->chapter, k->n_chapters, &k->cap_chapters, sizeof *k->chapter);
        k->chapter[k->n_chapters++] = m;
        return;
    }
    k->missing++;
}

static void read_title(struct book *k, struct pull *p)
{
    enum pull_event ev;
    bool first = k->title.n == 0;
    for (int depth = p->depth; pull_inside(p, depth, &ev);)
        if (ev == PULL_TEXT && first && k->title.n < 1000)
            buf_add(&k->title, p->text.s, p->text.n);
}

/* False when it is not well-formed to its end. */
static bool read_package(struct book *k, const struct zip *z, const struct zip_member *package)
{
    struct pull p;
    enum pull_event ev;
    pull_open(&p, package->s, package->n);
    while ((ev = pull_next(&p)) != PULL_END) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(&p, "title")) read_title(k, &p);
        else if (pull_is(&p, "item")) add_item(k, package, &p);
        else if (pull_is(&p, "itemref")) add_chapter(k, z, pull_attr(&p, "idref"));
    }
    bool whole = !p.broken;
    pull_close(&p);
    return whole;
}

/* A package that cannot be read: every page in the order of the file. */
static void take_all_pages(struct book *k, const struct zip *z)
{
    for (size_t i = 0; i < z->n && k->n_chapters < ITEMS_MAX; i++) {
        const char *dot = strrchr(z->v[i].name, '.');
        if (!dot || (strcasecmp(dot, ".xhtml") && strcasecmp(dot, ".html") &&
                     strcasecmp(dot, ".htm")))
            continue;
        k->chapter = grow(k->a, k->chapter, k->n_chapters, &k->cap_chapters, sizeof *k->chapter);
        k->chapter[k->n_chapters++] = &z->v[i];
    }
}

/* Whether META-INF/encryption.xml names a chapter (it may name fonts only). */
static bool is_locked(const struct book *k, const struct zip *z)
{
    const struct zip_member *m = zip_find(z, "META-INF/encryption.xml");
    struct pull p;
    enum pull_event ev;
    bool locked = false;
    if (!m) return false;
    pull_open(&p, m->s, m->n);
    while (!locked && (ev = pull_next(&p)) != PULL_END) {
        if (ev != PULL_OPEN || !pull_is(&p, "CipherReference")) continue;
        const char *path = zip_resolve(k->a, "", pull_attr(&p, "URI"));
        for (size_t i = 0; i < k->n_chapters; i++)
            locked |= !strcasecmp(k->chapter[i]->name, path);
    }
    pull_close(&p);
    return locked;
}

/* ------------------------------------------------------------------ the text */

/* The same file may be in the spine twice: it is read once. */
static bool is_repeated(const struct book *k, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (k->chapter[j] == k->chapter[i]) return true;
    return false;
}

static enum err write_book(struct doc_builder *b, struct book *k, const struct ingest_options *o,
                           const char *name, struct errinfo *e)
{
    const char *pages = o->pages;
    uint32_t first, last, count = (uint32_t)k->n_chapters;
    if (!pages_bounds(pages, count, &first, &last))
        return err_set(e, E_USAGE, count == 1 ? "%s: --pages %s: the book has %u chapter"
                                             : "%s: --pages %s: the book has %u chapters",
                       name, pages, count);
    if (k->title.n) doc_set_title(b, k->title.s, k->title.n);
    for (uint32_t i = 0; i < count; i++) doc_page(b, k->chapter[i]->name, 0, 0, false);
    for (uint32_t i = first - 1; i < last; i++) {
        struct errinfo ignored = {0};
        const struct zip_member *m = k->chapter[i];
        if (!pages_has(pages, i + 1) || !m->n || is_repeated(k, i)) continue;
        if (read_html_member(b, o, m->s, m->n, i + 1, name, &k->hidden, &ignored))
            doc_set_note(b, "a chapter could not be read");
    }
    return OK;
}

static void set_notes(struct doc_builder *b, const struct book *k, const struct zip *z)
{
    char note[80];
    office_note_left_out(b, k->hidden, "hidden character");
    office_note_damage(b, z, false);
    if (!k->missing) return;
    snprintf(note, sizeof note, "%zu chapter%s of its list missing", k->missing,
             k->missing == 1 ? " is" : "s are");
    doc_set_note(b, note);
}

enum err read_epub(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e)
{
    struct zip z = {0};
    struct book k = {.a = arena_new()};
    enum err r = zip_open(&z, k.a, name, bytes, n, is_wanted, e);
    if (!r) {
        const struct zip_member *package = find_package(&z, k.a);
        bool whole = package && read_package(&k, &z, package);
        if (!k.n_chapters) take_all_pages(&k, &z);
        if (!whole && k.n_chapters) doc_set_note(b, "its list of chapters is damaged");
        if (!k.n_chapters)
            r = err_set(e, E_FORMAT, "%s: %s: no chapters in it", name,
                        z.damaged ? "damaged or cut short" : "not what its name says");
        else if (is_locked(&k, &z))
            r = err_set(e, E_LOCKED, "%s: its chapters are encrypted (DRM)", name);
    }
    if (!r) r = write_book(b, &k, o, name, e);
    if (!r) {
        set_notes(b, &k, &z);
        if (!doc_length(b)) r = err_set(e, E_EMPTY, "%s: no text in it", name);
    }
    buf_free(&k.title);
    zip_close(&z);
    arena_free(k.a);
    return r;
}
