#include "engine/cost/cost.h"

#include "engine/base/number.h"

/* Returns the share of a phase that the worker with the most tiles computes. */
static double largest_share(const rnl_phase_cost *phase, size_t workers)
{
    const size_t tiles = (phase->tiles + workers - 1) / workers;
    return (double)tiles / (double)phase->tiles;
}

/* Returns the tiles of a line that a worker has. */
static size_t own_run(const rnl_phase_cost *phase, size_t workers)
{
    const size_t parts = phase->row_parts > 0 ? phase->row_parts : phase->tiles;
    return rnl_least(rnl_divide_up(parts, workers), phase->line);
}

double rnl_phase_calls(const rnl_phase_cost *phase, size_t workers)
{
    if (workers == 1 && phase->alone > 1)
        return phase->calls / (double)phase->alone;
    if (phase->joins <= 1 || phase->line <= 1 || phase->tiles == 0)
        return phase->calls;
    const size_t run = own_run(phase, workers);
    return phase->calls * (double)rnl_divide_up(run, phase->joins) / (double)run;
}

static double barrier_seconds(const rnl_cost_rates *rates, size_t workers, size_t nodes)
{
    if (workers == 1)
        return 0;
    return rates->barrier * (double)workers + rates->crossing_barrier * (double)(nodes - 1);
}

/* Returns the seconds to read bytes that are spread evenly over the other workers. */
static double sharing_seconds(const rnl_phase_cost *phase, const rnl_cost_rates *rates,
                              double share, size_t workers, size_t nodes)
{
    const double elsewhere = 1 - 1 / (double)workers, abroad = 1 - 1 / (double)nodes;
    return phase->shared * (share * elsewhere / rates->shared_bytes +
                            abroad / (double)nodes / rates->crossing_bytes);
}

static double exchange_seconds(const rnl_phase_cost *phase, const rnl_cost_rates *rates,
                               double bytes)
{
    return phase->waits > 0
               ? phase->waits * rnl_exchange_seconds(&rates->messages, bytes / phase->waits)
               : 0;
}

double rnl_message_seconds(const rnl_phase_cost *phase, const rnl_cost_rates *rates)
{
    return exchange_seconds(phase, rates, phase->received);
}

double rnl_phase_seconds(const rnl_phase_cost *phase, const rnl_cost_rates *rates, size_t workers,
                         size_t nodes)
{
    if (phase->tiles == 0)
        return 0;
    const double share = largest_share(phase, workers);
    const double alone = phase->flops / rates->flops +
                         rnl_phase_calls(phase, workers) * rates->call +
                         phase->bytes / rates->bytes;
    return share * alone + sharing_seconds(phase, rates, share, workers, nodes) +
           rnl_message_seconds(phase, rates);
}

double rnl_hidden_seconds(const rnl_phase_cost *phases, size_t count, const rnl_cost_rates *rates,
                          size_t workers, size_t nodes)
{
    double hidden = 0, since = 0;
    for (size_t i = 0; i < count; ++i) {
        const rnl_phase_cost *p = &phases[i];
        const double late = exchange_seconds(p, rates, p->received - p->early),
                     early = rnl_message_seconds(p, rates) - late;
        hidden += early < 0 ? 0 : early < since ? early : since;
        since = p->sends ? 0 : since + rnl_phase_seconds(p, rates, workers, nodes);
    }
    return hidden;
}

double rnl_step_seconds(const rnl_phase_cost *phases, size_t count, const rnl_cost_rates *rates,
                        size_t workers, size_t nodes)
{
    double seconds = -rnl_hidden_seconds(phases, count, rates, workers, nodes);
    size_t barriers = 0;
    bool kept_rows = false, at_end = false;
    for (size_t i = 0; i < count; ++i) {
        seconds += rnl_phase_seconds(&phases[i], rates, workers, nodes);
        at_end |= phases[i].barrier == RNL_BARRIER_AT_END;
        if (phases[i].barrier != RNL_BARRIER_BEFORE)
            continue;
        const bool keeps_rows = phases[i].row_parts > 0 && phases[i].row_parts % workers == 0;
        barriers += !(kept_rows && keeps_rows);
        kept_rows = keeps_rows;
    }
    return seconds + (double)(barriers + at_end) * barrier_seconds(rates, workers, nodes);
}
