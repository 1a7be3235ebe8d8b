#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/job.h"
#include "cli/output.h"
#include "cli/read.h"
#include "cli/where.h"
#include "engine/prefix.h"
#include "ingest/text_cache.h"

/* What one of the subcommands works with. */
struct cache {
    const struct options *o;
    struct job j;
    const char *dir;
    char *const *operands; /* after the subcommand */
    struct buf out;
};

static size_t mib(size_t bytes)
{
    return (bytes + (1 << 20) - 1) >> 20;
}

static const char *plural(size_t n)
{
    return n == 1 ? "y" : "ies";
}

/* ------------------------------------------------------------------ looking */

static void add_time(struct buf *b, int64_t seconds)
{
    char text[32];
    struct tm tm;
    time_t t = (time_t)seconds;
    if (!localtime_r(&t, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm)) text[0] = 0;
    buf_addz(b, text);
}

/* Characters of the longest name of a model, and of the head of its column. */
static size_t model_column(const struct prefix_entry *v, size_t n)
{
    size_t most = strlen("MODEL");
    for (size_t i = 0; i < n; i++) {
        size_t k = utf8_count(v[i].model, strlen(v[i].model));
        if (k > most) most = k;
    }
    return most;
}

static void add_row(struct buf *b, const struct prefix_entry *x, size_t column)
{
    size_t k = utf8_count(x->model, strlen(x->model));
    buf_addf(b, "%s %8zu %6zu  ", x->id, x->tokens, mib(x->bytes));
    add_time(b, x->used);
    buf_addz(b, "  ");
    output_value(b, str_of(x->model));
    buf_addf(b, "%*s", (int)(column - k) + 2, "");
    output_value(b, str_of(x->label));
    buf_addz(b, x->whole ? "\n" : " (its beginning is gone)\n");
}

static enum err list(struct cache *c, struct errinfo *e)
{
    struct prefix_entry *v;
    size_t n, bytes;
    TRY(prefix_list(&v, &n, &bytes, c->j.life, c->dir, e));
    size_t column = model_column(v, n);
    if (n) buf_addf(&c->out, "ID         TOKENS    MIB  USED              %-*s  DOCUMENTS\n", (int)column, "MODEL");
    for (size_t i = 0; i < n; i++) add_row(&c->out, &v[i], column);
    buf_addf(&c->out, "%zu entr%s, %zu MiB in %s\n", n, plural(n), mib(bytes), c->dir);
    struct text_cache_sum text;
    text_cache_list(&text, c->dir);
    if (text.files)
        buf_addf(&c->out, "text of %zu document%s, %zu MiB\n", text.files,
                 text.files == 1 ? "" : "s", mib(text.bytes));
    return OK;
}

static void add_entry(struct buf *b, const struct prefix_entry *x)
{
    buf_addf(b, "id         %s\nmodel      ", x->id);
    output_value(b, str_of(x->model));
    buf_addz(b, "\ndocuments  ");
    output_value(b, str_of(x->label));
    buf_addf(b, "\ntokens     %zu in %zu block%s\nsize       %zu MiB\nused       ", x->tokens,
             x->blocks, x->blocks == 1 ? "" : "s", mib(x->bytes));
    add_time(b, x->used);
    buf_addf(b, "\nstate      ");
    if (x->damaged) buf_addf(b, "%zu damaged block%s", x->damaged, x->damaged == 1 ? "" : "s");
    else buf_addz(b, x->whole ? "intact" : "its beginning is gone");
    buf_addc(b, '\n');
}

static enum err show(struct cache *c, struct errinfo *e)
{
    struct prefix_entry *v;
    size_t n;
    if (!*c->operands[0]) return err_set(e, E_USAGE, "cache show: the name of the entry is empty");
    TRY(prefix_show(&v, &n, c->j.life, c->dir, c->operands[0], e));
    if (!n)
        return err_set(e, E_USAGE, "cache show: no entry \"%.40s\" in %s", c->operands[0], c->dir);
    for (size_t i = 0; i < n; i++) {
        if (i) buf_addc(&c->out, '\n');
        add_entry(&c->out, &v[i]);
    }
    return OK;
}

static enum err path(struct cache *c, struct errinfo *e)
{
    (void)e;
    buf_addf(&c->out, "%s\n", c->dir);
    return OK;
}

/* ------------------------------------------------------------------ removing */

