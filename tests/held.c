/* A program that loads this first stops, as by SIGSTOP, before it makes its first directory. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

int mkdir(const char *path, mode_t mode)
{
    static bool stopped;
    if (!stopped) {
        stopped = true;
        raise(SIGSTOP);
    }
    return mkdirat(AT_FDCWD, path, mode);
}
