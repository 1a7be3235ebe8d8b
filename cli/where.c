#include "cli/where.h"

#include <limits.h>
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
        if (is_folder(*dir)) return OK;
    }
    return err_set(e, E_IO,
                   "model \"%.60s\" is not installed (looked in %.120s/../models and "
                   "../share/deepread/models); name its folder with -m or DEEPREAD_MODEL",
                   name, exe);
}
