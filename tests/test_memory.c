/*
 * The memory budget, on trees of files that look like a machine's: control groups of both versions,
 * above which others stand, in containers and beside each other.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/memory_left.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[] = "/tmp/runnel_memory_XXXXXX";

static void enter(void)
{
    cr_assert(mkdtemp(root) != NULL);
}

static void leave(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", root);
    cr_assert_eq(system(command), 0);
}

TestSuite(memory_left, .init = enter, .fini = leave);

__attribute__((format(printf, 2, 3))) static void put(const char *path, const char *format, ...)
{
    char full[512], command[600];
    snprintf(full, sizeof full, "%s%s", root, path);
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\"", full);
    cr_assert_eq(system(command), 0);
    FILE *file = fopen(full, "w");
    cr_assert(file != NULL, "%s", full);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fclose(file);
}

static void put_machine(unsigned long long megabytes)
{
    put("/proc/meminfo", "MemTotal: %llu kB\nMemFree: 7 kB\nMemAvailable: %llu kB\n",
        megabytes * 2048, megabytes * 1024);
}

static void put_group(const char *folder, const char *limit_file, const char *used_file,
                      const char *key, const char *limit, unsigned used, unsigned reclaimable)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, limit_file);
    put(path, "%s\n", limit);
    snprintf(path, sizeof path, "%s/%s", folder, used_file);
    put(path, "%u\n", used << 20);
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    put(path, "cache 5\nactive_file 12345\n%s %u\nunevictable 0\n", key, reclaimable << 20);
}

static void put_version_2(const char *folder, const char *limit, unsigned used,
                          unsigned reclaimable)
{
    put_group(folder, "memory.max", "memory.current", "inactive_file", limit, used, reclaimable);
}

static void put_version_1(const char *folder, const char *limit, unsigned used,
                          unsigned reclaimable)
{
    put_group(folder, "memory.limit_in_bytes", "memory.usage_in_bytes",
              "inactive_file 0\ntotal_inactive_file", limit, used, reclaimable);
}

/* What the kernel takes for itself is left out. */
static void expect_left(double megabytes, const char *source)
{
    const rnl_memory_left left = rnl_memory_left_under(root);
    cr_expect_float_eq((double)left.bytes / 1048576, megabytes, 3, "%g MB, expected %g",
                       (double)left.bytes / 1048576, megabytes);
    cr_expect_str_eq(left.source, source);
}

#define MOUNT_2 "41 31 0:38 %s %s rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MOUNT_1 "35 31 0:32 %s %s rw - cgroup cgroup rw,memory\n"

Test(memory_left, the_machine_where_there_are_no_groups)
{
    put_machine(700);
    expect_left(700, "the machine");
    const rnl_memory_left left = rnl_memory_left_under(root);
    cr_expect_eq(left.limit, (uint64_t)1400 << 20);
}

Test(memory_left, nothing_where_nothing_can_be_read)
{
    cr_expect_eq(rnl_memory_left_under(root).bytes, UINT64_MAX);
}

Test(memory_left, the_smallest_of_all_groups_above)
{
    put_machine(9000);
    put("/proc/self/cgroup", "0::/jobs/mine/part\n");
    put("/proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n" MOUNT_2, "/",
        "/sys/fs/cgroup");
    put_version_2("/sys/fs/cgroup/jobs/mine/part", "max", 100, 0);
    put_version_2("/sys/fs/cgroup/jobs/mine", "524288000", 300, 20);
    put_version_2("/sys/fs/cgroup/jobs", "1048576000", 700, 0);
    expect_left(500 - 280, "control group /jobs/mine");
    put_version_2("/sys/fs/cgroup/jobs", "1048576000", 900, 0);
    expect_left(100, "control group /jobs");
    put_version_2("/sys/fs/cgroup/jobs/mine/part", "104857600", 200, 0);
    expect_left(0, "control group /jobs/mine/part");
}

