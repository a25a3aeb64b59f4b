#include "cli/history.h"
#include "cli/messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The header and the lines of the first epochs, copied from the file that was there. */
static void copy_lines(rnl_history *history, FILE *old, size_t epochs)
{
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, old) > 0)
        if (!history->has_header || strtoul(line, NULL, 10) <= epochs) {
            fputs(line, history->file);
            history->has_header = true;
        }
    free(line);
}

/* The kept lines are written beside the old file, which they then replace: a crash loses none. */
static bool open_keeping(rnl_history *history, FILE *old, size_t epochs)
{
    char *fresh = NULL;
    if (asprintf(&fresh, "%s.tmp", history->path) < 0)
        return false;
    history->file = fopen(fresh, "we");
    bool kept = history->file != NULL;
    if (kept) {
        copy_lines(history, old, epochs);
        kept = fflush(history->file) == 0 && rename(fresh, history->path) == 0;
    }
    free(fresh);
    return kept;
}

bool rnl_history_open(rnl_history *history, const char *path, size_t epochs_kept)
{
    *history = (rnl_history){.path = path};
    FILE *old = epochs_kept > 0 ? fopen(path, "re") : NULL;
    bool opened;
    if (old) {
        opened = open_keeping(history, old, epochs_kept);
        fclose(old);
    } else {
        history->file = fopen(path, "we");
        opened = history->file != NULL;
    }
    if (!opened)
        rnl_complain("cannot write %s: %s", path, strerror(errno));
    return opened;
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
    fprintf(history->file, "%zu", progress->epoch);
    for (size_t i = 0; i < progress->figure_count; i++)
        fprintf(history->file, ",%.9g", progress->figures[i].value);
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
