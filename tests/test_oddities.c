/*
 * What is odd about the columns of a frame is told as of a table in a file, and about those of an
 * array by their numbers.
 */
#include "arrow_columns.h"
#include "fixtures.h"
#include "number_files.h"
#include "table_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(oddities, .init = table_enter, .fini = table_leave);

enum { ROWS = 24 };

static arrow_table t;
static int32_t number[ROWS], colour[ROWS], classes[ROWS];
static int32_t word_offsets[ROWS + 1], user_offsets[ROWS + 1];
static char words[4 * ROWS + 1], users[3 * ROWS + 1], table[64 * ROWS];
static double copy[ROWS], values[ROWS], other[ROWS], same[ROWS];
static const int32_t colour_offsets[] = {0, 3, 7};

/* A number of the row, the class again, "paid" or "owed" for it, by texts and by a dictionary, a
 * name of each row, and what says nothing. */
static void make_table(void)
{
    strcpy(table, "id,copy,word,colour,user,other,y\n");
    words[0] = users[0] = '\0';
    for (int i = 0; i < ROWS; ++i) {
        const bool paid = i % 3 == 0;
        number[i] = i + 5;
        copy[i] = values[i] = classes[i] = paid;
        other[i] = i % 5;
        colour[i] = !paid;
        strcat(words, paid ? "paid" : "owed");
        sprintf(users + strlen(users), "u%02d", i);
        word_offsets[i + 1] = (int32_t)strlen(words);
        user_offsets[i + 1] = (int32_t)strlen(users);
        sprintf(table + strlen(table), "%d,%d,%s,%s,u%02d,%d,%d\n", i + 5, paid,
                paid ? "paid" : "owed", paid ? "red" : "blue", i, i % 5, paid);
    }
    arrow_begin(&t, ROWS);
    arrow_add(&t, "id", "i", NULL, number, NULL);
    arrow_add(&t, "copy", "g", NULL, copy, NULL);
    arrow_add(&t, "word", "u", NULL, word_offsets, words);
    arrow_add_dictionary(&t, "colour", NULL, colour, colour_offsets, "redblue", 2);
    arrow_add(&t, "user", "u", NULL, user_offsets, users);
    arrow_add(&t, "other", "g", NULL, other, NULL);
}

static rnl_data *open_frame(bool has_values)
{
    const rnl_rows rows = {.rows = ROWS,
                           .frame = arrow_open(&t),
                           .classes = has_values ? NULL : classes,
                           .double_values = has_values ? values : NULL,
                           .value_columns = has_values ? 1 : 0};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    return data;
}

/* Copies a note from the word "input" on to what only one kind of table has. */
static void cut(char text[256], const rnl_note *note, const char *target)
{
    const char *input = strstr(note->text, "input '");
    cr_assert_not_null(input, "%s", note->text);
    snprintf(text, 256, "%s", input);
    text[strcspn(text, ";")] = '\0';
    char *named = strstr(text, target);
    if (named)
        memmove(named, named + strlen(target), strlen(named + strlen(target)) + 1);
}

static void expect_same_notes(const rnl_data *frame, const rnl_data *file, size_t count)
{
    char ours[256], theirs[256];
    cr_assert_eq(file->notes.count, count);
    cr_assert_eq(frame->notes.count, count);
    for (size_t i = 0; i < count; ++i) {
        cut(ours, &frame->notes.items[i], "the target");
        cut(theirs, &file->notes.items[i], "target 'y'");
        cr_expect_str_eq(ours, theirs);
        cr_expect_eq(frame->notes.items[i].level, file->notes.items[i].level);
        cr_expect_null(strchr(frame->notes.items[i].text, '`'), "%s", frame->notes.items[i].text);
    }
}

#define KEYS "target: y, categorical: [word, colour, user]"

Test(oddities, of_a_frame_are_those_of_a_file)
{
    make_table();
    for (int cuts = 0; cuts < 2; ++cuts) {
        if (cuts)
            arrow_cut(&t, 1, 20);
        for (int has_values = 0; has_values < 2; ++has_values) {
            rnl_data *file = table_load(table, KEYS, has_values ? table_squares : table_classes);
            rnl_data *frame = open_frame(has_values);
            expect_same_notes(frame, file, 5);
            rnl_data_free(frame);
            rnl_data_free(file);
        }
    }
}

