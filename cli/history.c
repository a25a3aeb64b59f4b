#include "cli/history.h"
#include "cli/messages.h"

#include <errno.h>
#include <string.h>

bool rnl_history_open(rnl_history *history, const char *path)
{
    *history = (rnl_history){.path = path, .file = fopen(path, "we")};
    if (!history->file)
        rnl_complain("cannot write %s: %s", path, strerror(errno));
    return history->file;
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
