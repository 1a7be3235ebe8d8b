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

static bool has_all(char names[][TESSDATA_NAME], size_t n, const char *langs)
{
    for (const char *s = langs;; s++) {
        size_t len = strcspn(s, "+");
        if (!len || !has(names, n, s, len)) return false;
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
        bool all = langs ? strlen(langs) < TESSDATA_NAMES && has_all(names, n, langs) : n > 0;
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

void tessdata_list(struct buf *out)
{
    enum { ALL = (FOLDERS + 1) * MOST_INSTALLED };
    char(*names)[TESSDATA_NAME] = mem_alloc(ALL, sizeof *names);
    size_t n = 0;
    for (int i = 0; i <= FOLDERS; i++) n += list_languages(folder_at(i), names + n);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0, said = 0; i < n; i++)
        if (!i || strcmp(names[i], names[i - 1]) != 0)
            buf_addf(out, "%s%s", said++ ? ", " : "", names[i]);
    mem_free(names);
}
