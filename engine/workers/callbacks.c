#include "engine/workers/callbacks.h"

#include "threading/team.h"

#include <stdarg.h>
#include <stdio.h>

const rnl_options *rnl_options_given(const rnl_options *options)
{
    static const rnl_options defaults = {0};
    return options ? options : &defaults;
}

bool rnl_call_begin(const rnl_options *options)
{
    if (!options->on_begin)
        return true;
    const rnl_worker_mode mode = rnl_team_leave(true);
    const int answer = options->on_begin(options->user);
    rnl_team_return(&mode);
    return answer == 0;
}

/* Sets no signal mask: system calls between two steps would be too slow. */
bool rnl_call_step(const rnl_options *options, const rnl_progress *progress)
{
    if (!options->on_step)
        return true;
    const rnl_worker_mode mode = rnl_team_leave(false);
    const int answer = options->on_step(progress, options->user);
    rnl_team_return(&mode);
    return answer == 0;
}

bool rnl_call_epoch(const rnl_options *options, const rnl_progress *progress)
{
    if (!options->on_epoch)
        return true;
    const rnl_worker_mode mode = rnl_team_leave(true);
    const int answer = options->on_epoch(progress, options->user);
    rnl_team_return(&mode);
    return answer == 0;
}

bool rnl_call_inspect(const rnl_options *options, const rnl_inspection *inspection)
{
    if (!options->on_inspect)
        return true;
    const rnl_worker_mode mode = rnl_team_leave(true);
    const int answer = options->on_inspect(inspection, options->user);
    rnl_team_return(&mode);
    return answer == 0;
}

double rnl_call_schedule(const rnl_options *options, const rnl_schedule_point *point)
{
    const rnl_worker_mode mode = rnl_team_leave(false);
    const double rate = options->schedule(point, options->user);
    rnl_team_return(&mode);
    return rate;
}

void rnl_log(const rnl_options *options, rnl_log_level level, const char *format, ...)
{
    if (!options->on_log)
        return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const rnl_worker_mode mode = rnl_team_leave(true);
    options->on_log(level, text, options->user);
    rnl_team_return(&mode);
}
