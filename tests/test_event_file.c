/*
 * Event files, read back by a reader of their own: frames, checksums, messages.
 */
#include "cli/crc32c.h"
#include "cli/event_file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The check value of CRC-32/ISCSI, and RFC 3720, appendix B.4. */
Test(event_file, checksum)
{
    uint8_t bytes[32] = {0};
    cr_expect_eq(rnl_crc32c("123456789", 9), 0xE3069283u);
    cr_expect_eq(rnl_crc32c("", 0), 0);
    cr_expect_eq(rnl_crc32c(bytes, 32), 0x8A9136AAu);
    memset(bytes, 0xff, 32);
    cr_expect_eq(rnl_crc32c(bytes, 32), 0x62A8AB43u);
    for (int i = 0; i < 32; ++i)
        bytes[i] = (uint8_t)i;
    cr_expect_eq(rnl_crc32c(bytes, 32), 0x46DD794Eu);
}

typedef struct reader {
    const uint8_t *at, *end;
} reader;

static uint64_t take_fixed(reader *r, int count)
{
    uint64_t value = 0;
    cr_assert_geq(r->end - r->at, count);
    for (int i = 0; i < count; ++i)
        value |= (uint64_t)*r->at++ << 8 * i;
    return value;
}

static uint64_t take_varint(reader *r)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        cr_assert_lt(r->at, r->end);
        value |= (uint64_t)(*r->at & 0x7f) << shift;
        if (!(*r->at++ & 0x80))
            return value;
    }
}

static reader take_part(reader *r)
{
    const uint64_t count = take_varint(r);
    cr_assert_leq(count, r->end - r->at);
    const reader part = {r->at, r->at + count};
    r->at += count;
    return part;
}

static reader take_record(reader *r)
{
    const uint8_t *start = r->at;
    const uint64_t count = take_fixed(r, 8);
    uint32_t crc = rnl_crc32c(start, 8);
    cr_expect_eq(take_fixed(r, 4), (crc >> 15 | crc << 17) + 0xa282ead8u);
    cr_assert_leq(count, r->end - r->at);
    const reader record = {r->at, r->at + count};
    r->at += count;
    crc = rnl_crc32c(record.at, count);
    cr_expect_eq(take_fixed(r, 4), (crc >> 15 | crc << 17) + 0xa282ead8u);
    return record;
}

typedef struct event {
    double time;
    uint64_t step;
    char version[32];
    bool start;
    size_t count;
    char tags[8][64];
    float values[8];
} event;

static void copy_text(char *text, size_t size, reader part)
{
    cr_assert_lt((size_t)(part.end - part.at), size);
    memcpy(text, part.at, (size_t)(part.end - part.at));
    text[part.end - part.at] = '\0';
}

static void read_value(event *e, reader value)
{
    cr_assert_eq(take_varint(&value), 0x0a);
    copy_text(e->tags[e->count], sizeof e->tags[0], take_part(&value));
    cr_assert_eq(take_varint(&value), 0x15);
    const uint32_t bits = (uint32_t)take_fixed(&value, 4);
    memcpy(&e->values[e->count++], &bits, 4);
    cr_expect_eq(value.at, value.end);
}

static event read_event(reader *file)
{
    event e = {0};
    reader record = take_record(file);
    while (record.at < record.end) {
        const uint64_t field = take_varint(&record);
        if (field == 0x09) {
            const uint64_t bits = take_fixed(&record, 8);
            memcpy(&e.time, &bits, 8);
        } else if (field == 0x10) {
            e.step = take_varint(&record);
        } else if (field == 0x1a) {
            copy_text(e.version, sizeof e.version, take_part(&record));
        } else if (field == 0x3a) {
            const reader log = take_part(&record);
            e.start = log.end - log.at == 2 && log.at[0] == 0x08 && log.at[1] == 1;
        } else {
            cr_assert_eq(field, 0x2a);
            for (reader summary = take_part(&record); summary.at < summary.end;) {
                cr_assert_eq(take_varint(&summary), 0x0a);
                read_value(&e, take_part(&summary));
            }
        }
    }
    return e;
}

static void add(rnl_event_file *file, uint64_t step, double loss, double accuracy)
{
    const rnl_figure figures[] = {
        {"step", (double)step}, {"loss", loss}, {"val_accuracy", accuracy}};
    rnl_event_file_add(file,
                       &(const rnl_progress){.step = step, .figure_count = 3, .figures = figures});
}

static reader read_file(const char *path, uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    const reader whole = {bytes, bytes + fread(bytes, 1, size, file)};
    fclose(file);
    return whole;
}

static int only_ours(const struct dirent *entry)
{
    return strncmp(entry->d_name, "events.", 7) == 0;
}

static int count_files(const char *directory)
{
    struct dirent **entries = NULL;
    const int count = scandir(directory, &entries, only_ours, alphasort);
    for (int i = 0; i < count; ++i)
        free(entries[i]);
    free(entries);
    return count;
}

Test(event_file, is_read_back)
{
    char directory[] = "/tmp/runnel_events_XXXXXX", path[512];
    static uint8_t bytes[4096];
    cr_assert_not_null(mkdtemp(directory));
    rnl_event_file file;
    cr_assert(rnl_event_file_open(&file, directory, 0));
    add(&file, 1, 0.5, NAN);
    add(&file, (1ull << 40) + 300, -1e-30, 0.25);
    snprintf(path, sizeof path, "%s", file.path);
    cr_expect(rnl_event_file_close(&file));
    reader r = read_file(path, bytes, sizeof bytes);
    event e = read_event(&r);
    cr_expect_str_eq(e.version, "brain.Event:2");
    cr_expect_gt(e.time, 1.7e9);
    e = read_event(&r);
    cr_expect(e.start && e.step == 1);
    e = read_event(&r);
    cr_expect_eq(e.step, 1);
    cr_assert_eq(e.count, 2, "the step is no scalar");
    cr_expect_str_eq(e.tags[0], "loss");
    cr_expect_str_eq(e.tags[1], "val_accuracy");
    cr_expect_eq(e.values[0], 0.5f);
    cr_expect(isnan(e.values[1]));
    e = read_event(&r);
    cr_expect_eq(e.step, (1ull << 40) + 300);
    cr_expect_eq(e.values[0], -1e-30f);
    cr_expect_eq(e.values[1], 0.25f);
    cr_expect_eq(r.at, r.end);

    /* What goes on has a file behind it, and says which steps no longer count.  A number that has
     * none behind it is not ours. */
    char last[300];
    snprintf(last, sizeof last, "%s/events.out.tfevents.9223372036854775807.runnel", directory);
    fclose(fopen(last, "w"));
    cr_assert(rnl_event_file_open(&file, directory, 77));
    cr_expect_gt(strcmp(file.path, path), 0);
    snprintf(path, sizeof path, "%s", file.path);
    cr_expect(rnl_event_file_close(&file));
    r = read_file(path, bytes, sizeof bytes);
    read_event(&r);
    e = read_event(&r);
    cr_expect(e.start && e.step == 78);

    /* Those of other programs stay. */
    snprintf(path, sizeof path, "%s/events.out.tfevents.1.host", directory);
    fclose(fopen(path, "w"));
    cr_expect_eq(count_files(directory), 4);
    rnl_event_files_remove(directory);
    cr_expect_eq(count_files(directory), 2);
    unlink(path);
    unlink(last);
    rmdir(directory);
}

Test(event_file, that_cannot_be_made)
{
    rnl_event_file file;
    cr_expect(!rnl_event_file_open(&file, "/nowhere", 0));
}
