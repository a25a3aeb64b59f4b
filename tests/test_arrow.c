/*
 * Frames of Arrow streams: the same numbers and the same encoding as of the table in a file.
 */
#include "arrow_columns.h"
#include "fixtures.h"
#include "table_file.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(arrow, .init = table_enter, .fini = table_leave);

enum { ROWS = 6 };

static arrow_table t;

/* The columns of the table below; a bit of nulls is 1 where there is a value. */
static const int64_t age[] = {34, 7, -1, 16777217, 5, 60};
static const float height[] = {1.5f, 0.1f, 2, 3, 4, 9};
static const uint8_t all_but_2 = 0x3b, all_but_4 = 0x2f, member = 0x2d;
static const int32_t town_offsets[] = {0, 4, 10, 14, 14, 18, 23};
static const char towns[] = "RomeLisbonRomeBonnParis";
static const int32_t colour[] = {2, 0, 0, 2, 9, 1};
static const int32_t colour_offsets[] = {0, 3, 8, 12, 16};
static const char colours[] = "redgreenblueteal";

#define TABLE(town_3, colour_4)                                                                    \
    "age,height,town,colour,member,y\n"                                                            \
    "34,1.5,Rome,blue,1,1\n"                                                                       \
    "7,0.10000000149011612,Lisbon,red,0,2\n"                                                       \
    ",2,Rome,red,1,3\n"                                                                            \
    "16777217,3," town_3 ",blue,1,4\n"                                                             \
    "5,4,Bonn," colour_4 ",0,5\n"                                                                  \
    "60,9,Paris,green,1,6\n"

static void make_table(void)
{
    arrow_begin(&t, ROWS);
    arrow_add(&t, "age", "l", &all_but_2, age, NULL);
    arrow_add(&t, "height", "f", NULL, height, NULL);
    arrow_add(&t, "town", "u", NULL, town_offsets, towns);
    arrow_add_dictionary(&t, "colour", &all_but_4, colour, colour_offsets, colours, 4);
    arrow_add(&t, "member", "b", NULL, &member, NULL);
}

static const double y[] = {1, 2, 3, 4, 5, 6};
static const rnl_strided targets = {y, RNL_TYPE_FLOAT64, NULL};

static rnl_status open_table(rnl_data **data, rnl_missing_rule missing)
{
    const rnl_rows rows = {.rows = ROWS,
                           .frame = arrow_open(&t),
                           .missing = missing,
                           .target_values = &targets,
                           .value_columns = 1};
    *data = NULL;
    return rnl_data_create(data, &rows, NULL, NULL);
}

static char *inputs_of(const rnl_encoding *encoding)
{
    char *text;
    cr_assert_eq(rnl_encoding_print(encoding, &text), RNL_OK);
    *strstr(text, "\"targets\"") = '\0';
    return text;
}

static void expect_as_file(const rnl_data *data, const char *text, const char *missing)
{
    char keys[128];
    snprintf(keys, sizeof keys, "target: y, categorical: [town, colour], missing: %s", missing);
    rnl_data *file = table_load(text, keys, table_squares);
    const rnl_dataset *a = &data->train, *b = &file->train;
    char *ours = inputs_of(&data->encoding), *theirs = inputs_of(&file->encoding);
    cr_expect_str_eq(ours, theirs);
    cr_assert_eq(a->rows, b->rows);
    cr_assert_eq(a->features, b->features);
    cr_expect_eq(b->element, RNL_FLOAT32, "nothing is scaled");
    for (size_t i = 0; i < a->rows * a->features; ++i)
        cr_expect_eq((float)rnl_element_at(a->element, a->inputs, i), ((const float *)b->inputs)[i],
                     "%s: number %zu", missing, i);
    for (size_t i = 0; i < a->rows; ++i)
        cr_expect_eq(rnl_dataset_value(a, i), rnl_dataset_value(b, i));
    free(ours);
    free(theirs);
    rnl_data_free(file);
}

static void expect_tables(void)
{
    rnl_data *data;
    cr_assert_eq(open_table(&data, RNL_MISSING_FILL), RNL_OK, "%s", rnl_message());
    expect_as_file(data, TABLE("", ""), "fill");
    rnl_data_free(data);
    cr_assert_eq(open_table(&data, RNL_MISSING_DROP), RNL_OK, "%s", rnl_message());
    cr_expect_eq(data->train.rows, 3);
    expect_as_file(data, TABLE("", ""), "drop");
    rnl_data_free(data);
    cr_expect_eq(t.held, 0, "everything is released");
}

