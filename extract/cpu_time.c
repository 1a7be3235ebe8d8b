#include "extract/cpu_time.h"

#include <stdbool.h>
#include <sys/resource.h>

#define ENDLESS 1e6

double cpu_given(void)
{
    struct rlimit most;
    bool any = !getrlimit(RLIMIT_CPU, &most) && most.rlim_cur != RLIM_INFINITY;
    return any ? (double)most.rlim_cur : ENDLESS;
}

double cpu_used_by(clockid_t clock)
{
    struct timespec t;
    return clock_gettime(clock, &t) ? 0 : (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double cpu_used(void)
{
    return cpu_used_by(CLOCK_PROCESS_CPUTIME_ID);
}
