#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* One option: letter, name, kind, field of struct options, name of its value, help, and what only
 * some kinds have as designated initialisers. */
#define ROW(l, n, k, field, a, h, ...)                                                             \
    {.letter = l, .name = n, .kind = k, .offset = offsetof(struct options, field), .arg = a,       \
     .help = h, __VA_ARGS__}

static const char *const format_names[] = {"text", "markdown", "json", "jsonl", "grep", NULL};
static const char *const cite_names[] = {"none", "page", "line", "quote", NULL};
static const char *const when_names[] = {"auto", "always", "never", NULL};
const char *const attn_names[] = {"sparse", "dense", NULL};
const char *const weight_names[] = {"auto", "f32", "bf16", "int8", "fp8", NULL};
const char *const kv_names[] = {"auto", "f32", "bf16", "f16", "int8", NULL};
static const char *const cache_names[] = {"auto", "off", "only", "refresh", NULL};
const char *const ocr_names[] = {"off", "auto", "force", NULL};
static const char *const level_names[] = {"none", "info", "warning", "error", NULL};

/* ------------------------------------------------------------------ tables */

static const struct opt input_opts[] = {
    ROW('i', "include", OPT_LIST, include, "GLOB",
     "of a folder, read only files that match (repeatable)"),
    ROW('e', "exclude", OPT_LIST, exclude, "GLOB",
     "of a folder, leave out files that match (repeatable)"),
    ROW(0, "no-ignore", OPT_FLAG, no_ignore, NULL,
     "do not follow .gitignore and other ignore files"),
    ROW(0, "hidden", OPT_FLAG, hidden, NULL, "read dot files of folders too"),
    ROW('L', "follow", OPT_FLAG, follow, NULL, "follow symbolic links in folders"),
    ROW(0, "files-from", OPT_STR, files_from, "FILE",
     "read the paths in FILE too, after those named, one a line or each ended by a NUL (- for standard input)"),
    ROW(0, "max-depth", OPT_INT, max_depth, "N",
     "of a folder, read files at most N folders down: 1 for its own only (128)", .min = 1, .max = 128),
    ROW(0, "from", OPT_STR, from, "TYPE",
     "what the input is, instead of looking: a name that `deepread help formats` lists"),
    ROW(0, "encoding", OPT_STR, encoding, "NAME", "the input's character set, instead of looking"),
    ROW(0, "stdin-name", OPT_STR, stdin_name, "NAME",
     "what standard input is called in citations (stdin)"),
    ROW(0, "pages", OPT_STR, pages, "RANGE", "pages to read, from 1: 1-4,9,20- (slides, sheets, chapters, cells, messages)"),
    ROW(0, "password-file", OPT_STR, password_file, "FILE",
     "the first line of FILE opens encrypted PDF"),
    ROW(0, "ocr", OPT_ENUM, ocr, NULL,
     "recognise text in images of PDF pages, when tesseract is installed: auto on pages from which none "
     "can be read, force on all (auto)", .names = ocr_names),
    ROW(0, "ocr-lang", OPT_STR, ocr_lang, "LANGS",
     "at most three languages of these images by tesseract's names, such as eng+deu (those installed)"),
    ROW(0, "show-hidden-text", OPT_FLAG, show_hidden, NULL,
     "keep text that no reader of the document sees (PDF, HTML, office files, books, mail); else it is left "
     "out and counted"),
    ROW(0, "max-file-size", OPT_SIZE, max_file, "SIZE",
     "largest file to read, such as 500K or 64M (64M)", .min = 1, .max = 1e12),
    ROW('j', "jobs", OPT_INT, jobs, "N",
     "processes that parse at once: one a document, several a long PDF (all cores)", .min = 1, .max = 256),
    ROW(0, "doc-timeout", OPT_INT, doc_timeout, "SEC",
     "most seconds that parsing one document may take (120)", .min = 1, .max = 86400),
    ROW(0, "doc-memory", OPT_SIZE, doc_memory, "SIZE",
     "most memory that parsing one document may take (1G)", .min = 16 << 20, .max = 1e13),
    ROW(0, "strict", OPT_FLAG, strict, NULL,
     "exit 3 also when a file was skipped or left out, or a page has no text"),
    ROW(0, "fail-fast", OPT_FLAG, fail_fast, NULL,
     "end at the first input that cannot be read or does not fit, instead of going on without it"),
    {0}};
