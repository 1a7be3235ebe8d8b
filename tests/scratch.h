/* scratch.h: one scratch folder for a group of tests: its cmocka setup and teardown, and paths in
 * it.  Included by one source file of a test program. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include "tests/ingest_check.h"

static char *dir;

/* Valid until the next call. */
static inline const char *in_dir(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static inline int setup(void **state)
{
    (void)state;
    dir = make_folder();
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    drop_folder(dir);
    return 0;
}

#endif
