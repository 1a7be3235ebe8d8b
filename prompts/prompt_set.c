#include "prompts/prompt_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "prompts/data.h"

#define MAX_FILE ((size_t)1 << 20)
#define N_TASKS 3

struct prompt_set {
    const char *name;
    struct str template[N_TASKS];
    struct str schema[N_TASKS];
    struct str shown_schema[N_TASKS];
    const char *schema_name[N_TASKS];
    size_t replaced; /* files that stand in the folder given, not built in */
};

static const char *const task_names[N_TASKS] = {"answer", "summarize", "review"};
static const char *const task_text[N_TASKS] = {"question", "focus", "focus"};

/* ------------------------------------------------------------------ files */

static const struct data_file *embedded(const char *path)
{
    for (size_t i = 0; i < data_n_files; i++)
        if (strcmp(data_files[i].path, path) == 0) return &data_files[i];
    return NULL;
}

static bool built_in(struct str text)
{
    for (size_t i = 0; i < data_n_files; i++)
        if (data_files[i].bytes == text.s) return true;
    return false;
}

/* Reads a file into the arena; *found is false when there is no such file. */
static enum err read_override(struct str *out, struct arena *a, const char *path, bool *found,
                              struct errinfo *e)
{
    struct stat st;
    struct mapping m = {0};
    *found = stat(path, &st) == 0;
    if (!*found && errno != ENOENT && errno != ENOTDIR)
        return err_set(e, E_IO, "%s: %s", path, strerror(errno));
    if (!*found) return OK;
    TRY(sys_map(&m, path, e));
    enum err r = OK;
    if (m.n > MAX_FILE)
        r = err_set(e, E_FORMAT, "%s: %zu bytes, at most %zu make sense", path, m.n, MAX_FILE);
    else if (m.n && (memchr(m.p, 0, m.n) || utf8_check(m.p, m.n) != m.n))
        r = err_set(e, E_FORMAT, "%s: not UTF-8 text", path);
    if (!r) *out = (struct str){mem_copy(a, m.p ? m.p : "", m.n), m.n};
    sys_unmap(&m);
    return r;
}

/* One file of a set: DIR/set/name, DIR/shared/name, then the same two embedded (shared may be
 * NULL).  *path names where it came from. */
static enum err read_file(struct str *out, const char **path, struct arena *a, const char *dir,
                          const char *set, const char *shared, const char *name, struct errinfo *e)
{
    const char *folders[2] = {set, shared};
    for (int pass = dir ? 0 : 1; pass < 2; pass++) {
        for (int k = 0; k < (shared ? 2 : 1); k++) {
            struct buf p = {0};
            if (pass == 0) buf_addf(&p, "%s/", dir);
            buf_addf(&p, "%s/%s", folders[k], name);
            *path = mem_copy(a, p.s, p.n);
            buf_free(&p);
            bool found = false;
            if (pass == 0) {
                TRY(read_override(out, a, *path, &found, e));
            } else {
                const struct data_file *f = embedded(*path);
                found = f != NULL;
                if (f) *out = (struct str){f->bytes, f->n};
            }
            if (found) return OK;
        }
    }
    return err_set(e, E_USAGE, "prompt set '%s' has no %s", set, name);
}

/* ------------------------------------------------------------------ templates */

struct str prompt_set_variable(const char *s, size_t n)
{
    size_t i = 1;
    if (n == 0 || s[0] != '{') return STR("");
    while (i < n && ((s[i] >= 'a' && s[i] <= 'z') || s[i] == '_')) i++;
    return i > 1 && i < n && s[i] == '}' ? (struct str){s + 1, i - 1} : STR("");
}

static enum err check_template(struct str text, enum task t, const char *path, struct errinfo *e)
{
    size_t line = 1;
    bool asks = false;
    for (size_t i = 0; i < text.n; i++) {
        line += text.s[i] == '\n';
        struct str v = prompt_set_variable(text.s + i, text.n - i);
        asks |= str_eq(v, STR("question"));
        if (v.n == 0 || str_eq(v, STR("schema")) || str_eq(v, str_of(task_text[t]))) continue;
        return err_set(e, E_FORMAT, "%s:%zu: unknown variable {%.*s}; known here: {%s}, {schema}",
                       path, line, (int)(v.n < 60 ? v.n : 60), v.s, task_text[t]);
    }
    if (t == TASK_ANSWER && !asks)
        return err_set(e, E_FORMAT, "%s: holds no {question}: nothing would be asked", path);
    return OK;
}