const struct opt_group group_input = {"Input", input_opts};

/* What `deepread doctor` can say something about without a model. */
static const struct opt machine_opts[] = {
    ROW(0, "backend", OPT_STR, backend, "NAME", "what computes: auto, cpu, cuda or ref (auto)",
     .env = "DEEPREAD_BACKEND"),
    ROW('t', "threads", OPT_INT, threads, "N", "threads to compute with (all cores)", .min = 1,
     .max = 4096, .env = "DEEPREAD_THREADS"),
    ROW(0, "weights", OPT_ENUM, weights, NULL,
     "precision of the weights while computing (auto: fp8, which is as the model has them; on cpu,"
     " int8 also halves those that it has in bf16)",
     .names = weight_names),
    ROW(0, "kv-type", OPT_ENUM, kv, NULL,
     "precision of the state kept per token (auto: f16; on cpu int8 where memory is short); the indexer's keys"
     " are in 8 bits on cpu but with f32",
     .names = kv_names),
    {0}};
const struct opt_group group_machine = {"Machine", machine_opts};

static const struct opt model_opts[] = {
    ROW('m', "model", OPT_STR, model, "NAME", "a model's name or folder (deepread-150m)",
     .env = "DEEPREAD_MODEL"),
    ROW('c', "ctx", OPT_SIZE, ctx, "TOKENS",
     "context window, at most the model's own (the model's)",
     .min = 64, .max = 1e9),
    ROW(0, "attn", OPT_ENUM, attn, NULL,
     "attend to what the indexer selects, or to everything (sparse)", .names = attn_names),
    ROW(0, "index-share", OPT_STR, index_share, "on|off|N",
     "layers that share a selection: as the model says, none, or select in every N-th layer (on)"),
    ROW(0, "reply-top-k", OPT_SIZE, reply_top_k, "N",
     "earlier tokens that each token of question and reply attends to, where the indexer selects (the model's)",
     .min = 1, .max = 65536),
    ROW(0, "prompts", OPT_STR, prompts, "DIR",
     "templates and schemas in DIR replace those built in"),
    {0}};
const struct opt_group group_model = {"Model", model_opts};

static const struct opt cache_opts[] = {
    ROW(0, "cache", OPT_ENUM, cache, NULL,
     "what was read before: use it and add to it, neither, refuse to read much else, or read it "
     "anew (auto)", .names = cache_names),
    ROW(0, "cache-dir", OPT_STR, cache_dir, "DIR",
     "where it is kept (~/.cache/deepread)", .env = "DEEPREAD_CACHE_DIR"),
    ROW(0, "cache-max", OPT_SIZE, cache_max, "SIZE",
     "most disk it may take (10G, and half of what is free)", .min = 1 << 20, .max = 1e15,
     .env = "DEEPREAD_CACHE_MAX"),
    ROW(0, "no-store", OPT_FLAG, no_store, NULL, "use what is there, add nothing to it"),
    {0}};
const struct opt_group group_cache = {"Cache", cache_opts};

static const struct opt reply_opts[] = {
    ROW('n', "max-tokens", OPT_SIZE, max_tokens, "N", "most tokens of one reply, at least 16 (768)", .min = 16,
     .max = 65536),
    ROW(0, "budget", OPT_SIZE, budget, "TOKENS",
     "refuse (exit 5) input of more tokens than this (what the window holds)", .min = 1,
     .max = 1e9),
    ROW(0, "skeleton", OPT_FLAG, skeleton, NULL,
     "of source files that do not fit read only signatures and their comments, largest file first"),
    ROW(0, "temp", OPT_REAL, temp, "X", "temperature of free text; 0 takes the likeliest (0)",
     .min = 0, .max = 10),
    ROW(0, "top-p", OPT_REAL, top_p, "X",
     "with --temp: draw from the likeliest tokens that make up this share (1)", .min = 0, .max = 1),
    ROW(0, "min-p", OPT_REAL, min_p, "X",
     "with --temp: drop tokens less likely than this share of the likeliest (0)", .min = 0,
     .max = 1),
    ROW(0, "seed", OPT_INT, seed, "N", "with --temp: where the draws start (0)", .min = 0,
     .max = 9e15),
    {0}};
