/* pace.h: how fast this machine computes, found by computing a little. */
#ifndef CLI_PACE_H
#define CLI_PACE_H

#include "cli/job.h"

enum { PACE_TOKENS = 128 }; /* of the documents, at most */

/* Adds to a plan of the selected documents how long it takes at the pace of their first tokens.  Long
 * texts are read more slowly, replies may be shorter.  Cost: reads PACE_TOKENS tokens twice, which
 * neither touches the cache nor the job's session. */
enum err pace_plan(struct job *j, struct plan *p, struct errinfo *e);

#endif
