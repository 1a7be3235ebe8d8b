#include "engine/vocab.h"

#include <string.h>

void vocab_init(struct vocab *v, struct arena *a, size_t n)
{
    *v = (struct vocab){.n = n};
    v->bytes = NEW(a, struct str, n);
    v->added = NEW(a, bool, n);
    v->ordinary = NEW(a, bool, n);
    for (size_t i = 0; i < n; i++) v->bytes[i].s = "";
}

/* Up to eight bytes as a number, zero behind them. */
static inline uint64_t head_of(const char *s, size_t n)
{
    uint64_t w = 0;
    if (n >= 8) {
        memcpy(&w, s, 8);
    } else if (n >= 4) {
        uint32_t a, b;
        memcpy(&a, s, 4);
        memcpy(&b, s + n - 4, 4);
        w = a | (uint64_t)b << 8 * (n - 4);
    } else {
        for (size_t i = 0; i < n; i++) w |= (uint64_t)(unsigned char)s[i] << 8 * i;
    }
    return w;
}

static inline uint64_t hash(const char *s, size_t n)
{
    const uint64_t k = 0x9e3779b97f4a7c15ull;
    uint64_t h = n * k;
    for (; n > 8; s += 8, n -= 8) {
        h = (h ^ head_of(s, 8)) * k;
        h ^= h >> 29;
    }
    h = (h ^ head_of(s, n)) * k;
    return (h ^ h >> 32) * k >> 20;
}

/* The slot that holds these bytes, or the empty one where they belong. */
static size_t find_slot(const struct vocab *v, const char *s, size_t n)
{
    uint64_t head = head_of(s, n);
    size_t i = (size_t)hash(s, n) & v->slot_mask;
    for (;; i = (i + 1) & v->slot_mask) {
        const struct vocab_slot *slot = &v->slots[i];
        if (slot->id < 0) return i;
        if (slot->head != head || slot->n != n) continue;
        if (n <= 8 || memcmp(v->bytes[slot->id].s + 8, s + 8, n - 8) == 0) return i;
    }
}

int32_t vocab_find(const struct vocab *v, const char *s, size_t n)
{
    return n ? v->slots[find_slot(v, s, n)].id : -1;
}

/* ------------------------------------------------------------------ trie */

static size_t find_edge(const struct vocab *v, uint32_t node, unsigned char byte)
{
    uint32_t from = node << 8 | byte;
    size_t i = (size_t)((from * 0x9e3779b97f4a7c15ull) >> 32) & v->edge_mask;
    while (v->edges[i].to && v->edges[i].from != from) i = (i + 1) & v->edge_mask;
    return i;
}

size_t vocab_prefixes(const struct vocab *v, const char *s, size_t n, int32_t *out, size_t cap)
{
    size_t found = 0;
    uint32_t node = 0;
    for (size_t i = 0; i < n && found < cap; i++) {
        node = v->edges[find_edge(v, node, (unsigned char)s[i])].to;
        if (!node) break;
        if (v->node_id[node] >= 0) out[found++] = v->node_id[node];
    }
    return found;
}

static size_t power_of_two(size_t least)
{
    size_t n = 16;
    while (n < least) n *= 2;
    return n;
}

/* Nodes are numbered as they appear.  The edge tables hold at most 2^24 nodes, more than the bytes
 * of any vocabulary that the loader lets through. */
static void build_trie(struct vocab *v, struct arena *a, size_t total)
{
    size_t edges = power_of_two(2 * (total + 1));
    v->edges = NEW(a, struct vocab_edge, edges);
    v->edge_mask = edges - 1;
    v->node_id = NEW(a, int32_t, total + 1);
    uint32_t nodes = 1;
    for (size_t id = 0; id < v->n; id++) {
        if (!v->ordinary[id]) continue;
        uint32_t node = 0;
        for (size_t i = 0; i < v->bytes[id].n; i++) {
            unsigned char byte = (unsigned char)v->bytes[id].s[i];
            struct vocab_edge *e = &v->edges[find_edge(v, node, byte)];
            if (!e->to) {
                v->node_id[nodes] = -1;
                *e = (struct vocab_edge){node << 8 | byte, nodes++};
            }
            node = e->to;
        }
        v->node_id[node] = (int32_t)id;
    }
}

int32_t vocab_index(struct vocab *v, struct arena *a)
{
    size_t slots = power_of_two(2 * v->n), total = 0;
    v->slots = NEW(a, struct vocab_slot, slots);
    v->slot_mask = slots - 1;
    for (size_t i = 0; i < slots; i++) v->slots[i].id = -1;
    for (size_t id = 0; id < v->n; id++) {
        struct str b = v->bytes[id];
        if (!v->ordinary[id]) continue;
        struct vocab_slot *slot = &v->slots[find_slot(v, b.s, b.n)];
        if (slot->id >= 0) return (int32_t)id;
        *slot = (struct vocab_slot){head_of(b.s, b.n), (uint32_t)b.n, (int32_t)id};
        total += b.n;
    }
    build_trie(v, a, total);
    return -1;
}
