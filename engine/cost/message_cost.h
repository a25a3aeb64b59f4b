/*
 * What messages between machines take, by their size: measured, or of a latency and a bandwidth.
 */
#ifndef RNL_ENGINE_COST_MESSAGE_COST_H
#define RNL_ENGINE_COST_MESSAGE_COST_H

#include <stddef.h>

#define RNL_MESSAGE_SIZES 16

/* Seconds that a rank takes for one message more of several at once: what `bench network` measures
 * with TCP between two processes of a machine; of faster networks at most this part of a latency.
 */
#define RNL_MESSAGE_OVERHEAD    5e-6
#define RNL_OVERHEAD_OF_LATENCY (1.0 / 3)

/* The messages of a rank. */
typedef struct rnl_message_rates {
    size_t peers;     /* other ranks */
    double overhead;  /* seconds, of each message more that a rank receives at once */
    double bandwidth; /* bytes per second that a rank receives */
    size_t count;     /* of sizes measured, ascending, at least 1 */
    double bytes[RNL_MESSAGE_SIZES];
    double seconds[RNL_MESSAGE_SIZES]; /* until two ranks have such a message of each other */
} rnl_message_rates;

/* The network of a latency in seconds and a bandwidth in bytes per second. */
rnl_message_rates rnl_message_rates_of(double latency, double bandwidth);

/* Sets the bandwidth by the two largest of the sizes that were measured. */
void rnl_message_rates_settle(rnl_message_rates *rates);

/* Returns the seconds until two ranks have a message of this size of each other. */
double rnl_swap_seconds(const rnl_message_rates *rates, double bytes);

/* Returns the seconds until a rank has all messages of all its peers, `bytes` together. */
double rnl_exchange_seconds(const rnl_message_rates *rates, double bytes);

#endif
