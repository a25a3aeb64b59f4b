/*
 * Cores claimed by runs, so that no two are bound to the same.  A claim is a socket with the core's
 * name in Linux's abstract namespace: it needs no file, folder or permission, and ends with its
 * process, however that ends.  Runs in different network namespaces do not see each other.
 */
#ifndef RNL_THREADING_CLAIMS_H
#define RNL_THREADING_CLAIMS_H

#include "threading/placement.h"

/* Marks the cores that runs of any process have claimed, this one's included. */
void rnl_claims_read(rnl_topology *topology);

/* Claims the core of each worker, until the placement is released.  Where the system gives no
 * sockets, nothing is claimed.  false, and nothing claimed, if another run has one of them. */
bool rnl_claims_take(rnl_placement *placement, const rnl_topology *topology);

/* The right to look for free cores and to claim them, which one run has at a time; after half a
 * second of waiting the run goes on without.  A file descriptor to be closed, or -1. */
int rnl_claims_await_turn(void);

#endif
