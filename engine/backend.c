#include "engine/backend.h"

#include <string.h>

enum err backend_find(const struct backend **out, const char *name, struct errinfo *e)
{
    static const struct backend *const all[] = {&cpu_backend, &ref_backend};
    *out = NULL;
    if (!name || !strcmp(name, "auto")) {
        *out = &cpu_backend;
        return OK;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(name, all[i]->name)) continue;
        *out = all[i];
        return OK;
    }
    if (!strcmp(name, "cuda"))
        return err_set(e, E_DEVICE, "backend 'cuda': this build has no CUDA backend, use 'cpu'");
    return err_set(e, E_USAGE, "backend '%.60s' is unknown, expected auto, cpu, cuda or ref",
                   name);
}
