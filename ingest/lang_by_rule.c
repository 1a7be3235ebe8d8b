#define PCRE2_CODE_UNIT_WIDTH 8
#include "ingest/lang_rules.h"

#include <pcre2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

/* What one question has cost so far; `at` is where in the text the last step stood. */
struct budget {
    size_t steps, at;
};

static pcre2_code *_Atomic compiled[LANG_RULES_MAX];

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
    re = pcre2_compile((PCRE2_SPTR)lang_rules[rule].pattern, PCRE2_ZERO_TERMINATED,
                       PCRE2_MULTILINE | PCRE2_AUTO_CALLOUT, &code, &at, NULL);
    if (!re) abort(); /* the patterns are ours */
    pcre2_jit_compile(re, PCRE2_JIT_COMPLETE); /* where the system allows it */
    if (atomic_compare_exchange_strong(&compiled[rule], &none, re)) return re;
    pcre2_code_free(re);
    return none;
}

/* PCRE2 calls this before each item of a pattern.  Its own match limit counts anew at every start
 * of a search, so that it does not bound one; and a repeated item is one call however far it goes,
 * so that the way since the last call counts too. */
static int count_step(pcre2_callout_block *c, void *data)
{
    struct budget *b = data;
    size_t from = b->at, to = c->current_position;
    b->at = to;
    b->steps += 1 + (to > from ? to - from : 0);
    return b->steps > LANG_STEPS_MAX ? PCRE2_ERROR_CALLOUT : 0;
}

struct search {
    const char *s;
    size_t n;
    pcre2_match_context *context;
    pcre2_match_data *match;
    struct budget budget;
};

static bool found(struct search *q, size_t rule)
{
    if (!*lang_rules[rule].pattern) return true;
    if (!q->context || !q->match || q->budget.steps > LANG_STEPS_MAX) return false;
    q->budget.at = 0;
    return pcre2_match(pattern_of(rule), (PCRE2_SPTR)q->s, q->n, 0, 0, q->match, q->context) >= 0;
}

/* Whoever reads a file asks about it several times over: the last answer of this thread. */
static _Thread_local struct answer {
    char suffix[32];
    XXH128_hash_t text;
    size_t n, steps;
    const struct lang *lang;
    bool known;
} last;

static const struct lang *search_rules(const char *suffix, const char *s, size_t n, size_t *steps)
{
    struct search q = {.s = s,
                       .n = n,
                       .context = pcre2_match_context_create(NULL),
                       .match = pcre2_match_data_create(1, NULL)};
    if (q.context) pcre2_set_callout(q.context, count_step, &q.budget);
    const struct lang *lang = NULL;
    for (size_t i = 0; !lang && i < lang_rules_count; i++)
        if (in_list(lang_rules[i].suffixes, suffix) && found(&q, i))
            lang = lang_called(lang_rules[i].lang);
    pcre2_match_data_free(q.match);
    pcre2_match_context_free(q.context);
    *steps = q.budget.steps;
    return lang;
}

const struct lang *lang_by_rule(const char *suffix, const char *s, size_t n, size_t *steps)
{
    XXH128_hash_t text = XXH3_128bits(s, n);
    if (!last.known || last.n != n || strcmp(last.suffix, suffix) || !XXH128_isEqual(last.text, text)) {
        last = (struct answer){.text = text, .n = n, .known = strlen(suffix) < sizeof last.suffix};
        if (last.known) strcpy(last.suffix, suffix);
        last.lang = search_rules(suffix, s, n, &last.steps);
    }
    if (steps) *steps = last.steps;
    return last.lang;
}
