/*
 * A race that tests/threads_sanitized must be told of: one worker writes what the other reads, and
 * no barrier stands between.
 */
#include "tests/roll_call.h"

#include <stdio.h>

static void race(rnl_worker *worker, void *context)
{
    volatile int *shared = context;
    for (int i = 0; i < 1000; ++i)
        if (worker->index == 0)
            *shared = i;
        else
            (void)*shared;
}

int main(void)
{
    char problem[300];
    int shared = 0;
    if (run(2, RNL_PINNING_OFF, race, &shared, problem, sizeof problem))
        return 0;
    fprintf(stderr, "%s\n", problem);
    return 1;
}
