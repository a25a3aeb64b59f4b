#include "cli/progress.h"
#include "cli/figure_format.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_BETWEEN_DRAWINGS 0.1
#define NARROWEST_BAR            10
#define WIDEST_BAR               30
#define DEFAULT_COLUMNS          80

/* A line in the making; what does not fit is cut off. */
typedef struct line {
    char text[512];
    size_t length;
} line;

__attribute__((format(printf, 2, 3))) static void add(line *target, const char *format, ...)
{
    const size_t room = sizeof target->text - target->length;
    va_list values;
    va_start(values, format);
    const int written = vsnprintf(target->text + target->length, room, format, values);
    va_end(values);
    if (written > 0)
        target->length += (size_t)written < room ? (size_t)written : room - 1;
}

static void add_epoch(line *target, const rnl_progress *progress)
{
    const int digits = snprintf(NULL, 0, "%zu", progress->epochs);
    add(target, "epoch %*zu/%zu", digits, progress->epoch, progress->epochs);
}

static void add_figures(line *target, const rnl_progress *progress)
{
    for (size_t i = 0; i < progress->figure_count; ++i) {
        const rnl_figure *figure = &progress->figures[i];
        if (strcmp(figure->name, "learning_rate") == 0 || strcmp(figure->name, "momentum") == 0 ||
            strcmp(figure->name, "samples_per_second") == 0)
            continue;
        char value[RNL_FIGURE_LENGTH];
        if (strcmp(figure->name, "step") == 0)
            snprintf(value, sizeof value, "%.0f", figure->value);
        else
            rnl_figure_format(value, figure->value);
        add(target, "  %s %s", figure->name, value);
    }
}

static void add_rate(line *target, double rate)
{
    if (rate >= 1e6)
        add(target, "  %.2fM rows/s", rate / 1e6);
    else if (rate >= 1e4)
        add(target, "  %.0fk rows/s", rate / 1e3);
    else
        add(target, "  %.0f rows/s", rate);
}

static void add_time(line *target, double seconds)
{
    char text[RNL_FIGURE_LENGTH];
    rnl_time_format(text, seconds);
    add(target, "  %s", text);
}

/* Rows per second by the clock: with validation and saves. */
static double rate_of(const rnl_progress *progress)
{
    return progress->seconds > 0 ? (double)progress->timed_rows / progress->seconds : 0;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void add_bar(line *target, const rnl_progress *progress, size_t columns)
{
    const size_t width = columns < WIDEST_BAR ? columns : WIDEST_BAR;
    const size_t filled = progress->rows ? width * progress->rows_done / progress->rows : width;
    add(target, " [");
    for (size_t i = 0; i < width; ++i)
        add(target, "%c", i < filled ? '=' : i == filled ? '>' : ' ');
    add(target, "]");
}

static size_t terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return DEFAULT_COLUMNS;
}

/* epoch  3/10 [=====>     ] 31232/54000  loss 0.4210  accuracy 0.8490  512k rows/s  0:02 left */
static void draw(rnl_display *display, const rnl_progress *progress)
{
    const double rate = rate_of(progress);
    line tail = {.length = 0};
    add(&tail, " %zu/%zu", progress->rows_done, progress->rows);
    add_figures(&tail, progress);
    add_rate(&tail, rate);
    if (rate > 0) {
        add_time(&tail, (double)(progress->rows - progress->rows_done) / rate);
        add(&tail, " left");
    }
    line whole = {.length = 0};
    add_epoch(&whole, progress);
    /* The last column stays free: some terminals wrap when it is written. */
    const size_t columns = terminal_columns() - 1;
    const size_t taken = whole.length + tail.length + strlen(" []");
    if (taken + NARROWEST_BAR <= columns)
        add_bar(&whole, progress, columns - taken);
    add(&whole, "%s", tail.text);
    const size_t shown = whole.length < columns ? whole.length : columns;
    fprintf(stderr, "\r%.*s\033[K", (int)shown, whole.text);
    fflush(stderr);
    display->bar_open = true;
}

void rnl_display_start(rnl_display *display, const rnl_arguments *arguments)
{
    const char *terminal = getenv("TERM");
    *display = (rnl_display){
        .quiet = arguments->quiet,
        .verbose = arguments->verbose,
        .bar = !arguments->quiet && isatty(STDERR_FILENO) && terminal && *terminal &&
               strcmp(terminal, "dumb") != 0,
    };
}

void rnl_display_step(rnl_display *display, const rnl_progress *progress)
{
    const double at = now();
    if (at - display->drawn < SECONDS_BETWEEN_DRAWINGS)
        return;
    display->drawn = at;
    draw(display, progress);
}

static void erase_bar(rnl_display *display)
{
    if (display->bar_open)
        fputs("\r\033[K", stderr);
    display->bar_open = false;
}

void rnl_display_epoch(rnl_display *display, const rnl_progress *progress)
{
    if (display->quiet)
        return;
    erase_bar(display);
    line whole = {.length = 0};
    add_epoch(&whole, progress);
    add_figures(&whole, progress);
    add_rate(&whole, rate_of(progress));
    add_time(&whole, progress->seconds);
    fprintf(stderr, "%s\n", whole.text);
}

void rnl_display_log(rnl_log_level level, const char *text, void *user)
{
    rnl_display *display = user;
    if ((level == RNL_LOG_DEBUG && !display->verbose) ||
        (level == RNL_LOG_INFO && display->quiet && !display->verbose))
        return;
    erase_bar(display);
    fprintf(stderr, "%s%s\n", level == RNL_LOG_WARNING ? "runnel: warning: " : "", text);
}

void rnl_display_finish(rnl_display *display)
{
    if (display->bar_open)
        fputc('\n', stderr);
    display->bar_open = false;
}
