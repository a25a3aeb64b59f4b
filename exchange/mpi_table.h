/*
 * What Runnel asks of a message library: a table of functions, in one module for each ABI
 * (mpi_module.c).  The module is loaded where a launcher has started several processes alone.
 *
 * Calls come from one thread at a time (MPI_THREAD_SERIALIZED).  No call waits for another process,
 * except begin and end, in which all processes meet.  Functions return 0, or an error that
 * `describe` names.
 */
#ifndef RNL_EXCHANGE_MPI_TABLE_H
#define RNL_EXCHANGE_MPI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Holds a request of any ABI. */
typedef union rnl_mpi_request {
    void *pointer;
    int number;
} rnl_mpi_request;

typedef struct rnl_mpi {
    size_t size; /* of this table, by which a module is told apart */
    int (*begin)(int *rank, int *ranks, bool *serialized);
    void (*name)(char *text, size_t room); /* of the library, with its version */
    int (*send)(const void *bytes, int count, int to, int tag, rnl_mpi_request *request);
    int (*receive)(void *bytes, int count, int from, int tag, rnl_mpi_request *request);
    int (*test)(rnl_mpi_request *request, bool *done);
    int (*cancel)(
        rnl_mpi_request *request); /* of a receive; it is done then, unless it is matched */
    int (*forget)(rnl_mpi_request *request);                /* of a message that nobody waits for */
    int (*probe)(int tag, int *from, bool *is_there);       /* from anybody */
    int (*take)(void *bytes, int count, int from, int tag); /* a message that is there */
    void (*describe)(int error, char *text, size_t room);
    void (*abort)(int code); /* ends all processes */
    int (*end)(void);
} rnl_mpi;

/* The symbol of a module. */
#define RNL_MPI_SYMBOL "rnl_mpi_table"

#endif
