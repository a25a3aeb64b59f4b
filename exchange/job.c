#include "exchange/job_state.h"

#include "exchange/launcher.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

size_t rnl_job_own_rank(const rnl_job *job)
{
    return job ? (size_t)job->rank : 0;
}

size_t rnl_job_count(const rnl_job *job)
{
    return job ? (size_t)job->ranks : 1;
}

void rnl_job_set_share(rnl_job *job, rnl_node_share share)
{
    job->share = share;
}

rnl_node_share rnl_job_share(const rnl_job *job)
{
    return job ? job->share : (rnl_node_share){0, 1};
}

const char *rnl_job_library(const rnl_job *job)
{
    return job->library;
}

void rnl_job_stand_at(rnl_job *job, uint64_t step)
{
    job->step = step;
}

/* ---- the module ------------------------------------------------------------------------------ */

#define PATH 4096

static bool fail(char problem[RNL_JOB_TEXT], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(char problem[RNL_JOB_TEXT], const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(problem, RNL_JOB_TEXT, format, values);
    va_end(values);
    return false;
}

/* The folder of the library or the program that this is a part of. */
static void own_folder(char path[PATH])
{
    Dl_info info;
    snprintf(path, PATH, ".");
    if (!dladdr((const void *)rnl_job_awake, &info) || !info.dli_fname)
        return;
    char *whole = realpath(info.dli_fname, NULL);
    char *slash = whole ? strrchr(whole, '/') : NULL;
    if (slash)
        snprintf(path, PATH, "%.*s", (int)(slash - whole), whole);
    free(whole);
}

/* Beside the library or the program, as in the build directory, or where it was installed. */
static void *open_module(const char *name, char reason[RNL_JOB_TEXT])
{
    char own[PATH], path[PATH + 64];
    own_folder(own);
    const char *const folders[] = {own, RNL_MODULE_FOLDER};
    snprintf(reason, RNL_JOB_TEXT, "no %s in %.200s or %.100s", name, own, RNL_MODULE_FOLDER);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; ++i) {
        snprintf(path, sizeof path, "%s/%s", folders[i], name);
        FILE *file = fopen(path, "rb");
        if (!file)
            continue;
        fclose(file);
        void *module = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        if (module)
            return module;
        snprintf(reason, RNL_JOB_TEXT, "%s", dlerror());
    }
    return NULL;
}

static bool load(rnl_job *job, const rnl_launcher *launcher, char problem[RNL_JOB_TEXT])
{
    char reason[RNL_JOB_TEXT];
    const char *name = launcher->abi == RNL_MPI_OPEN ? "runnel-openmpi.so" : "runnel-mpich.so";
    job->module = open_module(name, reason);
    if (!job->module)
        return fail(problem,
                    "%zu ranks were started by a launcher of %s (%s is set), for which this Runnel "
                    "has no module: install its development files and build again, or use the "
                    "other mpirun (%.250s)",
                    launcher->ranks, rnl_mpi_abi_name(launcher->abi), launcher->variable, reason);
    job->mpi = dlsym(job->module, RNL_MPI_SYMBOL);
    if (job->mpi && job->mpi->size == sizeof *job->mpi)
        return true;
    return fail(problem, "%s is of another version of Runnel", name);
}

/* ---- joined and left ------------------------------------------------------------------------- */

/* A library that does not understand the launcher finds itself alone. */
static bool check_size(const rnl_job *job, const rnl_launcher *launcher, char problem[RNL_JOB_TEXT])
{
    if ((size_t)job->ranks == launcher->ranks)
        return true;
    return fail(problem,
                "the launcher started %zu ranks (%s), but %s sees %d: mpirun is of another MPI; "
                "use that of this library, or choose with RUNNEL_MPI=openmpi or RUNNEL_MPI=mpich",
                launcher->ranks, launcher->variable, job->library, job->ranks);
}

static bool prepare(rnl_job *job, const rnl_launcher *launcher, char problem[RNL_JOB_TEXT])
{
    if (job->begin_error)
        return fail(problem, "%s cannot begin: error %d", rnl_mpi_abi_name(launcher->abi),
                    job->begin_error);
    job->mpi->name(job->library, sizeof job->library);
    if (!check_size(job, launcher, problem))
        return false;
    if (!job->serialized)
        return fail(problem, "%s does not offer MPI_THREAD_SERIALIZED", job->library);
    job->share = (rnl_node_share){0, 1};
    job->heard = calloc(2 * (size_t)job->ranks, sizeof *job->heard);
    job->parcels = calloc(2 * (size_t)job->ranks, sizeof *job->parcels);
    if (!job->heard || !job->parcels)
        return fail(problem, "out of memory");
    job->worked = job->heard + job->ranks;
    return true;
}