Test(memory_left, pages_of_files_can_be_given_back)
{
    put_machine(9000);
    put("/proc/self/cgroup", "0::/a\n");
    put("/proc/self/mountinfo", MOUNT_2, "/", "/sys/fs/cgroup");
    put_version_2("/sys/fs/cgroup/a", "314572800", 290, 250);
    expect_left(260, "control group /a");
    put_version_2("/sys/fs/cgroup/a", "314572800", 10, 250);
    expect_left(300, "control group /a");
}

Test(memory_left, version_1_beside_version_2)
{
    put_machine(9000);
    put("/proc/self/cgroup", "9:name=systemd:/x\n4:cpu,memory:/x/y\n1:memory_like:/z\n0::/x\n");
    put("/proc/self/mountinfo", "33 31 0:30 / /cg/cpu rw - cgroup cgroup rw,cpu\n" MOUNT_1 MOUNT_2,
        "/", "/cg/memory", "/", "/cg/unified");
    put_version_1("/cg/memory/x/y", "9223372036854771712", 50, 0);
    put_version_1("/cg/memory/x", "314572800", 140, 40);
    put_version_1("/cg/memory", "9223372036854771712", 8000, 0);
    put_version_1("/cg/cpu/x/y", "1000000", 0, 0);
    expect_left(200, "control group /x");
}

/* The group's path is the host's; the mount shows the group alone. */
Test(memory_left, in_a_container)
{
    put_machine(9000);
    put("/proc/self/cgroup", "4:memory:/docker/abc/inner\n");
    put("/proc/self/mountinfo", MOUNT_1, "/docker/abc", "/sys/fs/cgroup/memory");
    put_version_1("/sys/fs/cgroup/memory", "209715200", 60, 10);
    put_version_1("/sys/fs/cgroup/memory/inner", "419430400", 60, 10);
    expect_left(150, "control group /");
    put("/proc/self/cgroup", "4:memory:/docker/abcdef\n");
    expect_left(150, "control group /");
    put("/proc/self/cgroup", "4:memory:/../elsewhere\n");
    put("/proc/self/mountinfo", MOUNT_1, "/", "/sys/fs/cgroup/memory");
    expect_left(150, "control group /");
}

Test(memory_left, mounts_with_spaces_in_their_names)
{
    put_machine(9000);
    put("/proc/self/cgroup", "0::/a b\n");
    put("/proc/self/mountinfo", MOUNT_2, "/", "/my\\040groups");
    put_version_2("/my groups/a b", "104857600", 0, 0);
    expect_left(100, "control group /a b");
}

Test(memory_left, lines_that_are_none)
{
    put_machine(700);
    put("/proc/self/cgroup", "\n4:memory\nmemory\n:::\n0::\n");
    put("/proc/self/mountinfo", "x\n - cgroup2\n1 2 3 / /m rw - cgroup2\n\n");
    expect_left(700, "the machine");
}

/* ---- limits of the process ------------------------------------------------------------------- */

/* The sanitizer maps more than any of these. */
#ifndef __SANITIZE_ADDRESS__

static void limit(__rlimit_resource_t resource, size_t megabytes)
{
    const struct rlimit rlimit = {megabytes << 20, megabytes << 20};
    cr_assert_eq(setrlimit(resource, &rlimit), 0);
}

static void expect_refused(const char *source)
{
    cr_expect_eq(rnl_require_memory("a thing", (size_t)3000 << 20), RNL_NO_MEMORY);
    cr_expect(strstr(rnl_message(), "a thing: needs 3.1 GB of memory, ") != NULL, "%s",
              rnl_message());
    cr_expect(strstr(rnl_message(), source) != NULL, "%s", rnl_message());
    cr_expect_eq(rnl_require_memory("a thing", (size_t)100 << 20), RNL_OK, "%s", rnl_message());
}

Test(memory, limit_of_the_address_space)
{
    limit(RLIMIT_AS, 800);
    expect_refused("RLIMIT_AS leaves ");
}

