#include "engine/training/course_messages.h"

void rnl_course_begin_messages(rnl_course *t)
{
    t->messages = (rnl_course_messages){t->position.step, rnl_job_count_traffic(t->options->job)};
}

void rnl_course_set_messages_aside(rnl_course *t, rnl_job_traffic before)
{
    const rnl_job_traffic now = rnl_job_count_traffic(t->options->job);
    t->messages.before.sent += now.sent - before.sent;
    t->messages.before.waiting += now.waiting - before.waiting;
}

void rnl_course_tell_messages(const rnl_course *t)
{
    const rnl_job *job = t->options->job;
    const rnl_job_traffic now = rnl_job_count_traffic(job), before = t->messages.before;
    const uint64_t steps = t->position.step - t->messages.step;
    if (!job || rnl_job_own_rank(job) > 0 || steps == 0)
        return;
    const double waiting = now.waiting - before.waiting;
    rnl_log(
        t->options, RNL_LOG_DEBUG,
        "messages: rank 0 sent %llu bytes a step and waited %.1f %% of its time, %.3f ms a step",
        (unsigned long long)((now.sent - before.sent) / steps), 100 * waiting / t->training_seconds,
        1e3 * waiting / (double)steps);
}
