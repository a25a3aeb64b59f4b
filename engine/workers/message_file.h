/*
 * What messages take, from a file that `runnel bench network --json` wrote.
 */
#ifndef RNL_ENGINE_WORKERS_MESSAGE_FILE_H
#define RNL_ENGINE_WORKERS_MESSAGE_FILE_H

#include "engine/cost/message_cost.h"
#include "runnel/runnel.h"

/* RNL_IO, RNL_BAD_DATA. */
rnl_status rnl_message_file_read(rnl_message_rates *rates, const char *path);

#endif
