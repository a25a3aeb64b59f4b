/*
 * Whether this process works, or waits for something that does not come.
 */
#ifndef RNL_EXCHANGE_OWN_WORK_H
#define RNL_EXCHANGE_OWN_WORK_H

#include <stdbool.h>

typedef struct rnl_own_work {
    double at, processor; /* seconds, when it was last looked */
    long blocks;          /* read and written, and pages brought in */
} rnl_own_work;

/* Tests if threads other than the calling one have used a processor since the last call, at least
 * for a ten-thousandth of the time, or of a second if the process was stopped meanwhile, or have
 * read or written blocks, or if one waits for a disk, as in fsync: that takes as long as it takes.
 */
bool rnl_own_work_goes_on(rnl_own_work *work);

#endif
