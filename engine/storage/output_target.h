/*
 * Where an output goes: the file behind a path's links, and what stands there.
 */
#ifndef RNL_ENGINE_STORAGE_OUTPUT_TARGET_H
#define RNL_ENGINE_STORAGE_OUTPUT_TARGET_H

#include "runnel/runnel.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct rnl_output_target {
    char *path;  /* behind all links */
    bool there;  /* a file that is to be replaced */
    mode_t mode; /* its permissions */
    /* No file of its own, but a pipe, a device, or what standard output or standard error go to:
     * it is written to as it is. */
    bool direct;
    int stream; /* 1 or 2: of these; 0: none */
} rnl_output_target;

/* To be released.  RNL_IO: a directory, a loop of links, or what cannot be examined. */
rnl_status rnl_output_target_find(rnl_output_target *target, const char *path);
void rnl_output_target_release(rnl_output_target *target);

#endif
