#include "ingest/json_walk.h"

static void skip_blanks(struct json_walk *c)
{
    while (c->at < c->n && (c->s[c->at] == ' ' || c->s[c->at] == '\n' || c->s[c->at] == '\t' ||
                            c->s[c->at] == '\r'))
        c->at++;
}

char walk_kind(struct json_walk *c)
{
    skip_blanks(c);
    return c->at < c->n ? c->s[c->at] : '\0';
}

void walk_enter(struct json_walk *c)
{
    if (walk_kind(c)) c->at++;
}

/* Past a comma; false (and past it) at the bracket that ends. */
static bool go_on(struct json_walk *c, char end)
{
    char k = walk_kind(c);
    if (k == ',') {
        c->at++;
        return walk_kind(c) != '\0';
    }
    if (k == end) c->at++;
    return k != end && k != '\0';
}

bool walk_member(struct json_walk *c, const char **key, size_t *len)
{
    size_t from, to;
    if (!go_on(c, '}') || walk_kind(c) != '"') return false;
    walk_string(c, &from, &to);
    *key = c->s + from;
    *len = to - from;
    if (walk_kind(c) == ':') c->at++;
    return walk_kind(c) != '\0';
}

bool walk_element(struct json_walk *c)
{
    return go_on(c, ']');
}

void walk_string(struct json_walk *c, size_t *from, size_t *to)
{
    *from = *to = c->at;
    if (walk_kind(c) != '"') return;
    *from = ++c->at;
    while (c->at < c->n && c->s[c->at] != '"') c->at += c->s[c->at] == '\\' ? 2 : 1;
    if (c->at > c->n) c->at = c->n;
    *to = c->at;
    if (c->at < c->n) c->at++;
}

void walk_skip(struct json_walk *c)
{
    size_t depth = 0, from, to;
    do {
        char k = walk_kind(c);
        if (k == '\0') return;
        if (k == '"') {
            walk_string(c, &from, &to);
            continue;
        }
        if (k == '{' || k == '[') depth++;
        if (k == '}' || k == ']') {
            if (depth == 0) return;
            depth--;
        }
        c->at++;
        if (k == '{' || k == '[' || k == '}' || k == ']' || k == ',' || k == ':') continue;
        while (c->at < c->n && c->s[c->at] != ',' && c->s[c->at] != '}' && c->s[c->at] != ']') c->at++;
    } while (depth > 0);
}

static int hex4(const char *s)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = s[i], l = (char)(c | 32);
        int d = c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
        if (d < 0) return -1;
        v = v << 4 | d;
    }
    return v;
}

size_t walk_escape(const char *s, size_t n, uint32_t *cp)
{
    static const char plain[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    *cp = '\\';
    if (n < 2) return 1;
    for (size_t i = 0; plain[i]; i++) {
        if (s[1] != plain[i]) continue;
        *cp = (unsigned char)means[i];
        return 2;
    }
    int v = n >= 6 && s[1] == 'u' ? hex4(s + 2) : -1;
    if (v < 0) return 1;
    *cp = (uint32_t)v;
    if (v < 0xd800 || v > 0xdfff) return 6;
    int low = v < 0xdc00 && n >= 12 && s[6] == '\\' && s[7] == 'u' ? hex4(s + 8) : -1;
    *cp = 0xfffd;
    if (low < 0xdc00 || low > 0xdfff) return 6;
    *cp = 0x10000u + (((uint32_t)v - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    return 12;
}
