/*
 * Texts of configurations, and what becomes of them.
 */
#ifndef RNL_TESTS_CONFIG_TEXTS_H
#define RNL_TESTS_CONFIG_TEXTS_H

#include "engine/schema/config.h"

/* A small configuration that is accepted. */
#define GOOD_CONFIG                                                                                \
    "name: good\n"                                                                                 \
    "data:\n"                                                                                      \
    "  train: {spirals: {rows: 30, noise: 0.25}}\n"                                                \
    "  validation_split: 1e-1\n"                                                                   \
    "model:\n"                                                                                     \
    "  - flatten\n"                                                                                \
    "  - dense: {units: 7, activation: {elu: {alpha: 0.5}}}\n"                                     \
    "  - activation: relu\n"                                                                       \
    "  - dense:\n"                                                                                 \
    "      units: 3\n"                                                                             \
    "      activation: softmax\n"                                                                  \
    "training:\n"                                                                                  \
    "  loss: sparse_categorical_crossentropy\n"                                                    \
    "  metrics: [accuracy]\n"                                                                      \
    "  optimizer: momentum\n"

#define DATA "data: {train: {spirals: {rows: 30}}, validation_split: 0.2}\n"
#define REST "training: {loss: sparse_categorical_crossentropy, epochs: 30}\n"

/* A shallow network under a preset, with and without values of its own. */
#define SHALLOW(preset)                                                                            \
    "preset: " preset "\n" DATA "model:\n"                                                         \
    "  defaults: {units: 7}\n"                                                                     \
    "  layers: [dense, dense: , dense: {units: 9}, dense: {activation: relu},\n"                   \
    "           dense: {units: 3, activation: softmax}]\n" REST

/* The configuration of the text, under one override or none; fails the test if it is refused. */
rnl_config *config_text_parse(const char *text, const char *override);

/* The text that it is printed as, which the caller frees. */
char *config_text_print(const char *text, const char *override);

/* The text, under one override or none, is refused as a mistake, with such words. */
void config_text_expect_refused(const char *text, const char *override, const char *message);

/* Both texts are the same configuration. */
void config_text_expect_same(const char *text, const char *override, const char *written_out);

#endif
