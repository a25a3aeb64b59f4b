#include "cli/comparison.h"
#include "cli/messages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_OF_THE_BEST 0.98

/* Epochs trained up to a line of the history: a fraction where validation comes more often. */
static double epochs_until(const rnl_trial *trial, size_t row)
{
    return rnl_history_value(&trial->history, row, 0);
}

static double line_epochs(const rnl_trial *trial, size_t row)
{
    return epochs_until(trial, row) - (row > 0 ? epochs_until(trial, row - 1) : 0);
}

/* Seconds of a line's rows; infinite if a kill came after they were trained and before the line was
 * written: the process that wrote it had trained none of them. */
static double written_seconds(const rnl_trial *trial, const rnl_combination *combination,
                              size_t row)
{
    const size_t column = rnl_history_column(&trial->history, "samples_per_second");
    return line_epochs(trial, row) * (double)combination->train_rows /
           rnl_history_value(&trial->history, row, column);
}

/* A line whose time is not known took as long for an epoch as the others. */
static double line_seconds(const rnl_trial *trial, const rnl_combination *combination, size_t row)
{
    const double seconds = written_seconds(trial, combination, row);
    return isfinite(seconds) ? seconds
                             : trial->seconds / rnl_trial_epochs(trial) * line_epochs(trial, row);
}

/* NaN if no line's time is known. */
static double training_seconds(const rnl_trial *trial, const rnl_combination *combination)
{
    double sum = 0, epochs = 0;
    for (size_t row = 0; row < trial->history.rows; ++row) {
        const double seconds = written_seconds(trial, combination, row);
        if (isfinite(seconds)) {
            sum += seconds;
            epochs += line_epochs(trial, row);
        }
    }
    return sum / epochs * rnl_trial_epochs(trial);
}

static bool read_trial(rnl_trial *trial, const rnl_combination *combination, const char *metric)
{
    if (!rnl_history_read(&trial->history, trial->directory.history))
        return false;
    const char *const columns[] = {metric, "samples_per_second"};
    for (size_t i = 0; i < 2; ++i)
        if (rnl_history_column(&trial->history, columns[i]) == trial->history.columns) {
            rnl_complain("%s: has no column '%s'", trial->directory.history, columns[i]);
            return false;
        }
    trial->seconds = training_seconds(trial, combination);
    return true;
}

double rnl_trial_epochs(const rnl_trial *trial)
{
    return trial->history.rows > 0 ? epochs_until(trial, trial->history.rows - 1) : 0;
}

static void measure_time(rnl_trial *trial, const rnl_comparison *comparison,
                         const rnl_combination *combination)
{
    const rnl_history_table *history = &trial->history;
    const size_t column = rnl_history_column(history, comparison->metric);
    const bool rises = rnl_figure_rises(comparison->metric);
    double seconds = 0;
    trial->epochs_to_target = trial->seconds_to_target = INFINITY;
    for (size_t row = 0; trial->done && row < history->rows && isinf(trial->epochs_to_target);
         ++row) {
        const double value = rnl_history_value(history, row, column);
        seconds += line_seconds(trial, combination, row);
        if (rises ? value >= comparison->target : value <= comparison->target) {
            trial->epochs_to_target = epochs_until(trial, row);
            trial->seconds_to_target = seconds;
        }
    }
}

static void sum_values(rnl_combination *c)
{
    double sum = 0, squares = 0, epochs = 0, seconds = 0;
    c->done = 0;
    for (size_t i = 0; i < c->count; ++i)
        if (c->trials[i].done) {
            ++c->done;
            sum += c->trials[i].value;
            epochs += rnl_trial_epochs(&c->trials[i]);
            seconds += c->trials[i].seconds;
        }
    c->mean = sum / (double)c->done;
    for (size_t i = 0; i < c->count; ++i)
        if (c->trials[i].done)
            squares += (c->trials[i].value - c->mean) * (c->trials[i].value - c->mean);
    c->deviation = c->done > 1 ? sqrt(squares / (double)(c->done - 1)) : NAN;
    c->seconds_per_epoch = seconds / epochs;
    c->epochs = epochs / (double)c->done;
}

/* One of a trial's figures for all trials of a combination, or differences of them. */
static double *figures_of(const rnl_combination *c)
{
    return calloc(2 * c->count + 1, sizeof(double));
}

static bool sum_times(rnl_combination *c, const rnl_comparison *comparison)
{
    double *epochs = figures_of(c), *seconds = epochs ? epochs + c->count : NULL;
    if (!epochs)
        return false;
    c->reached = 0;
    for (size_t i = 0; i < c->count; ++i) {
        rnl_trial *trial = &c->trials[i];
        measure_time(trial, comparison, c);
        c->reached += isfinite(trial->epochs_to_target);
        epochs[i] = trial->epochs_to_target;
        seconds[i] = trial->seconds_to_target;
    }
    c->epochs_to_target = rnl_median(epochs, c->count);
    c->seconds_to_target = rnl_median(seconds, c->count);
    free(epochs);
    return true;
}

