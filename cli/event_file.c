#include "cli/event_file.h"
#include "cli/crc32c.h"
#include "cli/messages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BEGINNING "events.out.tfevents."
#define ENDING    ".runnel"

/* ---- messages -------------------------------------------------------------------------------- */

/* A message of Protocol Buffers in the making, or a record of one; what does not fit is left out
 * whole. */
typedef struct message {
    uint8_t bytes[8192];
    size_t size;
} message;

/* The fields of tensorflow.Event, .Summary, .Summary.Value and .SessionLog, with their types:
 * tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto. */
enum wire_type { VARINT, FIXED_64, BYTES, FIXED_32 = 5 };
enum {
    EVENT_WALL_TIME = 1 << 3 | FIXED_64,
    EVENT_STEP = 2 << 3 | VARINT,
    EVENT_FILE_VERSION = 3 << 3 | BYTES,
    EVENT_SUMMARY = 5 << 3 | BYTES,
    EVENT_SESSION_LOG = 7 << 3 | BYTES,
    SUMMARY_VALUE = 1 << 3 | BYTES,
    VALUE_TAG = 1 << 3 | BYTES,
    VALUE_SIMPLE_VALUE = 2 << 3 | FIXED_32,
    SESSION_LOG_STATUS = 1 << 3 | VARINT,
};
enum { STATUS_START = 1 };

static void add_bytes(message *m, const void *bytes, size_t count)
{
    memcpy(m->bytes + m->size, bytes, count);
    m->size += count;
}

/* Little-endian, of so many bytes. */
static void add_fixed(message *m, uint64_t value, int count)
{
    for (int i = 0; i < count; ++i)
        m->bytes[m->size++] = (uint8_t)(value >> 8 * i);
}

static void add_varint(message *m, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        m->bytes[m->size++] = (uint8_t)(value | 0x80);
    m->bytes[m->size++] = (uint8_t)value;
}

static void add_part(message *m, uint8_t field, const void *bytes, size_t count)
{
    add_varint(m, field);
    add_varint(m, count);
    add_bytes(m, bytes, count);
}

static void add_double(message *m, uint8_t field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_varint(m, field);
    add_fixed(m, bits, 8);
}

static void add_float(message *m, uint8_t field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_varint(m, field);
    add_fixed(m, bits, 4);
}

static void begin_event(message *event, uint64_t step)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    event->size = 0;
    add_double(event, EVENT_WALL_TIME, (double)t.tv_sec + 1e-9 * (double)t.tv_nsec);
    add_varint(event, EVENT_STEP);
    add_varint(event, step);
}

/* A figure's name has fewer than 64 bytes. */
static void add_scalar(message *summary, const rnl_figure *figure)
{
    message value = {.size = 0};
    if (summary->size + 128 > sizeof summary->bytes - 128)
        return;
    add_part(&value, VALUE_TAG, figure->name, strlen(figure->name));
    add_float(&value, VALUE_SIMPLE_VALUE, (float)figure->value);
    add_part(summary, SUMMARY_VALUE, value.bytes, value.size);
}

/* ---- records --------------------------------------------------------------------------------- */

