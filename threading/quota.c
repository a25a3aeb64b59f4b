#include "threading/quota.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* False if the path does not fit, or the file does not begin with the two numbers. */
static bool read_numbers(const char *folder, const char *file, const char *format, long long *first,
                         long long *second)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path)
        return false;
    FILE *stream = fopen(path, "re");
    if (!stream)
        return false;
    const int wanted = second ? 2 : 1;
    const bool read = fscanf(stream, format, first, second) == wanted;
    fclose(stream);
    return read;
}

/* Version 2: "200000 100000", or "max 100000".  Version 1: two files, the quota -1 for none. */
static double read_limit(const char *folder)
{
    long long quota, period;
    const bool read = read_numbers(folder, "cpu.max", "%lld %lld", &quota, &period) ||
                      (read_numbers(folder, "cpu.cfs_quota_us", "%lld", &quota, NULL) &&
                       read_numbers(folder, "cpu.cfs_period_us", "%lld", &period, NULL));
    return read && quota > 0 && period > 0 ? (double)quota / (double)period : 0;
}

static void lower(double *limit, double other)
{
    if (other > 0 && (*limit == 0 || other < *limit))
        *limit = other;
}

/* Goes from the group up to the mount.  In a container the group's path may be that of the host,
 * and not exist below a mount that shows the container's own group as its root: then only the root
 * is found, which is the right one. */
static double smallest_limit(const char *mount, const char *group)
{
    char folder[PATH_MAX];
    const size_t root_length = strlen(mount);
    if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= (int)sizeof folder)
        return 0;
    double limit = read_limit(folder);
    for (char *slash; (slash = strrchr(folder + root_length, '/')) != NULL;) {
        *slash = '\0';
        lower(&limit, read_limit(folder));
    }
    return limit;
}

static double limit_below(const char *root, const char *mount, const char *group)
{
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s/%s", root, mount) >= (int)sizeof folder)
        return 0;
    return smallest_limit(folder, group);
}

static bool names_cpu(const char *controllers)
{
    char list[256];
    snprintf(list, sizeof list, ",%s,", controllers);
    return strstr(list, ",cpu,") != NULL;
}

/* A line is "number:controllers:group"; version 2 has no controllers, and is mounted at the root
 * or, beside version 1, at "unified". */
static double limit_of_line(const char *root, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return 0;
    ++controllers;
    *group++ = '\0';
    double limit = 0;
    if (*controllers == '\0') {
        lower(&limit, smallest_limit(root, group));
        lower(&limit, limit_below(root, "unified", group));
    } else if (names_cpu(controllers)) {
        lower(&limit, limit_below(root, "cpu", group));
        lower(&limit, limit_below(root, controllers, group));
    }
    return limit;
}

double rnl_quota_read(const char *root, const char *file)
{
    FILE *stream = fopen(file, "re");
    if (!stream)
        return 0;
    double limit = 0;
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stream) >= 0)
        lower(&limit, limit_of_line(root, line));
    free(line);
    fclose(stream);
    return limit;
}
