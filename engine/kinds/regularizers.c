#include "engine/kinds/regularizers.h"

#include "engine/schema/config.h"

#include <stddef.h>

#define FACTOR(member, default_text, help_text)                                                    \
    {                                                                                              \
        .key = #member, .type = RNL_FIELD_NUMBER, .offset = offsetof(rnl_regularizer, member),     \
        .fallback = default_text, .minimum = 0, .maximum = 1e6, .help = help_text                  \
    }

#define L1_HELP "factor of the sum of the absolute values"
#define L2_HELP "factor of the sum of the squares"

static const rnl_field l1_fields[] = {FACTOR(l1, "0.01", L1_HELP), {.key = NULL}};

static const rnl_field l2_fields[] = {FACTOR(l2, "0.01", L2_HELP), {.key = NULL}};

static const rnl_field l1_l2_fields[] = {
    FACTOR(l1, "0.0", L1_HELP),
    FACTOR(l2, "0.0", L2_HELP),
    {.key = NULL},
};

static const rnl_field alpha_fields[] = {
    {.key = "alpha",
     .type = RNL_FIELD_NUMBER,
     .offset = offsetof(rnl_regularizer, l2),
     .fallback = "1e-4",
     .minimum = 0,
     .maximum = 1e6,
     .help = "factor of half the sum of the squares, divided by the rows"},
    {.key = NULL},
};

static const rnl_regularizer_way proximal = {.proximal = true, .l2_factor = 1};
static const rnl_regularizer_way by_rows = {.by_rows = true, .l2_factor = 0.5};

static const rnl_kind kinds[] = {
    {.name = "l1",
     .help = "adds l1 sum |w| to the loss, which drives weights to 0",
     .fields = l1_fields,
     .shorthand = "l1",
     .size = sizeof(rnl_regularizer)},
    {.name = "l1_proximal",
     .help = "the same penalty, by which weights become exactly 0: after each update they are "
             "moved towards 0 by l1 times the rate at which a lasting slope would move them under "
             "the optimizer (learning_rate / (1 - momentum), divided as gradients are), and stay "
             "there",
     .fields = l1_fields,
     .shorthand = "l1",
     .size = sizeof(rnl_regularizer),
     .operations = &proximal},
    {.name = "l2",
     .help = "adds l2 sum w^2 to the loss, which keeps weights small",
     .fields = l2_fields,
     .shorthand = "l2",
     .size = sizeof(rnl_regularizer)},
    {.name = "l2_by_rows",
     .help = "adds alpha sum w^2 / (2 rows of the mini-batch) to the loss: scikit-learn's alpha",
     .fields = alpha_fields,
     .shorthand = "alpha",
     .size = sizeof(rnl_regularizer),
     .operations = &by_rows},
    {.name = "l1_l2",
     .help = "adds l1 sum |w| + l2 sum w^2 to the loss",
     .fields = l1_l2_fields,
     .size = sizeof(rnl_regularizer)},
};

const rnl_kind_table rnl_regularizers = {
    .noun = "regularizer",
    .plural = "regularizers",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
