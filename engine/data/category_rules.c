#include "engine/data/category_rules.h"

static const rnl_kind unseen_kinds[] = {
    {.name = "error",
     .help = "refuse the row, naming the cell and the nearest category",
     .operations = &(const rnl_unseen_rule){RNL_UNSEEN_ERROR}},
    {.name = "missing",
     .help = "no category: all of its column's inputs are 0, whatever `missing` says",
     .operations = &(const rnl_unseen_rule){RNL_UNSEEN_MISSING}},
    {.name = "rare",
     .help = "one of its column's `rare` categories; where there are none, as missing",
     .operations = &(const rnl_unseen_rule){RNL_UNSEEN_RARE}},
};

const rnl_kind_table rnl_unseen_rules = {
    .noun = "rule for unseen categories",
    .plural = "unseen rules",
    .kinds = unseen_kinds,
    .count = sizeof unseen_kinds / sizeof *unseen_kinds,
};

rnl_category_rules rnl_category_rules_of(const rnl_data_config *config)
{
    const rnl_kind *kind = config->unseen.kind;
    return (rnl_category_rules){.unseen = kind ? *(const rnl_unseen_rule *)kind->operations
                                               : RNL_UNSEEN_ERROR,
                                .rare = (size_t)config->rare,
                                .one_hot_max = (size_t)config->one_hot_max};
}