/* One row that is otherwise, the last, and nothing is to be told of. */
Test(oddities, one_row_may_speak_against_them)
{
    make_table();
    number[ROWS - 1] = 5;
    copy[ROWS - 1] = 2;
    colour[ROWS - 1] = 0;
    memcpy(words + 4 * (ROWS - 1), "paid", 4);
    cr_assert_eq(classes[ROWS - 1], 0);
    rnl_data *frame = open_frame(false);
    cr_assert_eq(frame->notes.count, 1, "the user's");
    rnl_data_free(frame);
}

/* A category of its own in most of many rows is one that new rows will not have. */
Test(oddities, categories_of_most_rows_are_told)
{
    for (int shared = 3; shared < 6; ++shared) {
        make_table();
        for (int i = ROWS - shared; i < ROWS; ++i)
            memcpy(users + 3 * i, "u23", 3);
        rnl_data *frame = open_frame(false);
        cr_assert_eq(frame->notes.count, shared < 5 ? 5 : 4);
        if (shared < 5)
            cr_expect(strstr(frame->notes.items[4].text, "input 'user' has a category of its own "
                                                         "in 2") != NULL,
                      "%s", frame->notes.items[4].text);
        rnl_data_free(frame);
    }
}

/* Rows that are left out say nothing, and neither do targets that are not there. */
Test(oddities, are_of_the_rows_that_are_kept)
{
    static const uint8_t all_but_the_last[] = {0xff, 0xff, 0x7f};
    make_table();
    number[ROWS - 1] = 5;
    copy[ROWS - 1] = 2;
    t.cells[0][5].null_count = 1;
    t.buffers[0][5][0] = all_but_the_last;
    rnl_rows rows = {
        .rows = ROWS, .frame = arrow_open(&t), .missing = RNL_MISSING_DROP, .classes = classes};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(data->train.rows, ROWS - 1);
    cr_assert_eq(data->notes.count, 6);
    cr_expect_str_eq(data->notes.items[0].text,
                     "training rows: missing: drop leaves out 1 of 24 rows");
    cr_expect_eq(data->notes.items[0].level, RNL_LOG_INFO);
    cr_expect(strstr(data->notes.items[1].text, "training rows: input 'id' numbers the rows from 5"
                                                " on; if it means nothing more, leave it out"));
    rnl_data_free(data);
    rows = (rnl_rows){.rows = ROWS, .frame = arrow_open(&t), .missing = RNL_MISSING_FILL};
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_eq(data->notes.count, 1);
    cr_expect(strstr(data->notes.items[0].text, "input 'user' has a category of its own"));
    rnl_data_free(data);
    rows = (rnl_rows){.rows = ROWS, .frame = arrow_open(&t), .missing = RNL_MISSING_FILL};
    cr_assert_eq(rnl_data_create(&data, NULL, &rows, NULL), RNL_OK, "%s", rnl_message());
    cr_expect_eq(data->notes.count, 0);
    rnl_data_free(data);
}

static rnl_data *open_filled(bool with_classes, int all_categories)
{
    const rnl_rows rows = {.rows = ROWS,
                           .frame = arrow_open(&t),
                           .missing = RNL_MISSING_FILL,
                           .all_categories = all_categories,
                           .classes = with_classes ? classes : NULL};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
    return data;
}

