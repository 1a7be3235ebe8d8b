#define PCRE2_CODE_UNIT_WIDTH 8
#include "ingest/lang_rules.h"

#include <pcre2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RULES_MAX = 512, STEPS_MAX = 200000 /* of one search: hostile text must not hold it up */ };

static pcre2_code *_Atomic compiled[RULES_MAX];

static bool in_list(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; *p; p += strspn(p, " ")) {
        size_t k = strcspn(p, " ");
        if (k == n && !strncasecmp(p, word, n)) return true;
        p += k;
    }
    return false;
}

/* Two threads may both compile a pattern; the second one's is dropped. */
static pcre2_code *pattern_of(size_t rule)
{
    pcre2_code *re = atomic_load(&compiled[rule]), *none = NULL;
    if (re) return re;
    int code;
    PCRE2_SIZE at;
    re = pcre2_compile((PCRE2_SPTR)lang_rules[rule].pattern, PCRE2_ZERO_TERMINATED, PCRE2_MULTILINE,
                       &code, &at, NULL);
    if (!re) abort(); /* the patterns are ours */
    if (atomic_compare_exchange_strong(&compiled[rule], &none, re)) return re;
    pcre2_code_free(re);
    return none;
}

static bool found(size_t rule, const char *s, size_t n)
{
    if (!*lang_rules[rule].pattern) return true;
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *m = pcre2_match_data_create(1, NULL);
    if (limits) pcre2_set_match_limit(limits, STEPS_MAX);
    int r = m && limits ? pcre2_match(pattern_of(rule), (PCRE2_SPTR)s, n, 0, 0, m, limits) : -1;
    pcre2_match_data_free(m);
    pcre2_match_context_free(limits);
    return r >= 0;
}

const struct lang *lang_by_rule(const char *suffix, const char *s, size_t n)
{
    for (size_t i = 0; i < lang_rules_count && i < RULES_MAX; i++)
        if (in_list(lang_rules[i].suffixes, suffix) && found(i, s, n))
            return lang_called(lang_rules[i].lang);
    return NULL;
}
