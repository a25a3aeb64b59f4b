#include "engine/cost/message_cost.h"

rnl_message_rates rnl_message_rates_of(double latency, double bandwidth)
{
    const double part = latency * RNL_OVERHEAD_OF_LATENCY;
    return (rnl_message_rates){
        .peers = 1,
        .overhead = part < RNL_MESSAGE_OVERHEAD ? part : RNL_MESSAGE_OVERHEAD,
        .bandwidth = bandwidth,
        .count = 1,
        .seconds = {latency},
    };
}

void rnl_message_rates_settle(rnl_message_rates *r)
{
    const size_t last = r->count - 1;
    double bytes = r->bytes[last], seconds = r->seconds[last];
    if (last > 0 && seconds > r->seconds[last - 1]) {
        bytes -= r->bytes[last - 1];
        seconds -= r->seconds[last - 1];
    }
    r->bandwidth = bytes / seconds;
}

double rnl_swap_seconds(const rnl_message_rates *r, double bytes)
{
    const size_t last = r->count - 1;
    if (bytes <= r->bytes[0])
        return r->seconds[0];
    if (bytes >= r->bytes[last])
        return r->seconds[last] + (bytes - r->bytes[last]) / r->bandwidth;
    size_t i = 1;
    while (r->bytes[i] < bytes)
        ++i;
    const double part = (bytes - r->bytes[i - 1]) / (r->bytes[i] - r->bytes[i - 1]);
    return r->seconds[i - 1] + part * (r->seconds[i] - r->seconds[i - 1]);
}

double rnl_exchange_seconds(const rnl_message_rates *r, double bytes)
{
    const double peers = (double)r->peers, message = bytes / peers;
    return rnl_swap_seconds(r, message) + (peers - 1) * (r->overhead + message / r->bandwidth);
}
