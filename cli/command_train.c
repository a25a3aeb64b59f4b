#include "cli/commands.h"
#include "cli/figure_format.h"
#include "cli/history.h"
#include "cli/messages.h"
#include "cli/progress.h"
#include "cli/run_directory.h"

#include <stdio.h>

/* All that a training run holds; released together. */
typedef struct training {
    const rnl_arguments *arguments;
    rnl_config *config;
    rnl_data *data;
    rnl_model *model;
    rnl_run_directory directory;
    rnl_history history;
    rnl_display display;
} training;

static int on_step(const rnl_progress *progress, void *user)
{
    training *run = user;
    rnl_display_step(&run->display, progress);
    return 0;
}

static int on_epoch(const rnl_progress *progress, void *user)
{
    training *run = user;
    rnl_display_epoch(&run->display, progress);
    rnl_history_add(&run->history, progress);
    return 0;
}

static void on_log(rnl_log_level level, const char *text, void *user)
{
    training *run = user;
    rnl_display_log(level, text, &run->display);
}

static int print_config(const rnl_config *config)
{
    char *text = NULL;
    const int code = rnl_complain_status(rnl_config_print(config, &text));
    if (code == RNL_EXIT_OK)
        fputs(text, stdout);
    rnl_text_free(text);
    return code;
}

/* Nothing is written before all that can be wrong in the configuration and the data was found. */
static int prepare(training *run)
{
    const rnl_arguments *arguments = run->arguments;
    if (!rnl_run_directory_name(&run->directory, arguments->output, rnl_config_name(run->config)))
        return RNL_EXIT_FAILURE;
    const char *occupied = rnl_run_directory_occupied(&run->directory);
    if (occupied && !arguments->force) {
        return rnl_complain_usage(
            "train", "%s is there from an earlier run: --force replaces it, --output DIR keeps it",
            occupied);
    }
    rnl_status status =
        rnl_data_load(&run->data, run->config, RNL_TRAIN | RNL_VALIDATION | RNL_TEST);
    if (status == RNL_OK)
        status = rnl_model_create(&run->model, run->config, run->data);
    if (status != RNL_OK)
        return rnl_complain_status(status);
    if (!rnl_run_directory_make(&run->directory))
        return RNL_EXIT_FAILURE;
    return RNL_EXIT_OK;
}

/* The model is saved even if the history could not be written. */
static int train_and_save(training *run)
{
    if (!rnl_history_open(&run->history, run->directory.history))
        return RNL_EXIT_FAILURE;
    const rnl_options options = {
        .threads = run->arguments->threads,
        .pin = run->arguments->pin,
        .on_step = run->display.bar ? on_step : NULL,
        .on_epoch = on_epoch,
        .on_log = on_log,
        .user = run,
    };
    rnl_status status = rnl_train(run->model, run->data, &options);
    rnl_display_finish(&run->display);
    if (status == RNL_OK)
        status = rnl_model_save(run->model, run->directory.model);
    const int code = rnl_complain_status(status);
    const bool history_written = rnl_history_close(&run->history);
    return code == RNL_EXIT_OK && !history_written ? RNL_EXIT_FAILURE : code;
}

/* test: loss 0.3451, accuracy 0.8852 (10000 rows) */
static int print_test_figures(training *run)
{
    const rnl_options options = {
        .threads = run->arguments->threads,
        .pin = run->arguments->pin,
        .on_log = on_log,
        .user = run,
    };
    rnl_evaluation *evaluation = NULL;
    const rnl_status status = rnl_evaluate(run->model, run->data, RNL_TEST, &options, &evaluation);
    if (status != RNL_OK)
        return rnl_complain_status(status);
    const char *separator = "test: ";
    for (size_t i = 0; i < evaluation->figure_count; i++) {
        char value[RNL_FIGURE_LENGTH];
        rnl_figure_format(value, evaluation->figures[i].value);
        printf("%s%s %s", separator, evaluation->figures[i].name, value);
        separator = ", ";
    }
    printf(" (%zu rows)\n", evaluation->rows);
    rnl_evaluation_free(evaluation);
    return RNL_EXIT_OK;
}

static int run_training(training *run)
{
    int code = prepare(run);
    if (code == RNL_EXIT_OK)
        code = train_and_save(run);
    if (code == RNL_EXIT_OK && rnl_data_rows(run->data, RNL_TEST) > 0)
        code = print_test_figures(run);
    if (code == RNL_EXIT_OK)
        printf("model: %s\nhistory: %s\n", run->directory.model, run->directory.history);
    return code;
}

int rnl_command_train(const rnl_arguments *arguments)
{
    training run = {.arguments = arguments};
    rnl_display_start(&run.display, arguments);
    int code = rnl_complain_status(rnl_config_load(
        &run.config, arguments->operands[0], arguments->overrides, arguments->override_count));
    if (code == RNL_EXIT_OK)
        code = arguments->print_config ? print_config(run.config) : run_training(&run);
    rnl_run_directory_release(&run.directory);
    rnl_model_free(run.model);
    rnl_data_free(run.data);
    rnl_config_free(run.config);
    return code;
}
