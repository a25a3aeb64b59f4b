/*
 * Where the records of a part of a table begin: found without its cells, and without what stands
 * before it, as the reader finds them.
 */
#include "engine/data/csv_scan.h"
#include "simd/philox.h"
#include "tests/table_file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(csv_scan, .init = table_enter, .fini = table_leave);

enum { MOST_RECORDS = 64 };

/* A table, and where its records begin; behind them, its size. */
typedef struct table {
    const char *text;
    size_t size, count, begins[MOST_RECORDS];
    char delimiter;
} table;

static void list_records(table *t, const char *text, char delimiter)
{
    rnl_csv_reader reader;
    *t = (table){.text = text, .size = strlen(text), .delimiter = delimiter};
    table_write(text);
    cr_assert_eq(rnl_csv_open(&reader, table_path, delimiter), RNL_OK, "%s", rnl_message());
    reader.keeps_empty_lines = true;
    for (;;) {
        cr_assert_eq(rnl_csv_next(&reader), RNL_OK, "'%s': %s", text, rnl_message());
        if (reader.count == 0)
            break;
        t->begins[t->count++] = (size_t)reader.begin;
    }
    t->begins[t->count] = t->size;
    rnl_csv_close(&reader);
}

static size_t record_from(const table *t, uint64_t at)
{
    size_t i = 0;
    while (t->begins[i] < at)
        ++i;
    return t->begins[i];
}

/* The lines that begin between two bytes: the reader knows which of the two cases holds. */
static void expect_stretch(const table *t, size_t from, size_t to)
{
    rnl_csv_stretch stretch;
    rnl_csv_reader reader;
    cr_assert_eq(rnl_csv_open(&reader, table_path, t->delimiter), RNL_OK);
    cr_assert_eq(rnl_csv_scan(&stretch, &reader, from, to, from == 0), RNL_OK, "%s", rnl_message());
    rnl_csv_close(&reader);
    cr_assert(stretch.begin <= stretch.end && stretch.end <= t->size);
    const size_t first = record_from(t, stretch.begin);
    const bool quoted = first != stretch.begin, found = first < stretch.end;
    cr_assert_eq(stretch.record[quoted], found ? first : stretch.end, "'%s', bytes %zu to %zu",
                 t->text, from, to);
    cr_assert(stretch.end == t->size ||
                  stretch.quoted[quoted] == (record_from(t, stretch.end) != stretch.end),
              "'%s', bytes %zu to %zu", t->text, from, to);
}

static uint32_t draw(uint32_t turn, uint32_t *place, uint32_t below)
{
    return rnl_philox(7, (rnl_philox_block){{turn, (*place)++, 0, 0}}).word[0] % below;
}

/* Writes a few cells of every kind, with line ends of both. */
static void write_table(char *text, uint32_t turn, bool blanks)
{
    static const char *const cells[] = {
        "1", "a\"b", "\"\"", "\"\n\"", "\"a,\"\"\n\"", "\"\"\"\"", "\"\r\n\n\"\"x\"\"\"", "ab\""};
    static const char *const commas[] = {",", " ,", ",\t", "\n", "\r\n", "\n\n"};
    static const char *const spaces[] = {" ", "\t ", " ", "\n", "\r\n", "\n\n"};
    uint32_t place = 0;
    *text = '\0';
    for (uint32_t left = 1 + draw(turn, &place, 7); left > 0; --left) {
        strcat(text, cells[draw(turn, &place, sizeof cells / sizeof *cells)]);
        strcat(text, (blanks ? spaces : commas)[draw(turn, &place, 6)]);
    }
}

static void expect_all_stretches(char delimiter)
{
    char text[128];
    table t;
    for (uint32_t turn = 0; turn < 25; ++turn) {
        write_table(text, turn, delimiter == RNL_CSV_BLANKS);
        list_records(&t, text, delimiter);
        for (size_t from = 0; from <= t.size; ++from)
            for (size_t to = from + 1; to <= t.size; to += 7)
                expect_stretch(&t, from, to);
    }
}

