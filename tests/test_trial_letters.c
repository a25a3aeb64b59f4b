/*
 * Letters between the ranks of a comparison: what is whole arrives, and what is damaged is refused
 * before anything is read behind its end or written.  A function of the test stands for the job.
 */
#include "cli/folder.h"
#include "cli/trial_letters.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const void *arriving;
static size_t arriving_size;

rnl_status __wrap_rnl_job_receive(rnl_job *job, size_t *rank, void **bytes, size_t *size);

/* A block of exactly the letter's size: a sanitizer sees what is read behind it. */
rnl_status __wrap_rnl_job_receive(rnl_job *job, size_t *rank, void **bytes, size_t *size)
{
    (void)job;
    *rank = 1;
    *size = arriving_size;
    *bytes = malloc(arriving_size > 0 ? arriving_size : 1);
    cr_assert_not_null(*bytes);
    memcpy(*bytes, arriving, arriving_size);
    return RNL_OK;
}

static bool arrives(const void *bytes, size_t size, rnl_trial_post *post)
{
    arriving = bytes;
    arriving_size = size;
    cr_expect(rnl_trial_receive(NULL, post));
    cr_expect_neq(post->damaged, post->bytes != NULL);
    return post->bytes != NULL;
}

/* Puts a letter with a text of five letters and its NUL, and four more bytes, into `bytes`. */
static size_t write_letter(char bytes[64])
{
    const rnl_trial_letter letter = {.word = RNL_TRIAL_ENDED, .code = 3, .number = 7};
    memcpy(bytes, &letter, sizeof letter);
    memcpy(bytes + sizeof letter, "a/run\0rest", 10);
    return sizeof letter + 10;
}

Test(trial_letters, a_whole_letter_arrives)
{
    char bytes[64];
    rnl_trial_post post;
    cr_assert(arrives(bytes, write_letter(bytes), &post));
    cr_expect_eq(post.rank, 1);
    cr_expect_eq(post.letter.word, RNL_TRIAL_ENDED);
    cr_expect_eq(post.letter.code, 3);
    cr_expect_eq(post.letter.number, 7);
    cr_expect_str_eq(post.text, "a/run");
    cr_expect_eq(post.rest_size, 4);
    cr_expect_eq(memcmp(post.rest, "rest", 4), 0);
    free(post.bytes);
}

/* Cut off before the text's end at every byte. */
Test(trial_letters, a_damaged_letter_is_told)
{
    char bytes[64];
    rnl_trial_post post;
    write_letter(bytes);
    for (size_t size = 0; size < sizeof post.letter + 6; ++size)
        cr_expect_not(arrives(bytes, size, &post), "%zu bytes", size);
    cr_assert(arrives(bytes, sizeof post.letter + 6, &post));
    cr_expect_eq(post.rest_size, 0);
    free(post.bytes);
}

static size_t count_files(const char *path)
{
    size_t count = 0;
    DIR *entries = opendir(path);
    cr_assert_not_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));)
        count += *entry->d_name != '.';
    closedir(entries);
    return count;
}

static void write_text(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

/* The files of a directory with two, in memory. */
static rnl_pack pack_two(void)
{
    rnl_pack pack = {0};
    char *folder = rnl_folder_make();
    cr_assert_not_null(folder);
    write_text(folder, "log", "trained");
    write_text(folder, "model.safetensors", "weights");
    cr_assert(rnl_folder_pack(&pack, folder));
    rnl_folder_remove(folder);
    free(folder);
    return pack;
}

/* Cut off at many bytes, none between two files; a name that leads out; a size beyond all. */
Test(trial_letters, damaged_files_are_not_written)
{
    rnl_pack pack = pack_two();
    char *folder = rnl_folder_make();
    cr_assert_not_null(folder);
    for (size_t size = 1; size < pack.size; size += 17)
        cr_expect_not(rnl_folder_unpack(folder, pack.bytes, size), "%zu bytes", size);
    pack.bytes[2] = '/';
    cr_expect_not(rnl_folder_unpack(folder, pack.bytes, pack.size));
    pack.bytes[2] = 'd';
    memset(pack.bytes + 256, 0xff, sizeof(uint64_t));
    cr_expect_not(rnl_folder_unpack(folder, pack.bytes, pack.size));
    memcpy(pack.bytes + 256, &(uint64_t){(uint64_t)1 << 40}, sizeof(uint64_t));
    cr_expect_not(rnl_folder_unpack(folder, pack.bytes, pack.size));
    cr_expect_eq(count_files(folder), 0);
    free(pack.bytes);
    rnl_folder_remove(folder);
    free(folder);
}

Test(trial_letters, whole_files_are_written)
{
    rnl_pack pack = pack_two();
    char *folder = rnl_folder_make();
    cr_assert_not_null(folder);
    cr_expect(rnl_folder_unpack(folder, pack.bytes, pack.size));
    cr_expect_eq(count_files(folder), 2);
    free(pack.bytes);
    rnl_folder_remove(folder);
    free(folder);
}

/* Ten million bytes of empty files would be one call within the other for each. */
Test(trial_letters, too_many_files_are_refused)
{
    const size_t size = 264 * (size_t)40000;
    char *bytes = calloc(1, size), *folder = rnl_folder_make();
    cr_assert(bytes && folder);
    for (size_t at = 0; at < size; at += 264)
        bytes[at] = 'f';
    cr_expect_not(rnl_folder_unpack(folder, bytes, size));
    cr_expect_eq(count_files(folder), 0);
    free(bytes);
    rnl_folder_remove(folder);
    free(folder);
}

/* What is gone is left out; what is there but cannot be opened, as a link to itself, is not. */
Test(trial_letters, a_file_that_cannot_be_read_is_no_file_that_is_gone)
{
    rnl_pack pack = {0};
    char path[512], *folder = rnl_folder_make();
    cr_assert_not_null(folder);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    cr_assert_eq(symlink("nowhere", path), 0);
    cr_expect(rnl_folder_pack(&pack, folder));
    cr_expect_eq(pack.size, 0);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(symlink("model.safetensors", path), 0);
    cr_expect_not(rnl_folder_pack(&pack, folder));
    free(pack.bytes);
    rnl_folder_remove(folder);
    free(folder);
}

Test(trial_letters, a_directory_that_is_gone_cannot_be_packed)
{
    rnl_pack pack = {0};
    cr_expect_not(rnl_folder_pack(&pack, "/nonexistent/runnel"));
    free(pack.bytes);
}
