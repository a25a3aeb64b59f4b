/*
 * Files that appear whole or not at all, whatever stands at their path: nothing, a file, a link, a
 * pipe, a device.
 */
#include "engine/storage/atomic_file.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(atomic_file, .init = scratch_enter, .fini = scratch_leave);

int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_close(int descriptor);
int __wrap_close(int descriptor);

/* A letter for each call: a file or a directory is synced, or something is renamed. */
static char calls[64];
static bool closing_fails;

static void note(char call)
{
    cr_assert_lt(strlen(calls), sizeof calls - 1);
    calls[strlen(calls)] = call;
}

int __wrap_fsync(int descriptor)
{
    struct stat about;
    note(fstat(descriptor, &about) == 0 && S_ISDIR(about.st_mode) ? 'd' : 'f');
    return __real_fsync(descriptor);
}

int __wrap_rename(const char *from, const char *to)
{
    note('r');
    return __real_rename(from, to);
}

int __wrap_close(int descriptor)
{
    const int closed = __real_close(descriptor);
    errno = EIO;
    return closing_fails ? -1 : closed;
}

static rnl_status put(const char *path, const char *text)
{
    rnl_atomic_file file;
    rnl_status status = rnl_atomic_file_open(&file, path, strlen(text));
    if (status != RNL_OK)
        return status;
    status = rnl_atomic_file_write(&file, text, strlen(text));
    if (status == RNL_OK)
        status = rnl_atomic_file_commit(&file);
    rnl_atomic_file_release(&file);
    return status;
}

static void expect_text(const char *path, const char *text)
{
    char found[64] = "";
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    fclose(file);
    cr_expect_str_eq(found, text, "%s", path);
}

static mode_t mode_of(const char *path)
{
    struct stat about;
    cr_assert_eq(lstat(path, &about), 0, "%s", path);
    return about.st_mode;
}

static void expect_nothing_unfinished(void)
{
    cr_expect_neq(system("find . -name '*tmp*' | grep ."), 0);
}

Test(atomic_file, follows_links_and_keeps_permissions)
{
    umask(022);
    cr_assert_eq(put("plain", "first"), RNL_OK, "%s", rnl_message());
    cr_expect_eq(mode_of("plain") & 0777, 0644);
    cr_assert_eq(mkdir("far", 0777), 0);
    cr_assert_eq(symlink("far/next", "link"), 0);
    cr_assert_eq(symlink("file", "far/next"), 0);
    cr_assert_eq(put("link", "through two links to nothing"), RNL_OK, "%s", rnl_message());
    expect_text("far/file", "through two links to nothing");
    cr_assert_eq(chmod("far/file", 0600), 0);
    cr_assert_eq(put("link", "second"), RNL_OK, "%s", rnl_message());
    expect_text("far/file", "second");
    cr_expect_eq(mode_of("far/file") & 0777, 0600);
    cr_assert_eq(chmod("far/file", 0666), 0);
    cr_assert_eq(put("link", "third"), RNL_OK, "%s", rnl_message());
    cr_expect_eq(mode_of("far/file") & 0777, 0666);
    cr_expect(S_ISLNK(mode_of("link")) && S_ISLNK(mode_of("far/next")));
    cr_assert_eq(symlink("loop", "loop"), 0);
    cr_expect_eq(put("loop", "x"), RNL_IO);
    cr_expect_eq(put("far", "x"), RNL_IO);
    cr_expect(strstr(rnl_message(), "far: cannot be written: Is a directory"), "%s", rnl_message());
    expect_nothing_unfinished();
}

/* Another name of the old file keeps the old contents, as after every replacement. */
Test(atomic_file, other_names_of_a_file_stay)
{
    cr_assert_eq(put("a", "old"), RNL_OK);
    cr_assert_eq(link("a", "b"), 0);
    cr_assert_eq(put("a", "new"), RNL_OK);
    expect_text("b", "old");
}

Test(atomic_file, writes_to_what_is_no_file)
{
    cr_assert_eq(mkfifo("fifo", 0666), 0);
    const int end = open("fifo", O_RDONLY | O_NONBLOCK);
    cr_assert_eq(put("fifo", "through"), RNL_OK, "%s", rnl_message());
    char got[16] = "";
    cr_expect_eq(read(end, got, sizeof got - 1), 7);
    cr_expect_str_eq(got, "through");
    cr_expect(S_ISFIFO(mode_of("fifo")));
    cr_expect_eq(put("/dev/null", "x"), RNL_OK, "%s", rnl_message());
    cr_expect_eq(put("/dev/full", "x"), RNL_IO);
    cr_expect(S_ISCHR(mode_of("/dev/null")));
    expect_nothing_unfinished();
}