const struct opt_group group_reply = {"Reply", reply_opts};

static const struct opt ask_opts[] = {
    ROW('Q', "questions", OPT_STR, questions, "FILE",
     "one question per line (- for standard input); the documents are read once"),
    ROW(0, "parallel", OPT_INT, parallel, "N",
     "with -Q: questions to answer at once, which takes memory for N replies (8)", .min = 1,
     .max = PARALLEL_MOST),
    {0}};
const struct opt_group group_ask = {"Questions", ask_opts};

static const struct opt summarize_opts[] = {
    ROW(0, "focus", OPT_STR, focus, "TEXT", "what the summary should be about"), {0}};
const struct opt_group group_summarize = {"Summary", summarize_opts};

static const struct opt review_opts[] = {
    ROW(0, "max-findings", OPT_INT, max_findings, "N", "at most N findings per file (no limit)",
     .min = 1, .max = 100000),
    ROW(0, "severity", OPT_ENUM, severity, NULL, "leave out findings below this level (info)",
     .names = level_names),
    ROW(0, "fail-level", OPT_ENUM, fail_level, NULL,
     "exit 1 when a finding has this level or a higher one (none)", .names = level_names),
    {0}};
const struct opt_group group_review = {"Findings", review_opts};

static const struct opt result_opts[] = {
    ROW('o', "output", OPT_STR, output, "FILE",
     "write the result to FILE, replacing it in one step; - is standard output"),
    ROW('O', "output-dir", OPT_STR, output_dir, "DIR",
     "with --each: one file per document in DIR"),
    ROW(0, "each", OPT_FLAG, each, NULL, "one result per document instead of one for all"),
    ROW('f', "format", OPT_ENUM, format, NULL, "format of the result (text)",
     .names = format_names),
    ROW(0, "json", OPT_SET, format, NULL, "the same as --format=json", .value = FORMAT_JSON),
    ROW(0, "cite", OPT_ENUM, cite, NULL, "how much a citation shows in text and markdown (quote)",
     .names = cite_names),
    ROW(0, "keep-unsupported", OPT_FLAG, keep_unsupported, NULL,
     "show sentences that the input does not support, marked"),
    {0}};
const struct opt_group group_result = {"Result", result_opts};

static const struct opt text_opts[] = {
    ROW('o', "output", OPT_STR, output, "FILE",
     "write the text to FILE, replacing it in one step; - is standard output"),
    ROW(0, "map", OPT_FLAG, map, NULL,
     "before each line: page, line, and bytes in the source or (PDF) box on the page in points"),
    ROW(0, "chunks", OPT_FLAG, chunks, NULL,
        "the pieces that the model can cite, one JSON object a line"),
    ROW(0, "list", OPT_FLAG, list, NULL,
        "only the files that would be read: name, format and language, tabs between"),
    {0}};
const struct opt_group group_text = {"Result", text_opts};

static const struct opt plan_opts[] = {
    ROW('o', "output", OPT_STR, output, "FILE",
     "write the plan to FILE, replacing it in one step; - is standard output"),
    ROW(0, "json", OPT_FLAG, plan_json, NULL, "the plan as one JSON object"),
    ROW(0, "time", OPT_FLAG, plan_time, NULL,
     "also an estimate of the time, at the pace of the first 128 tokens; long texts take longer"),
    ROW('n', "max-tokens", OPT_SIZE, max_tokens, "N", "tokens kept free for the reply (768)",
     .min = 16, .max = 65536),
    ROW(0, "budget", OPT_SIZE, budget, "TOKENS", "most tokens that the input may have", .min = 1,
     .max = 1e9),
    ROW(0, "skeleton", OPT_FLAG, skeleton, NULL,
     "of source files that do not fit read only signatures and their comments, largest file first"),
    {0}};
const struct opt_group group_plan = {"Plan", plan_opts};

