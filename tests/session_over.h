/* session_over.h: a session that has read some tokens. */
#ifndef TESTS_SESSION_OVER_H
#define TESTS_SESSION_OVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/session.h"

/* `chunk` tokens a pass at most.  To be freed. */
static inline struct session *session_over(struct model *m, const int32_t *ids, size_t n, size_t chunk)
{
    struct errinfo e = {0};
    struct session *s;
    assert_int_equal(session_new(&s, m, &e), OK);
    session_set_chunk(s, chunk);
    if (session_sync(s, ids, n, &e)) fail_msg("%s", e.msg);
    return s;
}

#endif
