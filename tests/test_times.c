/*
 * Times as the program prints them.
 */
#include "cli/figure_format.h"

#include <criterion/criterion.h>

Test(times, have_the_unit_that_shows_them)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {
        {0, "0 µs"},        {4e-7, "0.4 µs"},    {9.9e-6, "9.9 µs"},  {80e-6, "80 µs"},
        {999e-6, "999 µs"}, {0.9999e-3, "1 ms"}, {1.24e-3, "1.2 ms"}, {9.96e-3, "10 ms"},
        {0.012, "12 ms"},   {0.0994, "99 ms"},   {0.0996, "0.1 s"},   {0.8, "0.8 s"},
        {1, "1.0 s"},       {9.94, "9.9 s"},     {9.96, "0:10"},      {10.2, "0:11"},
        {65, "1:05"},       {3599.5, "1:00:00"}, {7200, "2:00:00"},   {1e12, "277777:46:39"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        char text[RNL_FIGURE_LENGTH];
        rnl_time_format(text, cases[i].seconds);
        cr_expect_str_eq(text, cases[i].text, "%g: '%s', not '%s'", cases[i].seconds, text,
                         cases[i].text);
    }
}
