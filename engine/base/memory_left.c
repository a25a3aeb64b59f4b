#include "engine/base/memory_left.h"

#include "threading/kept.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Kernel memory of a process beside its pages, and what the kernel cannot reclaim at once. */
#define KERNELS_OWN ((uint64_t)2 << 20)

static void lower(rnl_memory_left *left, const char *source, uint64_t limit, uint64_t used)
{
    const uint64_t bytes = limit > used ? limit - used : 0;
    if (bytes >= left->bytes)
        return;
    *left = (rnl_memory_left){.bytes = bytes, .limit = limit};
    snprintf(left->source, sizeof left->source, "%s", source);
}

/* Returns NULL if the path is too long or the file cannot be opened. */
static FILE *open_under(const char *root, const char *folder, const char *name)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s%s/%s", root, folder, name);
    return length < (int)sizeof path ? fopen(path, "re") : NULL;
}

/* Reads the number after a key at the beginning of a line; the key "" means the file's first
 * number. */
static bool read_number(FILE *file, const char *key, uint64_t *number)
{
    const size_t length = strlen(key);
    char line[256];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, key, length) == 0 && sscanf(line + length, "%" SCNu64, number) == 1;
    if (file)
        fclose(file);
    return found;
}

/* ---- control groups -------------------------------------------------------------------------- */

/* The files of one version of control groups. */
typedef struct group_files {
    const char *limit, *used, *reclaimable; /* `reclaimable` is a key of memory.stat */
} group_files;

static const group_files version_1 = {"memory.limit_in_bytes", "memory.usage_in_bytes",
                                      "total_inactive_file "},
                         version_2 = {"memory.max", "memory.current", "inactive_file "};

/* Counts unused page-cache pages as free: they are reclaimed on demand. */
static void look_at_group(rnl_memory_left *left, const char *root, const char *folder,
                          const char *group, const group_files *files)
{
    uint64_t limit, used = 0, reclaimable = 0;
    if (!read_number(open_under(root, folder, files->limit), "", &limit))
        return;
    read_number(open_under(root, folder, files->used), "", &used);
    read_number(open_under(root, folder, "memory.stat"), files->reclaimable, &reclaimable);
    used -= reclaimable < used ? reclaimable : used;
    char source[sizeof left->source];
    snprintf(source, sizeof source, "control group %.100s", *group ? group : "/");
    lower(left, source, limit, used + KERNELS_OWN);
}

/* Visits the group, named relative to the mount, and its parents up to the mount. */
static void look_up_from(rnl_memory_left *left, const char *root, const char *mount,
                         const char *group, const group_files *files)
{
    char folder[PATH_MAX], name[PATH_MAX];
    const size_t above = strlen(mount);
    if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= (int)sizeof folder)
        return;
    for (;;) {
        snprintf(name, sizeof name, "%s", folder + above);
        look_at_group(left, root, folder, name, files);
        char *slash = strrchr(folder + above, '/');
        if (!slash)
            return;
        *slash = '\0';
    }
}

/* A line of mountinfo (proc(5)): "36 35 0:32 ROOT MOUNT OPTIONS ... - TYPE DEVICE OPTIONS". */
typedef struct mount_line {
    char root[PATH_MAX], mount[PATH_MAX], type[32], options[1024];
} mount_line;

/* Replaces "\040" by a space. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; ++to)
        if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    *to = '\0';
}

static bool read_mount(mount_line *m, const char *line)
{
    const char *rest = strstr(line, " - ");
    if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", m->root, m->mount) != 2 ||
        sscanf(rest, " - %31s %*s %1023s", m->type, m->options) != 2)
        return false;
    unescape(m->root);
    unescape(m->mount);
    return true;
}

static bool lists(const char *list, const char *word)
{
    char all[1100], one[64];
    snprintf(all, sizeof all, ",%s,", list);
    snprintf(one, sizeof one, ",%s,", word);
    return strstr(all, one) != NULL;
}

/* Returns the group's path below the mount.  In a container the mount may show only part of the
 * path that /proc reports: the group shown as its root is then the topmost visible one. */
static const char *below(const char *mount_root, const char *group)
{
    const size_t length = strcmp(mount_root, "/") == 0 ? 0 : strlen(mount_root);
    const bool inside =
        strncmp(group, mount_root, length) == 0 && (group[length] == '/' || group[length] == '\0');
    return inside && !strstr(group, "/..") && strcmp(group + length, "/") != 0 ? group + length
                                                                               : "";
}

