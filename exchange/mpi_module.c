/*
 * The one file that knows MPI, built once for each ABI.
 */
#include "exchange/mpi_table.h"

#include <mpi.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(MPI_Request) <= sizeof(rnl_mpi_request), "a request has room");

static MPI_Request load(const rnl_mpi_request *from)
{
    MPI_Request request;
    memcpy(&request, from, sizeof request);
    return request;
}

static void store(rnl_mpi_request *to, MPI_Request request)
{
    memcpy(to, &request, sizeof request);
}

static int begin(int *rank, int *ranks, bool *serialized)
{
    int given = MPI_THREAD_SINGLE;
    int error = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &given);
    *serialized = given >= MPI_THREAD_SERIALIZED;
    if (error == MPI_SUCCESS)
        error = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (error == MPI_SUCCESS)
        error = MPI_Comm_rank(MPI_COMM_WORLD, rank);
    return error == MPI_SUCCESS ? MPI_Comm_size(MPI_COMM_WORLD, ranks) : error;
}

/* The first line: MPICH tells its whole configuration. */
static void name(char *text, size_t room)
{
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    MPI_Get_library_version(version, &length);
    version[strcspn(version, "\n,")] = '\0';
    snprintf(text, room, "%s", version);
    for (char *c = text; *c; ++c)
        if (*c == '\t')
            *c = ' ';
}

static int send(const void *bytes, int count, int to, int tag, rnl_mpi_request *request)
{
    MPI_Request own;
    const int error = MPI_Isend(bytes, count, MPI_BYTE, to, tag, MPI_COMM_WORLD, &own);
    store(request, own);
    return error;
}

static int receive(void *bytes, int count, int from, int tag, rnl_mpi_request *request)
{
    MPI_Request own;
    const int error = MPI_Irecv(bytes, count, MPI_BYTE, from, tag, MPI_COMM_WORLD, &own);
    store(request, own);
    return error;
}

static int test(rnl_mpi_request *request, bool *done)
{
    MPI_Request own = load(request);
    int flag = 0;
    const int error = MPI_Test(&own, &flag, MPI_STATUS_IGNORE);
    store(request, own);
    *done = flag != 0;
    return error;
}

static int cancel(rnl_mpi_request *request)
{
    MPI_Request own = load(request);
    return MPI_Cancel(&own);
}

static int forget(rnl_mpi_request *request)
{
    MPI_Request own = load(request);
    return MPI_Request_free(&own);
}

static int probe(int tag, int *from, bool *is_there)
{
    MPI_Status status;
    int flag = 0;
    const int error = MPI_Iprobe(MPI_ANY_SOURCE, tag, MPI_COMM_WORLD, &flag, &status);
    *is_there = flag != 0;
    *from = flag ? status.MPI_SOURCE : -1;
    return error;
}

static int take(void *bytes, int count, int from, int tag)
{
    return MPI_Recv(bytes, count, MPI_BYTE, from, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void describe(int error, char *text, size_t room)
{
    char own[MPI_MAX_ERROR_STRING] = "unknown error";
    int length = 0;
    MPI_Error_string(error, own, &length);
    own[strcspn(own, "\n")] = '\0';
    snprintf(text, room, "%s", own);
}

static void abort_all(int code)
{
    MPI_Abort(MPI_COMM_WORLD, code);
}

static int end(void)
{
    return MPI_Finalize();
}

__attribute__((visibility("default"))) extern const rnl_mpi rnl_mpi_table;

const rnl_mpi rnl_mpi_table = {
    .size = sizeof(rnl_mpi),
    .begin = begin,
    .name = name,
    .send = send,
    .receive = receive,
    .test = test,
    .cancel = cancel,
    .forget = forget,
    .probe = probe,
    .take = take,
    .describe = describe,
    .abort = abort_all,
    .end = end,
};