Test(csv_scan, finds_the_records_of_any_part)
{
    expect_all_stretches(',');
}

Test(csv_scan, finds_them_between_blanks)
{
    expect_all_stretches(RNL_CSV_BLANKS);
}

/* What decides lies across the end of a piece that is read at once. */
Test(csv_scan, across_pieces)
{
    enum { PIECE = 1 << 18, AROUND = 16 };
    static const char tail[] = "\"\"\n\"\", \"\n c\"d, \"e\n\"\"\" \nf\n";
    char *text = malloc(PIECE + sizeof tail + 8);
    table t;
    for (size_t before = PIECE - AROUND; before < PIECE; ++before) {
        strcpy(text, "\"\n");
        memset(text + 2, 'x', before);
        strcpy(text + 2 + before, tail);
        list_records(&t, text, ',');
        expect_stretch(&t, 1, t.size);
        expect_stretch(&t, 1, t.size - 3);
        expect_stretch(&t, 0, t.size - 3);
    }
    free(text);
}

/* Records that are sought: by place, and with the line that messages name. */
Test(csv_scan, records_are_read_where_they_begin)
{
    rnl_csv_reader reader;
    table_write("a,\"\n\"\n\nb,c\nd,e\n\"f\"g\n");
    cr_assert_eq(rnl_csv_open(&reader, table_path, ','), RNL_OK);
    cr_assert_eq(rnl_csv_seek(&reader, 11, UINT64_MAX), RNL_OK);
    cr_assert_eq(rnl_csv_next(&reader), RNL_OK);
    cr_expect_str_eq(reader.cells[1].text, "e");
    cr_expect_eq(rnl_csv_offset(&reader), 15u);
    cr_assert_eq(rnl_csv_seek(&reader, 0, 7), RNL_OK);
    cr_assert_eq(rnl_csv_next(&reader), RNL_OK);
    cr_expect_str_eq(reader.cells[1].text, "\n");
    cr_assert_eq(rnl_csv_next(&reader), RNL_OK);
    cr_expect_eq(reader.count, 0u, "behind the limit");
    cr_assert_eq(rnl_csv_seek(&reader, 7, 11), RNL_OK);
    cr_assert_eq(rnl_csv_next(&reader), RNL_OK);
    cr_expect_str_eq(reader.cells[0].text, "b");
    cr_assert_eq(rnl_csv_next(&reader), RNL_OK);
    cr_expect_eq(reader.count, 0u, "behind the limit");
    cr_assert_eq(rnl_csv_seek(&reader, 15, UINT64_MAX), RNL_OK);
    cr_expect_eq(rnl_csv_next(&reader), RNL_BAD_DATA);
    table_expect_message("csv:6:4: expected ',' or the end of the line after a closing quote");
    rnl_csv_close(&reader);
}

/* Blanks before a record count in the columns of messages. */
Test(csv_scan, blanks_before_a_record_are_read_again)
{
    rnl_csv_reader reader;
    table_write("  1 2\n \n   3\t\"4\n");
    cr_assert_eq(rnl_csv_open(&reader, table_path, RNL_CSV_BLANKS), RNL_OK);
    cr_assert_eq(rnl_csv_next(&reader), RNL_OK);
    cr_expect_eq(reader.begin, 0u);
    cr_expect_eq(rnl_csv_next(&reader), RNL_BAD_DATA);
    table_expect_message("csv:3:6: this quote is never closed");
    cr_expect_eq(reader.begin, 8u);
    cr_assert_eq(rnl_csv_seek(&reader, reader.begin, UINT64_MAX), RNL_OK);
    cr_expect_eq(rnl_csv_next(&reader), RNL_BAD_DATA);
    table_expect_message("csv:3:6: this quote is never closed");
    rnl_csv_close(&reader);
}
