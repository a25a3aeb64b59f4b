/*
 * Where `bench latency` takes nets from: a configuration, a trained model's file, or a small
 * network of its own; and the rows that all its subjects share.
 */
#ifndef RNL_BENCHMARKS_LATENCY_SOURCE_H
#define RNL_BENCHMARKS_LATENCY_SOURCE_H

#include "cli/arguments.h"
#include "engine/model/model.h"

#include <jansson.h>

typedef struct rnl_latency_source {
    const char *path; /* for messages */
    bool own;         /* the small network */
    const rnl_arguments *arguments;
    rnl_config *config;
    rnl_model *trained; /* of a model's file; NULL: weights are drawn */
    rnl_data *data;
    float *other; /* (other_count) what empties the caches, once it was asked for */
    size_t other_count;
} rnl_latency_source;

/* Tells by its beginning if a file is a model.  path: NULL for the small network.  It is released
 * also after a failure. */
rnl_status rnl_latency_source_open(rnl_latency_source *source, const char *path,
                                   const rnl_arguments *arguments);
void rnl_latency_source_release(rnl_latency_source *source);

/* The configuration with another batch size and, unless it is NULL, another activation in its
 * hidden layers.  RNL_BAD_CONFIG where no layer can have another: a trained model's have theirs. */
rnl_status rnl_latency_source_config(const rnl_latency_source *source, rnl_config **config,
                                     size_t batch_size, json_t *activation);

/* Allocates twice as much as the largest cache holds. */
rnl_status rnl_latency_source_empty_caches(rnl_latency_source *source);

#endif
