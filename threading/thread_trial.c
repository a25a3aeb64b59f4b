#include "threading/thread_trial.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

static void *wait_for_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

int rnl_thread_trial(size_t count)
{
    pthread_t *const threads = calloc(count ? count : 1, sizeof *threads);
    if (!threads)
        return ENOMEM;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&gate);
    int error = 0;
    size_t started = 0;
    while (started < count && !error) {
        error = pthread_create(&threads[started], NULL, wait_for_gate, &gate);
        started += !error;
    }
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < started; ++i)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&gate);
    free(threads);
    return error;
}
