#include "engine/data/csv_sections.h"

#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/data/csv_scan.h"

#include <stdlib.h>

rnl_status rnl_csv_agree(const rnl_loading *loading, rnl_status status)
{
    const rnl_status agreed = rnl_job_agree_on(loading->job, status);
    *loading->told |= agreed != RNL_OK;
    return agreed;
}

/* Returns where the stretch of a rank begins, but for the line that is cut. */
static uint64_t mark(uint64_t begin, uint64_t size, size_t ranks, size_t rank)
{
    const uint64_t each = (size - begin) / ranks, rest = (size - begin) % ranks;
    return begin + each * rank + (rank < rest ? rank : rest);
}

/* A section goes from the first record that begins in its rank's stretch to the first in a later
 * one. */
static void choose_section(rnl_csv_section *section, const rnl_csv_stretch *all, size_t ranks,
                           size_t rank)
{
    const uint64_t size = all[ranks - 1].end;
    uint64_t quoted = 0;
    *section = (rnl_csv_section){size, size};
    for (size_t r = 0; r < ranks; quoted = all[r++].quoted[quoted]) {
        const uint64_t record = all[r].record[quoted];
        if (r < rank || record == all[r].end)
            continue;
        section->begin = record < section->begin ? record : section->begin;
        section->end = r > rank ? record : size;
        if (r > rank)
            break;
    }
}

rnl_status rnl_csv_find_section(rnl_csv_section *section, const rnl_csv_table *t)
{
    rnl_job *job = t->loading->job;
    const size_t ranks = rnl_job_count(job), rank = rnl_job_own_rank(job);
    const uint64_t begin = rnl_csv_offset(&t->reader), size = t->reader.stream.size;
    rnl_csv_stretch *all = calloc(ranks, sizeof *all);
    rnl_status status = all ? RNL_OK : rnl_fail_memory(ranks * sizeof *all);
    if (all)
        status = rnl_csv_scan(&all[rank], &t->reader, mark(begin, size, ranks, rank),
                              mark(begin, size, ranks, rank + 1), rank == 0);
    status = rnl_csv_agree(t->loading, status);
    if (status == RNL_OK && !rnl_job_gather_each(job, RNL_TAG_SECTIONS, all, sizeof *all))
        status = rnl_fail_job(job);
    if (status == RNL_OK)
        choose_section(section, all, ranks, rank);
    free(all);
    return status;
}

rnl_status rnl_csv_read_section(rnl_csv_table *t, rnl_csv_section section,
                                rnl_status (*take_row)(void *context), void *context)
{
    t->in_hand &= rnl_job_own_rank(t->loading->job) == 0;
    RNL_TRY(rnl_csv_seek(&t->reader, section.begin, section.end));
    RNL_TRY(rnl_csv_table_next(t));
    while (t->reader.count > 0) {
        RNL_TRY(take_row(context));
        RNL_TRY(rnl_csv_table_next(t));
    }
    return RNL_OK;
}
