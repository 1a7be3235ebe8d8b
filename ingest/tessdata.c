#include "ingest/tessdata.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ingest/extractor.h"

enum { MOST_INSTALLED = 200 };

static const char *const folders[] = {EXTRACTOR_TESSDATA};
enum { FOLDERS = sizeof folders / sizeof *folders };

/* The i-th folder to look at, the user's own first; NULL: he has none. */
static const char *folder_at(int i)
{
    return i ? folders[i - 1] : getenv("TESSDATA_PREFIX");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The names of the languages in a folder, sorted. */
static size_t list_languages(const char *folder, char names[][TESSDATA_NAME])
{
    static const char suffix[] = ".traineddata";
    size_t n = 0;
    DIR *d = folder ? opendir(folder) : NULL;
    for (struct dirent *f; d && n < MOST_INSTALLED && (f = readdir(d));) {
        size_t k = strlen(f->d_name);
        if (k <= sizeof suffix - 1 || k - (sizeof suffix - 1) >= TESSDATA_NAME) continue;
        k -= sizeof suffix - 1;
        if (strcmp(f->d_name + k, suffix) != 0) continue;
        memcpy(names[n], f->d_name, k);
        names[n][k] = '\0';
        if (strcmp(names[n], "osd") && strcmp(names[n], "equ")) n++; /* no languages */
    }
    if (d) closedir(d);
    qsort(names, n, TESSDATA_NAME, by_name);
    return n;
}

static bool has(char names[][TESSDATA_NAME], size_t n, const char *s, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(names[i]) == len && memcmp(names[i], s, len) == 0) return true;
    return false;
}

/* Whether a folder has all that are asked for, which are not too many. */
static bool has_all(char names[][TESSDATA_NAME], size_t n, const char *langs)
{
    int asked = 0;
    for (const char *s = langs;; s++) {
        size_t len = strcspn(s, "+");
        if (!len || ++asked > TESSDATA_AT_ONCE || !has(names, n, s, len)) return false;
        s += len;
        if (!*s) return true;
    }
}

static void take_first(char *out, char names[][TESSDATA_NAME], size_t n)
{
    int taken = 0;
    *out = '\0';
    if (has(names, n, "eng", 3)) strcpy(out, "eng"), taken++;
    for (size_t i = 0; i < n && taken < TESSDATA_AT_ONCE; i++) {
        if (!strcmp(names[i], "eng")) continue;
        if (taken++) strcat(out, "+");
        strcat(out, names[i]);
    }
}

const char *tessdata_find(const char *langs, char out[TESSDATA_NAMES])
{
    char(*names)[TESSDATA_NAME] = mem_alloc(MOST_INSTALLED, sizeof *names);
    const char *found = NULL;
    for (int i = 0; i <= FOLDERS && !found; i++) {
        const char *folder = folder_at(i);
        size_t n = list_languages(folder, names);
        bool all = langs ? has_all(names, n, langs) : n > 0;
        if (!all) continue;
        found = folder;
        if (langs)
            strcpy(out, langs);
        else
            take_first(out, names, n);
    }
    mem_free(names);
    return found;
}

/* The languages of a folder. */
struct installed {
    const char *folder;
    char (*names)[TESSDATA_NAME];
    size_t n;
};

static bool has_same(const struct installed *had, const struct installed *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (!has(had->names, had->n, f->names[i], strlen(f->names[i]))) return false;
    return true;
}

/* Folders with something that none before them has. */
static size_t list_folders(struct installed out[FOLDERS + 1], char names[][TESSDATA_NAME])
{
    size_t n = 0;
    for (int i = 0; i <= FOLDERS; i++) {
        struct installed *f = &out[n];
        *f = (struct installed){folder_at(i), names, 0};
        f->n = list_languages(f->folder, names);
        bool fresh = f->n > 0;
        for (size_t k = 0; k < n && fresh; k++) fresh = !has_same(&out[k], f);
        if (!fresh) continue;
        names += f->n;
        n++;
    }
    return n;
}

void tessdata_list(struct buf *out)
{
    char(*names)[TESSDATA_NAME] = mem_alloc((FOLDERS + 1) * MOST_INSTALLED, sizeof *names);
    struct installed v[FOLDERS + 1];
    size_t n = list_folders(v, names);
    for (size_t i = 0; i < n; i++) {
        if (n > 1) buf_addf(out, "%sin %s: ", i ? "; " : "", v[i].folder);
        for (size_t k = 0; k < v[i].n; k++) buf_addf(out, "%s%s", k ? ", " : "", v[i].names[k]);
    }
    mem_free(names);
}
