/*
 * Files of data on the ranks of a job: each reads its own, and they should be copies of one.
 */
#ifndef RNL_ENGINE_DATA_COMPARED_FILES_H
#define RNL_ENGINE_DATA_COMPARED_FILES_H

#include "engine/schema/config.h"
#include "exchange/job.h"

/* Refuses ranks that have other files of the sets (a sum of rnl_part) than rank 0 has under these
 * names, as their sizes and some blocks of each tell.  A file that a rank cannot read is left to
 * what reads it. */
rnl_status rnl_data_compare_files(const rnl_data_config *config, unsigned sets, rnl_job *job);

#endif