/* Visits the group at each mount of its hierarchy. */
static void look_at_mounts(rnl_memory_left *left, const char *root, const char *group,
                           const group_files *files)
{
    FILE *mounts = open_under(root, "/proc/self", "mountinfo");
    mount_line *m = malloc(sizeof *m);
    char *line = NULL;
    size_t size = 0;
    while (mounts && m && getline(&line, &size, mounts) >= 0)
        if (read_mount(m, line) &&
            (files == &version_2 ? strcmp(m->type, "cgroup2") == 0
                                 : strcmp(m->type, "cgroup") == 0 && lists(m->options, "memory")))
            look_up_from(left, root, m->mount, below(m->root, group), files);
    free(line);
    free(m);
    if (mounts)
        fclose(mounts);
}

/* A line is "number:controllers:group", in version 2 without controllers. */
static void look_at_groups(rnl_memory_left *left, const char *root)
{
    FILE *groups = open_under(root, "/proc/self", "cgroup");
    char *line = NULL;
    size_t size = 0;
    while (groups && getline(&line, &size, groups) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = '\0';
        if (controllers[1] == '\0')
            look_at_mounts(left, root, group, &version_2);
        else if (lists(controllers + 1, "memory"))
            look_at_mounts(left, root, group, &version_1);
    }
    free(line);
    if (groups)
        fclose(groups);
}

/* ---- limits of the process, and the machine -------------------------------------------------- */

static bool limit_of(__rlimit_resource_t resource, uint64_t *limit)
{
    struct rlimit rlimit;
    if (getrlimit(resource, &rlimit) != 0 || rlimit.rlim_cur == RLIM_INFINITY)
        return false;
    *limit = rlimit.rlim_cur;
    return true;
}

static void look_at_process(rnl_memory_left *left, __rlimit_resource_t resource, const char *source,
                            const char *used_key)
{
    uint64_t limit, kilobytes = 0;
    if (limit_of(resource, &limit) &&
        read_number(fopen("/proc/self/status", "re"), used_key, &kilobytes))
        lower(left, source, limit, kilobytes * 1024);
}

static void look_at_machine(rnl_memory_left *left, const char *root)
{
    uint64_t all, available;
    if (read_number(open_under(root, "/proc", "meminfo"), "MemTotal:", &all) &&
        read_number(open_under(root, "/proc", "meminfo"), "MemAvailable:", &available))
        lower(left, "the machine", all * 1024, (all - available) * 1024);
}

static rnl_memory_left look_at_system(const char *root)
{
    rnl_memory_left left = {.bytes = UINT64_MAX, .limit = UINT64_MAX, .source = "nothing"};
    look_at_machine(&left, root);
    look_at_groups(&left, root);
    return left;
}

static rnl_memory_left within_process(rnl_memory_left left)
{
    look_at_process(&left, RLIMIT_AS, "RLIMIT_AS", "VmSize:");
    look_at_process(&left, RLIMIT_DATA, "RLIMIT_DATA", "VmData:");
    return left;
}

rnl_memory_left rnl_memory_left_under(const char *root)
{
    return within_process(look_at_system(root));
}

/* ---- what was read before -------------------------------------------------------------------- */

#define KEPT_PART 64 /* of what was left: as much may be requested before the next look */

/* What the system's files said, of which a small net's prediction would read dozens. */
static struct {
    rnl_kept kept;
    rnl_memory_left left;
    uint64_t requested; /* since then */
} known = {.kept.busy = ATOMIC_FLAG_INIT};

static void look_if_due(uint64_t bytes)
{
    const uint64_t most = known.left.bytes / KEPT_PART;
    if (rnl_kept_expires(&known.kept, known.requested > most || bytes > most - known.requested)) {
        known.left = look_at_system("");
        known.requested = 0;
    }
}

rnl_memory_left rnl_memory_left_for(uint64_t bytes)
{
    if (!rnl_kept_enter(&known.kept))
        return rnl_memory_left_under("");
    look_if_due(bytes);
    const rnl_memory_left left = known.left;
    known.requested += bytes < left.bytes ? bytes : 0;
    rnl_kept_leave(&known.kept);
    return within_process(left);
}

void rnl_memory_left_forget(void)
{
    known.kept.second = 0;
}
