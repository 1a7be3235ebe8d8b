/* nodes.c: NUMA: on which nodes the memory of the backend lies.
 *
 * By itself a page lies on the node of the thread that touches it first.  That is right for threads that all run on
 * one node.  Where they need several, work goes to whoever is free: each thread reads all weights and
 * all of the state in the course of a few tokens, so there is no thread whose memory it would be, and
 * what one thread writes alone (the state of a token written, a small matrix) would make all of them wait for one
 * node.  Then the pages go to these nodes in turn.  A policy that someone has set (numactl) stands.
 *
 * No libnuma: it would be a library for two system calls.  Not measured: no machine at hand had two nodes. */
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/cpu/cpu.h"

#define NODES_MOST 64 /* bits of a mask */

uint64_t cpu_nodes_of(const char *folder, int threads)
{
    cpu_set_t allowed;
    uint64_t nodes = 0;
    int most = 0; /* processors of one node */
    char path[256];
    if (sched_getaffinity(0, sizeof allowed, &allowed)) return 0;
    for (int node = 0; node < NODES_MOST; node++) {
        int n = 0;
        snprintf(path, sizeof path, "%s/node%d", folder, node);
        if (access(path, F_OK)) continue;
        for (int c = 0; c < CPU_SETSIZE; c++) {
            if (!CPU_ISSET(c, &allowed)) continue;
            snprintf(path, sizeof path, "%s/node%d/cpu%d", folder, node, c);
            n += access(path, F_OK) == 0;
        }
        if (n) nodes |= (uint64_t)1 << node;
        if (n > most) most = n;
    }
    return threads > most && nodes & (nodes - 1) ? nodes : 0;
}

uint64_t cpu_nodes(int threads)
{
    int mode = MPOL_DEFAULT;
    if (syscall(SYS_get_mempolicy, &mode, NULL, 0ul, NULL, 0ul) || mode != MPOL_DEFAULT) return 0;
    return cpu_nodes_of("/sys/devices/system/node", threads);
}

void cpu_spread(void *p, size_t bytes, uint64_t nodes)
{
    /* Refused (a sandbox): they lie where they are touched. */
    if (nodes) (void)syscall(SYS_mbind, p, bytes, (unsigned long)MPOL_INTERLEAVE, &nodes, (unsigned long)NODES_MOST + 1, 0ul);
}
