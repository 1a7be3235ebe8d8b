/* cpu_time.h: processor time, in seconds. */
#ifndef EXTRACT_CPU_TIME_H
#define EXTRACT_CPU_TIME_H

#include <time.h>

/* What RLIMIT_CPU gives this process; 1e6 where nobody has set a limit. */
double cpu_given(void);
/* What it has used.  May be called in a signal. */
double cpu_used(void);
/* The same of the process whose clock it is (clock_getcpuclockid); 0: it is gone. */
double cpu_used_by(clockid_t clock);

#endif
