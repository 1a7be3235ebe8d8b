#include "engine/backend.h"

#include <string.h>

#include "engine/backend_plugin.h"

const struct backend *backend_best(struct errinfo *why)
{
    const struct backend *cuda;
    struct device *d;
    struct device_options o = {0};
    if (backend_plugin(&cuda, why) || cuda->open(&d, &o, why)) return &cpu_backend;
    cuda->close(d);
    return cuda;
}

enum err backend_find(const struct backend **out, const char *name, struct errinfo *e)
{
    static const struct backend *const all[] = {&cpu_backend, &ref_backend};
    *out = NULL;
    if (!name || !strcmp(name, "auto")) {
        *out = backend_best(NULL);
        return OK;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(name, all[i]->name)) continue;
        *out = all[i];
        return OK;
    }
    if (!strcmp(name, "cuda")) return backend_plugin(out, e);
    return err_set(e, E_USAGE, "backend '%.60s' is unknown, expected auto, cpu, cuda or ref",
                   name);
}

const char *kv_type_name(enum kv_type t)
{
    static const char *const names[] = {"auto", "f32", "bf16", "f16", "int8", "e4m3"};
    return names[t];
}
