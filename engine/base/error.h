/*
 * How errors travel: a function that can fail returns an rnl_status, and rnl_fail leaves the
 * message of the failure with the calling thread, where rnl_message() finds it.
 */
#ifndef RNL_ENGINE_BASE_ERROR_H
#define RNL_ENGINE_BASE_ERROR_H

#include "runnel/runnel.h"
#include "simd/arithmetic.h"

/* Keeps the formatted message and returns the status: `return rnl_fail(RNL_IO, "%s: ...", path);`
 */
rnl_status rnl_fail(rnl_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An allocation that failed: RNL_NO_MEMORY, with what is left of the least limit, if one is known.
 */
rnl_status rnl_fail_memory(size_t bytes);

/* Forwards a failure to the caller. */
#define RNL_TRY(expression)                                                                        \
    do {                                                                                           \
        const rnl_status rnl_try_status = (expression);                                            \
        if (rnl_try_status != RNL_OK)                                                              \
            return rnl_try_status;                                                                 \
    } while (0)

#endif
