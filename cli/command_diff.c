#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/text_table.h"

#include <stdio.h>

static const rnl_option option_table[] = {
    RNL_OPTION_HELP,
    {0},
};

static const char details[] =
    "A and B are model files or checkpoints of `runnel train`, or other safetensors files of\n"
    "float32 and float64.  For each tensor of either: its shape, and whether it is equal bit for\n"
    "bit; else how many of its elements differ, and the largest absolute difference.\n"
    "\n"
    "Exit code: 0 all tensors are equal; 1 some are not, or the command failed; 2 a mistake in\n"
    "the command.\n"
    "\n"
    "Example:\n"
    "  runnel diff runs/a/model.safetensors runs/b/model.safetensors\n";

/* "784 x 300", "-" for none. */
#define SHAPE_TEXT (RNL_TENSOR_RANK * 24)
static void print_shape(char text[SHAPE_TEXT], size_t rank, const size_t *shape)
{
    int length = snprintf(text, SHAPE_TEXT, "%s", rank == 0 ? "-" : "");
    for (size_t i = 0; i < rank; ++i)
        length += snprintf(text + length, SHAPE_TEXT - (size_t)length, i > 0 ? " x %zu" : "%zu",
                           shape[i]);
}

static void add_outcome(rnl_text_table *table, const rnl_tensor_difference *tensor)
{
    char second[SHAPE_TEXT];
    print_shape(second, tensor->second_rank, tensor->second_shape);
    switch (tensor->state) {
    case RNL_TENSOR_EQUAL:
        rnl_text_table_add(table, "equal");
        break;
    case RNL_TENSOR_DIFFERS:
        rnl_text_table_add(table, "%zu of %zu differ, by up to %.3g", tensor->differing,
                           tensor->elements, tensor->largest);
        break;
    case RNL_TENSOR_RESHAPED:
        rnl_text_table_add(table, "%s in B", second);
        break;
    case RNL_TENSOR_ONLY_IN_FIRST:
        rnl_text_table_add(table, "only in A");
        break;
    case RNL_TENSOR_ONLY_IN_SECOND:
        rnl_text_table_add(table, "only in B");
        break;
    }
}

static void add_row(rnl_text_table *table, const rnl_tensor_difference *tensor)
{
    char shape[SHAPE_TEXT];
    const bool in_first = tensor->state != RNL_TENSOR_ONLY_IN_SECOND;
    print_shape(shape, in_first ? tensor->first_rank : tensor->second_rank,
                in_first ? tensor->first_shape : tensor->second_shape);
    rnl_text_table_add(table, "%s", tensor->name);
    rnl_text_table_add(table, "%s", shape);
    add_outcome(table, tensor);
}

static int print(const rnl_diff *diff)
{
    rnl_text_table table = {.columns = 3};
    for (size_t i = 0; i < diff->count; ++i)
        add_row(&table, &diff->tensors[i]);
    const bool printed = rnl_text_table_print(&table);
    rnl_text_table_release(&table);
    if (!printed)
        return rnl_complain_memory();
    printf("%zu of %zu tensors are equal\n", diff->equal, diff->count);
    return diff->equal == diff->count ? RNL_EXIT_OK : RNL_EXIT_FAILURE;
}

static int run(const rnl_arguments *arguments)
{
    rnl_diff *diff = NULL;
    RNL_TRY_EXIT(
        rnl_complain_status(rnl_model_diff(arguments->operands[0], arguments->operands[1], &diff)));
    const int code = print(diff);
    rnl_diff_free(diff);
    return code;
}

const rnl_command rnl_diff_command = {
    .name = "diff",
    .operands = "A B",
    .fewest = 2,
    .most = 2,
    .purpose = "Compares two models, tensor by tensor.",
    .details = details,
    .options = option_table,
    .size = sizeof(rnl_arguments),
    .run = run,
};
