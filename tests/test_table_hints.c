/*
 * What is said of a table that is written in another way, and of other files.
 */
#include "tests/table_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(table_hints, .init = table_enter, .fini = table_leave);

Test(table_hints, hints_that_fit)
{
    static const char *const missing[] = {"NA", "?", "nan", "N/A", "null", "-", "\\N"};
    char text[64], words[160];
    for (size_t i = 0; i < sizeof missing / sizeof *missing; ++i) {
        snprintf(text, sizeof text, "a,y\n1,0\n%s,1\n", missing[i]);
        snprintf(words, sizeof words, "missing_values: [\"%s\"]`, with `missing: drop` or `fill`",
                 missing[i]);
        table_expect_refused(text, "target: y", table_squares, words);
        cr_expect_null(strstr(rnl_message(), "categorical"));
    }
    table_expect_refused("a;y\n-0,61;0\n", "target: y, delimiter: ';'", table_squares,
                         "expected a number (with a decimal comma: `decimal: \",\"`), got '-0,61'");
    table_expect_refused("a,y\n\"0,5\",0\n", "target: y", table_squares, "`decimal: \",\"`");
    table_expect_refused("a,y\n\"1,234\",0\n", "target: y", table_squares,
                         "commas between thousands are not read), got '1,234'");
    table_expect_refused("a,y\n\"-1,234,567\",0\n", "target: y", table_squares,
                         "commas between thousands are not read), got '-1,234,567'");
    table_expect_refused("a,y\n\"-1,234.50\",0\n", "target: y", table_squares,
                         "expected a number without commas between thousands, got '-1,234.50'");
    table_expect_refused("a,y\n\"1,23.50\",0\n", "target: y", table_squares,
                         "expected a number, got '1,23.50'");
    table_expect_refused("a,y\n-inf,0\n", "target: y", table_squares,
                         "expected a number that is finite, got '-inf'");
    table_expect_refused("a,y\nred,0\n", "target: y", table_squares, "belong under `categorical`");
    table_expect_refused("a,y\n1,red\n", "target: y", table_squares,
                         "classes need the loss sparse_categorical_crossentropy with softmax");
    table_expect_refused("a,y\n2021-03-04,0\n", "target: y", table_squares,
                         "expected a number (dates and times are not read: `ignore: [\"a\"]` "
                         "leaves the column out), got '2021-03-04'");
    table_expect_refused("a,y\n31/12/2021 10:00,0\n", "target: y", table_squares,
                         "dates and times");
    table_expect_refused("a,y\n12:30:00Z,0\n", "target: y", table_squares, "dates and times");
    table_expect_refused("a,y\n2021-03-04T10:00:00+01:00,0\n", "target: y", table_squares,
                         "dates and times");
    static const char *const others[] = {"555-123-4567", "12-34-56", "2021-03-2021", "1:2:2021",
                                         "2021/03-04"};
    for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
        snprintf(text, sizeof text, "a,y\n%s,0\n", others[i]);
        snprintf(words, sizeof words, "expected a number, got '%s'", others[i]);
        table_expect_refused(text, "target: y", table_squares, words);
    }
    table_expect_refused("a,y\n1-2,0\n", "target: y", table_squares,
                         "expected a number, got '1-2'");
    table_expect_refused("a,y\n12 kg,0\n", "target: y", table_squares,
                         "expected a number, got '12 kg'");
}

Test(table_hints, all_columns_of_names_are_told_at_once)
{
    table_expect_refused("a,town,sex,y\n1,Rome,m,0\n2,Bonn,f,1\n", "target: y", table_squares,
                         ":2:3: column 'town': expected a number (columns of names belong under "
                         "`categorical`; so do 'sex', with 'm'; `categorical: auto` finds "
                         "them), got 'Rome'");
    table_expect_refused("auto,a,y\n1,Rome,0\n", "target: y", table_squares,
                         "(columns of names belong under `categorical`), got 'Rome'");
    table_expect_refused("a,b,c,d,e,f,g,h,k,l,y\nq,r,3,true,NA,q,s,t,u,v,0\n",
                         "target: y, categorical: [f]", table_squares,
                         "so do 'b', with 'r', 'g', with 's', 'h', with 't', 'k', with 'u', 'l', "
                         "with 'v'; `categorical: auto` finds them), got 'q'");
    table_expect_refused("a,b,c,d,e,f,g,y\nq,r,s,t,u,v,w,0\n", "target: y", table_squares,
                         "'f', with 'v' and 1 more; `categorical: auto` finds them), got 'q'");
}

