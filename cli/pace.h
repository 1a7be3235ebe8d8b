/* pace.h: how fast this machine computes, found by computing a little. */
#ifndef CLI_PACE_H
#define CLI_PACE_H

#include "cli/job.h"

enum { PACE_TOKENS = 128 }; /* of the documents, at most */

/* Adds to a plan of the selected documents an estimate of how long it takes, at the pace of their first
 * tokens.  It is no limit: behind a long text a token takes longer (its indexer looks at every one
 * before), and replies may be shorter than --max-tokens.  Cost: reads PACE_TOKENS tokens twice, which
 * neither touches the cache nor the job's session. */
enum err pace_plan(struct job *j, struct plan *p, struct errinfo *e);

#endif
