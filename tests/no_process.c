/* The first process that a program which loads this would start is not to be had. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

pid_t fork(void)
{
    static bool refused;
    pid_t (*next)(void);
    *(void **)&next = dlsym(RTLD_NEXT, "fork");
    if (refused)
        return next();
    refused = true;
    errno = EAGAIN;
    return -1;
}
