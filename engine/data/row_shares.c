#include "engine/data/row_shares.h"

#include "engine/base/number.h"
#include "threading/team.h"

#include <stdint.h>

/* More threads do not read memory faster; fewer bytes for each do not repay its start. */
#define MOST_THREADS     16
#define BYTES_FOR_THREAD ((size_t)4 << 20)

/* Shares begin at a multiple of these rows: no cache line of a matrix is written by two threads. */
#define GRAIN 64

typedef struct shares {
    size_t rows;
    rnl_row_work *work;
    void *context;
} shares;

static size_t border(size_t rows, size_t index, size_t count)
{
    const size_t grains = (rows + GRAIN - 1) / GRAIN;
    return rnl_least(rows, grains * index / count * GRAIN);
}

static void work_on_share(rnl_worker *worker, void *context)
{
    const shares *s = context;
    const size_t first = border(s->rows, worker->index, worker->count);
    const size_t last = border(s->rows, worker->index + 1, worker->count);
    if (first < last)
        s->work(first, last, s->context);
}

void rnl_share_rows(size_t rows, size_t bytes, rnl_row_work *work, void *context)
{
    unsigned nodes[MOST_THREADS] = {0};
    char problem[512];
    const size_t worth = rnl_least(bytes / BYTES_FOR_THREAD, MOST_THREADS);
    const size_t threads = worth > 1 ? rnl_least(worth, rnl_team_default_size()) : 1;
    const rnl_placement placement = {.workers = threads, .numa_nodes = nodes};
    shares s = {rows, work, context};
    if (threads < 2 || !rnl_team_run(&placement, work_on_share, &s, problem, sizeof problem))
        work(0, rows, context);
}
