/*
 * A predictor's own workers: threads that share out the blocks of a request of many rows.
 *
 * One request at a time has them; another that comes meanwhile is computed by its caller alone. The
 * caller takes blocks, too, and never waits for a worker that has not taken one.
 */
#ifndef RNL_ENGINE_PREDICTOR_PREDICTOR_WORKERS_H
#define RNL_ENGINE_PREDICTOR_PREDICTOR_WORKERS_H

#include "engine/base/error.h"

#include <stddef.h>

typedef struct rnl_predictor_workers rnl_predictor_workers;

/* Computes a block, in so many bytes of scratch on a cache line. */
typedef rnl_status (*rnl_block_run)(const void *request, size_t block, float *scratch);

/* Starts so many threads, each with scratch of its own. */
rnl_status rnl_predictor_workers_start(rnl_predictor_workers **workers, size_t count,
                                       size_t scratch_bytes);
void rnl_predictor_workers_stop(rnl_predictor_workers *workers);

/* Returns how many threads share a request, its caller among them; workers NULL: one. */
size_t rnl_predictor_workers_threads(const rnl_predictor_workers *workers);

/* Computes blocks 0 to blocks - 1, some of them on the calling thread with this scratch.  Returns
 * what the first of them that failed did. */
rnl_status rnl_predictor_workers_share(rnl_predictor_workers *workers, rnl_block_run run,
                                       const void *request, size_t blocks, float *scratch);

#endif
