/* fuzz_config.c: a config.json; what is accepted must keep the engine's sizes within its limits. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/config.h"
#include "engine/engine.h"
#include "engine/kv.h"
#include "engine/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct config *c)
{
    static const enum kv_type types[] = {KV_F32, KV_BF16};
    float inv_freq[MODEL_MAX_P / 2], amplitude;
    struct kv_layout l;
    assert(c->P <= MODEL_MAX_P && c->P % 2 == 0 && c->P <= c->C);
    assert(c->L >= 1 && c->L <= CONFIG_MAX_LAYERS && c->full[0] && c->has_indexer[0]);
    assert(c->bos < c->V);
    for (int i = 0; i < c->n_eos; i++) assert(c->eos[i] >= 0 && c->eos[i] < c->V);
    for (int i = 0; i < c->L; i++) {
        assert(!c->full[i] || c->has_indexer[i]);
        if (c->moe[i]) assert(c->A <= c->topk_group * (c->E / c->n_group));
        else assert(c->F > 0);
    }
    config_rope(c, inv_freq, &amplitude);
    assert(config_softmax_scale(c) > 0);
    for (size_t i = 0; i < 2; i++) {
        kv_layout_init(&l, c, types[i], types[i], (enum attention)(i % 3));
        assert(l.page_bytes > 0 && kv_layout_bytes(&l, c->max_positions) / l.page_bytes > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct config c;
    struct errinfo e = {0};
    enum err r = config_parse(&c, (const char *)data, n, "fuzz", &e);
    assert(r == OK || e.msg[0]);
    if (r) return 0;
    check(&c);
    e = (struct errinfo){0};
    if (config_set_index_share(&c, 3, &e) == OK) check(&c);
    return 0;
}