Test(arrow, frames_become_what_tables_do)
{
    make_table();
    expect_tables();
}

Test(arrow, chunks_begin_anywhere)
{
    make_table();
    arrow_cut(&t, 1, 3);
    expect_tables();
    make_table();
    arrow_cut(&t, 2, 2);
    expect_tables();
}

Test(arrow, missing_cells_are_refused)
{
    rnl_data *data;
    make_table();
    cr_expect_eq(open_table(&data, RNL_MISSING_ERROR), RNL_BAD_DATA);
    table_expect_message("training rows: row 2: column 'age': expected a value, got none (missing: "
                         "drop leaves such rows out, missing: fill fills inputs in)");
    cr_expect_eq(t.held, 0);
    const rnl_rows asked = {.frame = arrow_open(&t), .missing = RNL_MISSING_DROP};
    cr_expect_eq(rnl_data_create(&data, NULL, NULL, &asked), RNL_BAD_DATA,
                 "every row is predicted");
    table_expect_message(
        "test rows: row 2: column 'age': expected a value, got none (no row without "
        "a target is left out, missing: fill fills inputs in)");
    cr_expect_eq(t.held, 0);
}

/* A model of a frame finds the columns of a table by their names; none of them is the target. */
Test(arrow, a_model_of_a_frame_reads_tables)
{
    rnl_data *data, *file;
    make_table();
    cr_assert_eq(open_table(&data, RNL_MISSING_FILL), RNL_OK, "%s", rnl_message());
    rnl_model *model =
        fixture_model(fixture_config("model: [dense: 1]\n"
                                     "training: {loss: mean_squared_error, optimizer: sgd}\n"),
                      data);
    table_write("y,town,member,colour,note,age,height\n"
                "?,Rome,1,blue,-,34,1.5\n?,Lisbon,0,red,-,7,0.10000000149011612\n");
    cr_assert_eq(rnl_data_read(&file, model, table_path), RNL_OK, "%s", rnl_message());
    const rnl_dataset *ours = &data->train, *read = &file->test;
    cr_assert_eq(read->rows, 2);
    cr_assert_eq(read->features, ours->features);
    for (size_t i = 0; i < 2 * read->features; ++i)
        cr_expect_eq(rnl_element_at(read->element, read->inputs, i),
                     rnl_element_at(ours->element, ours->inputs, i), "number %zu", i);
    rnl_data_free(file);
    cr_expect_eq(rnl_data_read_labelled(&file, model, table_path, NULL), RNL_BAD_DATA);
    table_expect_message("trained on a frame, and nothing tells which column of a table is the");
    rnl_model_free(model);
    rnl_data_free(data);
}

typedef struct view {
    int32_t length;
    char prefix[4];
    int32_t buffer, offset;
} view;

/* The same towns as long texts, and as views: one in its view, others in buffers. */
Test(arrow, texts_come_in_three_layouts)
{
    static const int64_t offsets[] = {0, 4, 10, 14, 14, 18, 23};
    static const char buffer[] = "....a name of some length";
    static const int64_t sizes[] = {sizeof buffer - 1};
    static view views[2] = {{4, "Rome", 0, 0}, {21, "a na", 0, 4}};
    rnl_data *data;
    make_table();
    t.columns[2].format = "U";
    t.buffers[0][2][1] = offsets;
    cr_assert_eq(open_table(&data, RNL_MISSING_FILL), RNL_OK, "%s", rnl_message());
    expect_as_file(data, TABLE("", ""), "fill");
    rnl_data_free(data);
    arrow_begin(&t, 2);
    struct ArrowArray *array = arrow_add(&t, "name", "vu", NULL, views, buffer);
    array->n_buffers = 4;
    t.buffers[0][0][3] = sizes;
    const rnl_rows rows = {.frame = arrow_open(&t)};
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_str_eq(data->encoding.inputs.items[0].categories[0].name, "Rome");
    cr_expect_str_eq(data->encoding.inputs.items[0].categories[1].name, "a name of some length");
    rnl_data_free(data);
}

/* Values of a dictionary that no row has are categories where that is asked for. */
Test(arrow, dictionaries_may_name_all_categories)
{
    rnl_data *data;
    make_table();
    const rnl_rows rows = {
        .frame = arrow_open(&t), .missing = RNL_MISSING_FILL, .all_categories = 1};
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    const rnl_column *column = &data->encoding.inputs.items[3];
    cr_expect_eq(column->category_count, 4);
    cr_expect_str_eq(column->categories[3].name, "teal");
    cr_expect_eq(data->train.features, 2 + 4 + 4 + 1);
    rnl_data_free(data);
}

