#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

static char directory[32];

/* Containers have 64 MiB there. */
static bool memory_has_room(void)
{
    struct statvfs room;
    return statvfs("/dev/shm", &room) == 0 && access("/dev/shm", W_OK) == 0 &&
           room.f_bavail * room.f_frsize >= 1ull << 30;
}

void scratch_enter(void)
{
    snprintf(directory, sizeof directory, "%s/runnel_test_XXXXXX",
             memory_has_room() ? "/dev/shm" : "/tmp");
    cr_assert_not_null(mkdtemp(directory));
    cr_assert_eq(chdir(directory), 0);
}

void scratch_leave(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}
