#include "engine/data/compared_files.h"

#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/data/dataset.h"
#include "engine/storage/file_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETS 3

/* A sample of each file; "" where there is none, or it cannot be read. */
typedef struct samples {
    char digits[SETS * RNL_MOST_FILES][RNL_DIGEST_DIGITS + 1];
} samples;

typedef const char *path_list[SETS * RNL_MOST_FILES];

static void list_files(path_list paths, const rnl_data_config *config, unsigned sets)
{
    const struct {
        rnl_part set;
        const rnl_choice *source;
    } all[SETS] = {{RNL_TRAIN, &config->train},
                   {RNL_VALIDATION, &config->validation},
                   {RNL_TEST, &config->test}};
    for (size_t i = 0; i < SETS; ++i) {
        const rnl_choice *source = all[i].source;
        const rnl_data_format *format = source->kind ? source->kind->operations : NULL;
        if ((sets & all[i].set) && format && format->list_files)
            format->list_files(paths + i * RNL_MOST_FILES, source->parameters);
    }
}

static bool differ(const char *sample, const char *other)
{
    return *sample && *other && strcmp(sample, other) != 0;
}

static rnl_status compare(const samples *all, const path_list paths, const rnl_job *job)
{
    char what[512];
    for (size_t r = 1; r < rnl_job_count(job); ++r)
        for (size_t i = 0; i < SETS * RNL_MOST_FILES; ++i)
            if (differ(all->digits[i], all[r].digits[i])) {
                snprintf(what, sizeof what, "another file %.400s", paths[i]);
                return rnl_fail_other(job, r, what);
            }
    return RNL_OK;
}

rnl_status rnl_data_compare_files(const rnl_data_config *config, unsigned sets, rnl_job *job)
{
    path_list paths = {0};
    samples own = {0};
    void *all;
    if (!job)
        return RNL_OK;
    list_files(paths, config, sets);
    for (size_t i = 0; i < SETS * RNL_MOST_FILES; ++i)
        if (paths[i] && rnl_sample_file(own.digits[i], paths[i]) != RNL_OK)
            own.digits[i][0] = '\0';
    RNL_TRY(rnl_job_gather_records(job, &own, sizeof own, &all));
    const rnl_status status = compare(all, paths, job);
    free(all);
    return status;
}
