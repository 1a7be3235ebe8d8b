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
#include "ingest/glob.h"

#define RULES_MAX ((size_t)1 << 20) /* bytes of one rule file */

/* One rule file: its patterns are relative to the folder it lies in. */
struct rules {
    const char *folder; /* absolute, without a slash at the end; "" is the root of the system */
    const char *why;
    struct globs globs;
};

/* A Git work tree that holds the folder being read. */
struct worktree {
    git_repository *repo;
    git_index *index;
    const char *top; /* absolute, without a slash at the end */
    size_t depth;    /* of the folder that opened it */
};

struct ignore {
    struct arena *a;
    const char *root; /* absolute, without a slash at the end */
    struct rules *rules;
    size_t n_rules, cap_rules;
    size_t *marks; /* number of rules before each folder entered */
    size_t depth, cap_marks;
    struct worktree *trees;
    size_t n_trees, cap_trees;
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
    const char *s = b.n ? mem_copy(a, b.s, b.n) : "";
    buf_free(&b);
    return s;
}

/* ------------------------------------------------------------------ .ignore, .deepreadignore */

static void add_line(struct globs *gs, struct arena *a, const char *s, size_t n)
{
    while (n && s[n - 1] == '\r') n--;
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t') && !(n > 1 && s[n - 2] == '\\')) n--;
    if (n == 0 || *s == '#' || memchr(s, '\0', n)) return;
    if (gs->n == gs->cap) gs->v = room(a, gs->v, gs->n, &gs->cap, sizeof *gs->v);
    /* A line that is no pattern matches nothing, as in git. */
    if (!glob_compile(&gs->v[gs->n], a, mem_copy(a, s, n), NULL)) gs->n++;
}

static void read_rules(struct ignore *ig, const char *folder, const char *name, const char *why)
{
    int fd = open(join(ig->a, folder, name), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return;
    struct stat st;
    struct buf b = {0};
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
              !sys_read_all(fd, RULES_MAX, &b, name, NULL);
    close(fd);
    struct globs gs = {0};
    size_t from = ok && b.n >= 3 && memcmp(b.s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (ok && from < b.n) {
        const char *nl = memchr(b.s + from, '\n', b.n - from);
        size_t len = nl ? (size_t)(nl - b.s) - from : b.n - from;
        add_line(&gs, ig->a, b.s + from, len);
        from += len + 1;
    }
    buf_free(&b);
    if (gs.n == 0) return;
    ig->rules = room(ig->a, ig->rules, ig->n_rules, &ig->cap_rules, sizeof *ig->rules);
    ig->rules[ig->n_rules++] = (struct rules){folder, why, gs};
}

static void read_folder_rules(struct ignore *ig, const char *folder)
{
    read_rules(ig, folder, ".ignore", "rule .ignore");
    read_rules(ig, folder, ".deepreadignore", "rule .deepreadignore");
}

/* ------------------------------------------------------------------ git */

/* Opens the work tree that `folder` lies in: its own .git only, or one above as well. */
static void open_worktree(struct ignore *ig, const char *folder, bool above)
{
    git_repository *repo = NULL;
    unsigned flags = above ? GIT_REPOSITORY_OPEN_CROSS_FS : GIT_REPOSITORY_OPEN_NO_SEARCH;
    const char *dir = *folder ? folder : "/";
    if (git_repository_open_ext(&repo, dir, flags, NULL) != 0) return;
    const char *top = git_repository_workdir(repo);
    if (!top) {
        git_repository_free(repo);
        return;
    }
    size_t n = strlen(top);
    while (n && top[n - 1] == '/') n--;
    ig->trees = room(ig->a, ig->trees, ig->n_trees, &ig->cap_trees, sizeof *ig->trees);
    struct worktree *t = &ig->trees[ig->n_trees++];
    *t = (struct worktree){.repo = repo, .top = mem_copy(ig->a, top, n), .depth = ig->depth};
    if (git_repository_index(&t->index, repo) != 0) t->index = NULL;
}

static void close_worktree(struct ignore *ig)
{
    struct worktree *t = &ig->trees[--ig->n_trees];
    git_index_free(t->index);
    git_repository_free(t->repo);
}

/* The path from the top of the work tree, or NULL when it is not below. */
static const char *below(const char *top, const char *path)
{
    size_t n = strlen(top);
    return strncmp(path, top, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

static bool git_ignores(const struct worktree *t, const char *path, bool is_folder)
{
    const char *rel = below(t->top, path);
    if (!rel) return false;
    struct buf b = {0};
    buf_addz(&b, rel);
    if (is_folder) buf_addc(&b, '/');
    int ignored = 0;
    if (git_ignore_path_is_ignored(&ignored, t->repo, b.s) != 0) ignored = 0;
    buf_free(&b);
    if (ignored && !is_folder && t->index && git_index_get_bypath(t->index, rel, 0)) return false;
    return ignored;
}

/* ------------------------------------------------------------------ the face */

struct ignore *ignore_open(struct arena *a, const char *root)
{
    struct ignore *ig = NEW(a, struct ignore, 1);
    ig->a = a;
    git_libgit2_init();
    /* Only rules are read, nothing of a repository is run: its owner does not matter. */
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    char full[PATH_MAX];
    if (!realpath(root, full)) full[0] = '\0';
    size_t n = strlen(full);
    while (n && full[n - 1] == '/') n--;
    ig->root = mem_copy(a, full, n);
    for (size_t i = 0; i < n; i++) { /* rules above the root, from the top down */
        if (ig->root[i] == '/') read_folder_rules(ig, mem_copy(a, ig->root, i));
    }
    open_worktree(ig, ig->root, true);
    return ig;
}

void ignore_close(struct ignore *ig)
{
    if (!ig) return;
    while (ig->n_trees) close_worktree(ig);
    git_libgit2_shutdown();
}

void ignore_enter(struct ignore *ig, const char *rel)
{
    ig->marks = room(ig->a, ig->marks, ig->depth, &ig->cap_marks, sizeof *ig->marks);
    ig->marks[ig->depth++] = ig->n_rules;
    const char *folder = join(ig->a, ig->root, rel);
    read_folder_rules(ig, folder);
    struct stat st;
    if (*rel && lstat(join(ig->a, folder, ".git"), &st) == 0) open_worktree(ig, folder, false);
}

void ignore_leave(struct ignore *ig)
{
    ig->depth--;
    ig->n_rules = ig->marks[ig->depth];
    while (ig->n_trees && ig->trees[ig->n_trees - 1].depth > ig->depth) close_worktree(ig);
}

const char *ignore_why(struct ignore *ig, const char *rel, bool is_folder)
{
    struct buf path = {0};
    buf_addf(&path, "%s/%s", ig->root, rel);
    const char *why = NULL;
    bool decided = false;
    for (size_t i = ig->n_rules; i-- > 0 && !decided;) {
        const struct rules *r = &ig->rules[i];
        const char *from = below(r->folder, path.s);
        const struct glob *g = NULL;
        for (size_t k = r->globs.n; from && k-- > 0 && !g;)
            if (glob_match(&r->globs.v[k], from, is_folder)) g = &r->globs.v[k];
        decided = g != NULL;
        if (g && !g->negated) why = r->why;
    }
    if (!decided && ig->n_trees && git_ignores(&ig->trees[ig->n_trees - 1], path.s, is_folder))
        why = "rule .gitignore";
    buf_free(&path);
    return why;
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
    buf_free(&path);
    return found;
}
