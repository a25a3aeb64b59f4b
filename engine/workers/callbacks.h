/*
 * Calls to the application's callbacks, in its floating-point mode, not the workers'.
 */
#ifndef RNL_ENGINE_WORKERS_CALLBACKS_H
#define RNL_ENGINE_WORKERS_CALLBACKS_H

#include "runnel/runnel.h"

#include <stdbool.h>

/* Returns the given options, or the defaults. */
const rnl_options *rnl_options_given(const rnl_options *options);

/* Each calls its callback, if there is one; false if the callback asks to stop.  Called by worker 0
 * or the calling thread. */
bool rnl_call_begin(const rnl_options *options);
bool rnl_call_step(const rnl_options *options, const rnl_progress *progress);
bool rnl_call_epoch(const rnl_options *options, const rnl_progress *progress);
bool rnl_call_inspect(const rnl_options *options, const rnl_inspection *inspection);

/* Asks the options' schedule, which there is. */
double rnl_call_schedule(const rnl_options *options, const rnl_schedule_point *point);

/* Formats and sends a message to the options' on_log. */
void rnl_log(const rnl_options *options, rnl_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
