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
    trial->epochs_to_target = trial->seconds_to_target = NAN;
    for (size_t row = 0; row < history->rows && isnan(trial->epochs_to_target); ++row) {
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
}

static void sum_times(rnl_combination *c, const rnl_comparison *comparison)
{
    double epochs = 0, seconds = 0;
    c->reached = 0;
    for (size_t i = 0; i < c->count; ++i) {
        rnl_trial *trial = &c->trials[i];
        if (!trial->done)
            continue;
        measure_time(trial, comparison, c);
        if (isnan(trial->epochs_to_target))
            continue;
        ++c->reached;
        epochs += trial->epochs_to_target;
        seconds += trial->seconds_to_target;
    }
    c->epochs_to_target = epochs / (double)c->reached;
    c->seconds_to_target = seconds / (double)c->reached;
}

static bool is_better(const rnl_comparison *comparison, const rnl_combination *a,
                      const rnl_combination *b)
{
    return rnl_figure_rises(comparison->metric) ? a->mean > b->mean : a->mean < b->mean;
}

static void rank_all(rnl_comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; ++i) {
        rnl_combination *c = &comparison->combinations[i];
        c->rank = c->done > 0;
        for (size_t k = 0; k < comparison->count && c->done > 0; ++k)
            c->rank += comparison->combinations[k].done > 0 &&
                       is_better(comparison, &comparison->combinations[k], c);
    }
}

static void choose_target(rnl_comparison *comparison)
{
    const bool rises = rnl_figure_rises(comparison->metric);
    for (size_t i = 0; i < comparison->count; ++i)
        if (comparison->combinations[i].rank == 1)
            comparison->target = rises ? comparison->combinations[i].mean * SHARE_OF_THE_BEST
                                       : comparison->combinations[i].mean / SHARE_OF_THE_BEST;
}

bool rnl_comparison_sum_up(rnl_comparison *comparison, bool target_given)
{
    for (size_t i = 0; i < comparison->count; ++i) {
        rnl_combination *c = &comparison->combinations[i];
        for (size_t k = 0; k < c->count; ++k)
            if (c->trials[k].done && !read_trial(&c->trials[k], c, comparison->metric))
                return false;
        sum_values(c);
    }
    rank_all(comparison);
    if (!target_given)
        choose_target(comparison);
    for (size_t i = 0; i < comparison->count; ++i)
        sum_times(&comparison->combinations[i], comparison);
    return true;
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
