#include "ingest/lang_index.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/lang_rules.h"

#define SLOTS 8192 /* a power of two, several times the words of the table */

/* Open addressing; a slot without a word is free. */
static struct slot {
    const char *word;
    size_t n;
    const struct lang *lang;
    enum lang_field field;
} slots[SLOTS];

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static bool same(const struct slot *k, enum lang_field field, const char *s, size_t n)
{
    if (k->field != field || k->n != n) return false;
    for (size_t i = 0; i < n; i++)
        if (k->word[i] != lower(s[i])) return false;
    return true;
}

/* The slot of a word: its own, or the free one that it would take. */
static struct slot *slot_of(enum lang_field field, const char *s, size_t n)
{
    uint32_t h = 2166136261u ^ (uint32_t)field;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)lower(s[i])) * 16777619u;
    struct slot *k = &slots[h % SLOTS];
    while (k->word && !same(k, field, s, n)) k = k + 1 < slots + SLOTS ? k + 1 : slots;
    return k;
}

/* A row that comes first keeps the word. */
static size_t add_list(enum lang_field field, const char *list, const struct lang *l)
{
    size_t words = 0;
    for (const char *p = list; *p; words++) {
        size_t n = strcspn(p, " ");
        struct slot *k = slot_of(field, p, n);
        if (!k->word) *k = (struct slot){p, n, l, field};
        p += n + (p[n] == ' ');
    }
    return words;
}

static void make(void)
{
    size_t words = 0;
    const struct lang *l;
    for (size_t i = 0; (l = lang_row(i)); i++) {
        words += add_list(LANG_SUFFIX, l->suffixes, l);
        words += add_list(LANG_NAME, l->names, l);
        words += add_list(LANG_PROGRAM, l->programs, l);
    }
    for (size_t i = 0; i < lang_rules_count; i++)
        words += add_list(LANG_SHARED, lang_rules[i].suffixes, lang_row(0));
    if (words > SLOTS / 2) abort(); /* the table has outgrown SLOTS */
}

const struct lang *lang_index_find(enum lang_field field, const char *s, size_t n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make);
    return slot_of(field, s, n)->lang;
}
