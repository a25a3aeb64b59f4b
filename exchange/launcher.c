#include "exchange/launcher.h"

#include <stdlib.h>
#include <string.h>

const char *rnl_mpi_abi_name(rnl_mpi_abi abi)
{
    static const char *const names[] = {"no MPI", "Open MPI", "MPICH"};
    return names[abi];
}

static size_t number(char *(*get)(const char *name), const char *name)
{
    const char *text = name ? get(name) : NULL;
    return text ? (size_t)strtoul(text, NULL, 10) : 0;
}

/* What each launcher sets.  Open MPI's comes first: under srun --mpi=pmix, PMIX_RANK is set, and
 * Slurm's own variables tell the number of ranks. */
static const struct known {
    rnl_mpi_abi abi;
    const char *variable, *ranks, *rank;
} launchers[] = {
    {RNL_MPI_OPEN, "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
    {RNL_MPI_MPICH, "PMI_SIZE", "PMI_SIZE", "PMI_RANK"},
    {RNL_MPI_OPEN, "PMIX_RANK", "SLURM_STEP_NUM_TASKS", "PMIX_RANK"},
};

/* RUNNEL_MPI chooses another library than the launcher's, for those that start both. */
static rnl_mpi_abi chosen(char *(*get)(const char *name), rnl_mpi_abi abi)
{
    const char *text = get("RUNNEL_MPI");
    if (text && strcmp(text, "openmpi") == 0)
        return RNL_MPI_OPEN;
    if (text && strcmp(text, "mpich") == 0)
        return RNL_MPI_MPICH;
    return text && strcmp(text, "none") == 0 ? RNL_MPI_NONE : abi;
}

rnl_launcher rnl_launcher_find(char *(*get)(const char *name))
{
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; ++i) {
        const struct known *l = &launchers[i];
        const size_t ranks = number(get, l->ranks);
        if (!get(l->variable) || ranks < 2)
            continue;
        const rnl_mpi_abi abi = chosen(get, l->abi);
        if (abi != RNL_MPI_NONE)
            return (rnl_launcher){
                .abi = abi, .variable = l->variable, .ranks = ranks, .rank = number(get, l->rank)};
    }
    const size_t tasks = number(get, "SLURM_STEP_NUM_TASKS");
    if (tasks < 2 || !get("SLURM_PROCID") || chosen(get, RNL_MPI_OPEN) == RNL_MPI_NONE)
        return (rnl_launcher){.abi = RNL_MPI_NONE, .ranks = 1};
    return (rnl_launcher){.abi = RNL_MPI_NONE,
                          .variable = "SLURM_STEP_NUM_TASKS",
                          .ranks = tasks,
                          .rank = number(get, "SLURM_PROCID"),
                          .problem = "srun started them without a way to find each other: srun "
                                     "--mpi=pmix (Open MPI) or --mpi=pmi2 (MPICH); `srun "
                                     "--mpi=list` shows what there is"};
}