Test(table_hints, hints_at_delimiters)
{
    table_expect_refused("a;b;y\n0,61;1;0\n", "target: y", table_squares,
                         "has no column 'y' (perhaps `delimiter: \";\"`)");
    table_expect_refused("\"a\";\"y\"\n1;0\n", "target: y", table_squares,
                         ":1:4: expected ',' or the end of the line after a closing quote (perhaps "
                         "`delimiter: \";\"`)");
    table_expect_refused("\"a\"\t\"y\"\n1\t0\n", "target: y", table_squares,
                         ":1:5: expected ',' or the end of the line after a closing quote (perhaps "
                         "`delimiter: \"\\t\"`)");
    table_expect_refused("\"a\"\t;y\n1;0\n", "target: y", table_squares,
                         "(perhaps `delimiter: \";\"`)");
    table_expect_refused("\"a\" \"y\"\n1 0\n", "target: y", table_squares,
                         "(perhaps `delimiter: whitespace`)");
    table_expect_refused("\"a\" b,y\n1,0\n", "target: y", table_squares, "a closing quote");
    cr_expect_null(strstr(rnl_message(), "perhaps"));
    table_expect_refused("a\tb\ty\n1\t2\t0\n", "target: y", table_squares,
                         "has no column 'y' (perhaps `delimiter: \"\\t\"`)");
    table_expect_refused("a,b,y\n1,2,0\n", "target: y, delimiter: ';'", table_squares,
                         "(perhaps `delimiter: \",\"`)");
    table_expect_refused("a b y\n1 2 0\n", "target: y", table_squares,
                         "(perhaps `delimiter: whitespace`)");
    table_expect_refused("1;2;0\n", "target: '3', header: false", table_squares,
                         "(perhaps `delimiter: \";\"`)");
    table_expect_refused("0,61;1;0\n", "target: '2', header: false", table_squares,
                         "expected a number (perhaps `delimiter: \";\"`), got '61;1;0'");
    table_expect_refused("1 2,0\n", "target: '2', header: false", table_squares,
                         "(perhaps `delimiter: whitespace`)");
    table_expect_refused(
        "1,2,0\n3,4,1\n", "target: '3'", table_squares,
        "has no column '3': its first line is all numbers; without names, `header: "
        "false`");
}

Test(table_hints, names_are_told_where_none_is_near)
{
    table_expect_refused("a,b,y\n1,2,0\n", "target: price", table_squares,
                         "has no column 'price'; it has 'a', 'b', 'y'");
    table_expect_refused("# made\na,b\n", "target: price", table_squares, "; it has '# made'");
    table_expect_refused("1,red,0\n", "target: price", table_squares, "it has '1', 'red', '0'");
}

Test(table_hints, hints_at_the_ends_of_lines)
{
    table_expect_refused("a,y\n1,2\n3,\n", "target: y, missing: fill", table_squares,
                         "`missing: fill` fills inputs in), got ''");
    table_expect_refused(
        "1,2,0,\n", "target: '3', header: false", table_squares,
        "if every line ends with ',', `ignore: [\"4\"]` leaves out the empty column");
    table_expect_inputs("1,2,0,\n", "target: '3', header: false, ignore: '4'", 1, 2,
                        (const float[]){1, 2});
    table_expect_refused("a,b,y\n1,2,0,\n", "target: y", table_squares,
                         "expected 3 cells, as the first line has, got 4: this line ends with ','");
    table_expect_refused("a,b,y\n0,5,2,0\n", "target: y", table_squares,
                         "as in a number with a decimal comma");
    table_expect_refused("a,b,y\n,1,0\n,2,1\n", "target: y, missing: fill", table_squares,
                         "column 'a': expected a value in some row (`ignore: [\"a\"]` leaves");
}

static void expect_content_refused(const void *bytes, size_t count, const char *words)
{
    rnl_config *config = table_configure("target: y", 1, table_squares);
    rnl_data *data = NULL;
    table_write_bytes(bytes, count);
    cr_expect_eq(rnl_data_load(&data, config, RNL_TRAIN), RNL_BAD_DATA);
    table_expect_message(words);
    rnl_config_free(config);
}

Test(table_hints, other_content_is_named)
{
    expect_content_refused("\x93NUMPY\x01\0v\0{", 11, "in UTF-8, got a .npy file");
    expect_content_refused("\0\0\x08\x01\0\0\0\1\1", 9, "in UTF-8, got an IDX file");
    expect_content_refused("\xff\xfe"
                           "a\0\n\0",
                           6, "in UTF-8, got UTF-16");
    expect_content_refused("PK\3\4\24\0", 6, "in UTF-8, got a zip archive (of an .npz");
}
