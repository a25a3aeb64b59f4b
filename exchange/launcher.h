/*
 * Who started this process: mpirun, mpiexec and srun say so in the environment.
 */
#ifndef RNL_EXCHANGE_LAUNCHER_H
#define RNL_EXCHANGE_LAUNCHER_H

#include <stddef.h>

typedef enum rnl_mpi_abi { RNL_MPI_NONE, RNL_MPI_OPEN, RNL_MPI_MPICH } rnl_mpi_abi;

typedef struct rnl_launcher {
    rnl_mpi_abi abi;      /* RNL_MPI_NONE: this process is alone */
    const char *variable; /* that says so */
    size_t ranks, rank;   /* of the job and of this process, as the launcher tells them */
    /* NULL, or why the processes that were started cannot find each other. */
    const char *problem;
} rnl_launcher;

/* Reads the environment by `get`, which is getenv outside of tests. */
rnl_launcher rnl_launcher_find(char *(*get)(const char *name));

/* "Open MPI", "MPICH". */
const char *rnl_mpi_abi_name(rnl_mpi_abi abi);

#endif
