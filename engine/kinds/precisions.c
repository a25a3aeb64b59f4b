#include "engine/kinds/precisions.h"

enum { FLOAT32, MIXED_BFLOAT16 };

static const rnl_kind kinds[] = {
    [FLOAT32] = {.name = "float32", .help = "all numbers are float32"},
    [MIXED_BFLOAT16] = {.name = "mixed_bfloat16",
                        .help = "training multiplies numbers rounded to bfloat16; sums, weights "
                                "and all that is not training stay float32"},
};

const rnl_kind_table rnl_precisions = {
    .noun = "precision",
    .plural = "precisions",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};

bool rnl_precision_is_mixed(const rnl_choice *precision)
{
    return precision->kind == &kinds[MIXED_BFLOAT16];
}
