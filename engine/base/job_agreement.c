#include "engine/base/job_agreement.h"

#include "engine/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rnl_status rnl_fail_job(const rnl_job *job)
{
    const char *text;
    int code;
    rnl_job_fault(job, &text, &code);
    return rnl_fail(RNL_JOB, "%s", text);
}

rnl_status rnl_fail_other(const rnl_job *job, size_t rank, const char *what)
{
    return rnl_fail(RNL_BAD_DATA,
                    "rank %zu of %zu has %s than rank 0: expected the same on all ranks", rank,
                    rnl_job_count(job), what);
}

rnl_status rnl_job_tell_failure(rnl_job *job, rnl_status status)
{
    if (job && status != RNL_OK)
        rnl_job_fail(job, 1, rnl_message());
    return status;
}

/* What a rank says when all meet. */
typedef struct report {
    int32_t code;
    char text[RNL_JOB_TEXT];
} report;

static rnl_status take_worst(const report *reports, size_t ranks, int *code)
{
    size_t worst = 0;
    for (size_t r = 1; r < ranks; ++r)
        if (reports[r].code > reports[worst].code)
            worst = r;
    *code = reports[worst].code;
    return *code == 0 ? RNL_OK
                      : rnl_fail(RNL_JOB, "rank %zu of %zu: %.*s", worst, ranks, RNL_JOB_TEXT - 1,
                                 reports[worst].text);
}

rnl_status rnl_job_agree(rnl_job *job, int *code, const char *text)
{
    enum { TAG_REPORTS = 4 };
    if (!job)
        return RNL_OK;
    const size_t ranks = rnl_job_count(job), rank = rnl_job_own_rank(job);
    report *reports = calloc(ranks, sizeof *reports);
    if (!reports)
        return rnl_fail_memory(ranks * sizeof *reports);
    reports[rank].code = *code;
    strncpy(reports[rank].text, text ? text : "", sizeof reports->text - 1);
    const rnl_status status = rnl_job_gather_each(job, TAG_REPORTS, reports, sizeof *reports)
                                  ? take_worst(reports, ranks, code)
                                  : rnl_fail_job(job);
    free(reports);
    return status;
}

rnl_status rnl_job_agree_on(rnl_job *job, rnl_status status)
{
    char text[RNL_JOB_TEXT];
    int code = status != RNL_OK;
    if (!job)
        return status;
    snprintf(text, sizeof text, "%.*s", RNL_JOB_TEXT - 1, code ? rnl_message() : "");
    const rnl_status agreed = rnl_job_agree(job, &code, text);
    return status == RNL_OK ? agreed : rnl_fail(status, "%s", text);
}

rnl_status rnl_job_gather_records(rnl_job *job, const void *own, size_t size, void **records)
{
    enum { TAG_RECORDS = 13 };
    const size_t ranks = rnl_job_count(job);
    char *all = malloc(ranks * size);
    rnl_status status = rnl_job_agree_on(job, all ? RNL_OK : rnl_fail_memory(ranks * size));
    if (status == RNL_OK) {
        memcpy(all + rnl_job_own_rank(job) * size, own, size);
        if (!rnl_job_gather_each(job, TAG_RECORDS, all, size))
            status = rnl_fail_job(job);
    }
    if (status == RNL_OK)
        *records = all;
    else
        free(all);
    return status;
}
