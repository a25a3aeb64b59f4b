#include "cli/paired_difference.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double rnl_median(double *values, size_t count)
{
    if (count == 0)
        return NAN;
    qsort(values, count, sizeof *values, ascending);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* The quantile 0.975 of Student's distribution; beyond the table within 0.001, by the first two
 * terms of the expansion of Cornish and Fisher. */
static double student_quantile(size_t freedom)
{
    static const double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365,
                                   2.306,  2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
                                   2.131,  2.120, 2.110, 2.101, 2.093, 2.086};
    const double z = 1.959964, n = (double)freedom;
    return freedom <= sizeof table / sizeof *table
               ? table[freedom - 1]
               : z + (z * z * z + z) / (4 * n) +
                     (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * n * n);
}

rnl_paired_difference rnl_paired_difference_of(const double *differences, size_t count)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; ++i)
        sum += differences[i];
    const double n = (double)count, mean = sum / n;
    for (size_t i = 0; i < count; ++i)
        squares += (differences[i] - mean) * (differences[i] - mean);
    if (count < 2)
        return (rnl_paired_difference){count, mean, NAN, NAN};
    const double reach = student_quantile(count - 1) * sqrt(squares / (n - 1) / n);
    return (rnl_paired_difference){count, mean, mean - reach, mean + reach};
}
