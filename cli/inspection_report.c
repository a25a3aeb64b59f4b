#include "cli/inspection_report.h"
#include "cli/figure_format.h"
#include "cli/text_table.h"

#include <math.h>
#include <stdio.h>

/* The limits, which the help page of `runnel inspect` names. */
#define VANISHING 1e-3 /* gradient norm of the first hidden layer over that of the last */
#define EXPLODING 1e3  /* likewise */
#define FADING    1e-3 /* deviation of the last hidden layer's outputs over the first's */
#define HUGE_NORM 1e6  /* of weights */
#define LARGE     0.1  /* update norm over weight norm */
#define DYING     0.25 /* share of dead units */
#define SATURATED 0.25 /* share of saturated outputs */

/* ---- table ----------------------------------------------------------------------------------- */

static void add_cell(rnl_text_table *table, rnl_inspection_column column,
                     const rnl_inspected_layer *layer)
{
    char text[RNL_FIGURE_LENGTH];
    const double number = layer->numbers[column];
    rnl_figure_format(text, number);
    if (column == RNL_GRADIENT_NORM && rnl_inspected_is_frozen(layer))
        rnl_text_table_add(table, "frozen");
    else if (isnan(number))
        rnl_text_table_add(table, "-");
    else if (column == RNL_SATURATED || column == RNL_DEAD || column == RNL_ZERO_WEIGHTS)
        rnl_text_table_add(table, "%.1f %%", 100 * number);
    else if (column == RNL_MEAN || column == RNL_STD)
        rnl_text_table_add(table, "%s", text);
    else
        rnl_text_table_add(table, "%.3g", number);
}

bool rnl_inspection_print_table(const rnl_inspected_epoch *epoch)
{
    static const char *const titles[RNL_INSPECTION_COLUMNS] = {
        [RNL_MEAN] = "mean",
        [RNL_STD] = "std",
        [RNL_SATURATED] = "saturated",
        [RNL_DEAD] = "dead",
        [RNL_GRADIENT_NORM] = "gradient",
        [RNL_UPDATE_NORM] = "update",
        [RNL_WEIGHT_NORM] = "weights",
        [RNL_GRADIENT_TO_WEIGHTS] = "gradient/weights",
        [RNL_UPDATE_TO_WEIGHTS] = "update/weights",
        [RNL_ZERO_WEIGHTS] = "zeros",
    };
    rnl_text_table table = {.columns = 1 + RNL_INSPECTION_COLUMNS};
    rnl_text_table_add(&table, "layer");
    for (size_t i = 0; i < RNL_INSPECTION_COLUMNS; ++i)
        rnl_text_table_add(&table, "%s", titles[i]);
    for (size_t l = 0; l < epoch->layer_count; ++l) {
        rnl_text_table_add(&table, "%s", epoch->layers[l].name);
        for (size_t i = 0; i < RNL_INSPECTION_COLUMNS; ++i)
            add_cell(&table, (rnl_inspection_column)i, &epoch->layers[l]);
    }
    const bool printed = rnl_text_table_print(&table);
    rnl_text_table_release(&table);
    return printed;
}

/* ---- findings -------------------------------------------------------------------------------- */

static bool has_kernel(const rnl_inspected_layer *layer)
{
    return !isnan(layer->numbers[RNL_WEIGHT_NORM]);
}

/* The layers before the last one with a kernel are hidden. */
static size_t hidden_layers(const rnl_inspected_epoch *epoch)
{
    size_t hidden = 0;
    for (size_t l = 0; l < epoch->layer_count; ++l)
        if (has_kernel(&epoch->layers[l]))
            hidden = l;
    return hidden;
}

static void print_exploding_cure(void)
{
    puts("  try a lower learning_rate, data.scaling: standardize, clipping, or another\n"
         "  kernel_initializer");
}

static bool report_divergence(const rnl_inspected_epoch *epoch)
{
    for (size_t l = 0; l < epoch->layer_count; ++l)
        if (epoch->layers[l].diverged) {
            printf("exploding: a number of %s is NaN or infinite\n", epoch->layers[l].name);
            print_exploding_cure();
            return true;
        }
    return false;
}

/* The table is of the last state that was looked at. */
static bool report_failure(const char *failure)
{
    if (!failure)
        return false;
    printf("exploding: this is the last state that was looked at, after it the run ended:\n  %s\n",
           failure);
    print_exploding_cure();
    return true;
}

/* Gradients of such weights are 0, infinite or meaningless. */
static bool report_huge_weights(const rnl_inspected_epoch *epoch)
{
    for (size_t l = 0; l < epoch->layer_count; ++l) {
        const double norm = epoch->layers[l].numbers[RNL_WEIGHT_NORM];
        if (!(norm > HUGE_NORM))
            continue;
        printf("exploding: the weights of %s have a norm of %.3g (over %g)\n",
               epoch->layers[l].name, norm, HUGE_NORM);
        print_exploding_cure();
        return true;
    }
    return false;
}

static void print_vanishing_cure(void)
{
    puts("  try batch_normalization; in place of sigmoid or tanh, relu, elu or leaky_relu with\n"
         "  he_normal, or selu with lecun_normal and standardized inputs; or residual blocks");
}

/* A gradient of 0 has vanished, whatever stands above it. */
static bool report_zero_gradient(const rnl_inspected_epoch *epoch, size_t hidden)
{
    for (size_t l = 0; l < hidden; ++l)
        if (epoch->layers[l].numbers[RNL_GRADIENT_NORM] == 0) {
            printf("vanishing gradients: that of %s is 0\n", epoch->layers[l].name);
            print_vanishing_cure();
            return true;
        }
    return false;
}

