/* doctor.c: what the machine has and what would be chosen. */
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "engine/backend.h"
#include "engine/backend_plugin.h"
#include "engine/cpu/isa.h"

static void describe_machine(struct buf *out)
{
    char name[128];
    sys_processor(name, sizeof name);
    buf_addf(out, "processor: %s\n", *name ? name : "unknown");
    buf_addf(out, "processors for this process: %d\n", sys_cores());
    buf_addf(out, "NUMA nodes: %d\n", sys_numa_nodes());
    buf_addf(out, "memory: %.1f GB, %.1f GB free\n", (double)sys_memory() / 1e9,
             (double)sys_free_memory() / 1e9);
}

static void describe_backend(const char *name, const struct device_options *o, struct buf *out)
{
    const struct backend *b;
    struct device *d = NULL;
    struct errinfo e = {0};
    enum err r = backend_find(&b, name, &e);
    if (!r) r = b->open(&d, o, &e);
    if (r) {
        buf_addf(out, "backend %s: no: %s\n", name, e.msg);
        return;
    }
    buf_addz(out, "backend "); /* its description begins with its name */
    b->describe(d, out);
    buf_addc(out, '\n');
    if (b == &cpu_backend) cpu_doctor(d, out);
    b->close(d);
}

/* What a run under these options would compute with, or why it would not. */
static enum err describe_choice(const struct model_options *o, const struct device_options *with,
                                struct buf *out, struct errinfo *e)
{
    const struct backend *b;
    struct device *d = NULL;
    enum err r = backend_find(&b, o->backend, e);
    if (!r) r = b->open(&d, with, e);
    if (r) {
        buf_addf(out, "chosen: no: %s\n", e->msg);
        return r;
    }
    buf_addf(out, "chosen: %s\n", b->name);
    b->close(d);
    return OK;
}

enum err doctor_describe(const struct model_options *o, struct buf *out, struct errinfo *e)
{
    struct device_options d = {.threads = o->threads, .weights = o->weights, .kv = o->kv};
    describe_machine(out);
    describe_backend("cpu", &d, out);
    describe_backend("cuda", &d, out);
    return describe_choice(o, &d, out, e);
}
