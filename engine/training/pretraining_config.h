/*
 * The configurations of a pretraining: of the whole autoencoder, of its encoder, and of what each
 * stage trains.
 */
#ifndef RNL_ENGINE_TRAINING_PRETRAINING_CONFIG_H
#define RNL_ENGINE_TRAINING_PRETRAINING_CONFIG_H

#include "engine/schema/config.h"

#include <jansson.h>

/* The keys of `pretraining`. */
extern const rnl_field rnl_pretraining_fields[];

/* The layers of a net as JSON, cut into segments: what stands before its first dense layer, then
 * each dense layer with what follows it; the last dense layer, the head, is left out. */
typedef struct rnl_segments {
    json_t *config; /* the whole configuration */
    size_t begin;   /* entries of the model before its first dense layer */
    size_t count;   /* dense layers of the encoder */
    size_t *first;  /* (count + 1) the entry of each, and that of the head */
} rnl_segments;

/* Cuts the configuration's model.  RNL_BAD_CONFIG if it is not a plain stack, or has no hidden
 * dense layer. */
rnl_status rnl_segments_cut(rnl_segments *segments, const rnl_config *config);
void rnl_segments_release(rnl_segments *segments);

/* Tests if the encoder is trained layer by layer. */
bool rnl_pretraining_is_stacked(const rnl_config *config);

/* A stretch of the encoder with its mirror image; the names of layers are those that they have in
 * the whole autoencoder. */
typedef struct rnl_stretch {
    size_t from, to; /* segments, from 0; `to` is behind the last */
    bool noisy;      /* begins with what makes it denoise, if anything is to */
    bool mirrored;   /* the mirror image follows; without, it is an encoder */
    size_t inputs;   /* numbers that it begins with, and is to end with */
} rnl_stretch;

/* Makes the configuration that trains a stretch.  The first one begins with what stands before the
 * dense layers, and has the configuration's data; those behind it have rows of codes. */
rnl_status rnl_stretch_configure(rnl_config **config, const rnl_segments *segments,
                                 rnl_stretch stretch);

#endif
