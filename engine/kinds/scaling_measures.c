#include "engine/kinds/scaling_measures.h"

#include "engine/base/error.h"
#include "engine/data/row_columns.h"

#include <math.h>
#include <stdlib.h>

static double number_at(const rnl_numbers *numbers, size_t row, size_t column)
{
    return rnl_element_at(numbers->element, numbers->array, row * numbers->columns + column);
}

static void set(rnl_scaler *scaler, size_t j, double centre, double scale, double offset)
{
    scaler->centre[j] = centre;
    scaler->scale[j] = scale;
    scaler->offset[j] = offset;
}

rnl_status rnl_measure_none(rnl_scaler *scaler, const rnl_numbers *train, rnl_span columns,
                            const rnl_choice *scaling)
{
    (void)train, (void)scaling;
    for (size_t j = columns.begin; j < columns.end; ++j)
        set(scaler, j, 0, 1, 0);
    return RNL_OK;
}

/* ---- range ----------------------------------------------------------------------------------- */

static void set_range(rnl_scaler *scaler, size_t j, double smallest, double largest,
                      const rnl_choice *scaling)
{
    const rnl_range_parameters *range = scaling->parameters;
    const double width = largest - smallest;
    set(scaler, j, smallest, width > 0 ? (range->maximum - range->minimum) / width : 0,
        range->minimum);
}

static rnl_status check_range(const rnl_choice *scaling)
{
    const rnl_range_parameters *range = scaling->parameters;
    return range->minimum < range->maximum
               ? RNL_OK
               : rnl_fail_at(scaling->place, "range: expected minimum < maximum, got %g and %g",
                             range->minimum, range->maximum);
}

/* Columns of training rows that are measured, along the rows. */
typedef struct measuring {
    const rnl_numbers *train;
    rnl_span columns;
    double *first, *second; /* of each column, or of all */
    bool squared;
} measuring;

/* Measures along all rows; `each` bytes from `first` and `second` on go from rank to rank. */
static rnl_status fold(measuring *m, rnl_fold_work *work, size_t count)
{
    const size_t bytes = count * sizeof *m->first;
    return rnl_fold_rows(&(const rnl_fold){
        .parts = m->train->parts,
        .rows = m->train->rows,
        .work = work,
        .context = m,
        .states = 2,
        .state = {{m->first, bytes}, {m->second, bytes}},
    });
}

static void extend_range(void *context, size_t first, size_t last)
{
    const measuring *m = context;
    for (size_t i = first; i < last; ++i)
        for (size_t j = m->columns.begin; j < m->columns.end; ++j) {
            const double x = number_at(m->train, i, j);
            *m->first = x < *m->first ? x : *m->first;
            *m->second = x > *m->second ? x : *m->second;
        }
}

/* Measures one range for all columns. */
rnl_status rnl_measure_range(rnl_scaler *scaler, const rnl_numbers *train, rnl_span columns,
                             const rnl_choice *scaling)
{
    double smallest = INFINITY, largest = -INFINITY;
    measuring m = {train, columns, &smallest, &largest, false};
    RNL_TRY(check_range(scaling));
    RNL_TRY(fold(&m, extend_range, 1));
    for (size_t j = columns.begin; j < columns.end; ++j)
        set_range(scaler, j, smallest, largest, scaling);
    return RNL_OK;
}

static void extend_ranges(void *context, size_t first, size_t last)
{
    const measuring *m = context;
    const size_t count = m->columns.end - m->columns.begin;
    for (size_t j = 0; first == 0 && j < count; ++j)
        m->first[j] = m->second[j] = number_at(m->train, 0, m->columns.begin + j);
    for (size_t i = first; i < last; ++i)
        for (size_t j = 0; j < count; ++j) {
            const double x = number_at(m->train, i, m->columns.begin + j);
            m->first[j] = x < m->first[j] ? x : m->first[j];
            m->second[j] = x > m->second[j] ? x : m->second[j];
        }
}

rnl_status rnl_measure_ranges(rnl_scaler *scaler, const rnl_numbers *train, rnl_span columns,
                              const rnl_choice *scaling)
{
    double *smallest = scaler->centre, *largest = scaler->scale;
    measuring m = {train, columns, smallest + columns.begin, largest + columns.begin, false};
    RNL_TRY(check_range(scaling));
    RNL_TRY(fold(&m, extend_ranges, columns.end - columns.begin));
    for (size_t j = columns.begin; j < columns.end; ++j)
        set_range(scaler, j, smallest[j], largest[j], scaling);
    return RNL_OK;
}

