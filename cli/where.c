#include "cli/where.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "base/sys.h"

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum err where_model(const char **dir, struct arena *a, const char *name, struct errinfo *e)
{
    static const char *const homes[] = {"../models", "../share/deepread/models", "../../models",
                                        NULL};
    /* Something with a slash is a path; what is wrong with it the model's own reader says best. */
    if (name && (strchr(name, '/') || is_folder(name))) {
        struct stat st;
        if (stat(name, &st) != 0)
            return err_set(e, E_IO, "%s: no such model folder; -m takes a folder with config.json "
                                    "or the name of an installed model", name);
        *dir = name;
        return OK;
    }
    char exe[PATH_MAX];
    sys_exe_dir(exe, sizeof exe);
    if (!name) name = MODEL_DEFAULT;
    for (size_t i = 0; homes[i]; i++) {
        struct buf path = {0};
        buf_addf(&path, "%s/%s/%s", exe, homes[i], name);
        *dir = mem_copy(a, path.s, path.n);
        buf_free(&path);
        char plain[PATH_MAX]; /* without the way there over the program's folder */
        if (!is_folder(*dir)) continue;
        if (realpath(*dir, plain)) *dir = mem_copy(a, plain, strlen(plain));
        return OK;
    }
    return err_set(e, E_IO,
                   "model \"%.60s\" is not installed (looked in %.120s/../models and "
                   "../share/deepread/models); name its folder with -m or DEEPREAD_MODEL",
                   name, exe);
}

enum err where_cache(const char **dir, struct arena *a, const char *option, struct errinfo *e)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct buf b = {0};
    if (option && *option) buf_addz(&b, option);
    else if (xdg && *xdg == '/') buf_addf(&b, "%s/deepread", xdg);
    else if (home && *home == '/') buf_addf(&b, "%s/.cache/deepread", home);
    else return err_set(e, E_USAGE, "no folder for the cache: neither --cache-dir nor "
                                    "XDG_CACHE_HOME nor HOME says where");
    *dir = mem_copy(a, b.s, b.n);
    buf_free(&b);
    return OK;
}
