/* options.h: everything a person can say on the command line, and the tables that read it. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/opt.h"

enum format { FORMAT_TEXT, FORMAT_MARKDOWN, FORMAT_JSON, FORMAT_JSONL, FORMAT_GREP };
enum cite { CITE_NONE, CITE_PAGE, CITE_LINE, CITE_QUOTE };
enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };
enum attn { ATTN_SPARSE, ATTN_DENSE };
enum level { LEVEL_NONE, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR };

/* The words of --attn, --weights, --kv-type and --ocr, by the value that the option takes; NULL after
 * the last. */
extern const char *const attn_names[], *const weight_names[], *const kv_names[],
    *const ocr_names[];

struct options {
    /* what to read */
    struct opt_list include, exclude;
    bool no_ignore, hidden, follow, show_hidden, strict, fail_fast;
    const char *files_from, *from, *encoding, *stdin_name, *pages, *password_file, *ocr_lang;
    int ocr; /* enum ocr_use */
    size_t max_file, doc_memory;
    long max_depth, doc_timeout, jobs;

    /* the model */
    const char *model, *backend, *prompts;
    long threads;
    size_t ctx;
    int weights, kv, attn;
    const char *index_share;
    int index_share_n; /* of index_share, as in struct model_options */
    size_t reply_top_k;

    /* the cache on disk */
    int cache; /* enum prefix_mode */
    const char *cache_dir;
    size_t cache_max;
    bool no_store;

    /* the reply */
    size_t budget, max_tokens;
    bool skeleton;
    double temp, top_p, min_p;
    long seed;
    const char *focus;
    const char *questions;
    long parallel; /* 0: PARALLEL_DEFAULT */
    long max_findings;
    int severity, fail_level;
    bool keep_unsupported;

    /* the result */
    const char *output, *output_dir;
    bool each, map, chunks, list, plan_json, plan_time;
    int format, cite;

    /* manners */
    bool quiet, stats, help, version;
    int verbose, progress, color;

    /* what main made of the operands */
    const char *question;
};

#define MAX_TOKENS_DEFAULT 768
#define PARALLEL_DEFAULT 8
#define PARALLEL_MOST 64

struct options options_default(void);

/* What one table cannot see: values that exclude each other, values of several shapes. */
enum err options_check(struct options *o, struct errinfo *e);

/* The name of a level, as in --severity. */
const char *level_name(int level);
/* The level of a finding's severity; LEVEL_INFO for a word that is none. */
int level_of(const char *severity);

extern const struct opt_group group_input, group_machine, group_model, group_cache, group_reply, group_ask,
    group_summarize, group_review, group_result, group_text, group_plan, group_general;

#endif
