#include "cli/ranks.h"

#include "cli/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEXT 512

static void hold(rnl_ranks *ranks)
{
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    fflush(stdout);
    ranks->held = memfd_create("runnel", MFD_CLOEXEC);
    if (ranks->held < 0)
        return;
    ranks->messages = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(ranks->held, STDERR_FILENO);
    if (nothing >= 0) {
        dup2(nothing, STDOUT_FILENO);
        close(nothing);
    }
}

/* Reads the last line that was held back, without the program's name. */
static void last_line(const rnl_ranks *ranks, char text[TEXT])
{
    static const char name[] = "runnel: ";
    char held[4 * TEXT] = "";
    fflush(stderr);
    const off_t end = ranks->held >= 0 ? lseek(ranks->held, 0, SEEK_END) : 0;
    const off_t begin = end > (off_t)sizeof held - 1 ? end - (off_t)sizeof held + 1 : 0;
    const ssize_t count = pread(ranks->held, held, sizeof held - 1, begin);
    held[count > 0 ? count : 0] = '\0';
    while (*held && held[strlen(held) - 1] == '\n')
        held[strlen(held) - 1] = '\0';
    const char *line = strrchr(held, '\n');
    line = line ? line + 1 : held;
    if (strncmp(line, name, strlen(name)) == 0)
        line += strlen(name);
    snprintf(text, TEXT, "%.*s", TEXT - 1, line);
}

/* Says what was held back last. */
static void release(rnl_ranks *ranks)
{
    char text[TEXT];
    if (ranks->held < 0)
        return;
    last_line(ranks, text);
    dup2(ranks->messages, STDERR_FILENO);
    close(ranks->messages);
    close(ranks->held);
    ranks->held = -1;
    if (*text && rnl_job_is_spokesman(ranks->job))
        rnl_complain("rank %zu of %zu: %s", rnl_job_rank(ranks->job), rnl_job_ranks(ranks->job),
                     text);
}

/* Rank 0 speaks; where others were waited for it may be the one that is missing: then rank 1 does,
 * if it is still there a moment later. */
static int tell_why_alone(rnl_status status, bool waited)
{
    size_t rank;
    const size_t ranks = rnl_job_started(&rank);
    if (waited && ranks > 1 && rank > 0)
        sleep(rank == 1 ? 1 : 3);
    const bool speaks = ranks == 1 || rank == 0 || (rank == 1 && waited);
    return speaks ? rnl_complain_status(status) : RNL_EXIT_FAILURE;
}

int rnl_ranks_join(rnl_ranks *ranks, double deadline, bool verbose)
{
    *ranks = (rnl_ranks){.leads = true, .held = -1, .messages = -1};
    const time_t began = time(NULL);
    const rnl_status status = rnl_job_join(&ranks->job, deadline);
    if (status != RNL_OK)
        return tell_why_alone(status,
                              difftime(time(NULL), began) >= (deadline > 0 ? deadline : 20));
    ranks->leads = rnl_job_rank(ranks->job) == 0;
    if (!ranks->leads && !verbose)
        hold(ranks);
    return RNL_EXIT_OK;
}

int rnl_ranks_agree(rnl_ranks *ranks, int code)
{
    char text[TEXT] = "";
    if (!ranks->job)
        return code;
    if (code != RNL_EXIT_OK)
        last_line(ranks, text);
    int agreed = code;
    const rnl_status status = rnl_job_agree(ranks->job, &agreed, text);
    if (status != RNL_OK && code == RNL_EXIT_OK && rnl_job_is_spokesman(ranks->job))
        rnl_complain("%s", rnl_message());
    return status != RNL_OK && agreed == RNL_EXIT_OK ? RNL_EXIT_FAILURE : agreed;
}

/* All of it; complains and returns NULL if it cannot be read. */
static void *read_file(const char *path, size_t *size)
{
    struct stat status;
    errno = 0;
    FILE *file = fopen(path, "rbe");
    char *bytes = NULL;
    *size = 0;
    if (file && fstat(fileno(file), &status) == 0 && status.st_size > 0)
        bytes = malloc((size_t)status.st_size);
    if (bytes)
        *size = fread(bytes, 1, (size_t)status.st_size, file);
    if (!bytes || *size != (size_t)status.st_size) {
        rnl_complain("%s cannot be read: %s", path, errno ? strerror(errno) : "it is cut short");
        free(bytes);
        bytes = NULL;
        *size = 0;
    }
    if (file)
        fclose(file);
    return bytes;
}

/* A file without a name, there as long as its descriptor; complains and returns NULL if there is no
 * memory for it. */
static const char *keep_file(rnl_ranks *ranks, const char *bytes, size_t size)
{
    const int file = memfd_create("checkpoint", MFD_CLOEXEC);
    for (size_t done = 0; done < size;) {
        const ssize_t written = file < 0 ? -1 : write(file, bytes + done, size - done);
        if (written < 0) {
            rnl_complain("a checkpoint of rank 0 cannot be kept: %s", strerror(errno));
            if (file >= 0)
                close(file);
            return NULL;
        }
        done += (size_t)written;
    }
    ranks->spread = file;
    snprintf(ranks->file, sizeof ranks->file, "/proc/self/fd/%d", file);
    return ranks->file;
}

int rnl_ranks_spread_file(rnl_ranks *ranks, const char **path)
{
    void *bytes = NULL;
    size_t size = 0;
    bool good = true;
    if (!ranks->job)
        return RNL_EXIT_OK;
    if (ranks->leads && *path)
        good = (bytes = read_file(*path, &size)) != NULL;
    const rnl_status status = rnl_job_spread(ranks->job, &bytes, &size);
    if (!ranks->leads)
        *path = NULL;
    if (!ranks->leads && status == RNL_OK && size > 0)
        good = (*path = keep_file(ranks, bytes, size)) != NULL;
    free(bytes);
    if (status != RNL_OK)
        return rnl_ranks_speak(ranks, status) ? rnl_complain_status(status) : RNL_EXIT_FAILURE;
    return rnl_ranks_agree(ranks, good ? RNL_EXIT_OK : RNL_EXIT_FAILURE);
}

void rnl_ranks_drop_file(const rnl_ranks *ranks, const char *path)
{
    if (path == ranks->file)
        close(ranks->spread);
}

bool rnl_ranks_speak(const rnl_ranks *ranks, rnl_status status)
{
    return status != RNL_JOB || rnl_job_is_spokesman(ranks->job);
}

int rnl_ranks_leave(rnl_ranks *ranks, int code)
{
    if (!ranks->job)
        return code;
    code = rnl_ranks_agree(ranks, code);
    release(ranks);
    rnl_job_leave(ranks->job, code);
    ranks->job = NULL;
    return code;
}
