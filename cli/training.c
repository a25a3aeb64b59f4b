#include "cli/training.h"

#include "cli/begin_model.h"
#include "cli/messages.h"
#include "cli/model_source.h"

#include <stdio.h>
#include <unistd.h>

static rnl_status resume_model(rnl_training *run)
{
    const rnl_status status =
        rnl_run_directory_resume(&run->directory, run->config, &run->model, &run->resumed);
    if (status != RNL_OK || run->arguments->common.quiet)
        return status;
    if (run->model)
        fprintf(stderr, "resuming %s at step %llu\n", run->resumed,
                (unsigned long long)rnl_model_step(run->model));
    else
        fprintf(stderr, "no checkpoint in %s: starting from the beginning\n", run->directory.path);
    return RNL_OK;
}

#define PARTS (RNL_TRAIN | RNL_VALIDATION | RNL_TEST)

static rnl_status begin_model(rnl_training *run)
{
    const rnl_train_arguments *arguments = run->arguments;
    const rnl_model_beginning start = {
        .earlier = arguments->init,
        .how = (arguments->skip_mismatch ? RNL_SKIP_MISMATCH : 0) |
               (arguments->keep_optimizer ? RNL_KEEP_OPTIMIZER : 0),
        .quiet = arguments->common.quiet,
        .job = run->ranks.job,
    };
    return rnl_model_begin(&start, run->config, PARTS, &run->data, &run->model);
}

/* Rank 0 alone has the directory: it gives the others the checkpoint. */
static int resume_together(rnl_training *run)
{
    const int own = run->ranks.leads ? rnl_complain_status(resume_model(run)) : RNL_EXIT_OK;
    RNL_TRY_EXIT(rnl_ranks_spread_file(&run->ranks, &run->resumed));
    if (run->ranks.leads || !run->resumed)
        return own;
    const rnl_status status = rnl_model_resume(&run->model, run->resumed, run->config);
    rnl_ranks_drop_file(&run->ranks, run->resumed);
    return rnl_complain_status(status);
}

/* A model that goes on reads tables as it did before. */
static rnl_status obtain_model(rnl_training *run)
{
    if (!run->model)
        return begin_model(run);
    if (run->arguments->restart_schedule)
        rnl_model_restart_schedule(run->model);
    return rnl_data_load_among(&run->data, NULL, run->model, PARTS, run->ranks.job);
}

/* Refuses an earlier run that the options do not deal with, before anything is written. */
static int check_earlier(const rnl_training *run)
{
    const rnl_train_arguments *arguments = run->arguments;
    const rnl_run_directory *directory = &run->directory;
    RNL_TRY_EXIT(rnl_run_directory_check("train", rnl_run_directory_occupied(directory),
                                         arguments->force, arguments->resume));
    if (arguments->resume && access(directory->model, F_OK) == 0 &&
        access(directory->checkpoint, F_OK) != 0 && access(directory->previous, F_OK) != 0)
        return rnl_complain_usage("train",
                                  "%s is there, but no checkpoint to go on from: --force begins "
                                  "anew and replaces it, --output DIR keeps it",
                                  directory->model);
    return RNL_EXIT_OK;
}

/* Refuses a directory that this run cannot or must not write to. */
static int claim_directory(rnl_training *run)
{
    const rnl_train_arguments *arguments = run->arguments;
    if (!rnl_run_directory_claim(&run->directory))
        return RNL_EXIT_FAILURE;
    if (rnl_run_directory_is_input(&run->directory, arguments->common.operands[0], run->config))
        return RNL_EXIT_FAILURE;
    if (arguments->init && rnl_run_directory_writes(&run->directory, arguments->init))
        return RNL_EXIT_FAILURE;
    return check_earlier(run);
}

int rnl_training_prepare(rnl_training *run)
{
    const rnl_train_arguments *arguments = run->arguments;
    RNL_TRY_EXIT(rnl_run_directory_check("train", NULL, arguments->force, arguments->resume));
    if (!arguments->init && (arguments->skip_mismatch || arguments->keep_optimizer))
        return rnl_complain_usage("train", "--%s says how to start from a model: --init MODEL",
                                  arguments->skip_mismatch ? "skip-mismatch" : "keep-optimizer");
    if (arguments->restart_schedule && !arguments->resume)
        return rnl_complain_usage("train", "--restart-schedule says how to go on: --resume");
    RNL_TRY_EXIT(rnl_arguments_load_config(&arguments->common, &run->config));
    if (!rnl_run_directory_name(&run->directory, arguments->output, rnl_config_name(run->config)))
        return RNL_EXIT_FAILURE;
    return run->ranks.leads ? claim_directory(run) : RNL_EXIT_OK;
}

int rnl_training_obtain_model(rnl_training *run)
{
    if (run->arguments->resume)
        RNL_TRY_EXIT(rnl_ranks_agree(&run->ranks, resume_together(run)));
    const rnl_status status = obtain_model(run);
    return rnl_ranks_speak(&run->ranks, status) ? rnl_complain_status(status) : RNL_EXIT_FAILURE;
}