/* ---- standardize ----------------------------------------------------------------------------- */

/* Sums the columns' distances from their centres over the rows, in their order, or the squares of
 * the distances.  At first the centre is the first row. */
static void add_distances(void *context, size_t first, size_t last)
{
    const measuring *m = context;
    const size_t count = m->columns.end - m->columns.begin;
    double *centres = m->first, *sums = m->second;
    for (size_t j = 0; first == 0 && j < count; ++j) {
        sums[j] = 0;
        if (!m->squared)
            centres[j] = number_at(m->train, 0, m->columns.begin + j);
    }
    for (size_t i = first; i < last; ++i)
        for (size_t j = 0; j < count; ++j) {
            const double x = number_at(m->train, i, m->columns.begin + j) - centres[j];
            sums[j] += m->squared ? x * x : x;
        }
}

/* Subtracts the first row before summing: large numbers keep their precision, and a constant column
 * deviates by exactly 0. */
rnl_status rnl_measure_standardize(rnl_scaler *scaler, const rnl_numbers *train, rnl_span columns,
                                   const rnl_choice *scaling)
{
    (void)scaling;
    double *sums = scaler->offset;
    const size_t count = columns.end - columns.begin;
    measuring m = {train, columns, scaler->centre + columns.begin, sums + columns.begin, false};
    RNL_TRY(fold(&m, add_distances, count));
    for (size_t j = columns.begin; j < columns.end; ++j)
        scaler->centre[j] += sums[j] / (double)train->rows;
    m.squared = true;
    RNL_TRY(fold(&m, add_distances, count));
    for (size_t j = columns.begin; j < columns.end; ++j) {
        const double deviation = sqrt(sums[j] / (double)train->rows);
        set(scaler, j, scaler->centre[j], deviation > 0 ? 1 / deviation : 1, 0);
    }
    return RNL_OK;
}

/* ---- robust ---------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Interpolates between sorted values, as NumPy does. */
static double quantile(const double *sorted, size_t count, double share)
{
    const double place = share * (double)(count - 1);
    const size_t below = (size_t)place, above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

static void set_robust(rnl_scaler *scaler, size_t j, const double *sorted, size_t count)
{
    const double quartiles = quantile(sorted, count, 0.75) - quantile(sorted, count, 0.25);
    const double width = sorted[count - 1] - sorted[0];
    set(scaler, j, quantile(sorted, count, 0.5),
        quartiles > 0 ? 1 / quartiles
        : width > 0   ? 2 / width
                      : 0,
        0);
}

typedef struct robust_measuring {
    rnl_scaler *scaler;
    size_t rows;
} robust_measuring;

static void measure_robust_column(void *context, size_t j, double *numbers)
{
    const robust_measuring *r = context;
    for (size_t i = 0; i < r->rows; ++i)
        numbers[i] += 0.0; /* no -0: which of two zeros is first is open */
    qsort(numbers, r->rows, sizeof *numbers, compare_doubles);
    set_robust(r->scaler, j, numbers, r->rows);
}

/* Holzmüller, Grinsztajn and Steinwart 2024. */
rnl_status rnl_measure_robust(rnl_scaler *scaler, const rnl_numbers *train, rnl_span columns,
                              const rnl_choice *scaling)
{
    const rnl_robust_parameters *robust = scaling->parameters;
    robust_measuring r = {scaler, train->rows};
    if (robust->smooth_clip > 0 && robust->smooth_clip < 1e-6)
        return rnl_fail_at(scaling->place, "smooth_clip: expected 0, or 1e-6 to 1e6, got %g",
                           robust->smooth_clip);
    if (robust->smooth_clip > 0)
        RNL_TRY(rnl_scaler_add_clips(scaler));
    RNL_TRY(rnl_each_column(train, columns.begin, columns.end, measure_robust_column, &r));
    RNL_TRY(rnl_share_columns(train, columns.begin, columns.end, scaler->centre));
    RNL_TRY(rnl_share_columns(train, columns.begin, columns.end, scaler->scale));
    for (size_t j = columns.begin; j < columns.end; ++j) {
        scaler->offset[j] = 0;
        if (robust->smooth_clip > 0)
            scaler->clip[j] = (float)(1 / robust->smooth_clip);
    }
    return RNL_OK;
}
