#include "engine/backend_plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"

static bool find_library(char *path, size_t size)
{
    static const char *const places[] = {"", "/..", "/../lib/deepread"};
    char dir[PATH_MAX];
    sys_exe_dir(dir, sizeof dir);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int n = snprintf(path, size, "%s%s/" BACKEND_PLUGIN, dir, places[i]);
        if (n > 0 && (size_t)n < size && access(path, R_OK) == 0) return true;
    }
    return false;
}

enum err backend_plugin(const struct backend **out, struct errinfo *e)
{
    char path[PATH_MAX];
    *out = NULL;
    if (!find_library(path, sizeof path))
        return err_set(e, E_DEVICE, "backend 'cuda': " BACKEND_PLUGIN " is not installed (the "
                       "program was built without CUDA); use 'cpu'");
    /* dlopen counts: a library that is open already is not loaded again.  It is never closed. */
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return err_set(e, E_DEVICE, "backend 'cuda': %.200s cannot be loaded: %.200s", path,
                       dlerror());
    const size_t *bytes = dlsym(library, "deepread_cuda_backend_bytes");
    const struct backend *table = dlsym(library, "deepread_cuda_backend");
    if (!bytes || !table || *bytes != sizeof *table)
        return err_set(e, E_DEVICE, "backend 'cuda': %.300s belongs to another version", path);
    *out = table;
    return OK;
}
