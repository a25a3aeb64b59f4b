#include "engine/kinds/clippings.h"

#include <stddef.h>

typedef struct clipping_parameters {
    double limit;
} clipping_parameters;

#define LIMIT(name)                                                                                \
    (const rnl_field[])                                                                            \
    {                                                                                              \
        {.key = name,                                                                              \
         .type = RNL_FIELD_NUMBER,                                                                 \
         .offset = offsetof(clipping_parameters, limit),                                           \
         .maximum = 1e30,                                                                          \
         .above_minimum = true,                                                                    \
         .help = "the limit"},                                                                     \
        {                                                                                          \
            .key = NULL                                                                            \
        }                                                                                          \
    }

static const rnl_kind kinds[] = {
    {.name = "clipvalue",
     .help = "limits each gradient to [-limit, limit]",
     .fields = LIMIT("clipvalue"),
     .size = sizeof(clipping_parameters),
     .shorthand = "clipvalue"},
    {.name = "clipnorm",
     .help =
         "scales the gradient of each kernel and bias whose norm exceeds the limit to the limit",
     .fields = LIMIT("clipnorm"),
     .size = sizeof(clipping_parameters),
     .shorthand = "clipnorm"},
    {.name = "global_clipnorm",
     .help = "scales all gradients together if their common norm exceeds the limit",
     .fields = LIMIT("global_clipnorm"),
     .size = sizeof(clipping_parameters),
     .shorthand = "global_clipnorm"},
};

const rnl_kind_table rnl_clippings = {
    .noun = "clipping",
    .plural = "clippings",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};

rnl_clipping rnl_clipping_of(const rnl_choice *clipping)
{
    const clipping_parameters *p = clipping->parameters;
    return (rnl_clipping){(rnl_clipping_kind)(clipping->kind - kinds), p->limit};
}
