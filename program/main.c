/*
 * runnel: the program.  Its commands, in the order of its help.
 */
#include "benchmarks/command_bench.h"
#include "cli/command_line.h"
#include "cli/commands.h"

static const rnl_command *const commands[] = {
    &rnl_train_command,    &rnl_pretrain_command, &rnl_compare_command, &rnl_evaluate_command,
    &rnl_predict_command,  &rnl_find_lr_command,  &rnl_fold_command,    &rnl_diff_command,
    &rnl_summary_command,  &rnl_inspect_command,  &rnl_plot_command,    &rnl_report_command,
    &rnl_topology_command, &rnl_bench_command,    &rnl_help_command,    NULL,
};

int main(int count, char **words)
{
    return rnl_program_main(commands, count, words);
}
