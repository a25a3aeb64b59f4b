#include "cli/run_directory.h"
#include "cli/event_file.h"
#include "cli/messages.h"
#include "cli/output_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 1, 2))) static char *format_path(const char *format, ...)
{
    char *path = NULL;
    va_list values;
    va_start(values, format);
    if (vasprintf(&path, format, values) < 0)
        path = NULL;
    va_end(values);
    return path;
}

bool rnl_run_directory_name(rnl_run_directory *directory, const char *output, const char *name)
{
    *directory = (rnl_run_directory){
        .path = output ? format_path("%s", output) : format_path("runs/%s", name), .lock = -1};
    if (directory->path) {
        directory->model = format_path("%s/model.safetensors", directory->path);
        directory->best = format_path("%s/best.safetensors", directory->path);
        directory->last = format_path("%s/last.safetensors", directory->path);
        directory->history = format_path("%s/history.csv", directory->path);
        directory->inspection = format_path("%s/inspect.csv", directory->path);
        directory->trace = format_path("%s/trace.csv", directory->path);
        directory->failure = format_path("%s/failure.txt", directory->path);
        directory->checkpoint = format_path("%s/checkpoint.safetensors", directory->path);
        directory->previous = format_path("%s/checkpoint.safetensors.previous", directory->path);
    }
    if (directory->model && directory->best && directory->last && directory->history &&
        directory->inspection && directory->trace && directory->failure && directory->checkpoint &&
        directory->previous)
        return true;
    rnl_complain_memory();
    return false;
}

void rnl_run_directory_release(rnl_run_directory *directory)
{
    free(directory->path);
    free(directory->model);
    free(directory->best);
    free(directory->last);
    free(directory->history);
    free(directory->inspection);
    free(directory->trace);
    free(directory->failure);
    free(directory->checkpoint);
    free(directory->previous);
    if (directory->lock >= 0)
        close(directory->lock);
}

#define FILES 9

/* All that a run writes beside its event files, the model first. */
static void list_files(const rnl_run_directory *directory, const char *files[FILES])
{
    const char *const all[FILES] = {
        directory->model,      directory->history, directory->checkpoint,
        directory->previous,   directory->best,    directory->last,
        directory->inspection, directory->failure, directory->trace,
    };
    memcpy(files, all, sizeof all);
}

/* A run that failed early leaves an empty history, which is worth nothing. */
static bool has_content(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && status.st_size > 0;
}

const char *rnl_run_directory_occupied(const rnl_run_directory *directory)
{
    const char *files[FILES];
    list_files(directory, files);
    for (size_t i = 0; i < FILES; ++i)
        if (has_content(files[i]))
            return files[i];
    return NULL;
}

int rnl_run_directory_check(const char *command, const char *occupied, bool force, bool resume)
{
    if (force && resume)
        return rnl_complain_usage(command, "--force replaces an earlier run and --resume goes on "
                                           "with it: expected one of them");
    if (occupied && !force && !resume)
        return rnl_complain_usage(command,
                                  "%s is there from an earlier run: --force replaces it, --resume "
                                  "goes on with it, --output DIR keeps it",
                                  occupied);
    return RNL_EXIT_OK;
}

bool rnl_run_directory_forget(const rnl_run_directory *directory)
{
    const char *files[FILES];
    list_files(directory, files);
    for (size_t i = 0; i < FILES; ++i)
        if (!rnl_output_remove(files[i]))
            return false;
    rnl_event_files_remove(directory->path);
    return true;
}

bool rnl_run_directory_writes(const rnl_run_directory *directory, const char *input)
{
    const char *files[FILES];
    list_files(directory, files);
    for (size_t i = 0; i < FILES; ++i)
        if (rnl_output_is_input(files[i], input))
            return true;
    return false;
}

bool rnl_run_directory_is_input(const rnl_run_directory *directory, const char *config_path,
                                const rnl_config *config)
{
    const char *files[FILES];
    list_files(directory, files);
    for (size_t i = 0; i < FILES; ++i)
        if (rnl_output_is_input(files[i], config_path) || rnl_output_is_data(files[i], config))
            return true;
    return false;
}

/* An existing file in place of the directory is answered like one that cannot be made. */
static int make_one(const char *path)
{
    struct stat status;
    if (mkdir(path, 0777) == 0)
        return 0;
    if (errno != EEXIST || stat(path, &status) != 0)
        return errno;
    return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
}