static void release(rnl_job *job)
{
    free(job->heard);
    free(job->parcels);
    free(job->messages);
    pthread_mutex_destroy(&job->lock);
    free(job);
}

/* False, with what is then left of the job in *joined. */
static bool join(rnl_job **joined, const rnl_launcher *launcher, char problem[RNL_JOB_TEXT])
{
    rnl_job *job = *joined;
    bool started;
    if (!load(job, launcher, problem))
        return false;
    if (!rnl_life_begin(job, &started)) {
        *joined = started ? NULL : job;
        return started ? fail(problem,
                              "%zu ranks were started (%s), but not all of them have begun after "
                              "%.0f seconds: one hangs, or its machine; --deadline waits longer",
                              launcher->ranks, launcher->variable, job->deadline)
                       : fail(problem, "no thread can be had for signs of life");
    }
    if (!prepare(job, launcher, problem)) {
        rnl_life_end(job, RNL_LIFE_BREAKS);
        return false;
    }
    rnl_life_beat(job);
    return true;
}

bool rnl_job_enter(rnl_job **joined, double deadline, char problem[RNL_JOB_TEXT])
{
    const rnl_launcher launcher = rnl_launcher_find(getenv);
    *joined = NULL;
    if (launcher.problem)
        return fail(problem, "%zu processes were started (%s), but %s", launcher.ranks,
                    launcher.variable, launcher.problem);
    if (launcher.abi == RNL_MPI_NONE)
        return true;
    rnl_job *job = calloc(1, sizeof *job);
    if (!job)
        return fail(problem, "out of memory");
    pthread_mutex_init(&job->lock, NULL);
    job->deadline = deadline > 0 ? deadline : RNL_JOB_DEADLINE;
    job->culprit = -1;
    rnl_job_cut(job, RNL_JOB_WHOLE, RNL_JOB_WHOLE);
    *joined = job;
    if (join(joined, &launcher, problem))
        return true;
    if (*joined)
        release(*joined);
    *joined = NULL;
    return false;
}

/* All ranks have come to the end; else MPI_Finalize would wait for ever for one that died. */
static bool meet(rnl_job *job)
{
    char *bytes = calloc((size_t)job->ranks, 1);
    for (int r = 0; r < job->ranks; ++r)
        for (int receives = 0; bytes && r != job->rank && receives < 2; ++receives)
            job->parcels[2 * (r - (r > job->rank)) + receives] = (rnl_parcel){
                (size_t)r, RNL_TAG_END, receives == 1, &bytes[receives ? r : job->rank], 1};
    const bool met = bytes && rnl_job_exchange(job, job->parcels, 2 * ((size_t)job->ranks - 1));
    free(bytes);
    return met;
}

/* Where the library does not return, this ends the process. */
typedef struct ending {
    double seconds;
    int code;
} ending;

static void *end_later(void *context)
{
    const ending *e = context;
    const struct timespec t = {.tv_sec = (time_t)e->seconds};
    nanosleep(&t, NULL);
    _exit(e->code);
}

/* The rank that speaks of a fault has a moment for it before all are ended.  The launcher that is
 * asked to end them may be out of reach: MPICH waits for its answer for ever. */
static void abort_all(rnl_job *job, int code)
{
    const struct timespec moment = {.tv_sec = !rnl_job_speaks(job), .tv_nsec = 200000000};
    static ending soon = {.seconds = 3};
    pthread_t end;
    soon.code = code;
    if (pthread_create(&end, NULL, end_later, &soon) == 0)
        pthread_detach(end);
    fflush(stdout);
    fflush(stderr);
    rnl_life_end(job, RNL_LIFE_BREAKS);
    nanosleep(&moment, NULL);
    job->mpi->abort(code);
}

/* MPI_Finalize waits for ranks that may be stopped meanwhile. */
static void end_library(rnl_job *job, int code)
{
    ending late = {job->deadline, code};
    pthread_t guard;
    fflush(stdout);
    fflush(stderr);
    const bool guarded = pthread_create(&guard, NULL, end_later, &late) == 0;
    pthread_mutex_lock(&job->lock);
    rnl_letters_release(job);
    pthread_mutex_unlock(&job->lock);
    rnl_life_end(job, RNL_LIFE_ENDS);
    if (guarded) {
        pthread_cancel(guard);
        pthread_join(guard, NULL);
    }
}

void rnl_job_exit(rnl_job *job, int code)
{
    if (!job)
        return;
    if (job->fault == RNL_FAULT_NONE && meet(job))
        end_library(job, code);
    else
        abort_all(job, code);
    release(job);
}
