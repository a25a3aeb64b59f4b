/*
 * The directory of a trial, and what stands there from an earlier comparison.
 */
#ifndef RNL_CLI_TRIAL_FILES_H
#define RNL_CLI_TRIAL_FILES_H

#include "cli/comparison.h"

/* The paths alone; nothing is made.  Complains and returns false if memory runs out. */
bool rnl_trial_files_name(const rnl_comparison *comparison, size_t combination, rnl_trial *trial);

/* Complains and returns true if one of them, or of the comparison's, is the configuration's file,
 * or one that its data are read from. */
bool rnl_trial_files_are_input(const rnl_comparison *comparison, const rnl_trial *trial,
                               const char *config_path, const rnl_config *config);

/* The trial is done where an earlier comparison trained it, on rows that are the same today.
 * Complains about what is there from another comparison or of other rows; returns an exit code. */
int rnl_trial_files_look(rnl_trial *trial, const rnl_config *config);

/* The model is there, and says that it is of the trial's configuration: another may have been left
 * there. */
bool rnl_trial_files_hold_model(const rnl_trial *trial);

/* Makes the directory with the configuration in it; force: without what an earlier run left.
 * Complains and returns false if that fails. */
bool rnl_trial_files_prepare(rnl_trial *trial, bool force);

#endif
