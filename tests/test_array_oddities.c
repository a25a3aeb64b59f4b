/*
 * The columns of an array, of any type and any order of targets, are told of as those of a frame.
 */
#include "arrow_columns.h"

#include "engine/data/dataset.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 48, KINDS = 8, WIDTH = 100 };

/* Columns of the array that are the frame's; the others say nothing. */
static const int places[KINDS] = {0, 1, 3, 18, 40, 57, 58, 99};

/* The target, a constant, another name of the target, each up to the last row or all along, a
 * number of the row, and the target in the first rows. */
static double cell(int kind, int row, int target)
{
    const bool last = row == MANY - 1;
    switch (kind) {
    case 0:
    case 1:
        return target + (kind && last);
    case 2:
    case 3:
        return 7 + (kind == 3 && last);
    case 4:
    case 5:
        return 3 * target + 1 + (kind == 5 && last);
    case 6:
        return row + 5;
    default:
        return row < 20 ? target : (row + row / 4) % 3;
    }
}

static void expect_as_frame(const rnl_data *data, const rnl_data *frame)
{
    cr_assert_eq(data->notes.count, frame->notes.count);
    for (size_t i = 0; i < data->notes.count; ++i) {
        const char *name = strstr(frame->notes.items[i].text, "input '");
        const char *number = strstr(data->notes.items[i].text, "input number ");
        cr_assert(name && number, "%s", data->notes.items[i].text);
        const long kind = strtol(name + strlen("input '"), (char **)&name, 10);
        cr_expect_eq(strtol(number + strlen("input number "), (char **)&number, 10), places[kind]);
        cr_expect_str_eq(number, name + 1);
        cr_expect_eq(data->notes.items[i].level, frame->notes.items[i].level);
    }
}

static arrow_table table;
static double columns[KINDS][MANY], doubles[MANY * WIDTH];
static float floats[MANY * WIDTH];
static uint8_t bytes[MANY * WIDTH];
static int32_t targets[MANY];

static void fill_columns(int count, bool sorted)
{
    for (int i = 0; i < MANY; ++i) {
        targets[i] = sorted ? i * count / MANY : i % count;
        for (int j = 0; j < WIDTH; ++j)
            doubles[i * WIDTH + j] = (i * i + j) % 11;
        for (int kind = 0; kind < KINDS; ++kind)
            doubles[i * WIDTH + places[kind]] = columns[kind][i] = cell(kind, i, targets[i]);
    }
    for (int i = 0; i < MANY * WIDTH; ++i)
        floats[i] = bytes[i] = (uint8_t)doubles[i];
}

static rnl_data *open_columns(void)
{
    static const char *const names[KINDS] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    arrow_begin(&table, MANY);
    for (int kind = 0; kind < KINDS; ++kind)
        arrow_add(&table, names[kind], "g", NULL, columns[kind], NULL);
    const rnl_rows rows = {.rows = MANY, .frame = arrow_open(&table), .classes = targets};
    rnl_data *frame = NULL;
    cr_assert_eq(rnl_data_create(&frame, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    return frame;
}

/* Few targets and many, sorted and mixed, in arrays of each type. */
Test(array_oddities, are_those_of_a_frame)
{
    static const int counts[] = {1, 2, 16, 17, MANY};
    static const size_t shape[] = {WIDTH};
    for (int test = 0; test < 2 * 5; ++test) {
        fill_columns(counts[test / 2], test % 2);
        rnl_data *frame = open_columns(), *data = NULL;
        for (int type = 0; type < 3; ++type) {
            const rnl_rows rows = {MANY,
                                   1,
                                   shape,
                                   .floats = type == 0 ? floats : NULL,
                                   .bytes = type == 1 ? bytes : NULL,
                                   .doubles = type == 2 ? doubles : NULL,
                                   .classes = targets};
            cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
            expect_as_frame(data, frame);
            rnl_data_free(data);
        }
        rnl_data_free(frame);
    }
}
