#include "engine/schema.h"

#include <string.h>

#include "base/json.h"

#define MAX_MEMBERS 32
#define MAX_VALUES  16
#define MAX_ITEMS   4096

/* Where we are, for messages: "answer.json: citations.quote". */
struct at {
    const char *file, *outer, *field;
    struct errinfo *e;
};

static enum err refuse(const struct at *at, enum err code, const char *what, const char *detail)
{
    return err_set(at->e, code, "%s: %s%s%s: %s%s%s", at->file, at->outer ? at->outer : "",
                   at->outer && at->field ? "." : "",
                   at->field   ? at->field
                   : at->outer ? ""
                               : "the root",
                   what, detail ? " " : "", detail ? detail : "");
}

/* Keywords that say nothing about what is allowed. */
static bool is_annotation(const char *key)
{
    static const char *const names[] = {"$schema", "$id", "$comment", "title", "description"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(key, names[i]) == 0) return true;
    return false;
}

/* Every keyword of an object must be one that is understood. */
static enum err check_keys(const struct at *at, json_t *o, const char *const *known)
{
    const char *key;
    json_t *v;
    if (!json_is_object(o)) return refuse(at, E_UNSUPPORTED, "expected an object", NULL);
    json_object_foreach(o, key, v)
    {
        bool ok = is_annotation(key);
        for (size_t i = 0; !ok && known[i]; i++) ok = strcmp(key, known[i]) == 0;
        if (!ok) return refuse(at, E_UNSUPPORTED, "keyword not supported:", key);
    }
    return OK;
}

static enum err read_size(const struct at *at, json_t *o, const char *key, size_t most,
                          size_t missing, size_t *out)
{
    json_t *v = json_object_get(o, key);
    *out = missing;
    if (!v) return OK;
    if (!json_is_integer(v) || json_integer_value(v) < 0 ||
        (unsigned long long)json_integer_value(v) > most)
        return refuse(at, E_UNSUPPORTED, "not a usable count:", key);
    *out = (size_t)json_integer_value(v);
    return OK;
}

static enum err read_flag(const struct at *at, json_t *o, const char *key, bool *out)
{
    json_t *v = json_object_get(o, key);
    *out = json_is_true(v);
    return !v || json_is_boolean(v) ? OK : refuse(at, E_UNSUPPORTED, "not true or false:", key);
}

/* "string", or ["string", "null"] in either order. */
static enum err read_type(const struct at *at, json_t *o, const char **type, bool *nullable)
{
    json_t *v = json_object_get(o, "type");
    *nullable = false;
    *type = json_string_value(v);
    if (*type) return OK;
    if (json_is_array(v) && json_array_size(v) == 2) {
        for (size_t i = 0; i < 2; i++) {
            const char *s = json_string_value(json_array_get(v, i));
            if (s && strcmp(s, "null") == 0)
                *nullable = true;
            else
                *type = s;
        }
        if (*type && *nullable) return OK;
    }
    return refuse(at, E_UNSUPPORTED, "\"type\" must be one name, or [\"string\", \"null\"]", NULL);
}

/* A property name becomes structure as it stands: nothing in it may need an escape. */
static enum err check_name(const struct at *at, const char *name)
{
    if (!*name) return refuse(at, E_UNSUPPORTED, "a property without a name", NULL);
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == '"' || *p == '\\')
            return refuse(at, E_UNSUPPORTED, "a property name with a quote or control character",
                          NULL);
    return OK;
}

static enum err read_value(struct schema_value *v, struct arena *a, const struct at *at, json_t *o,
                           bool in_list)
{
    static const char *const known[] = {"type",   "maxLength", "x-label", "x-quote",
                                        "x-free", "x-lines",   NULL};
    const char *type;
    bool label, quote;
    TRY(check_name(at, at->field));
    TRY(check_keys(at, o, known));
    TRY(read_type(at, o, &type, &v->nullable));
    TRY(read_flag(at, o, "x-label", &label));
    TRY(read_flag(at, o, "x-quote", &quote));
    TRY(read_flag(at, o, "x-free", &v->free_text));
    TRY(read_size(at, o, "maxLength", 1u << 24, 0, &v->max_length));
    TRY(read_size(at, o, "x-lines", 1u << 16, 0, &v->max_lines));
    v->field = mem_copy(a, at->field, strlen(at->field));
    v->kind = label ? VALUE_LABEL : quote ? VALUE_QUOTE : VALUE_TEXT;
    if (strcmp(type, label ? "integer" : "string") != 0)
        return refuse(at, E_UNSUPPORTED, "not a type for this place:", type);
    if (label && (quote || v->free_text || v->max_length || v->max_lines))
        return refuse(at, E_UNSUPPORTED, "a label has no other marks", NULL);
    if ((label || quote) && !in_list)
        return refuse(at, E_UNSUPPORTED, "labels and quotes stand in lists only", NULL);
    if (v->nullable && (in_list || label))
        return refuse(at, E_UNSUPPORTED, "only a plain string may be null", NULL);
    return OK;
}