static enum err prune(struct cache *c, struct errinfo *e)
{
    struct prefix_removed r;
    struct text_cache_sum text;
    TRY(prefix_prune(&r, c->dir, c->o->cache_max, e));
    text_cache_prune(&text, c->dir, c->o->cache_max / TEXT_CACHE_SHARE);
    buf_addf(&c->out, "removed %zu MiB: %zu damaged, %zu unreachable, %zu unfinished, %zu old; "
                      "%zu MiB left\n", mib(r.bytes), r.damaged, r.unreachable, r.unfinished, r.old,
             mib(r.left));
    if (text.files || text.removed)
        buf_addf(&c->out, "removed %zu MiB of text: %zu damaged, %zu unfinished, %zu old; text of "
                          "%zu document%s left\n", mib(text.removed), text.damaged,
                 text.unfinished, text.old, text.files, text.files == 1 ? "" : "s");
    return OK;
}

static enum err clear(struct cache *c, struct errinfo *e)
{
    struct prefix_removed r;
    struct text_cache_sum text;
    TRY(prefix_clear(&r, c->dir, e));
    text_cache_clear(&text, c->dir);
    buf_addf(&c->out, "removed %zu MiB\n", mib(r.bytes + text.removed));
    return OK;
}

/* ------------------------------------------------------------------ reading ahead */

/* Elsewhere a cache that cannot be written is a note; here nothing else is wanted. */
static enum err check_folder(const char *dir, struct errinfo *e)
{
    TRY(sys_make_private_dirs(dir, e));
    return access(dir, W_OK | X_OK) ? err_set(e, E_IO, "%s: cannot write: %s", dir, strerror(errno)) : OK;
}

static enum err warm(struct cache *c, struct errinfo *e)
{
    struct job *j = &c->j;
    struct inputs in = {0};
    struct usage u = {0};
    if (c->o->cache == PREFIX_OFF || c->o->no_store)
        return err_set(e, E_USAGE, "cache warm: --cache=off and --no-store leave nothing to do");
    j->stage = STAGE_OUTPUT;
    TRY(check_folder(c->dir, e));
    TRY(job_find_model(j, e));
    TRY(job_prepare(j, e));
    TRY(read_operands(j, c->operands, &in, e));
    j->stage = STAGE_INPUT;
    if (in.failed) return err_set(e, E_IO, "cache warm: not every input could be read");
    job_select(j, 0, j->set.n);
    TRY(job_warm(j, &u, e));
    if (u.prompt_tokens < PREFIX_FLOOR)
        buf_addf(&c->out, "%zu tokens: fewer than %d are not kept\n", u.prompt_tokens,
                 PREFIX_FLOOR);
    else
        buf_addf(&c->out, "%zu tokens, %zu of them were there\n", u.prompt_tokens, u.cached_tokens);
    return OK;
}

/* ------------------------------------------------------------------ the command */

static const struct sub {
    const char *name;
    enum err (*run)(struct cache *c, struct errinfo *e);
    size_t least, most; /* operands after the name */
} subs[] = {
    {"list", list, 0, 0},   {"show", show, 1, 1},   {"prune", prune, 0, 0},
    {"path", path, 0, 0},   {"warm", warm, 1, 1 << 20}, {"clear", clear, 0, 0},
};

/* NULL: said what is wrong. */
static const struct sub *find_sub(struct term *t, char *const *operands)
{
    const char *name = operands[0] ? operands[0] : "";
    size_t n = 0;
    while (operands[0] && operands[n + 1]) n++;
    for (size_t i = 0; i < sizeof subs / sizeof subs[0]; i++) {
        if (strcmp(subs[i].name, name)) continue;
        if (n >= subs[i].least && n <= subs[i].most) return &subs[i];
        term_error(t, n < subs[i].least ? "cache %s: an operand is missing"
                                        : "cache %s: too many operands", name);
        return NULL;
    }
    term_error(t, *name ? "cache: expected list, show, prune, path, warm or clear, found \"%s\""
                        : "cache: expected list, show, prune, path, warm or clear%s", name);
    return NULL;
}

static enum err run(struct cache *c, const struct sub *sub, struct errinfo *e)
{
    struct output out = {0};
    c->j.stage = STAGE_USAGE;
    TRY(where_cache(&c->dir, c->j.life, c->o->cache_dir, e));
    enum err r = sub->run(c, e);
    term_clear(c->j.t);
    if (r) return r;
    c->j.stage = STAGE_OUTPUT;
    return output_put(&out, c->out.s, c->out.n, e);
}

enum exit_code cmd_cache(const struct options *o, struct term *t, char *const *operands)
{
    const struct sub *sub = find_sub(t, operands);
    if (!sub) {
        cmd_help_short(t, cmd_find("cache"));
        return EXIT_MISUSE;
    }
    struct cache c = {.o = o, .operands = operands + 1};
    struct errinfo e = {0};
    job_init(&c.j, o, t);
    enum exit_code code = run(&c, sub, &e) ? term_fail(t, c.j.stage, &e) : EXIT_DONE;
    buf_free(&c.out);
    job_free(&c.j);
    return code;
}
