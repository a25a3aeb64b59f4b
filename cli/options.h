/*
 * Options that several commands have, and how the values of options are read.
 */
#ifndef RNL_CLI_OPTIONS_H
#define RNL_CLI_OPTIONS_H

#include "cli/arguments.h"

#include <stdint.h>

/* Reads any number of digits, up to the most. */
bool rnl_read_whole(const char *text, uint64_t most, uint64_t *number);

/* Reads a count from the fewest to a million. */
bool rnl_read_count(const char *text, uint64_t fewest, size_t *count);

/* The words of a choice, by its number. */
extern const char *const rnl_pin_words[3], *const rnl_products_words[3];

/* Takers, by the type of the member. */
bool rnl_take_switch(rnl_arguments *arguments, void *member, const char *value); /* bool */
bool rnl_take_text(rnl_arguments *arguments, void *member, const char *value);   /* const char * */
bool rnl_take_count(rnl_arguments *arguments, void *member, const char *value); /* size_t, from 1 */
bool rnl_take_threads(rnl_arguments *arguments, void *member, const char *value);
bool rnl_take_pin(rnl_arguments *arguments, void *member, const char *value);
bool rnl_take_products(rnl_arguments *arguments, void *member, const char *value);

/* Adds an override; does not look at the member. */
bool rnl_take_override(rnl_arguments *arguments, void *member, const char *value);

typedef struct rnl_seed {
    bool given;
    uint64_t value;
    char override[40]; /* "training.seed=N", among the overrides */
} rnl_seed;

bool rnl_take_seed(rnl_arguments *arguments, void *seed, const char *value);

#define RNL_OPTION_THREADS                                                                         \
    {                                                                                              \
        "threads", 't', "N",                                                                       \
            "number of workers, obeyed exactly; the results do not depend on it\n"                 \
            "(default: one for each physical core that may be used, but no more\n"                 \
            "than the network can keep busy)",                                                     \
            "a whole number from 1", rnl_take_threads, offsetof(rnl_arguments, threads)            \
    }

#define RNL_OPTION_PIN                                                                             \
    {                                                                                              \
        "pin", 0, "WHEN",                                                                          \
            "bind workers to cores: on, off, or auto, which binds where there are\n"               \
            "enough cores that no other run has claimed (default: auto)",                          \
            "auto, on or off", rnl_take_pin, offsetof(rnl_arguments, pin)                          \
    }

#define RNL_OPTION_PRODUCTS                                                                        \
    {                                                                                              \
        "products", 0, "WHOSE",                                                                    \
            "who multiplies matrices: own, or onednn, with the same bits (AVX-512\n"               \
            "and float32); auto: own, the faster one (default: auto)",                             \
            "auto, own or onednn", rnl_take_products, offsetof(rnl_arguments, products)            \
    }

#define RNL_OPTION_SEED(seed, help)                                                                \
    {                                                                                              \
        "seed", 0, "N", help, "a whole number from 0 to 9007199254740992", rnl_take_seed, seed     \
    }

#define RNL_OPTION_SET                                                                             \
    {                                                                                              \
        "set", 's', "KEY=VALUE",                                                                   \
            "change the configuration, e.g. training.epochs=2 or\n"                                \
            "model.1.dense.units=100; may be repeated",                                            \
            "key.path=value", rnl_take_override, offsetof(rnl_arguments, overrides)                \
    }

#define RNL_OPTION_FORCE(force)                                                                    \
    {                                                                                              \
        "force", 'f', NULL,                                                                        \
            "replace what the directory already holds: it goes before the new run\nbegins", NULL,  \
            rnl_take_switch, force                                                                 \
    }

#define RNL_OPTION_DEADLINE(deadline)                                                              \
    {                                                                                              \
        "deadline", 0, "SECONDS",                                                                  \
            "under mpirun or srun: end when a rank has given no sign of life, or has\n"            \
            "done nothing, for so long (default: 25)",                                             \
            "a whole number from 1", rnl_take_count, deadline                                      \
    }

#define RNL_OPTION_QUIET                                                                           \
    {                                                                                              \
        "quiet", 'q', NULL, "print results, warnings and errors alone", NULL, rnl_take_switch,     \
            offsetof(rnl_arguments, quiet)                                                         \
    }

#define RNL_OPTION_VERBOSE                                                                         \
    {                                                                                              \
        "verbose", 'v', NULL, "print what the engine decides, too", NULL, rnl_take_switch,         \
            offsetof(rnl_arguments, verbose)                                                       \
    }

#define RNL_OPTION_HELP                                                                            \
    {                                                                                              \
        "help", 'h', NULL, "print this help", NULL, rnl_take_switch, offsetof(rnl_arguments, help) \
    }

#endif