/* ------------------------------------------------------------------ schemas */

/* Drops the keys that only the decoder understands. */
static void drop_marks(json_t *v)
{
    if (json_is_array(v)) {
        for (size_t i = 0; i < json_array_size(v); i++) drop_marks(json_array_get(v, i));
        return;
    }
    const char *key;
    json_t *member;
    void *next;
    json_object_foreach_safe(v, next, key, member)
    {
        if (strncmp(key, "x-", 2) == 0)
            json_object_del(v, key);
        else
            drop_marks(member);
    }
}

static enum err show_schema(struct str *out, struct arena *a, struct str schema, const char *path,
                            struct errinfo *e)
{
    json_t *root = NULL;
    TRY(json_parse(&root, schema.s, schema.n, path, e));
    drop_marks(root);
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!text) return err_set(e, E_FORMAT, "%s: cannot be written again", path);
    *out = (struct str){mem_copy(a, text, strlen(text)), strlen(text)};
    free(text);
    return OK;
}

/* ------------------------------------------------------------------ sets */

static enum err open_task(struct prompt_set *p, struct arena *a, const char *dir, enum task t,
                          struct errinfo *e)
{
    char name[32];
    const char *path;
    snprintf(name, sizeof name, "%s.txt", task_names[t]);
    TRY(read_file(&p->template[t], &path, a, dir, p->name, NULL, name, e));
    p->replaced += !built_in(p->template[t]);
    TRY(check_template(p->template[t], t, path, e));
    if (p->template[t].n && p->template[t].s[p->template[t].n - 1] == '\n') p->template[t].n--;
    snprintf(name, sizeof name, "%s.json", task_names[t]);
    TRY(read_file(&p->schema[t], &path, a, dir, p->name, "schema", name, e));
    p->replaced += !built_in(p->schema[t]);
    p->schema_name[t] = path;
    return show_schema(&p->shown_schema[t], a, p->schema[t], path, e);
}

enum err prompt_set_open(struct prompt_set **out, struct arena *a, const char *name,
                         const char *dir, struct errinfo *e)
{
    struct stat st;
    *out = NULL;
    if (strcmp(name, "compact") != 0 && strcmp(name, "instruct") != 0)
        return err_set(e, E_USAGE, "no prompt set '%.60s': there are compact and instruct", name);
    if (dir && stat(dir, &st) != 0)
        return err_set(e, E_IO, "%s: %s", dir, strerror(errno));
    if (dir && !S_ISDIR(st.st_mode))
        return err_set(e, E_IO, "%s: expected a folder of prompts", dir);
    struct prompt_set *p = NEW(a, struct prompt_set, 1);
    p->name = mem_copy(a, name, strlen(name));
    for (int t = 0; t < N_TASKS; t++) TRY(open_task(p, a, dir, (enum task)t, e));
    if (dir && !p->replaced)
        return err_set(e, E_USAGE, "%s: holds no prompts: expected files such as %s/answer.txt or "
                                   "schema/answer.json in it", dir, name);
    *out = p;
    return OK;
}

const char *prompt_set_name(const struct prompt_set *p)
{
    return p->name;
}

bool prompt_set_is_compact(const struct prompt_set *p)
{
    return strcmp(p->name, "compact") == 0;
}

struct str prompt_schema(const struct prompt_set *p, enum task t)
{
    return p->schema[t];
}

const char *prompt_schema_name(const struct prompt_set *p, enum task t)
{
    return p->schema_name[t];
}

struct str prompt_set_template(const struct prompt_set *p, enum task t)
{
    return p->template[t];
}

struct str prompt_set_shown_schema(const struct prompt_set *p, enum task t)
{
    return p->shown_schema[t];
}