static bool report_gradients(const rnl_inspected_epoch *epoch, size_t hidden)
{
    const rnl_inspected_layer *first = NULL, *last = NULL;
    for (size_t l = 0; l < hidden; ++l)
        if (has_kernel(&epoch->layers[l]) && !rnl_inspected_is_frozen(&epoch->layers[l])) {
            first = first ? first : &epoch->layers[l];
            last = &epoch->layers[l];
        }
    if (report_zero_gradient(epoch, hidden))
        return true;
    const double ratio =
        first ? first->numbers[RNL_GRADIENT_NORM] / last->numbers[RNL_GRADIENT_NORM] : 1;
    if (ratio < VANISHING) {
        printf("vanishing gradients: that of %s, the first hidden layer, is %.3g of that of %s, "
               "the last\n  (under %g)\n",
               first->name, ratio, last->name, VANISHING);
        print_vanishing_cure();
    } else if (ratio > EXPLODING) {
        printf("exploding gradients: that of %s, the first hidden layer, is %.3g times that of "
               "%s, the last\n  (over %g)\n"
               "  try another kernel_initializer (he_normal; for selu lecun_normal),\n"
               "  batch_normalization, a lower learning_rate, or kernel_constraint: max_norm\n",
               first->name, ratio, last->name, EXPLODING);
    }
    return ratio < VANISHING || ratio > EXPLODING;
}

static bool has_outputs(const rnl_inspected_layer *layer)
{
    return has_kernel(layer) && !isnan(layer->numbers[RNL_STD]);
}

/* Tells of a signal that fades forward: gradients are small then in all layers alike. */
static bool report_fading(const rnl_inspected_epoch *epoch, size_t hidden)
{
    const rnl_inspected_layer *first = NULL, *last = NULL;
    for (size_t l = 0; l < hidden; ++l)
        if (has_outputs(&epoch->layers[l])) {
            first = first ? first : &epoch->layers[l];
            last = &epoch->layers[l];
        }
    if (!first || !(first->numbers[RNL_STD] > 0))
        return false;
    const double ratio = last->numbers[RNL_STD] / first->numbers[RNL_STD];
    if (!(ratio < FADING))
        return false;
    printf("fading outputs: the standard deviation of those of %s, the last hidden layer, is\n"
           "  %.3g of that of %s, the first (under %g)\n"
           "  try he_normal (for selu lecun_normal), batch_normalization, or residual blocks\n",
           last->name, ratio, first->name, FADING);
    return true;
}

/* The layer with the largest number of a column, among the first `count`; NULL if none exceeds the
 * limit.  How many do is counted in `over`. */
static const rnl_inspected_layer *worst(const rnl_inspected_epoch *epoch, size_t count,
                                        rnl_inspection_column column, double limit, size_t *over)
{
    const rnl_inspected_layer *found = NULL;
    *over = 0;
    for (size_t l = 0; l < count; ++l) {
        const rnl_inspected_layer *layer = &epoch->layers[l];
        if (!(layer->numbers[column] > limit))
            continue;
        ++*over;
        if (!found || layer->numbers[column] > found->numbers[column])
            found = layer;
    }
    return found;
}

static bool report_updates(const rnl_inspected_epoch *epoch)
{
    size_t over;
    const rnl_inspected_layer *layer =
        worst(epoch, epoch->layer_count, RNL_UPDATE_TO_WEIGHTS, LARGE, &over);
    if (!layer)
        return false;
    printf("exploding updates: the next step would move %s by %.3g of its weights (over %g; %zu "
           "layer%s)\n"
           "  try a lower learning_rate\n",
           layer->name, layer->numbers[RNL_UPDATE_TO_WEIGHTS], LARGE, over, over == 1 ? "" : "s");
    return true;
}

static bool report_dead(const rnl_inspected_epoch *epoch, size_t hidden)
{
    size_t over;
    const rnl_inspected_layer *layer = worst(epoch, hidden, RNL_DEAD, DYING, &over);
    if (!layer)
        return false;
    printf("dying units: %.1f %% of %s are 0 for every row (over %g %%; %zu layer%s)\n"
           "  try leaky_relu, elu or selu, a lower learning_rate, batch_normalization, or\n"
           "  he_normal\n",
           100 * layer->numbers[RNL_DEAD], layer->name, 100 * DYING, over, over == 1 ? "" : "s");
    return true;
}

static bool report_saturation(const rnl_inspected_epoch *epoch, size_t hidden)
{
    size_t over;
    const rnl_inspected_layer *layer = worst(epoch, hidden, RNL_SATURATED, SATURATED, &over);
    if (!layer)
        return false;
    printf("saturation: %.1f %% of the outputs of %s lie where the activation is flat (over %g %%; "
           "%zu\n  layer%s)\n"
           "  try smaller first weights (glorot_uniform), batch_normalization before the\n"
           "  activation, data.scaling: standardize, a lower learning_rate, or relu or elu\n",
           100 * layer->numbers[RNL_SATURATED], layer->name, 100 * SATURATED, over,
           over == 1 ? "" : "s");
    return true;
}

void rnl_inspection_print_findings(const rnl_inspected_epoch *epoch, const char *failure)
{
    const size_t hidden = hidden_layers(epoch);
    bool ill = report_failure(failure);
    const bool exploded = report_divergence(epoch) || report_huge_weights(epoch);
    ill |= exploded;
    if (!exploded) {
        ill |= report_gradients(epoch, hidden);
        ill |= report_fading(epoch, hidden);
        ill |= report_updates(epoch);
        ill |= report_dead(epoch, hidden);
        ill |= report_saturation(epoch, hidden);
    }
    if (!ill)
        puts(
            "healthy: gradients neither vanish nor explode, outputs do not fade, updates are small "
            "against\nthe weights, and few units are dead or saturated");
}