static const struct opt general_opts[] = {
    ROW('q', "quiet", OPT_FLAG, quiet, NULL, "only errors on standard error"),
    ROW('v', "verbose", OPT_COUNT, verbose, NULL,
     "say more on standard error: every input, what was chosen"),
    ROW(0, "stats", OPT_FLAG, stats, NULL,
     "tokens, seconds and scores on standard error (and seconds in JSON)"),
    ROW(0, "progress", OPT_ENUM, progress, NULL,
     "progress on standard error (auto: when it is a terminal)", .names = when_names),
    ROW(0, "color", OPT_ENUM, color, NULL, "colour (auto: on a terminal, unless NO_COLOR is set)",
     .names = when_names),
    ROW(0, "no-color", OPT_SET, color, NULL, "the same as --color=never", .value = WHEN_NEVER),
    ROW('h', "help", OPT_FLAG, help, NULL, "this help"),
    ROW('V', "version", OPT_FLAG, version, NULL, "the program's version"),
    {0}};
const struct opt_group group_general = {"General", general_opts};

/* ------------------------------------------------------------------ defaults and checks */

struct options options_default(void)
{
    return (struct options){.max_tokens = MAX_TOKENS_DEFAULT,
                            .cite = CITE_QUOTE,
                            .ocr = 1, /* OCR_AUTO */
                            .severity = LEVEL_INFO,
                            .top_p = 1.0};
}

static enum err check_index_share(struct options *o, struct errinfo *e)
{
    const char *s = o->index_share;
    if (!s || !strcmp(s, "on")) return OK; /* 0: as the model's config says */
    if (!strcmp(s, "off")) {
        o->index_share_n = 1;
        return OK;
    }
    char *end;
    long n = strtol(s, &end, 10);
    if (end == s || *end || n < 1 || n > 1000)
        return err_set(e, E_USAGE, "--index-share: expected on, off or a number from 1 to 1000, found \"%.80s\"",
                       s);
    o->index_share_n = (int)n;
    return OK;
}

enum err options_check(struct options *o, struct errinfo *e)
{
    TRY(check_index_share(o, e));
    if (o->output_dir && !o->each)
        return err_set(e, E_USAGE, "-O (--output-dir) goes with --each");
    if (o->output_dir && o->output)
        return err_set(e, E_USAGE, "-o (--output) and -O (--output-dir) exclude each other");
    if (o->map + o->chunks + o->list > 1)
        return err_set(e, E_USAGE, "--map, --chunks and --list exclude each other");
    if (o->quiet && o->verbose) return err_set(e, E_USAGE, "-q and -v exclude each other");
    if (o->seed && o->temp == 0)
        return err_set(e, E_USAGE, "--seed has no effect without --temp above 0");
    if ((o->top_p != 1 || o->min_p != 0) && o->temp == 0)
        return err_set(e, E_USAGE, "--top-p and --min-p have no effect without --temp above 0");
    if (o->ocr_lang && !o->ocr)
        return err_set(e, E_USAGE, "--ocr-lang has no effect with --ocr off");
    if (o->parallel && !o->questions)
        return err_set(e, E_USAGE, "--parallel has no effect without -Q (--questions)");
    if (o->focus && !o->focus[strspn(o->focus, " \t\r\n")])
        return err_set(e, E_USAGE, "--focus: the text is empty");
    if (o->focus && utf8_check(o->focus, strlen(o->focus)) != strlen(o->focus))
        return err_set(e, E_USAGE, "--focus: the text must be UTF-8");
    if (o->files_from && !*o->files_from) return err_set(e, E_USAGE, "--files-from: the name is empty");
    if (o->output && !*o->output) return err_set(e, E_USAGE, "-o (--output): the name is empty");
    if (o->output_dir && !*o->output_dir)
        return err_set(e, E_USAGE, "-O (--output-dir): the name is empty");
    return OK;
}

const char *level_name(int level)
{
    return level_names[level];
}

int level_of(const char *severity)
{
    for (int i = 0; severity && level_names[i]; i++)
        if (!strcmp(level_names[i], severity)) return i;
    return LEVEL_INFO;
}
