/*
 * The core of each worker: a pure function of the machine and the options.
 *
 * Consecutive workers are neighbours: their order follows the NUMA nodes, so that contiguous shares
 * of tiles stay on a node.  Workers use the fewest nodes that have a core for each, because
 * barriers and gradients that cross nodes cost several times more; they are spread evenly over
 * these nodes, because each node adds memory bandwidth.  On two nodes of 32 cores, 40 workers are
 * placed 20 and 20, and 16 workers on one node.  If there are more workers than cores, they share
 * cores evenly, neighbours on the same core.  Cores claimed by other runs are left out, and between
 * equal nodes the less used one is chosen.
 */
#ifndef RNL_THREADING_PLACEMENT_H
#define RNL_THREADING_PLACEMENT_H

#include "threading/topology.h"

typedef enum rnl_pinning { RNL_PINNING_AUTO, RNL_PINNING_ON, RNL_PINNING_OFF } rnl_pinning;

typedef struct rnl_placement {
    size_t workers;
    bool pinned;
    bool crowded_out;     /* unbound only because other runs have claimed too many of the cores */
    bool oversubscribed;  /* more workers than cores or quota: waiting workers sleep at once */
    unsigned *processors; /* (workers) processor of each, if pinned */
    unsigned *numa_nodes; /* (workers) NUMA node of each */
    size_t claim_count;   /* at most workers */
    int *claims;          /* file descriptors that hold the claims of this run; see claims.h */
} rnl_placement;

/* threads 0: one worker for each usable core, at most the quota rounded down, at least one.
 * RNL_PIN_AUTO pins if enough usable cores are unclaimed.  RNL_PIN_ON also uses claimed cores if
 * necessary.  false if memory runs out. */
bool rnl_placement_plan(rnl_placement *placement, const rnl_topology *topology, size_t threads,
                        rnl_pinning pinning);
void rnl_placement_give_up_claims(rnl_placement *placement);
void rnl_placement_release(rnl_placement *placement);

#endif
