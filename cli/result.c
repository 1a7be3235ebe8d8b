#include "cli/result.h"

void result_add(struct result *r, const struct reply *reply, struct doc *const *docs,
                const struct chunk *chunks)
{
    int shift = (int)r->n_citations;
    r->citations = mem_grow(r->citations, r->n_citations + reply->n_citations + 1,
                            sizeof *r->citations);
    for (size_t i = 0; i < reply->n_citations; i++) {
        const struct citation *c = &reply->citations[i];
        r->citations[r->n_citations++] =
            (struct cited){docs[chunks[c->chunk].doc], *c, chunks[c->chunk].label};
    }
    r->sentences = mem_grow(r->sentences, r->n_sentences + reply->n_sentences + 1,
                            sizeof *r->sentences);
    for (size_t i = 0; i < reply->n_sentences; i++) {
        struct sentence *s = &r->sentences[r->n_sentences++];
        *s = reply->sentences[i];
        if (s->citation >= 0) s->citation += shift;
    }
    r->findings = mem_grow(r->findings, r->n_findings + reply->n_findings + 1,
                           sizeof *r->findings);
    for (size_t i = 0; i < reply->n_findings; i++) {
        struct finding *f = &r->findings[r->n_findings++];
        *f = reply->findings[i];
        if (f->citation >= 0) f->citation += shift;
    }
    if (!r->title.n) r->title = reply->title;
    r->n_dropped += reply->n_dropped;
    r->n_below_floor += reply->n_below_floor;
    r->no_answer |= reply->no_answer;
    r->truncated |= reply->truncated;
}

void result_free(struct result *r)
{
    mem_free(r->sentences);
    mem_free(r->citations);
    mem_free(r->findings);
    *r = (struct result){0};
}

size_t result_shown(const struct result *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_sentences; i++) n += r->keep || !r->sentences[i].dropped;
    return n;
}

/* Whether the reply ended before its first sentence: that is no "no". */
static bool ended_early(const struct result *r)
{
    return (r->interrupted || r->truncated) && !r->n_sentences && !r->no_answer;
}

const char *result_silence(const struct result *r)
{
    bool summary = r->task == TASK_SUMMARIZE;
    if (ended_early(r))
        return !r->n_citations ? "Cut short before the first sentence.\n"
               : summary       ? "Cut short before the first sentence; the passages chosen:\n"
                               : "Cut short before the first sentence; the nearest passages:\n";
    if (summary)
        return r->n_citations ? "No sentence that the input supports; the passages chosen:\n"
                              : "No sentence that the input supports.\n";
    return r->no_answer || !r->n_citations
               ? "Not in the input.\n"
               : "No answer that the input supports; the nearest passages:\n";
}

enum result_status result_status(const struct result *r)
{
    if (r->interrupted) return RESULT_PARTIAL;
    if (r->task == TASK_ANSWER && (r->no_answer || (!result_shown(r) && !ended_early(r))))
        return RESULT_UNSUPPORTED;
    if (r->truncated) return RESULT_TRUNCATED;
    return r->inputs_failed ? RESULT_PARTIAL : RESULT_OK;
}

const char *result_status_name(enum result_status s)
{
    static const char *const names[] = {"ok", "unsupported", "partial", "truncated"};
    return names[s];
}

size_t ledger_count(const struct ledger *l, enum ledger_status status)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) n += l->v[i].status == status && !l->v[i].holds;
    return n;
}

bool ledger_has_gap(const struct ledger *l, struct doc *const *docs, size_t n_docs)
{
    if (ledger_count(l, LEDGER_SKIPPED) || ledger_count(l, LEDGER_UNREADABLE) ||
        ledger_count(l, LEDGER_OVER_BUDGET))
        return true;
    for (size_t i = 0; i < n_docs; i++)
        if (docs[i]->pages_without_text) return true;
    return false;
}
