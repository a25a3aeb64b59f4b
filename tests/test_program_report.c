/*
 * `runnel report`: runs, comparisons and benchmarks on one page.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(program_report, .init = program_enter, .fini = scratch_leave);

#define SHORT " -q --set training.epochs=2 --set data.train.spirals.rows=300 "

static const char benchmarks[] =
    "{\"context\": {\"processor\": \"<b>X</b>\", \"warnings\": [\"a & b\"]}, \"benchmarks\": ["
    "{\"name\": \"t/a/x_median\", \"run_name\": \"t/a/x\", \"run_type\": \"aggregate\","
    " \"aggregate_name\": \"median\", \"real_time\": 2500, \"interval_low\": 2400,"
    " \"interval_high\": 2600, \"best\": 2000, \"cpu_time\": 1, \"time_unit\": \"ns\","
    " \"share\": 0.5, \"label\": \"half\"}]}";

/* No request leaves the page: what begins as an address only names the language of a drawing. */
static void expect_alone(const char *page)
{
    const char *text = program_read(page);
    cr_expect_null(strstr(text, "<script"));
    cr_expect_null(strstr(text, " src="));
    for (const char *at = text; (at = strstr(at, "://")); at += 3)
        cr_expect_eq(strncmp(at, "://www.w3.org/", 14), 0, "%.60s", at - 6);
}

Test(program_report, page_has_all_three)
{
    if (system("command -v gnuplot >/dev/null") != 0)
        cr_skip_test("gnuplot is not installed");
    program_write("b.json", benchmarks);
    cr_assert_eq(program_run("train " SPIRALS SHORT "-o run --set training.inspect=true"), 0);
    cr_assert_eq(program_run("compare " SPIRALS SHORT "-o c --vary training.optimizer=sgd,adam"),
                 0);
    cr_assert_eq(program_run("report run c b.json -o page.html --title 'A < B'"), 0, "%s",
                 program_read("err"));
    program_expect("out", "report: page.html");
    program_expect("page.html", "<title>A &lt; B</title>");
    program_expect("page.html", "On 1500 test rows:");
    program_expect("page.html", "Layers after the last epoch");
    program_expect("page.html", "<td>training.optimizer=adam");
    program_expect("page.html", "<td>2.5 us<td>2.4 us<td>2.6 us<td>2 us");
    program_expect("page.html", "<td class=\"words\">half; share 0.5");
    program_expect("page.html", "<td class=\"words\">&lt;b&gt;X&lt;/b&gt;");
    program_expect("page.html", "Warning: a &amp; b.");
    expect_alone("page.html");
    program_expect_swept();
}

/* A drawing's title is what its results share; a long name does not take the room of the dots. */
Test(program_report, a_drawing_names_what_differs)
{
    if (system("command -v gnuplot >/dev/null") != 0)
        cr_skip_test("gnuplot is not installed");
#define MEDIAN(name, time)                                                                         \
    "{\"run_name\": \"" name "\", \"aggregate_name\": \"median\", \"real_time\": " time            \
    ", \"interval_low\": " time ", \"interval_high\": " time "}"
    program_write("b.json",
                  "{\"context\": {}, \"benchmarks\": [" MEDIAN("t/a/m/x", "2500") "," MEDIAN(
                      "t/a/m/one of fifty characters, beside a very short one", "2600") "]}");
    cr_assert_eq(program_run("report b.json"), 0, "%s", program_read("err"));
    program_expect("report.html", ">t/a/m</text>");
    program_expect("report.html", ">one of fifty characters, beside a very short one</text>");
    program_expect("report.html", "viewBox=\"0 0 606 140\"");
}

Test(program_report, last_line_is_that_of_history)
{
    if (system("command -v gnuplot >/dev/null") != 0)
        cr_skip_test("gnuplot is not installed");
    cr_expect_eq(program_shell("mkdir run && printf 'epoch,loss,mse,accuracy\\n1,0.5,1,0.25\\n"
                               "2,0.25,3e35,1\\n' >run/history.csv"),
                 0);
    cr_assert_eq(program_run("report run"), 0, "%s", program_read("err"));
    program_expect("report.html", "<td>2<td>0.2500<td>3.000e+35<td>1");
    program_expect("report.html", "There is no model yet.");
}

Test(program_report, a_comparison_without_its_trials_is_none)
{
    if (system("command -v gnuplot >/dev/null") != 0)
        cr_skip_test("gnuplot is not installed");
    cr_expect_eq(program_shell("mkdir c && echo '{\"combinations\": []}' >c/compare.json"), 0);
    cr_expect_eq(program_run("report c"), 1);
    program_expect("err", "cannot read c/compare.csv: No such file or directory");
    cr_expect_not(program_has("report.html"));
}

Test(program_report, nothing_is_written_of_what_is_none)
{
    program_write("b.json", "{\"context\": {}}");
    program_write("broken.json", "{");
    cr_expect_eq(program_shell("mkdir empty"), 0);
    cr_expect_eq(program_run("report missing"), 1);
    program_expect("err", "cannot read missing: No such file or directory");
    cr_expect_eq(program_run("report empty"), 1);
    program_expect("err", "empty: expected the directory of a run, with history.csv");
    cr_expect_eq(program_run("report b.json"), 1);
    cr_expect_eq(program_run("report broken.json"), 1);
    cr_expect_eq(program_run("report b.json -o b.json"), 1);
    cr_expect_eq(program_run("report"), 2);
    cr_expect_not(program_has("report.html"));
    program_expect_swept();
}