/* type object, additionalProperties absent or false, every property required. */
static enum err open_object(const struct at *at, json_t *o, size_t most, json_t **properties)
{
    static const char *const known[] = {"type", "properties", "required", "additionalProperties",
                                        NULL};
    TRY(check_keys(at, o, known));
    const char *type = json_string_value(json_object_get(o, "type"));
    if (!type || strcmp(type, "object") != 0)
        return refuse(at, E_UNSUPPORTED, "\"type\" must be \"object\"", NULL);
    json_t *more = json_object_get(o, "additionalProperties");
    if (more && !json_is_false(more))
        return refuse(at, E_UNSUPPORTED, "\"additionalProperties\" must be false", NULL);
    json_t *p = json_object_get(o, "properties"), *req = json_object_get(o, "required");
    size_t n = json_object_size(p);
    if (!json_is_object(p) || n == 0 || n > most)
        return refuse(at, E_UNSUPPORTED, "no \"properties\", or too many", NULL);
    if (!json_is_array(req) || json_array_size(req) != n)
        return refuse(at, E_UNSUPPORTED, "\"required\" must name every property", NULL);
    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_array_get(req, i));
        if (!s || !json_object_get(p, s))
            return refuse(at, E_UNSUPPORTED, "\"required\" names what is no property:", s);
        for (size_t j = 0; j < i; j++)
            if (json_equal(json_array_get(req, i), json_array_get(req, j)))
                return refuse(at, E_UNSUPPORTED, "\"required\" names twice:", s);
    }
    *properties = p;
    return OK;
}

static enum err read_list(struct schema_member *m, struct arena *a, const struct at *at, json_t *o)
{
    static const char *const known[] = {"type", "items", "minItems", "maxItems", NULL};
    struct at in = {at->file, at->field, NULL, at->e};
    json_t *properties, *v;
    const char *key;
    bool label = false, quote = false;
    TRY(check_name(at, at->field));
    TRY(check_keys(at, o, known));
    TRY(read_size(at, o, "minItems", MAX_ITEMS, 0, &m->min_items));
    TRY(read_size(at, o, "maxItems", MAX_ITEMS, 0, &m->max_items));
    if (m->max_items && m->max_items < m->min_items)
        return refuse(at, E_UNSUPPORTED, "\"maxItems\" is below \"minItems\"", NULL);
    TRY(open_object(&in, json_object_get(o, "items"), MAX_VALUES, &properties));
    m->list = mem_copy(a, at->field, strlen(at->field));
    m->values = NEW(a, struct schema_value, json_object_size(properties));
    json_object_foreach(properties, key, v)
    {
        struct schema_value *value = &m->values[m->n_values++];
        in.field = key;
        TRY(read_value(value, a, &in, v, true));
        if (value->kind == VALUE_LABEL && label)
            return refuse(&in, E_UNSUPPORTED, "a second label in one item", NULL);
        if (value->kind == VALUE_QUOTE && (!label || quote))
            return refuse(&in, E_UNSUPPORTED, "a quote stands once, after its label", NULL);
        label |= value->kind == VALUE_LABEL;
        quote |= value->kind == VALUE_QUOTE;
    }
    return OK;
}

static enum err read_root(struct schema *s, struct arena *a, const char *name, json_t *root,
                          struct errinfo *e)
{
    struct at at = {name, NULL, NULL, e};
    json_t *properties, *v;
    const char *key;
    TRY(open_object(&at, root, MAX_MEMBERS, &properties));
    s->members = NEW(a, struct schema_member, json_object_size(properties));
    json_object_foreach(properties, key, v)
    {
        struct schema_member *m = &s->members[s->n_members++];
        const char *type = json_string_value(json_object_get(v, "type"));
        at.field = key;
        if (type && strcmp(type, "array") == 0) {
            TRY(read_list(m, a, &at, v));
            continue;
        }
        m->values = NEW(a, struct schema_value, 1);
        m->n_values = 1;
        TRY(read_value(m->values, a, &at, v, false));
    }
    return OK;
}

enum err schema_compile(struct schema **out, struct arena *a, struct str json, const char *name,
                        struct errinfo *e)
{
    json_t *root = NULL;
    *out = NULL;
    TRY(json_parse(&root, json.s, json.n, name, e));
    struct schema *s = NEW(a, struct schema, 1);
    enum err r = read_root(s, a, name, root, e);
    json_decref(root);
    if (!r) *out = s;
    return r;
}
