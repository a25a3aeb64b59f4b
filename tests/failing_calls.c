/*
 * The k-th allocation, and the k-th call that writes to disk, of Runnel's own code fails, for every
 * k of a short run: nothing crashes, hangs or leaks (the sanitizer build sees leaks), a status
 * comes with a message, and a whole checkpoint remains.
 *
 * The linker sends the calls of this program, and of the library in it, to the functions named
 * __wrap_; those of other libraries go their own way.  Each k is a process of its own.
 */
#include <runnel/runnel.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- calls that fail ------------------------------------------------------------------------- */

typedef enum call { ALLOCATION, WRITING, CALLS } call;

static atomic_long left[CALLS]; /* calls until one fails; 0: none will */
static atomic_bool failed;

static bool fails(call c)
{
    if (atomic_load(&left[c]) == 0 || atomic_fetch_sub(&left[c], 1) != 1)
        return false;
    atomic_store(&failed, true);
    errno = c == ALLOCATION ? ENOMEM : ENOSPC;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
FILE *__real_open_memstream(char **text, size_t *size);
void *__real_mmap64(void *where, size_t size, int access, int flags, int file, off_t offset);
int __real_open64(const char *path, int flags, ...);
int __real_posix_fallocate64(int file, off_t offset, off_t size);
ssize_t __real_write(int file, const void *bytes, size_t count);
int __real_fsync(int file);
int __real_rename(const char *from, const char *to);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
int __wrap_asprintf(char **text, const char *format, ...);
FILE *__wrap_open_memstream(char **text, size_t *size);
void *__wrap_mmap64(void *where, size_t size, int access, int flags, int file, off_t offset);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_posix_fallocate64(int file, off_t offset, off_t size);
ssize_t __wrap_write(int file, const void *bytes, size_t count);
int __wrap_fsync(int file);
int __wrap_rename(const char *from, const char *to);

void *__wrap_malloc(size_t size)
{
    return fails(ALLOCATION) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(ALLOCATION) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails(ALLOCATION) ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails(ALLOCATION) ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
    return fails(ALLOCATION) ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return fails(ALLOCATION) ? NULL : __real_strndup(text, size);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
    if (fails(ALLOCATION))
        return -1;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(text, format, arguments);
    va_end(arguments);
    return length;
}

FILE *__wrap_open_memstream(char **text, size_t *size)
{
    return fails(ALLOCATION) ? NULL : __real_open_memstream(text, size);
}

void *__wrap_mmap64(void *where, size_t size, int access, int flags, int file, off_t offset)
{
    return fails(ALLOCATION) ? MAP_FAILED : __real_mmap64(where, size, access, flags, file, offset);
}

int __wrap_open64(const char *path, int flags, ...)
{
    if (!(flags & O_CREAT))
        return __real_open64(path, flags);
    return fails(WRITING) ? -1 : __real_open64(path, flags, 0666);
}

int __wrap_posix_fallocate64(int file, off_t offset, off_t size)
{
    return fails(WRITING) ? ENOSPC : __real_posix_fallocate64(file, offset, size);
}

/* The k-th writes nothing; every call before writes in two parts. */
ssize_t __wrap_write(int file, const void *bytes, size_t count)
{
    if (fails(WRITING))
        return -1;
    return __real_write(file, bytes, count > 1 && atomic_load(&left[WRITING]) ? count / 2 : count);
}

int __wrap_fsync(int file)
{
    return fails(WRITING) ? -1 : __real_fsync(file);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails(WRITING) ? -1 : __real_rename(from, to);
}

/* ---- the run --------------------------------------------------------------------------------- */

#define CHECKPOINT "checkpoint.safetensors"

static const char config_text[] =
    "data: {train: {csv: {path: rows.csv, target: class, categorical: town}},\n"
    "       validation_split: 0.25, scaling: standardize}\n"
    "model:\n"
    "  - dense: {units: 8, activation: elu}\n"
    "  - dense: {units: 2, activation: softmax}\n"
    "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], optimizer: adam,\n"
    "           batch_size: 8, epochs: 2, checkpoint_every: 2}\n";

static void write_file(const char *path, const char *text, size_t count)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(text, 1, count, file) != count || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

typedef struct run {
    rnl_config *config;
    rnl_data *data, *rows;
    rnl_model *model, *loaded;
    rnl_evaluation *evaluation;
    rnl_prediction *prediction;
    char *text;
} run;

static rnl_status go(run *r)
{
    static const char *const overrides[] = {"training.optimizer.adam.learning_rate=0.01"};
    const rnl_options options = {.threads = 2, .checkpoint = CHECKPOINT};
    rnl_status status = rnl_config_load(&r->config, "config.yaml", overrides, 1);
    if (status == RNL_OK)
        status = rnl_data_load(&r->data, r->config, RNL_TRAIN | RNL_VALIDATION);
    if (status == RNL_OK)
        status = rnl_model_create(&r->model, r->config, r->data);
    if (status == RNL_OK)
        status = rnl_train(r->model, r->data, &options);
    if (status == RNL_OK)
        status = rnl_model_save(r->model, "model.safetensors");
    if (status == RNL_OK)
        status = rnl_model_load(&r->loaded, "model.safetensors", NULL, 0);
    if (status == RNL_OK)
        status = rnl_model_summary(r->loaded, &r->text);
    if (status == RNL_OK)
        status = rnl_evaluate(r->loaded, r->data, RNL_VALIDATION, &options, &r->evaluation);
    if (status == RNL_OK)
        status = rnl_data_read(&r->rows, r->loaded, "rows.csv");
    if (status == RNL_OK)
        status = rnl_predict(r->loaded, r->rows, RNL_TEST, &options, &r->prediction);
    return status;
}

static void release(run *r)
{
    rnl_prediction_free(r->prediction);
    rnl_evaluation_free(r->evaluation);
    rnl_text_free(r->text);
    rnl_model_free(r->loaded);
    rnl_model_free(r->model);
    rnl_data_free(r->rows);
    rnl_data_free(r->data);
    rnl_config_free(r->config);
}

static bool loads(const char *path)
{
    rnl_model *model = NULL;
    const rnl_status status = rnl_model_load(&model, path, NULL, 0);
    rnl_model_free(model);
    return status == RNL_OK;
}

enum { FINE = 0, BROKEN = 1, NOTHING_FAILED = 3 };

/* In a process of its own. */
static int child(call c, long k)
{
    run r = {0};
    alarm(60);
    atomic_store(&left[c], k);
    const rnl_status status = go(&r);
    atomic_store(&left[c], 0);
    const bool told = *rnl_message() != '\0';
    release(&r);
    if (status != RNL_OK && (!atomic_load(&failed) || !told)) {
        fprintf(stderr, "status %d, message '%s'\n", (int)status, rnl_message());
        return BROKEN;
    }
    if (!loads(CHECKPOINT) && !loads(CHECKPOINT ".previous")) {
        fprintf(stderr, "no checkpoint remains: %s\n", rnl_message());
        return BROKEN;
    }
    return atomic_load(&failed) ? FINE : NOTHING_FAILED;
}

/* What the child returns; its crashes and the sanitizer's verdict are BROKEN. */
static int run_child(call c, long k)
{
    fflush(NULL);
    const pid_t process = fork();
    if (process == 0)
        exit(child(c, k));
    int status;
    if (process < 0 || waitpid(process, &status, 0) < 0)
        return BROKEN;
    return WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN;
}

static size_t read_file(const char *path, char *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    const size_t count = file ? fread(bytes, 1, size, file) : 0;
    if (file)
        fclose(file);
    return count;
}

/* Every k from a good checkpoint, until a run makes fewer than k calls. */
static bool fail_each(call c, const char *name)
{
    static char good[1 << 16];
    const size_t count = read_file(CHECKPOINT, good, sizeof good);
    if (count == 0)
        return false;
    for (long k = 1;; ++k) {
        unlink(CHECKPOINT ".previous");
        write_file(CHECKPOINT, good, count);
        const int code = run_child(c, k);
        if (code == NOTHING_FAILED) {
            printf("%ld %s failed in turn\n", k - 1, name);
            return k > 10;
        }
        if (code != FINE) {
            printf("FAILED: %s %ld\n", name, k);
            return false;
        }
    }
}

int main(void)
{
    /* In memory, where syncing costs nothing. */
    static char directory[64];
    strcpy(directory,
           access("/dev/shm", W_OK) == 0 ? "/dev/shm/runnel_XXXXXX" : "/tmp/runnel_XXXXXX");
    if (!mkdtemp(directory) || chdir(directory) != 0) {
        perror(directory);
        return 1;
    }
    char rows[1024] = "x,town,class\n";
    for (int i = 0; i < 40; ++i)
        sprintf(rows + strlen(rows), "%d,%s,%s\n", i * 7 % 11, i % 3 ? "Ulm" : "Bern",
                i % 2 ? "yes" : "no");
    write_file("rows.csv", rows, strlen(rows));
    write_file("config.yaml", config_text, strlen(config_text));
    bool fine = run_child(ALLOCATION, 0) != FINE; /* makes a checkpoint, and finds none before */
    fine = fail_each(ALLOCATION, "allocations") && fine;
    fine = fail_each(WRITING, "writing calls") && fine;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command) == 0 && fine ? 0 : 1;
}