/* What others write there stands before and behind. */
Test(atomic_file, writes_into_the_stream_that_it_is)
{
    fflush(stdout);
    cr_assert_eq(symlink("/proc/self/fd/1", "stdout"), 0);
    const int kept = dup(STDOUT_FILENO), file = open("out", O_WRONLY | O_CREAT, 0666);
    cr_assert_eq(dup2(file, STDOUT_FILENO), STDOUT_FILENO);
    cr_assert_eq(write(STDOUT_FILENO, "before ", 7), 7);
    const rnl_status status = put("stdout", "inside ");
    cr_assert_eq(write(STDOUT_FILENO, "behind", 6), 6);
    dup2(kept, STDOUT_FILENO);
    cr_expect_eq(status, RNL_OK, "%s", rnl_message());
    expect_text("out", "before inside behind");
    cr_expect(S_ISLNK(mode_of("stdout")));
}

Test(atomic_file, a_long_name_has_a_temporary_one)
{
    char name[256];
    memset(name, 'x', 255);
    name[255] = '\0';
    cr_assert_eq(put(name, "long"), RNL_OK, "%s", rnl_message());
    expect_text(name, "long");
    cr_expect_eq(put("nowhere/x", "x"), RNL_IO);
}

Test(atomic_file, a_limit_of_sizes_leaves_the_old_file)
{
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(put("a", "old"), RNL_OK);
    struct rlimit limit = {2, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(put("a", "new"), RNL_IO);
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect(strstr(rnl_message(), "a: reserving space failed, 3 bytes needed: File too large"),
              "%s", rnl_message());
    expect_text("a", "old");
    expect_nothing_unfinished();
}

Test(atomic_file, rotates)
{
    cr_assert_eq(put("fresh", "1"), RNL_OK);
    cr_assert_eq(rnl_file_rotate("fresh", "a", true), RNL_OK, "%s", rnl_message());
    cr_expect_neq(access("a.previous", F_OK), 0);
    cr_assert_eq(put("fresh", "2"), RNL_OK);
    cr_assert_eq(rnl_file_rotate("fresh", "a", true), RNL_OK, "%s", rnl_message());
    cr_assert_eq(put("fresh", "3"), RNL_OK);
    cr_assert_eq(rnl_file_rotate("fresh", "a", false), RNL_OK, "%s", rnl_message());
    expect_text("a", "3");
    expect_text("a.previous", "1");
}

/* Nothing is moved away that is no file, and what was to take its place is gone. */
Test(atomic_file, a_failed_rotation_leaves_nothing)
{
    cr_assert_eq(mkfifo("fifo", 0666), 0);
    cr_assert_eq(put("fresh", "1"), RNL_OK);
    cr_expect_eq(rnl_file_rotate("fresh", "fifo", true), RNL_IO);
    cr_expect(S_ISFIFO(mode_of("fifo")));
    cr_expect_neq(access("fresh", F_OK), 0);
    cr_assert_eq(put("a", "old"), RNL_OK);
    cr_assert_eq(mkdir("a.previous", 0777), 0);
    cr_assert_eq(put("fresh", "1"), RNL_OK);
    cr_expect_eq(rnl_file_rotate("fresh", "a", true), RNL_IO);
    expect_text("a", "old");
    cr_expect_neq(access("fresh", F_OK), 0);
}

/* Fewer bytes than were announced: a write that failed was not looked at. */
Test(atomic_file, a_short_file_takes_no_place)
{
    rnl_atomic_file file;
    cr_assert_eq(put("short", "whole"), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_atomic_file_open(&file, "short", 9), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_atomic_file_write(&file, "half", 4), RNL_OK, "%s", rnl_message());
    cr_expect_eq(rnl_atomic_file_commit(&file), RNL_IO);
    cr_expect(strstr(rnl_message(), "expected 9 bytes to be written, got 4"), "%s", rnl_message());
    rnl_atomic_file_release(&file);
    expect_text("short", "whole");
    expect_nothing_unfinished();
}

static void expect_calls(const char *expected)
{
    cr_expect_str_eq(calls, expected);
    memset(calls, 0, sizeof calls);
}

/* A power failure leaves the old file or the new one: bytes are on the disk before the name leads
 * to them, and the name before anything relies on it. */
Test(atomic_file, is_synced_before_it_is_renamed_and_its_directory_afterwards)
{
    cr_assert_eq(put("x", "first"), RNL_OK, "%s", rnl_message());
    expect_calls("frd");
    cr_assert_eq(put("x.next", "second"), RNL_OK, "%s", rnl_message());
    expect_calls("frd");
    cr_assert_eq(rnl_file_rotate("x.next", "x", true), RNL_OK, "%s", rnl_message());
    expect_calls("rrd");
    expect_text("x", "second");
    expect_text("x" RNL_PREVIOUS, "first");
}

/* Network file systems tell of some failures when a file is closed. */
Test(atomic_file, that_cannot_be_closed_takes_no_place)
{
    cr_assert_eq(put("x", "first"), RNL_OK, "%s", rnl_message());
    closing_fails = true;
    cr_expect_eq(put("x", "second"), RNL_IO);
    closing_fails = false;
    cr_expect(strstr(rnl_message(), "closing failed"), "%s", rnl_message());
    expect_text("x", "first");
    expect_nothing_unfinished();
}
