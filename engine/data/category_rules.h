/*
 * What a configuration says of categories among the inputs.
 */
#ifndef RNL_ENGINE_DATA_CATEGORY_RULES_H
#define RNL_ENGINE_DATA_CATEGORY_RULES_H

#include "engine/schema/config.h"

/* What a category becomes that the training rows do not have. */
typedef enum rnl_unseen_rule {
    RNL_UNSEEN_ERROR,
    RNL_UNSEEN_MISSING,
    RNL_UNSEEN_RARE
} rnl_unseen_rule;

#define RNL_ONE_HOT_MAX 9

typedef struct rnl_category_rules {
    rnl_unseen_rule unseen;
    size_t rare;        /* rows that a category needs for an input of its own */
    size_t one_hot_max; /* inputs of a column that `categorical: auto` finds; 0: 9 */
} rnl_category_rules;

rnl_category_rules rnl_category_rules_of(const rnl_data_config *config);

#endif
