#include "ingest/ignore.h"

#include <fcntl.h>
#include <git2.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/sys.h"
#include "ingest/rule.h"

#define RULES_MAX ((size_t)1 << 20) /* bytes of one rule file */

/* One rule file: its patterns are relative to `folder`. */
struct rules {
    const char *folder; /* absolute, without a slash at the end; "" is the root of the system */
    const char *why;
    struct rule *v;
    size_t n;
};

/* Rule files from the weakest to the strongest: those of deeper folders come later. */
struct rule_stack {
    struct rules *v;
    size_t n, cap;
};

/* A Git work tree that holds the folder being read. */
struct worktree {
    git_repository *repo;
    git_index *index;
    const char *top;   /* absolute, without a slash at the end       */
    size_t depth;      /* of the folder that opened it               */
    size_t first_rule; /* of its rules: those of trees above stop here */
    bool fold;         /* core.ignoreCase */
};

/* A folder that was entered: what there was before, and whether git leaves it out, so that only
 * tracked files in it count. */
struct mark {
    size_t own, git;
    bool left_out;
};

struct ignore {
    struct arena *a;
    const char *root; /* absolute, without a slash at the end */
    struct rule_stack own; /* .ignore and .deepreadignore */
    struct rule_stack git;
    struct mark *marks;
    size_t depth, cap_marks;
    struct worktree *trees; /* innermost last */
    size_t n_trees, cap_trees;
    bool git_started;
};

static void *room(struct arena *a, void *old, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return old;
    *cap = *cap ? *cap * 2 : 8;
    void *fresh = mem_take(a, *cap, size);
    if (n) memcpy(fresh, old, n * size);
    return fresh;
}

static const char *join(struct arena *a, const char *folder, const char *rel)
{
    struct buf b = {0};
    buf_addz(&b, folder);
    if (*rel) buf_addf(&b, "/%s", rel);
    const char *s = mem_copy(a, b.s, b.n);
    buf_free(&b);
    return s;
}

