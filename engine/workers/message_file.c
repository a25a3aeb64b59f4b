#include "engine/workers/message_file.h"

#include "engine/base/error.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Seconds of an entry of a benchmark; not above 0 if it has none. */
static double seconds_of(const json_t *entry)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
    const char *unit = json_string_value(json_object_get(entry, "time_unit"));
    for (size_t i = 0; unit && i < sizeof units / sizeof *units; ++i)
        if (strcmp(units[i].name, unit) == 0)
            return units[i].seconds * json_number_value(json_object_get(entry, "real_time"));
    return 0;
}

/* Takes one more size, in its place among those of before. */
static rnl_status take_swap(rnl_message_rates *r, double bytes, double seconds, const char *path)
{
    size_t at = r->count;
    while (at > 0 && r->bytes[at - 1] > bytes)
        --at;
    if (r->count == RNL_MESSAGE_SIZES || (at > 0 && r->bytes[at - 1] == bytes))
        return rnl_fail(RNL_BAD_DATA,
                        "%s: network/swap/bytes:%.0f is there twice, or there are more than %d "
                        "sizes: expected one measurement",
                        path, bytes, RNL_MESSAGE_SIZES);
    memmove(r->bytes + at + 1, r->bytes + at, (r->count - at) * sizeof *r->bytes);
    memmove(r->seconds + at + 1, r->seconds + at, (r->count - at) * sizeof *r->seconds);
    r->bytes[at] = bytes;
    r->seconds[at] = seconds;
    ++r->count;
    return RNL_OK;
}

/* Medians stand beside the rounds that they are of. */
static rnl_status take_entry(rnl_message_rates *r, const json_t *entry, const char *path)
{
    const char *name = json_string_value(json_object_get(entry, "run_name"));
    const char *aggregate = json_string_value(json_object_get(entry, "aggregate_name"));
    const double seconds = seconds_of(entry);
    double bytes;
    if (!name || !aggregate || strcmp(aggregate, "median") != 0 || !(seconds > 0) ||
        !isfinite(seconds))
        return RNL_OK;
    if (sscanf(name, "network/swap/bytes:%lf/", &bytes) == 1 && bytes >= 0)
        return take_swap(r, bytes, seconds, path);
    if (strncmp(name, "network/one_more/", 17) == 0)
        r->overhead = seconds;
    return RNL_OK;
}

static rnl_status take(rnl_message_rates *r, const json_t *root, const char *path)
{
    const json_t *benchmarks = json_object_get(root, "benchmarks");
    *r = (rnl_message_rates){.peers = 1, .overhead = RNL_MESSAGE_OVERHEAD};
    for (size_t i = 0; i < json_array_size(benchmarks); ++i)
        RNL_TRY(take_entry(r, json_array_get(benchmarks, i), path));
    if (r->count == 0)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected what `mpirun -n 2 runnel bench network --json` prints, with "
                        "network/swap among its benchmarks",
                        path);
    rnl_message_rates_settle(r);
    return RNL_OK;
}

rnl_status rnl_message_file_read(rnl_message_rates *rates, const char *path)
{
    /* Message libraries print warnings behind it, on standard output, when they end. */
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK;
    json_error_t error;
    json_t *root = json_load_file(path, flags, &error);
    if (!root)
        return rnl_fail(RNL_BAD_DATA, "%s:%d:%d: expected JSON: %s", path, error.line, error.column,
                        error.text);
    const rnl_status status = take(rates, root, path);
    json_decref(root);
    return status;
}
