/*
 * Which worker runs where: a pure function of the machine and of what was asked for.
 *
 * Workers in a row are neighbours: their order follows the NUMA nodes, so that contiguous shares of
 * tiles keep to a node.  Workers keep to the fewest nodes that have a core for each, because a
 * barrier or a gradient that crosses nodes costs several times one that does not; and spread evenly
 * over these, because each node brings memory bandwidth of its own.  40 workers on two nodes of 32
 * cores are 20 and 20, 16 workers are all on one.  More workers than cores share the cores evenly,
 * neighbours on the same core.
 * Cores that another run has claimed are left out: an even choice of nodes is then that of the
 * least used.
 */
#ifndef RNL_THREADING_PLACEMENT_H
#define RNL_THREADING_PLACEMENT_H

#include "threading/topology.h"

typedef enum rnl_pinning { RNL_PINNING_AUTO, RNL_PINNING_ON, RNL_PINNING_OFF } rnl_pinning;

typedef struct rnl_placement {
    size_t workers;
    bool pinned;
    bool crowded_out;     /* unbound only because other runs have claimed too many of the cores */
    bool oversubscribed;  /* more workers than cores (or quota): barriers give way at once */
    unsigned *processors; /* (workers) where each is bound if pinned */
    unsigned *numa_nodes; /* (workers) of those processors */
    size_t claim_count;   /* at most workers */
    int *claims;          /* file descriptors that hold the claims of this run; see claims.h */
} rnl_placement;

/* threads 0: one worker for each usable core, at most the quota rounded down, at least one.  Auto
 * pins if there are as many usable cores that no run has claimed.  On takes claimed ones where the
 * others are not enough.  false if memory runs out. */
bool rnl_placement_plan(rnl_placement *placement, const rnl_topology *topology, size_t threads,
                        rnl_pinning pinning);
void rnl_placement_give_up_claims(rnl_placement *placement);
void rnl_placement_release(rnl_placement *placement);

#endif