/* The path from `top`, or NULL when it is not below. */
static const char *below(const char *top, const char *path)
{
    size_t n = strlen(top);
    return strncmp(path, top, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

/* ------------------------------------------------------------------ rule files */

static bool read_rule_file(struct buf *b, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    struct stat st;
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
              !sys_read_all(fd, RULES_MAX, b, path, NULL);
    close(fd);
    return ok;
}

/* The rules of a file with these bytes, a line each. */
static void read_rules(struct rules *out, struct arena *a, struct str s, bool fold)
{
    size_t cap = 0;
    if (s.n >= 3 && memcmp(s.s, "\xef\xbb\xbf", 3) == 0) s.s += 3, s.n -= 3;
    while (s.n) {
        const char *nl = memchr(s.s, '\n', s.n);
        size_t len = nl ? (size_t)(nl - s.s) : s.n, line = len + (nl != NULL);
        out->v = room(a, out->v, out->n, &cap, sizeof *out->v);
        out->n += rule_parse(&out->v[out->n], a, s.s, len, fold);
        s.s += line, s.n -= line;
    }
}

/* Adds the rules of the file at `path`, which hold below `folder`. */
static void add_rules(struct ignore *ig, struct rule_stack *stack, const char *path,
                      const char *folder, const char *why)
{
    struct buf b = {0};
    struct rules r = {.folder = folder, .why = why};
    bool fold = stack == &ig->git && ig->trees[ig->n_trees - 1].fold;
    if (read_rule_file(&b, path)) read_rules(&r, ig->a, (struct str){b.s, b.n}, fold);
    buf_free(&b);
    if (r.n == 0) return;
    stack->v = room(ig->a, stack->v, stack->n, &stack->cap, sizeof *stack->v);
    stack->v[stack->n++] = r;
}

static void add_folder_rules(struct ignore *ig, const char *folder)
{
    add_rules(ig, &ig->own, join(ig->a, folder, ".ignore"), folder, "rule .ignore");
    add_rules(ig, &ig->own, join(ig->a, folder, ".deepreadignore"), folder, "rule .deepreadignore");
    if (ig->n_trees == 0) return;
    add_rules(ig, &ig->git, join(ig->a, folder, ".gitignore"), folder, "rule .gitignore");
}

/* The last rule that matches decides; NULL when none does.  Rules are tried on the path itself only:
 * what lies in a folder that is left out is never asked for. */
static const struct rule *decide(const struct rule_stack *stack, size_t first, const char *path,
                                 bool is_folder, const char **why)
{
    for (size_t i = stack->n; i-- > first;) {
        const struct rules *r = &stack->v[i];
        const char *rel = below(r->folder, path);
        for (size_t k = r->n; rel && k-- > 0;) {
            if (!rule_match(&r->v[k], rel, is_folder)) continue;
            *why = r->why;
            return &r->v[k];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ git */

/* What the settings of tree and user say: whether case counts, and where the user's own rules are
 * (core.excludesFile, else ignore in Git's folder of the user). */
static void read_settings(struct ignore *ig, struct worktree *t)
{
    git_config *config = NULL;
    git_buf path = {0}, dir = {0};
    int fold = 0;
    bool read = git_repository_config_snapshot(&config, t->repo) == 0;
    t->fold = read && git_config_get_bool(&fold, config, "core.ignorecase") == 0 && fold;
    if (read && git_config_get_path(&path, config, "core.excludesfile") == 0)
        add_rules(ig, &ig->git, path.ptr, t->top, "rule core.excludesFile");
    else if (git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, GIT_CONFIG_LEVEL_XDG, &dir) == 0 && dir.ptr &&
             !strchr(dir.ptr, ':'))
        add_rules(ig, &ig->git, join(ig->a, dir.ptr, "ignore"), t->top, "rule core.excludesFile");
    git_buf_dispose(&path);
    git_buf_dispose(&dir);
    git_config_free(config);
}

static void add_info_rules(struct ignore *ig, const struct worktree *t)
{
    git_buf dir = {0};
    if (git_repository_item_path(&dir, t->repo, GIT_REPOSITORY_ITEM_INFO) == 0 && dir.ptr)
        add_rules(ig, &ig->git, join(ig->a, dir.ptr, "exclude"), t->top, "rule .git/info/exclude");
    git_buf_dispose(&dir);
}

static bool has_git(struct arena *a, const char *folder)
{
    struct stat st;
    return lstat(join(a, folder, ".git"), &st) == 0;
}

/* libgit2 is started where there is something for it: that takes it as long as a walk of a thousand
 * files, because it reads certificates, too. */
static void start_git(struct ignore *ig)
{
    if (ig->git_started) return;
    git_libgit2_init();
    /* Only rules are read, nothing of a repository is run: its owner does not matter. */
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    ig->git_started = true;
}

/* Opens the work tree that `folder` lies in: its own .git only, or one above as well.  libgit2
 * finds it and says what is tracked; the rules are matched here, because libgit2 drops a negated
 * pattern whose counterpart stands in another file. */
static bool open_worktree(struct ignore *ig, const char *folder, bool above)
{
    git_repository *repo = NULL;
    start_git(ig);
    unsigned flags = above ? GIT_REPOSITORY_OPEN_CROSS_FS : GIT_REPOSITORY_OPEN_NO_SEARCH;
    if (git_repository_open_ext(&repo, *folder ? folder : "/", flags, NULL) != 0) return false;
    const char *top = git_repository_workdir(repo);
    if (!top) {
        git_repository_free(repo);
        return false;
    }
    size_t n = strlen(top);
    while (n && top[n - 1] == '/') n--;
    ig->trees = room(ig->a, ig->trees, ig->n_trees, &ig->cap_trees, sizeof *ig->trees);
    struct worktree *t = &ig->trees[ig->n_trees++];
    *t = (struct worktree){.repo = repo, .top = mem_copy(ig->a, top, n), .depth = ig->depth,
                           .first_rule = ig->git.n};
    if (git_repository_index(&t->index, repo) != 0) t->index = NULL;
    read_settings(ig, t);
    add_info_rules(ig, t);
    return true;
}

static void close_worktree(struct ignore *ig)
{
    struct worktree *t = &ig->trees[--ig->n_trees];
    git_index_free(t->index);
    git_repository_free(t->repo);
}

static bool is_tracked(const struct worktree *t, const char *path)
{
    const char *rel = below(t->top, path);
    const git_index_entry *at = rel && t->index ? git_index_get_bypath(t->index, rel, 0) : NULL;
    return at && strcmp(at->path, rel) == 0; /* with core.ignoreCase it may be another one */
}

/* ------------------------------------------------------------------ the face */

struct ignore *ignore_open(struct arena *a, const char *root)
{
    struct ignore *ig = NEW(a, struct ignore, 1);
    ig->a = a;
    char full[PATH_MAX];
    if (!realpath(root, full)) full[0] = '\0';
    size_t n = strlen(full);
    while (n && full[n - 1] == '/') n--;
    ig->root = mem_copy(a, full, n);
    bool maybe = has_git(a, ig->root);
    for (size_t i = 0; i < n && !maybe; i++)
        maybe = full[i] == '/' && has_git(a, mem_copy(a, full, i));
    bool in_tree = maybe && open_worktree(ig, ig->root, true);
    const char *top = in_tree ? ig->trees[0].top : "";
    for (size_t i = 0; i < n; i++) { /* rules above the root, from the top down */
        if (ig->root[i] != '/') continue;
        ig->n_trees = in_tree && i >= strlen(top); /* .gitignore counts from the work tree's top */
        add_folder_rules(ig, mem_copy(a, ig->root, i));
    }
    ig->n_trees = in_tree;
    return ig;
}

void ignore_close(struct ignore *ig)
{
    if (!ig) return;
    while (ig->n_trees) close_worktree(ig);
    if (ig->git_started) git_libgit2_shutdown();
}

void ignore_enter(struct ignore *ig, const char *rel)
{
    ig->marks = room(ig->a, ig->marks, ig->depth, &ig->cap_marks, sizeof *ig->marks);
    bool left_out = *rel && ignore_why(ig, rel, true);
    ig->marks[ig->depth++] = (struct mark){ig->own.n, ig->git.n, left_out};
    const char *folder = join(ig->a, ig->root, rel);
    if (*rel && has_git(ig->a, folder) && open_worktree(ig, folder, false))
        ig->marks[ig->depth - 1].left_out = false;
    add_folder_rules(ig, folder);
}

void ignore_leave(struct ignore *ig)
{
    ig->depth--;
    ig->own.n = ig->marks[ig->depth].own;
    ig->git.n = ig->marks[ig->depth].git;
    while (ig->n_trees && ig->trees[ig->n_trees - 1].depth > ig->depth) close_worktree(ig);
}

const char *ignore_why(struct ignore *ig, const char *rel, bool is_folder)
{
    struct buf path = {0};
    buf_addz(&path, ig->root);
    buf_addc(&path, '/');
    buf_addz(&path, rel);
    const char *why = NULL;
    const struct rule *g = decide(&ig->own, 0, path.s, is_folder, &why);
    bool out = g && !g->negated;
    if (!g && ig->n_trees) {
        const struct worktree *t = &ig->trees[ig->n_trees - 1];
        g = decide(&ig->git, t->first_rule, path.s, is_folder, &why);
        out = g && !g->negated;
        if (ig->depth && ig->marks[ig->depth - 1].left_out) {
            out = true;
            why = "rule .gitignore";
        }
        if (out && !is_folder && is_tracked(t, path.s)) out = false;
    }
    buf_free(&path);
    return out ? why : NULL;
}

bool ignore_has_tracked(struct ignore *ig, const char *rel)
{
    if (!ig->n_trees || !ig->trees[ig->n_trees - 1].index) return false;
    const struct worktree *t = &ig->trees[ig->n_trees - 1];
    struct buf path = {0};
    buf_addf(&path, "%s/%s/", ig->root, rel);
    const char *from = below(t->top, path.s);
    size_t at;
    bool found = from && git_index_find_prefix(&at, t->index, from) == 0;
    path.s[path.n - 1] = '\0'; /* a submodule is tracked under its own name */
    found = found || is_tracked(t, path.s);
    buf_free(&path);
    return found;
}
