#include "threading/thread_trial.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

static void *wait_for_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

#define FOR_THE_RUNTIME ((size_t)1 << 20)

static int try_threads(size_t count)
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

int rnl_thread_trial(size_t count)
{
    void *ballast =
        mmap(NULL, FOR_THE_RUNTIME, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ballast == MAP_FAILED)
        return errno;
    const int error = try_threads(count);
    munmap(ballast, FOR_THE_RUNTIME);
    return error;
}

size_t rnl_thread_trial_bytes(size_t count)
{
    const size_t handles = (size_t)256 << 10;
    pthread_attr_t attributes;
    size_t stack = 0, guard = 0;
    if (pthread_getattr_default_np(&attributes) != 0)
        return 0;
    pthread_attr_getstacksize(&attributes, &stack);
    pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_destroy(&attributes);
    return count * (stack + guard) + FOR_THE_RUNTIME + handles;
}
