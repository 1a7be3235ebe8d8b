#include <string.h>

#include "ingest/ingest.h"

void ledger_add(struct ledger *l, struct arena *a, enum ledger_status status, const char *path,
                const char *reason, size_t bytes)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        struct ledger_entry *v = NEW(a, struct ledger_entry, cap);
        if (l->n) memcpy(v, l->v, l->n * sizeof *v);
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = (struct ledger_entry){
        .path = mem_copy(a, path, strlen(path)),
        .reason = reason ? mem_copy(a, reason, strlen(reason)) : NULL,
        .bytes = bytes,
        .status = status,
    };
}
