/* A file system without locks, for a program that loads this first. */
#include <errno.h>

int flock(int file, int operation);

int flock(int file, int operation)
{
    (void)file;
    (void)operation;
    errno = ENOLCK;
    return -1;
}