/* ---- after a model --------------------------------------------------------------------------- */

static rnl_model *model_of_table(void)
{
    rnl_data *data;
    rnl_config *config = fixture_config("model: [dense: {units: 1}]\n"
                                        "training: {loss: mean_squared_error, optimizer: sgd}\n");
    make_table();
    cr_assert_eq(open_table(&data, RNL_MISSING_FILL), RNL_OK, "%s", rnl_message());
    rnl_model *model = fixture_model(config, data);
    rnl_data_free(data);
    return model;
}

static rnl_status open_after(const rnl_model *model, rnl_data **data)
{
    const rnl_rows rows = {.frame = arrow_open(&t), .missing = RNL_MISSING_FILL};
    *data = NULL;
    const rnl_status status = rnl_data_create_after(data, NULL, model, NULL, NULL, &rows);
    cr_expect_eq(t.held, 0);
    return status;
}

/* Columns in another order, one more, and fewer categories. */
Test(arrow, columns_are_found_by_name)
{
    static const float heights[] = {7};
    static const int32_t offsets[] = {0, 5};
    static const int8_t indices[] = {1};
    static const uint8_t yes = 1, no = 0;
    rnl_model *model = model_of_table();
    rnl_data *data;
    arrow_begin(&t, 1);
    arrow_add(&t, "member", "b", NULL, &yes, NULL);
    arrow_add_dictionary(&t, "colour", NULL, indices, colour_offsets, colours, 2);
    t.columns[1].format = "c";
    arrow_add(&t, "more", "c", NULL, indices, NULL);
    arrow_add(&t, "town", "u", NULL, offsets, "Paris");
    arrow_add(&t, "age", "f", &no, heights, NULL);
    arrow_add(&t, "height", "f", NULL, heights, NULL);
    cr_assert_eq(open_after(model, &data), RNL_OK, "%s", rnl_message());
    const double mean = (34 + 7 + 16777217 + 5 + 60) / 5.0;
    const double row[] = {mean, 7, 0, 0, 1, 0, 0, 1, 0, 1}; /* Bonn Lisbon Paris Rome, blue ... */
    cr_assert_eq(data->test.features, 10);
    for (size_t i = 0; i < 10; ++i)
        cr_expect_eq(rnl_element_at(data->test.element, data->test.inputs, i), row[i], "%zu", i);
    rnl_data_free(data);
    rnl_model_free(model);
}

/* Columns of nothing, with no buffer or the one that older writers and polars give. */
Test(arrow, columns_of_nulls_are_missing)
{
    rnl_model *model = model_of_table();
    for (int64_t buffers = 0; buffers < 2; ++buffers) {
        rnl_data *data;
        make_table();
        t.columns[0].format = t.columns[2].format = "n";
        for (size_t i = 0; i < 3; i += 2) {
            t.cells[0][i].n_buffers = buffers;
            t.cells[0][i].null_count = ROWS;
            t.buffers[0][i][0] = NULL;
        }
        cr_assert_eq(open_after(model, &data), RNL_OK, "%s", rnl_message());
        for (size_t row = 0; row < ROWS; ++row)
            for (size_t i = 2; i < 6; ++i)
                cr_expect_eq(rnl_element_at(data->test.element, data->test.inputs, row * 10 + i),
                             i == 5, "Rome, the most frequent");
        rnl_data_free(data);
    }
    make_table();
    t.columns[0].format = "n";
    t.cells[0][0].n_buffers = 2;
    rnl_data *data;
    cr_expect_eq(open_after(model, &data), RNL_BAD_DATA);
    table_expect_message("expected as many buffers as its type has");
    rnl_model_free(model);
}