/* Network file systems have no locks, or lose their server of locks. */
static bool has_no_locks(int error)
{
    return error == ENOLCK || error == EOPNOTSUPP || error == ENOSYS;
}

/* The lock goes with the process, however it ends. */
static bool lock(rnl_run_directory *directory)
{
    directory->lock = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->lock >= 0 && flock(directory->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (directory->lock >= 0 && has_no_locks(errno)) {
        rnl_complain("warning: %s cannot be locked: %s; see to it that no other run writes there",
                     directory->path, strerror(errno));
        return true;
    }
    if (directory->lock >= 0 && errno == EWOULDBLOCK)
        rnl_complain("%s: another run is writing to this directory", directory->path);
    else
        rnl_complain("cannot lock the directory %s: %s", directory->path, strerror(errno));
    return false;
}

bool rnl_run_directory_claim(rnl_run_directory *directory)
{
    struct stat status;
    return stat(directory->path, &status) != 0 || !S_ISDIR(status.st_mode) || lock(directory);
}

/* "PID.N.tmp", what is appended to the name of a file that is being written. */
static bool is_temporary_ending(const char *ending)
{
    static const char digits[] = "0123456789";
    for (int i = 0; i < 2; ++i) {
        const size_t length = strspn(ending, digits);
        if (length == 0 || ending[length] != '.')
            return false;
        ending += length + 1;
    }
    return strcmp(ending, "tmp") == 0;
}

/* Tests if a name is that of a file while it is written. */
static bool is_temporary_of(const char *name, const char *file)
{
    const size_t length = strlen(file);
    return strncmp(name, file, length) == 0 && name[length] == '.' &&
           is_temporary_ending(name + length + 1);
}

/* A run that was killed while it wrote a file leaves it behind, unfinished. */
static bool is_leftover(const rnl_run_directory *directory, const char *name)
{
    static const char next[] = "checkpoint.safetensors.next";
    static const char *const others[] = {next,          "config.yaml", "log",
                                         "find_lr.csv", "find_lr.png", "find_lr.svg"};
    const char *files[FILES];
    bool left = strcmp(name, next) == 0;
    list_files(directory, files);
    for (size_t i = 0; i < FILES; ++i)
        left = left || is_temporary_of(name, files[i] + strlen(directory->path) + 1);
    for (size_t i = 0; i < sizeof others / sizeof *others; ++i)
        left = left || is_temporary_of(name, others[i]);
    return left;
}

static void sweep(const rnl_run_directory *directory)
{
    DIR *entries = opendir(directory->path);
    if (!entries)
        return;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (is_leftover(directory, entry->d_name))
            unlinkat(directory->lock, entry->d_name, 0);
    closedir(entries);
}

/* The path may since lead to another directory. */
static void drop_old_lock(rnl_run_directory *directory)
{
    struct stat locked, there;
    if (directory->lock < 0 ||
        (fstat(directory->lock, &locked) == 0 && stat(directory->path, &there) == 0 &&
         locked.st_dev == there.st_dev && locked.st_ino == there.st_ino))
        return;
    close(directory->lock);
    directory->lock = -1;
}

static int make_all(char *path)
{
    int error = 0;
    for (char *slash = strchr(path + 1, '/'); slash && !error; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        error = make_one(path);
        *slash = '/';
    }
    return error ? error : make_one(path);
}

bool rnl_run_directory_make(rnl_run_directory *directory)
{
    const int error = make_all(directory->path);
    if (error) {
        rnl_complain("cannot make the directory %s: %s", directory->path, strerror(error));
        return false;
    }
    drop_old_lock(directory);
    directory->claimed_late = directory->lock < 0;
    if (directory->claimed_late && !lock(directory))
        return false;
    sweep(directory);
    return true;
}

rnl_status rnl_run_directory_resume(const rnl_run_directory *directory, const rnl_config *config,
                                    rnl_model **model, const char **path)
{
    const char *const checkpoints[] = {directory->checkpoint, directory->previous};
    rnl_status status = RNL_OK;
    for (size_t i = 0; i < 2 && !*model && status != RNL_BAD_CONFIG; ++i) {
        if (access(checkpoints[i], F_OK) != 0)
            continue;
        if (status != RNL_OK)
            rnl_complain("%s", rnl_message());
        status = rnl_model_resume(model, checkpoints[i], config);
        if (status == RNL_OK)
            *path = checkpoints[i];
    }
    return status;
}
