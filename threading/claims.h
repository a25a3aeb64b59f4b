/*
 * Cores claimed by runs, so that no two runs bind workers to the same core.  A claim is a socket
 * with the core's name in Linux's abstract namespace: it needs no file, directory or permission,
 * and ends with its process, however that ends.  Runs in different network namespaces do not see
 * each other.
 */
#ifndef RNL_THREADING_CLAIMS_H
#define RNL_THREADING_CLAIMS_H

#include "threading/placement.h"

/* Marks the cores that runs of any process, this one included, have claimed. */
void rnl_claims_read(rnl_topology *topology);

/* Claims the core of each worker until the placement is released.  false, with nothing claimed, if
 * another run has one of the cores.  Where the system allows no sockets, returns true without
 * claims. */
bool rnl_claims_take(rnl_placement *placement, const rnl_topology *topology);

/* Waits for the lock under which a run looks for free cores and claims them; after half a second,
 * the run continues without it.  Returns a file descriptor to close, or -1. */
int rnl_claims_await_turn(void);

#endif