Test(arrow, what_a_model_does_not_know_is_refused)
{
    static const int32_t offsets[] = {0, 4, 10, 14, 14, 18, 23};
    rnl_model *model = model_of_table();
    rnl_data *data;
    make_table();
    t.buffers[0][2][2] = "RomeLisboaRomeBonnParis";
    t.buffers[0][2][1] = offsets;
    cr_expect_eq(open_after(model, &data), RNL_BAD_DATA);
    table_expect_message(
        "test rows: row 1: column 'town': expected one of the 4 categories of the "
        "training rows (perhaps 'Lisbon'; `data.unseen: missing` takes others as none), "
        "got 'Lisboa'");
    make_table();
    t.columns[1].name = "heigth";
    cr_expect_eq(open_after(model, &data), RNL_BAD_DATA);
    table_expect_message("test rows: expected a column 'height', got none (perhaps 'heigth' is "
                         "meant)");
    make_table();
    t.columns[1].format = "u";
    t.cells[0][1] = t.cells[0][2];
    cr_expect_eq(open_after(model, &data), RNL_BAD_DATA);
    table_expect_message("test rows: column 'height': expected numbers, got texts");
    rnl_model_free(model);
}

/* ---- what is damaged ------------------------------------------------------------------------- */

static void expect_refused(const char *words)
{
    rnl_data *data;
    cr_expect_eq(open_table(&data, RNL_MISSING_FILL), RNL_BAD_DATA, "%s", words);
    cr_expect_null(data);
    table_expect_message(words);
    cr_expect_eq(t.held, 0, "%s", words);
}

/* Makes the table anew, damages it, and expects that it is refused. */
#define REFUSED(damage, words)                                                                     \
    do {                                                                                           \
        make_table();                                                                              \
        damage;                                                                                    \
        expect_refused(words);                                                                     \
    } while (false)

Test(arrow, damaged_schemas_are_refused)
{
    REFUSED(t.schema.format = "l", "expected columns in the Arrow stream, got type 'l' of 5");
    REFUSED(t.schema.format = NULL, "expected columns in the Arrow stream");
    REFUSED(t.schema.n_children = 0, "of 0 fields");
    REFUSED(t.schema.n_children = -1, "of -1 fields");
    REFUSED(t.schema.children = NULL, "expected columns in the Arrow stream");
    REFUSED(t.column_pointers[1] = NULL, "expected a name for column 1");
    REFUSED(t.columns[1].name = NULL, "expected a name for column 1");
    REFUSED(t.columns[1].name = "", "expected a name for column 1");
    REFUSED(t.columns[1].name = "\xff", "expected the name of column 1 in UTF-8");
    REFUSED(t.columns[1].name = "age", "the column 'age' is there twice");
    REFUSED(t.columns[1].format = NULL, "column 'height': expected numbers, truth values, texts");
    REFUSED(t.columns[1].format = "tsu:", "got Arrow's type 'tsu:'");
    REFUSED(t.columns[1].format = "d:19,10", "got Arrow's type 'd:19,10'");
    REFUSED(t.columns[3].format = "f", "column 'colour': expected numbers, truth values");
    REFUSED(t.dictionaries[3].dictionary = &t.dictionaries[2], "column 'colour': expected");
    REFUSED(t.error = 5, "training rows: the Arrow stream failed: the disk is gone");
    make_table();
    rnl_data *data = NULL;
    struct ArrowArrayStream released = {0};
    const rnl_rows rows = {.frame = &released};
    cr_expect_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_BAD_DATA);
    table_expect_message("expected an Arrow stream that has not been released");
}

