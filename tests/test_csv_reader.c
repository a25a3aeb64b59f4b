/*
 * How the text of a table is taken apart.
 */
#include "engine/data/csv_reader.h"
#include "tests/table_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(csv_reader, .init = table_enter, .fini = table_leave);

/* All records, cells in <>, records ended by a semicolon. */
static void expect_records(const char *text, char delimiter, const char *expected)
{
    table_write(text);
    char all[512] = "";
    rnl_csv_reader reader;
    cr_assert_eq(rnl_csv_open(&reader, table_path, delimiter), RNL_OK, "%s", rnl_message());
    for (;;) {
        cr_assert_eq(rnl_csv_next(&reader), RNL_OK, "%s", rnl_message());
        if (reader.count == 0)
            break;
        for (size_t i = 0; i < reader.count; ++i)
            sprintf(all + strlen(all), "<%s>", reader.cells[i].text);
        strcat(all, ";");
    }
    rnl_csv_close(&reader);
    cr_expect_str_eq(all, expected);
}

Test(csv_reader, records)
{
    expect_records("a,b\n1,2\n", ',', "<a><b>;<1><2>;");
    expect_records("a,b\r\n1,2", ',', "<a><b>;<1><2>;");
    expect_records("\xef\xbb\xbf"
                   "a;b\n",
                   ';', "<a><b>;");
    expect_records("a\tb c\t\n", '\t', "<a><b c><>;");
    expect_records("\n\r\n a , b \n\n1,2\n\n", ',', "<a><b>;<1><2>;");
    expect_records("\"a,b\",\"c\"\"d\"\n\"two\nlines\", \" kept \" \n", ',',
                   "<a,b><c\"d>;<two\nlines>< kept >;");
    expect_records(",\n", ',', "<><>;");
    expect_records("", ',', "");
    expect_records("\n\n", ',', "");
}

/* Cells that lie across the reader's buffer come out whole. */
Test(csv_reader, long_cells)
{
    enum { LENGTH = 300000 };
    char *text = malloc(LENGTH + 8);
    memset(text, 'x', LENGTH);
    strcpy(text + LENGTH, ",\"y\"\n");
    table_write(text);
    rnl_csv_reader reader;
    cr_assert_eq(rnl_csv_open(&reader, table_path, ','), RNL_OK);
    cr_assert_eq(rnl_csv_next(&reader), RNL_OK);
    cr_assert_eq(reader.count, 2);
    cr_expect_eq(strlen(reader.cells[0].text), LENGTH);
    cr_expect_str_eq(reader.cells[1].text, "y");
    cr_expect_eq(reader.cells[1].column, LENGTH + 2);
    rnl_csv_close(&reader);
    free(text);
}

static void expect_broken(const char *text, size_t count, const char *words)
{
    table_write_bytes(text, count);
    rnl_csv_reader reader;
    cr_assert_eq(rnl_csv_open(&reader, table_path, ','), RNL_OK);
    rnl_status status = rnl_csv_next(&reader);
    while (status == RNL_OK && reader.count > 0)
        status = rnl_csv_next(&reader);
    rnl_csv_close(&reader);
    cr_expect_eq(status, RNL_BAD_DATA);
    table_expect_message(words);
}

Test(csv_reader, broken_text)
{
    expect_broken("a\nb,\"c\n", 7, "csv:2:3: this quote is never closed");
    expect_broken("\"a\"b,c\n", 7, "csv:1:4: expected ',' or the end of the line after a closing");
    expect_broken("a\0b\n", 4, "csv:1:2: expected text, got a byte of 0");
    expect_broken("a,b\rc\n", 6, "csv:1:5: expected a line feed after a carriage return");
}