/* An allocation that no check foresaw tells of the limit, too. */
static void set_most_files(rlim_t most)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = most;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* What the files said is kept for a second: the test may have been halted for longer. */
Test(memory, files_are_not_read_again_for_a_small_request)
{
    const unsigned long long most = 64;
    rnl_memory_left again = {0}, large = {0}, forgotten = {0};
    bool kept = false;
    for (int i = 0; i < 10 && !kept; ++i) {
        rnl_memory_left_forget();
        const rnl_memory_left first = rnl_memory_left_for(1);
        set_most_files(0);
        again = rnl_memory_left_for(first.bytes / 128);
        large = rnl_memory_left_for(first.bytes / 60);
        rnl_memory_left_forget();
        forgotten = rnl_memory_left_for(1);
        set_most_files(most);
        kept = again.bytes == first.bytes && strcmp(again.source, first.source) == 0;
    }
    cr_expect(kept, "%s leaves %llu bytes", again.source, (unsigned long long)again.bytes);
    cr_expect_str_eq(large.source, "nothing", "a large request is looked at");
    cr_expect_str_eq(forgotten.source, "nothing");
}

Test(memory, many_small_requests_are_looked_at)
{
    const uint64_t left = rnl_memory_left_for(1).bytes;
    set_most_files(0);
    bool looked = false;
    for (int i = 0; i < 3 && !looked; ++i)
        looked = strcmp(rnl_memory_left_for(left / 128 + 1).source, "nothing") == 0;
    set_most_files(64);
    cr_expect(looked);
}

Test(memory, what_fails_names_the_limit)
{
    limit(RLIMIT_AS, 800);
    cr_expect_eq(rnl_fail_memory(4096), RNL_NO_MEMORY);
    cr_expect(strstr(rnl_message(), "out of memory: 4096 bytes could not be allocated; RLIMIT_AS "
                                    "leaves ") != NULL,
              "%s", rnl_message());
    cr_expect(strstr(rnl_message(), "of its 838.9 MB") != NULL, "%s", rnl_message());
}

Test(memory, limit_of_private_memory)
{
    limit(RLIMIT_DATA, 700);
    expect_refused("RLIMIT_DATA leaves ");
    cr_expect(strstr(rnl_message(), "of its 734.0 MB") != NULL, "%s", rnl_message());
}

Test(memory, what_is_mapped_counts_as_used)
{
    limit(RLIMIT_AS, 800);
    void *mapped = NULL;
    cr_assert_eq(rnl_allocate_rows(&mapped, "a thing", 450, 1024, 1024), RNL_OK);
    cr_expect_eq(rnl_check_memory("another", (size_t)400 << 20), RNL_NO_MEMORY);
    free(mapped);
    cr_expect_eq(rnl_check_memory("another", (size_t)400 << 20), RNL_OK, "%s", rnl_message());
}

#endif

/* ---- sums ------------------------------------------------------------------------------------ */

Test(memory, products_that_wrap_around_are_refused)
{
    void *where = NULL;
    size_t sum = 0;
    cr_expect_eq(rnl_allocate_rows(&where, "x", SIZE_MAX / 2, 3, 4), RNL_NO_MEMORY);
    cr_expect_eq(rnl_allocate_rows(&where, "x", (size_t)1 << 32, (size_t)1 << 32, 1),
                 RNL_NO_MEMORY);
    cr_expect_eq(rnl_allocate_zeros(&where, "x", (size_t)1 << 62, 2, 1), RNL_NO_MEMORY);
    cr_expect(rnl_add_bytes(&sum, 3, 5, 4));
    cr_expect_eq(sum, 60);
    cr_expect_not(rnl_add_bytes(&sum, PTRDIFF_MAX, 1, 1));
}

Test(memory, nothing_is_mapped_after_a_refusal)
{
    void *where = NULL;
    size_t bytes = 1;
    cr_expect_eq(rnl_map_rows(&where, "x", (size_t)1 << 60, 1, 1, &bytes), RNL_NO_MEMORY);
    cr_expect_null(where);
    cr_expect_eq(bytes, 0);
}

Test(memory, growth_keeps_what_is_there)
{
    int *numbers = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 5000; ++i) {
        if ((size_t)i == capacity)
            cr_assert_eq(rnl_grow(&numbers, "x", &capacity, sizeof *numbers), RNL_OK);
        numbers[i] = i;
    }
    for (int i = 0; i < 5000; ++i)
        cr_assert_eq(numbers[i], i);
    free(numbers);
}
