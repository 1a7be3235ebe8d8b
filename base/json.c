#include "base/json.h"

#include "base/sys.h"

enum err json_parse(json_t **out, const char *s, size_t n, const char *name, struct errinfo *e)
{
    json_error_t je;
    *out = json_loadb(s ? s : "", n, JSON_REJECT_DUPLICATES, &je);
    if (*out) return OK;
    if (json_error_code(&je) == json_error_out_of_memory)
        return err_set(e, E_LIMIT, "%s: too little memory to read %zu bytes of JSON", name, n);
    return err_set(e, E_FORMAT, "%s: not valid JSON at line %d, column %d (byte %d): %s", name,
                   je.line, je.column, je.position, je.text);
}

enum err json_parse_file(json_t **out, const char *path, size_t limit, struct errinfo *e)
{
    struct mapping m = {0};
    *out = NULL;
    TRY(sys_map(&m, path, e));
    enum err r = OK;
    if (m.n > limit)
        r = err_set(e, E_LIMIT, "%s: %zu bytes, at most %zu are read", path, m.n, limit);
    if (!r) r = json_parse(out, m.p, m.n, path, e);
    sys_unmap(&m);
    return r;
}
