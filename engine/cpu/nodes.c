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
#include <sys/mman.h>
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

bool cpu_policy_is_set(void)
{
    int mode = MPOL_DEFAULT;
    return !syscall(SYS_get_mempolicy, &mode, NULL, 0ul, NULL, 0ul) && mode != MPOL_DEFAULT;
}

bool cpu_spread(void *p, size_t bytes, uint64_t nodes)
{
    return !syscall(SYS_mbind, p, bytes, (unsigned long)MPOL_INTERLEAVE, &nodes, (unsigned long)NODES_MOST + 1, 0ul);
}

/* Not in a sandbox that refuses the call, nor where memory of one of the nodes may not be used. */
static bool can_spread(uint64_t nodes)
{
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return false;
    bool can = cpu_spread(p, bytes, nodes);
    munmap(p, bytes);
    return can;
}

uint64_t cpu_nodes(int threads)
{
    uint64_t nodes = cpu_policy_is_set() ? 0 : cpu_nodes_of("/sys/devices/system/node", threads);
    return nodes && can_spread(nodes) ? nodes : 0;
}