Test(arrow, damaged_arrays_are_refused)
{
    static const int32_t falls[] = {0, 4, 3, 14, 14, 18, 23}, below[] = {-1, 4, 10, 14, 14, 18, 23};
    static const int32_t beyond[] = {2, 0, 0, 4, 9, 1}, negative[] = {2, 0, 0, -1, 9, 1};
    REFUSED(t.chunks[0].length = 7, "column 'age': the Arrow array is damaged: expected as many");
    REFUSED(t.chunks[0].length = -1, "expected 5 columns");
    REFUSED(t.chunks[0].offset = INT64_MAX, "expected 5 columns");
    REFUSED(t.chunks[0].offset = 1, "expected as many cells as there are rows");
    REFUSED(t.chunks[0].n_children = 4, "expected 5 columns");
    REFUSED(t.chunks[0].children = NULL, "expected 5 columns");
    REFUSED(t.chunks[0].n_buffers = 0, "expected 5 columns");
    REFUSED((t.no_nulls[0] = &all_but_2, t.chunks[0].null_count = 1),
            "training rows: row 2: expected cells, got a row that is null");
    REFUSED(t.cell_pointers[0][1] = NULL, "column 'height': the Arrow array is damaged");
    REFUSED(t.cells[0][1].offset = -1, "expected as many cells as there are rows");
    REFUSED(t.cells[0][1].offset = INT64_MAX - 3, "expected as many cells as there are rows");
    REFUSED(t.cells[0][1].length = INT64_MAX, "expected as many cells as there are rows");
    REFUSED(t.cells[0][1].null_count = -2, "expected as many cells as there are rows");
    REFUSED(t.cells[0][1].null_count = 1, "expected a bitmap of its nulls");
    REFUSED(t.cells[0][1].n_buffers = 3, "expected as many buffers as its type has");
    REFUSED(t.cells[0][1].n_children = 1, "expected as many buffers as its type has");
    REFUSED(t.cells[0][1].buffers = NULL, "expected a bitmap of its nulls");
    REFUSED(t.cells[0][1].dictionary = &t.values[0][3], "expected no dictionary");
    REFUSED(t.buffers[0][1][1] = NULL, "column 'height': the Arrow array is damaged: expected a "
                                       "buffer of cells");
    REFUSED(t.buffers[0][2][1] = falls, "column 'town': the Arrow array is damaged: expected "
                                        "offsets that do not fall");
    REFUSED(t.buffers[0][2][1] = below, "expected offsets of at least 0");
    REFUSED(t.buffers[0][2][2] = NULL, "expected a buffer of texts");
    REFUSED(t.buffers[0][3][1] = beyond, "column 'colour': the Arrow array is damaged: expected "
                                         "indices within its dictionary");
    REFUSED(t.buffers[0][3][1] = negative, "expected indices within its dictionary");
    REFUSED(t.cells[0][3].dictionary = NULL, "expected a dictionary");
    REFUSED(t.values[0][3].length = -1, "expected a dictionary");
    REFUSED(t.values[0][3].dictionary = &t.values[0][2], "expected a dictionary");
}

Test(arrow, damaged_views_are_refused)
{
    static const char buffer[] = "some text of 21 bytes";
    static int64_t sizes[1];
    static const view damaged[] = {{-1, "some", 0, 0},  {21, "some", 1, 0},
                                   {21, "some", -1, 0}, {21, "some", 0, 1},
                                   {21, "some", 0, -1}, {INT32_MAX, "some", 0, INT32_MAX}};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; ++i) {
        rnl_data *data = NULL;
        arrow_begin(&t, 1);
        sizes[0] = sizeof buffer - 1;
        arrow_add(&t, "name", "vu", NULL, &damaged[i], buffer)->n_buffers = 4;
        t.buffers[0][0][3] = sizes;
        const rnl_rows rows = {.frame = arrow_open(&t)};
        cr_expect_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_BAD_DATA, "view %zu", i);
        table_expect_message("column 'name': the Arrow array is damaged: expected views");
    }
}

Test(arrow, cells_that_are_no_numbers_are_refused)
{
    static const float nans[] = {1, 2, 3, NAN, 5, 6};
    static const double large[] = {1, 2, 3, 4, 1e39, 6};
    static const uint8_t none = 0;
    REFUSED(t.buffers[0][1][1] = nans, "training rows: row 3: column 'height': expected a number "
                                       "between -3.4e38 and 3.4e38, got nan");
    REFUSED((t.columns[1].format = "g", t.buffers[0][1][1] = large),
            "row 4: column 'height': expected a number between -3.4e38 and 3.4e38, got 1e+39");
    REFUSED((t.buffers[0][1][0] = &none, t.cells[0][1].null_count = 6),
            "column 'height': expected a value in some row");
    REFUSED(t.buffers[0][2][2] = "Rom\xffLisbonRomeBonnParis",
            "row 0: column 'town': expected UTF-8 of less than 4096 bytes");
    make_table();
    rnl_data *data = NULL;
    const rnl_rows rows = {.rows = 5, .frame = arrow_open(&t)};
    cr_expect_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_BAD_DATA);
    table_expect_message("training rows: expected 5 rows in the frame, got 6");
    const rnl_rows unknown = {.frame = arrow_open(&t), .class_numbers = &targets};
    cr_expect_eq(rnl_data_create(&data, &unknown, NULL, NULL), RNL_BAD_DATA);
    table_expect_message("expected 0 rows in the frame, got 6");
    const rnl_rows rule = {.frame = arrow_open(&t), .missing = (rnl_missing_rule)3};
    cr_expect_eq(rnl_data_create(&data, &rule, NULL, NULL), RNL_BAD_DATA);
    table_expect_message("expected an rnl_missing_rule");
    cr_expect_eq(t.held, 0);
}
