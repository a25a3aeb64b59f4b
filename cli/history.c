#include "cli/history.h"
#include "cli/messages.h"
#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is kept ---------------------------------------------------------------------------- */

/* The lines of the file that was there, and how far they go. */
typedef struct kept_lines {
    rnl_history_kept kept;
    bool by_steps, has_header;
    uint64_t last; /* epoch or step */
    char *header;
} kept_lines;

/* "12,..." or, with steps, "0.25,500,...".  A line is as far as its epochs, rounded up, or steps.
 */
static bool is_kept(kept_lines *lines, const char *line)
{
    char *behind;
    const double epochs = strtod(line, &behind);
    if (!lines->by_steps && epochs <= (double)lines->kept.epochs) {
        lines->last = (uint64_t)epochs;
        return true;
    }
    if (!lines->by_steps || *behind != ',')
        return false;
    const uint64_t step = strtoull(behind + 1, NULL, 10);
    if (step <= lines->kept.steps)
        lines->last = step;
    return step <= lines->kept.steps;
}

/* The header and the lines that are kept.  A last line without an end is one that a killed run
 * left, perhaps in the middle of its number. */
static bool copy_lines(kept_lines *lines, FILE *old, FILE *fresh)
{
    char *line = NULL;
    size_t size = 0;
    for (ssize_t length = getline(&line, &size, old); length > 0;
         length = getline(&line, &size, old))
        if (line[length - 1] == '\n' && (!lines->has_header || is_kept(lines, line))) {
            if (!lines->has_header) {
                lines->by_steps = strncmp(line, "epoch,step,", 11) == 0;
                lines->header = strndup(line, (size_t)length - 1);
            }
            fputs(line, fresh);
            lines->has_header = true;
        }
    free(line);
    return feof(old) != 0 && (!lines->has_header || lines->header);
}

static void warn_of_gap(const kept_lines *lines, const char *path)
{
    const bool steps = lines->has_header ? lines->by_steps : lines->kept.steps > 0;
    const uint64_t all = steps ? lines->kept.steps : lines->kept.epochs;
    const char *unit = steps ? "step" : "epoch";
    if (!lines->kept.some)
        return;
    if (!lines->has_header)
        rnl_complain("warning: %s is empty: what belongs there up to %s %llu is lost", path, unit,
                     (unsigned long long)all);
    else if (lines->last < all)
        rnl_complain("warning: %s ends at %s %llu: what belongs there up to %s %llu is lost", path,
                     unit, (unsigned long long)lines->last, unit, (unsigned long long)all);
}

/* Beside the old file, which it then replaces: a crash loses no line. */
static bool rewrite(kept_lines *lines, FILE *old, const char *path)
{
    rnl_output_file fresh;
    if (!rnl_output_open(&fresh, path))
        return false;
    const bool copied = copy_lines(lines, old, fresh.file);
    if (!copied)
        rnl_complain("cannot read %s: %s", path, strerror(errno));
    return rnl_output_close(&fresh, copied);
}

/* ---- the file -------------------------------------------------------------------------------- */

static bool open_file(rnl_history *history, const char *path, int flags)
{
    if (rnl_growing_file_open(&history->file, path, flags))
        return true;
    rnl_complain("cannot write %s: %s", path, strerror(errno));
    return false;
}

static bool open_keeping(rnl_history *history, const char *path, FILE *old, rnl_history_kept kept)
{
    kept_lines lines = {.kept = kept};
    const bool opened = rewrite(&lines, old, path) && open_file(history, path, O_APPEND);
    history->header = lines.header;
    if (!opened)
        return false;
    warn_of_gap(&lines, path);
    history->has_header = lines.has_header;
    return true;
}

bool rnl_history_open(rnl_history *history, const char *path, rnl_history_kept kept)
{
    *history = (rnl_history){0};
    FILE *old = kept.any ? fopen(path, "re") : NULL;
    if (kept.any && !old && errno != ENOENT) {
        rnl_complain("cannot read %s: %s", path, strerror(errno));
        return false;
    }
    const bool opened =
        old ? open_keeping(history, path, old, kept) : open_file(history, path, O_CREAT | O_TRUNC);
    if (old)
        fclose(old);
    if (!opened)
        free(history->header);
    return opened;
}

bool rnl_history_begin_lines(rnl_history *history)
{
    history->lines = open_memstream(&history->text, &history->size);
    history->file.lost |= !history->lines;
    return history->lines != NULL;
}

void rnl_history_end_lines(rnl_history *history)
{
    const bool made = !ferror(history->lines), closed = fclose(history->lines) == 0;
    if (made && closed)
        rnl_growing_file_add(&history->file, history->text, history->size);
    else
        history->file.lost = true;
    free(history->text);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static double epochs_done(const rnl_progress *progress)
{
    return (double)(progress->epoch - 1) + (double)progress->rows_done / (double)progress->rows;
}

static void print_header(rnl_history *history, const rnl_progress *progress)
{
    fputs("epoch", history->lines);
    for (size_t i = 0; i < progress->figure_count; ++i)
        fprintf(history->lines, ",%s", progress->figures[i].name);
    fputc('\n', history->lines);
    history->has_header = true;
}

bool rnl_history_has_column(const rnl_history *history, const char *name)
{
    const size_t length = strlen(name);
    const char *at = history->header;
    while (at && (strncmp(at, name, length) != 0 || (at[length] != ',' && at[length] != '\0'))) {
        at = strchr(at, ',');
        at += at != NULL;
    }
    return !history->header || at;
}

/* A momentum that the optimizer does not have is no number, not one that went wrong. */
static void print_figure(FILE *lines, const rnl_figure *figure)
{
    if (strcmp(figure->name, "step") == 0)
        fprintf(lines, ",%.0f", figure->value);
    else if (isnan(figure->value) && strcmp(figure->name, "momentum") == 0)
        fputc(',', lines);
    else
        fprintf(lines, ",%.9g", figure->value);
}

void rnl_history_add(rnl_history *history, const rnl_progress *progress)
{
    if (!rnl_history_begin_lines(history))
        return;
    if (!history->has_header)
        print_header(history, progress);
    fprintf(history->lines, "%.9g", epochs_done(progress));
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (rnl_history_has_column(history, progress->figures[i].name))
            print_figure(history->lines, &progress->figures[i]);
    fputc('\n', history->lines);
    rnl_history_end_lines(history);
}

bool rnl_history_close(rnl_history *history)
{
    free(history->header);
    return rnl_growing_file_close(&history->file);
}
