/*
 * history.csv as `runnel plot` draws it, and inspect.csv as `runnel inspect` judges it.
 */
#include "cli/inspection_file.h"
#include "cli/inspection_report.h"
#include "cli/learning_curves.h"
#include "cli/messages.h"
#include "tests/fuzz/fuzz.h"

#include <stdarg.h>

/* In place of the program's, which would fill the fuzzer's log. */
void rnl_complain(const char *format, ...)
{
    char text[512];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    fuzz_expect(*text != '\0', "words");
}

int rnl_complain_memory(void)
{
    return RNL_EXIT_FAILURE;
}

static void draw_history(const char *path, FILE *out)
{
    rnl_history_table table;
    if (!rnl_history_read(&table, path))
        return;
    const rnl_named_history runs[] = {{"a", &table, false}, {"b", &table, true}};
    for (size_t count = 1; count <= 2; ++count) {
        rnl_learning_curves curves;
        if (!rnl_learning_curves_create(&curves, runs, count, NULL))
            continue;
        for (size_t i = 0; i < curves.count; ++i)
            fuzz_expect(rnl_plot_print(&curves.plots[i], out, 60 * count), "a plot");
        rnl_learning_curves_release(&curves);
    }
    rnl_history_table_release(&table);
}

static void judge_inspection(const char *path, const size_t *epoch)
{
    rnl_inspected_epoch inspected;
    if (!rnl_inspection_read(&inspected, path, epoch))
        return;
    fuzz_expect(rnl_inspection_print_table(&inspected), "a table");
    rnl_inspection_print_findings(&inspected, NULL);
    rnl_inspection_release(&inspected);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static FILE *nowhere;
    if (!nowhere) {
        nowhere = fopen("/dev/null", "we");
        fuzz_expect(nowhere && freopen("/dev/null", "we", stdout), "/dev/null");
    }
    const char *path = fuzz_file(bytes, count);
    draw_history(path, nowhere);
    judge_inspection(path, NULL);
    judge_inspection(path, &(const size_t){2});
    return 0;
}