static uint32_t masked(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* A TFRecord: the length and its checksum, the bytes and theirs. */
static void write_record(rnl_event_file *file, const message *event)
{
    message record = {.size = 0};
    add_fixed(&record, event->size, 8);
    add_fixed(&record, masked(rnl_crc32c(record.bytes, 8)), 4);
    add_bytes(&record, event->bytes, event->size);
    add_fixed(&record, masked(rnl_crc32c(event->bytes, event->size)), 4);
    rnl_growing_file_add(&file->file, record.bytes, record.size);
}

static void write_beginning(rnl_event_file *file, uint64_t kept_steps)
{
    static const char version[] = "brain.Event:2";
    message event;
    begin_event(&event, 0);
    add_part(&event, EVENT_FILE_VERSION, version, strlen(version));
    write_record(file, &event);
    message start = {.size = 0};
    add_varint(&start, SESSION_LOG_STATUS);
    add_varint(&start, STATUS_START);
    begin_event(&event, kept_steps + 1);
    add_part(&event, EVENT_SESSION_LOG, start.bytes, start.size);
    write_record(file, &event);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* The number in the name of one of our files; -1 for any other name. */
static long long number_of(const char *name)
{
    if (strncmp(name, BEGINNING, strlen(BEGINNING)) != 0)
        return -1;
    char *end;
    const long long number = strtoll(name + strlen(BEGINNING), &end, 10);
    return strcmp(end, ENDING) == 0 && number >= 0 && number < LLONG_MAX ? number : -1;
}

/* Readers take files in the order of their names. */
static long long next_number(const char *directory)
{
    long long next = (long long)time(NULL);
    DIR *entries = opendir(directory);
    if (!entries)
        return next;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (number_of(entry->d_name) >= next)
            next = number_of(entry->d_name) + 1;
    closedir(entries);
    return next;
}

/* ---- what is there --------------------------------------------------------------------------- */

#define FRAME_BYTES 12 /* before a record, with 4 more behind it */
#define STEP_BYTES  32 /* of a record that hold its step, and what it is */

/* The step, if a record of a summary begins so, as this file writes it. */
static bool find_step(const uint8_t bytes[STEP_BYTES], uint64_t *step)
{
    const uint8_t *at = bytes + 1 + 8;
    if (bytes[0] != EVENT_WALL_TIME || *at++ != EVENT_STEP)
        return false;
    *step = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        *step |= (uint64_t)(*at & 0x7f) << shift;
        if (!(*at++ & 0x80))
            return *at == EVENT_SUMMARY;
    }
    return false;
}

/* Reads the beginning of a whole record; false behind the last one. */
static bool read_record(FILE *file, uint8_t bytes[STEP_BYTES])
{
    uint8_t frame[FRAME_BYTES], checksum[4];
    uint64_t size = 0;
    memset(bytes, 0, STEP_BYTES);
    if (fread(frame, 1, FRAME_BYTES, file) != FRAME_BYTES)
        return false;
    for (int i = 0; i < 8; ++i)
        size |= (uint64_t)frame[i] << 8 * i;
    const uint64_t head = size < STEP_BYTES ? size : STEP_BYTES;
    return fread(bytes, 1, head, file) == head && size - head <= INT64_MAX &&
           fseeko(file, (off_t)(size - head), SEEK_CUR) == 0 &&
           fread(checksum, 1, sizeof checksum, file) == sizeof checksum;
}

/* The last step in a file, and in `last`, that a run keeps. */
static void look_into(int directory, const char *name, uint64_t kept_steps, uint64_t *last)
{
    const int descriptor = openat(directory, name, O_RDONLY | O_CLOEXEC);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "r") : NULL;
    uint8_t bytes[STEP_BYTES];
    uint64_t step;
    while (file && read_record(file, bytes))
        if (find_step(bytes, &step) && step <= kept_steps && step > *last)
            *last = step;
    if (file)
        fclose(file);
    else if (descriptor >= 0)
        close(descriptor);
}

/* A run whose event files end before what it reported has lost some of it; one without any did not
 * write them until now. */
static void warn_of_gap(const char *directory, uint64_t kept_steps)
{
    uint64_t last = 0;
    bool any = false;
    DIR *entries = opendir(directory);
    if (!entries)
        return;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (number_of(entry->d_name) >= 0) {
            any = true;
            look_into(dirfd(entries), entry->d_name, kept_steps, &last);
        }
    closedir(entries);
    if (any && last < kept_steps)
        rnl_complain("warning: the event files in %s end at step %llu: what belongs there up to "
                     "step %llu is lost",
                     directory, (unsigned long long)last, (unsigned long long)kept_steps);
}

bool rnl_event_file_open(rnl_event_file *file, const char *directory, uint64_t kept_steps)
{
    warn_of_gap(directory, kept_steps);
    *file = (rnl_event_file){0};
    if (asprintf(&file->path, "%s/" BEGINNING "%010lld" ENDING, directory, next_number(directory)) <
        0) {
        file->path = NULL;
        rnl_complain_memory();
        return false;
    }
    if (!rnl_growing_file_open(&file->file, file->path, O_CREAT | O_EXCL)) {
        rnl_complain("cannot write %s: %s", file->path, strerror(errno));
        free(file->path);
        return false;
    }
    write_beginning(file, kept_steps);
    return true;
}

/* Leaves out the number of the step, and a momentum that the optimizer does not have. */
static bool is_told(const rnl_figure *figure)
{
    return strcmp(figure->name, "step") != 0 &&
           !(isnan(figure->value) && strcmp(figure->name, "momentum") == 0);
}

void rnl_event_file_add(rnl_event_file *file, const rnl_progress *progress)
{
    message event, summary = {.size = 0};
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (is_told(&progress->figures[i]))
            add_scalar(&summary, &progress->figures[i]);
    begin_event(&event, progress->step);
    add_part(&event, EVENT_SUMMARY, summary.bytes, summary.size);
    write_record(file, &event);
}

bool rnl_event_file_close(rnl_event_file *file)
{
    const bool written = rnl_growing_file_close(&file->file);
    free(file->path);
    return written;
}

void rnl_event_files_remove(const char *directory)
{
    DIR *entries = opendir(directory);
    if (!entries)
        return;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (number_of(entry->d_name) >= 0)
            unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
}