/* Cells without a value say nothing, and few with one may be alike by chance. */
Test(oddities, are_of_cells_that_have_a_value)
{
    static const uint8_t one[3] = {1}, twelve[3] = {0xff, 0x0f}, twenty[3] = {0xff, 0xff, 0x0f};
    static const struct {
        size_t column;
        const uint8_t *cells;
        const char *told;
    } cases[] = {
        {1, one, "input 'copy' has a value in 1 of 24 rows alone: all others get the mean, 1"},
        {1, twelve, "input 'copy' says in every row that has a value what the target says"},
        {2, twelve, NULL},
        {2, twenty, "input 'word' has one value for each class"},
        {4, one, "in 1 of 24 rows alone: all others get the most frequent, 'u00'"},
        {4, twelve, "input 'user' has a category of its own in every row that has a value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        make_table();
        t.cells[0][cases[i].column].null_count = 1;
        t.buffers[0][cases[i].column][0] = cases[i].cells;
        rnl_data *data = open_filled(true, 0);
        cr_assert_eq(data->notes.count, cases[i].told ? 5 : 4, "case %zu", i);
        if (cases[i].told)
            cr_expect(strstr(data->notes.items[cases[i].column].text, cases[i].told), "%s",
                      data->notes.items[cases[i].column].text);
        rnl_data_free(data);
    }
}

/* As many categories as rows are declared, of which the rows have two, or all. */
Test(oddities, are_not_of_categories_that_no_row_has)
{
    for (int own = 0; own < 2; ++own) {
        make_table();
        for (int i = 0; i < ROWS; ++i)
            colour[i] = own ? i : i % 2;
        arrow_begin(&t, ROWS);
        arrow_add_dictionary(&t, "colour", NULL, colour, user_offsets, users, ROWS);
        rnl_data *data = open_filled(false, 1);
        cr_expect_eq(data->encoding.inputs.items[0].category_count, ROWS);
        cr_expect_eq(data->notes.count, own);
        rnl_data_free(data);
    }
}

/* ---- the same in every row ------------------------------------------------------------------- */

static void expect_constants(const rnl_data *data, const char *expected)
{
    cr_assert_eq(data->notes.count, expected ? 1 : 0);
    if (expected) {
        cr_expect(strstr(data->notes.items[0].text, expected), "%s", data->notes.items[0].text);
        cr_expect_eq(data->notes.items[0].level, RNL_LOG_INFO);
    }
}

/* Columns k, m and w are constant, each up to the last row or all along; in m a cell is missing. */
Test(oddities, constants_are_told_once)
{
    static const char *const told[] = {
        NULL, "input 'k' is the same in every row: the net learns nothing from it",
        "input 'k' and 1 other are the same in every row: the net learns nothing from them",
        "input 'k' and 2 others are the same in every row: the net learns nothing from them"};
    static const uint8_t all_but_one[] = {0xff, 0xfb, 0xff};
    for (int constants = 0; constants <= 3; ++constants) {
        double m[ROWS];
        strcpy(table, "other,k,m,w,y\n");
        words[0] = '\0';
        for (int i = 0; i < ROWS; ++i) {
            const bool last = i == ROWS - 1;
            other[i] = i % 5;
            same[i] = last && constants < 1 ? 8 : 7;
            m[i] = last && constants < 2 ? 8 : 7;
            classes[i] = i % 3 == 0;
            strcat(words, last && constants < 3 ? "b" : "a");
            word_offsets[i + 1] = i + 1;
            sprintf(table + strlen(table), "%g,%g,%s,%c,%d\n", other[i], same[i],
                    i == 10     ? ""
                    : m[i] == 7 ? "7"
                                : "8",
                    words[i], classes[i]);
        }
        arrow_begin(&t, ROWS);
        arrow_add(&t, "other", "g", NULL, other, NULL);
        arrow_add(&t, "k", "g", NULL, same, NULL);
        arrow_add(&t, "m", "g", all_but_one, m, NULL);
        arrow_add(&t, "w", "u", NULL, word_offsets, words);
        rnl_data *frame = open_filled(true, 0);
        rnl_data *file =
            table_load(table, "target: y, categorical: [w], missing: fill", table_classes);
        expect_constants(frame, told[constants]);
        expect_constants(file, told[constants]);
        rnl_data_free(frame);
        rnl_data_free(file);
    }
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static rnl_data *open_array(const double *inputs, size_t rank)
{
    static const size_t shape[] = {4, 1};
    const rnl_rows rows = {ROWS, rank, shape, .doubles = inputs, .classes = classes};
    rnl_data *data = NULL;
    cr_assert_eq(rnl_data_create(&data, &rows, &rows, NULL), RNL_OK, "%s", rnl_message());
    return data;
}

/* The columns of an array have numbers: one of the row, the class, a constant, and what says
 * nothing.  Those of images are none. */
Test(oddities, of_an_array_are_told_by_number)
{
    static const char *const told[] = {
        "input number 0 numbers the rows from 5 on; if it means nothing more, leave it out",
        "input number 1 says in every row what the target says: the net has the answer",
        "input number 2 is the same in every row: the net learns nothing from it"};
    double inputs[4 * ROWS];
    make_table();
    for (size_t i = 0; i < ROWS; ++i) {
        const double row[4] = {(double)i + 5, classes[i], 7, other[i]};
        memcpy(inputs + 4 * i, row, sizeof row);
    }
    rnl_data *data = open_array(inputs, 1), *images = open_array(inputs, 2);
    cr_assert_eq(data->notes.count, 3);
    for (size_t i = 0; i < 3; ++i)
        cr_expect(strstr(data->notes.items[i].text, told[i]), "%s", data->notes.items[i].text);
    cr_expect_eq(images->notes.count, 0);
    rnl_data_free(data);
    rnl_data_free(images);
}

/* So have those of files without names, of the training rows alone. */
Test(oddities, of_array_files_are_told_by_number)
{
    static const char *const formats[] = {"npy", "idx"};
    char path[64];
    make_table();
    snprintf(path, sizeof path, "%s.numbers", table_path);
    for (size_t f = 0; f < 2; ++f) {
        (f == 0 ? number_file_npy : number_file_idx)(path, values, ROWS, FLOAT64);
        rnl_config *config = fixture_config(
            "data: {train: {%s: {inputs: %s, targets: %s}}, validation: {%s: {inputs: %s, "
            "targets: %s}}}\nmodel: [dense: {units: 1}]\ntraining: {loss: mse, optimizer: sgd}\n",
            formats[f], path, path, formats[f], path, path);
        rnl_data *data = NULL;
        cr_assert_eq(rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION), RNL_OK, "%s",
                     rnl_message());
        cr_assert_eq(data->notes.count, 1);
        cr_expect(strstr(data->notes.items[0].text, "input number 0 says in every row"), "%s",
                  data->notes.items[0].text);
        cr_expect_eq(data->notes.items[0].level, RNL_LOG_WARNING);
        rnl_data_free(data);
        rnl_config_free(config);
    }
    unlink(path);
}

/* A constant says nothing of a target that is the same in every row. */
Test(oddities, a_constant_does_not_tell_a_constant_target)
{
    static const char *const told[] = {
        "input 'k' is the same in every row: the net learns nothing from it",
        "input number 0 and 1 other are the same in every row: the net learns nothing from them"};
    static const double zeros[ROWS], pairs[3 * ROWS] = {[3 * ROWS - 1] = 1};
    static const size_t shape[] = {3};
    strcpy(table, "k,y\n");
    for (int i = 0; i < ROWS; ++i)
        strcat(table, "0,0\n");
    rnl_data *file = table_load(table, "target: y", table_squares), *data = NULL;
    expect_constants(file, told[0]);
    rnl_data_free(file);
    memset(classes, 0, sizeof classes);
    for (int has_values = 0; has_values < 2; ++has_values) {
        rnl_rows rows = {ROWS, 1, shape, .doubles = pairs};
        rows.classes = has_values ? NULL : classes;
        rows.double_values = has_values ? zeros : NULL;
        rows.value_columns = 1;
        cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
        expect_constants(data, told[1]);
        rnl_data_free(data);
        arrow_begin(&t, ROWS);
        arrow_add(&t, "k", "g", NULL, zeros, NULL);
        rows.doubles = NULL;
        rows.frame = arrow_open(&t);
        cr_assert_eq(rnl_data_create(&data, &rows, NULL, NULL), RNL_OK, "%s", rnl_message());
        expect_constants(data, told[0]);
        rnl_data_free(data);
    }
}
