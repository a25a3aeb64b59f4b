/*
 * Cells of Arrow streams: numbers of every type, and enough of them for several threads.
 */
#include "arrow_columns.h"
#include "fixtures.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static arrow_table t;

static const struct {
    const char *format;
    size_t size;
    unsigned char cells[3][8]; /* 3, and what the format holds of -2 or 2, and 100 */
    double numbers[3];
} types[] = {
    {"c", 1, {{3}, {0xfe}, {100}}, {3, -2, 100}},
    {"C", 1, {{3}, {2}, {200}}, {3, 2, 200}},
    {"s", 2, {{3}, {0xfe, 0xff}, {100, 1}}, {3, -2, 356}},
    {"S", 2, {{3}, {2, 0xff}, {100, 1}}, {3, 65282, 356}},
    {"i", 4, {{3}, {0xfe, 0xff, 0xff, 0xff}, {100, 0, 1}}, {3, -2, 65636}},
    {"I", 4, {{3}, {0, 0, 0, 0x80}, {100}}, {3, 2147483648, 100}},
    {"l",
     8,
     {{3}, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {1, 0, 0, 1}},
     {3, -2, 16777217}},
    {"L", 8, {{3}, {0, 0, 0, 0, 0, 0, 0, 0x80}, {100}}, {3, 0x1p63, 100}},
    {"e", 2, {{0, 0x42}, {0, 0xc0}, {1, 0}}, {3, -2, 0x1p-24}},
    {"f", 4, {{0, 0, 0x40, 0x40}, {0, 0, 0, 0xc0}, {0, 0, 0xc8, 0x42}}, {3, -2, 100}},
    {"g",
     8,
     {{0, 0, 0, 0, 0, 0, 8, 0x40}, {0, 0, 0, 0, 0, 0, 0, 0xc0}, {0, 0, 0, 0, 0, 0, 0x59, 0x40}},
     {3, -2, 100}},
};

Test(arrow_cells, numbers_of_every_type_are_read)
{
    for (size_t k = 0; k < sizeof types / sizeof *types; ++k) {
        unsigned char cells[24];
        rnl_data *data;
        for (size_t row = 0; row < 3; ++row)
            memcpy(cells + row * types[k].size, types[k].cells[row], types[k].size);
        arrow_begin(&t, 3);
        arrow_add(&t, "x", types[k].format, NULL, cells, NULL);
        const rnl_rows rows = {.frame = arrow_open(&t)};
        cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
        for (size_t row = 0; row < 3; ++row)
            cr_expect_eq(rnl_element_at(data->train.element, data->train.inputs, row),
                         types[k].numbers[row], "%s, row %zu", types[k].format, row);
        rnl_data_free(data);
    }
}

/* Enough for several threads. */
Test(arrow_cells, large_frames_are_read_by_several_threads)
{
    enum { MANY = 700001 };
    static const int32_t offsets[] = {0, 3, 8, 12};
    double *x = malloc(MANY * sizeof *x);
    int32_t *indices = malloc(MANY * sizeof *indices);
    rnl_data *data;
    cr_assert(x && indices);
    for (int32_t i = 0; i < MANY; ++i) {
        x[i] = i + 0.1;
        indices[i] = i % 3;
    }
    arrow_begin(&t, MANY);
    arrow_add(&t, "x", "g", NULL, x, NULL);
    arrow_add_dictionary(&t, "colour", NULL, indices, offsets, "redgreenblue", 3);
    arrow_cut(&t, 100000, 333333);
    const rnl_rows rows = {.frame = arrow_open(&t)};
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(data->train.features, 4);
    const double *read = data->train.inputs;
    const size_t sorted[] = {2, 1, 0}; /* blue, green, red */
    size_t wrong = 0;
    for (size_t row = 0; row < MANY; ++row)
        for (size_t i = 0; i < 4; ++i)
            wrong += read[row * 4 + i] != (i == 0 ? x[row] : (double)(i == 1 + sorted[row % 3]));
    cr_expect_eq(wrong, 0);
    rnl_data_free(data);
    free(x);
    free(indices);
}