static bool sum_all_times(rnl_comparison *comparison)
{
    bool summed = true;
    for (size_t i = 0; i < comparison->count && summed; ++i)
        summed = sum_times(&comparison->combinations[i], comparison);
    return summed;
}

/* ---- choice and rank ------------------------------------------------------------------------- */

size_t rnl_comparison_setting_size(const rnl_comparison *comparison)
{
    return comparison->rates > 1 ? comparison->rates : 1;
}

static bool is_better(const rnl_comparison *comparison, const rnl_combination *a,
                      const rnl_combination *b)
{
    return rnl_figure_rises(comparison->metric) ? a->mean > b->mean : a->mean < b->mean;
}

/* Without a target that was given, and where none reaches it, by the mean. */
static bool is_better_rate(const rnl_comparison *comparison, const rnl_combination *a,
                           const rnl_combination *b)
{
    if (a->done == 0 || b->done == 0)
        return a->done > b->done;
    if (comparison->target_given && a->seconds_to_target != b->seconds_to_target)
        return a->seconds_to_target < b->seconds_to_target;
    return is_better(comparison, a, b);
}

static void choose_rates(rnl_comparison *comparison)
{
    const size_t size = rnl_comparison_setting_size(comparison);
    for (size_t first = 0; first < comparison->count; first += size) {
        rnl_combination *setting = &comparison->combinations[first];
        size_t best = 0;
        for (size_t r = 1; r < size; ++r)
            if (is_better_rate(comparison, &setting[r], &setting[best]))
                best = r;
        for (size_t r = 0; r < size; ++r)
            setting[r].chosen = r == best;
    }
}

static void rank_all(rnl_comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; ++i) {
        rnl_combination *c = &comparison->combinations[i];
        const bool ranked = c->chosen && c->done > 0;
        c->rank = ranked;
        for (size_t k = 0; k < comparison->count && ranked; ++k) {
            const rnl_combination *other = &comparison->combinations[k];
            c->rank += other->chosen && other->done > 0 && is_better(comparison, other, c);
        }
    }
}

/* On the worse side of the best, also where that is negative: as the loss of counts, or an R^2. */
static void choose_target(rnl_comparison *comparison)
{
    const bool rises = rnl_figure_rises(comparison->metric);
    for (size_t i = 0; i < comparison->count; ++i) {
        const double best = comparison->combinations[i].mean;
        if (comparison->combinations[i].rank == 1)
            comparison->target =
                rises == (best > 0) ? best * SHARE_OF_THE_BEST : best / SHARE_OF_THE_BEST;
    }
}

/* Pairs are trials of one seed and fold. */
static bool compare_with(rnl_combination *c, const rnl_combination *first)
{
    double *differences = figures_of(c);
    size_t pairs = 0;
    if (!differences)
        return false;
    for (size_t i = 0; i < c->count; ++i)
        if (c->trials[i].done && first->trials[i].done)
            differences[pairs++] = c->trials[i].value - first->trials[i].value;
    c->to_first = rnl_paired_difference_of(differences, pairs);
    free(differences);
    return true;
}

const rnl_combination *rnl_comparison_first(const rnl_comparison *comparison)
{
    const rnl_combination *first = comparison->combinations;
    while (!first->chosen)
        ++first;
    return first;
}

static bool compare_with_first(rnl_comparison *comparison)
{
    const rnl_combination *first = rnl_comparison_first(comparison);
    bool compared = true;
    for (size_t i = 0; i < comparison->count && compared; ++i)
        compared = compare_with(&comparison->combinations[i], first);
    return compared;
}

static bool judge(rnl_comparison *comparison)
{
    if (comparison->target_given && !sum_all_times(comparison))
        return false;
    choose_rates(comparison);
    rank_all(comparison);
    if (!comparison->target_given) {
        choose_target(comparison);
        if (!sum_all_times(comparison))
            return false;
    }
    return compare_with_first(comparison);
}

bool rnl_comparison_sum_up(rnl_comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; ++i) {
        rnl_combination *c = &comparison->combinations[i];
        for (size_t k = 0; k < c->count; ++k)
            if (c->trials[k].done && !read_trial(&c->trials[k], c, comparison->metric))
                return false;
        sum_values(c);
    }
    if (judge(comparison))
        return true;
    rnl_complain_memory();
    return false;
}

static void release_trial(rnl_trial *trial)
{
    rnl_run_directory_release(&trial->directory);
    rnl_history_table_release(&trial->history);
    free(trial->config);
    free(trial->log);
    rnl_text_free(trial->text);
}

void rnl_comparison_release(rnl_comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; ++i) {
        rnl_combination *c = &comparison->combinations[i];
        for (size_t k = 0; k < c->count; ++k)
            release_trial(&c->trials[k]);
        free(c->trials);
    }
    free(comparison->combinations);
    free(comparison->path);
    for (size_t i = 0; i < comparison->varied; ++i)
        rnl_variation_release(&comparison->variations[i]);
}
