#include "engine/training/losses.h"

#include "engine/config/config.h"
#include "engine/error.h"

#include <string.h>

static void bind_cross_entropy(void (**kernel)(const rnl_cross_entropy *),
                               const rnl_kernels *kernels)
{
    *kernel = kernels->cross_entropy;
}

rnl_status rnl_loss_check(const rnl_choice *loss, const rnl_choice *activation,
                          const rnl_layer *last)
{
    const char *wanted = rnl_loss_of(loss)->fused_activation;
    if (!activation || strcmp(activation->kind->name, wanted) != 0)
        return rnl_fail_at(last->choice->place,
                           "%s: loss %s needs a last layer with activation %s, got %s", last->name,
                           loss->kind->name, wanted, activation ? activation->kind->name : "none");
    if (last->output.rank != 1)
        return rnl_fail_at(last->choice->place,
                           "%s: loss %s needs one output per class: put a flatten layer before it",
                           last->name, loss->kind->name);
    return RNL_OK;
}

static const rnl_kind kinds[] = {
    {.name = "sparse_categorical_crossentropy",
     .help = "-log of the probability of the true class; targets are class numbers",
     .operations = &(const rnl_loss){.fused_activation = "softmax", .bind = bind_cross_entropy}},
};

const rnl_kind_table rnl_losses = {
    .noun = "loss",
    .plural = "losses",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
