#include "cli/history.h"
#include "cli/messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "12,..." or, with steps, "0.25,500,..." */
static bool is_kept(const char *line, bool by_steps, rnl_history_kept kept)
{
    char *behind;
    const double epochs = strtod(line, &behind);
    if (!by_steps)
        return epochs <= (double)kept.epochs;
    return *behind == ',' && strtoull(behind + 1, NULL, 10) <= kept.steps;
}

/* The header and the lines that are kept, copied from the file that was there.  A last line without
 * an end is one that a killed run left, perhaps in the middle of its number. */
static void copy_lines(rnl_history *history, FILE *old, rnl_history_kept kept)
{
    char *line = NULL;
    size_t size = 0;
    bool by_steps = false;
    for (ssize_t length = getline(&line, &size, old); length > 0;
         length = getline(&line, &size, old))
        if (line[length - 1] == '\n' && (!history->has_header || is_kept(line, by_steps, kept))) {
            if (!history->has_header)
                by_steps = strncmp(line, "epoch,step,", 11) == 0;
            fputs(line, history->file);
            history->has_header = true;
        }
    free(line);
}

static bool write_kept(rnl_history *history, FILE *old, rnl_history_kept kept, const char *fresh)
{
    copy_lines(history, old, kept);
    return feof(old) && !ferror(history->file) && fflush(history->file) == 0 &&
           fsync(fileno(history->file)) == 0 && rename(fresh, history->path) == 0;
}

/* The kept lines are written beside the old file, which they then replace: a crash loses none. */
static bool open_keeping(rnl_history *history, FILE *old, rnl_history_kept kept)
{
    char *fresh = NULL;
    if (asprintf(&fresh, "%s.tmp", history->path) < 0)
        return false;
    history->file = fopen(fresh, "we");
    const bool written = history->file && write_kept(history, old, kept, fresh);
    if (history->file && !written) {
        const int error = errno;
        fclose(history->file);
        unlink(fresh);
        errno = error;
    }
    free(fresh);
    return written;
}

static bool open_empty(rnl_history *history)
{
    history->file = fopen(history->path, "we");
    return history->file != NULL;
}

bool rnl_history_open(rnl_history *history, const char *path, rnl_history_kept kept)
{
    *history = (rnl_history){.path = path};
    FILE *old = kept.any ? fopen(path, "re") : NULL;
    bool opened = false;
    if (old)
        opened = open_keeping(history, old, kept);
    else if (!kept.any || errno == ENOENT)
        opened = open_empty(history);
    if (!opened)
        rnl_complain("cannot write %s: %s", path, strerror(errno));
    if (old)
        fclose(old);
    return opened;
}

static double epochs_done(const rnl_progress *progress)
{
    return (double)(progress->epoch - 1) + (double)progress->rows_done / (double)progress->rows;
}

void rnl_history_add(rnl_history *history, const rnl_progress *progress)
{
    if (history->error)
        return;
    if (!history->has_header) {
        fputs("epoch", history->file);
        for (size_t i = 0; i < progress->figure_count; i++)
            fprintf(history->file, ",%s", progress->figures[i].name);
        fputc('\n', history->file);
        history->has_header = true;
    }
    fprintf(history->file, "%.9g", epochs_done(progress));
    for (size_t i = 0; i < progress->figure_count; i++)
        fprintf(history->file, strcmp(progress->figures[i].name, "step") == 0 ? ",%.0f" : ",%.9g",
                progress->figures[i].value);
    fputc('\n', history->file);
    if (fflush(history->file) != 0)
        history->error = errno;
}

bool rnl_history_close(rnl_history *history)
{
    if (fclose(history->file) != 0 && !history->error)
        history->error = errno;
    if (history->error)
        rnl_complain("cannot write %s: %s", history->path, strerror(history->error));
    return !history->error;
}
