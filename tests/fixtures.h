/*
 * Data and models for the tests of training.
 */
#ifndef RNL_TESTS_FIXTURES_H
#define RNL_TESTS_FIXTURES_H

#include "engine/data/formats.h"
#include "engine/model/model.h"

/* A configuration from YAML text with printf formats; fails the test if it is refused. */
rnl_config *fixture_config(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Rows of reproducible noise, of features floats or bytes, labelled 0 .. classes - 1. */
rnl_data *fixture_data(size_t rows, size_t features, size_t classes, rnl_element element);

/* The generated set. */
rnl_dataset fixture_spirals(rnl_spirals_parameters parameters, uint64_t seed);

/* A model of the configuration for the data; the configuration is freed. */
rnl_model *fixture_model(rnl_config *config, const rnl_data *data);

/* The loss over the training rows. */
double fixture_loss(const rnl_model *model, const rnl_data *data);

/* For rnl_options.on_epoch: puts the epoch's loss into the double that `user` points to. */
int fixture_keep_loss(const rnl_progress *progress, void *user);

/* XXH3 of all parameters. */
uint64_t fixture_hash(const rnl_model *model);

/* The hash after training that is stopped after the step, saved in the current directory, loaded
 * and ended by more workers.  Frees the model. */
uint64_t fixture_interrupted(rnl_model *model, const rnl_data *data, uint64_t step);

#endif
