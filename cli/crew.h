/*
 * Processes of this program, several at a time, each on cores of its own.
 */
#ifndef RNL_CLI_CREW_H
#define RNL_CLI_CREW_H

#include <stdbool.h>
#include <stddef.h>

typedef struct rnl_crew rnl_crew;

/* Part number `part` of `parts` of the cores that this process may use. */
typedef struct rnl_core_share {
    size_t part, parts;
} rnl_core_share;

/* Places for so many processes at a time, on its share of the cores.  Until it is closed, Ctrl-C
 * and SIGTERM are noted.  Complains and returns NULL if memory runs out. */
rnl_crew *rnl_crew_open(size_t places, rnl_core_share share);
void rnl_crew_close(rnl_crew *crew);

/* Returns how many places are free. */
size_t rnl_crew_idle(const rnl_crew *crew);

/* Starts a process in a free place: words are the program's arguments, from "runnel" to NULL, log
 * is the file that its streams go to.  It is no rank of a job.  Complains and returns false if it
 * cannot be started. */
bool rnl_crew_start(rnl_crew *crew, const char *const *words, const char *log, size_t number);

/* Waits until a process has ended, or a signal comes; briefly: or a moment has passed.  True if one
 * has ended, with its number and exit code. */
bool rnl_crew_wait(rnl_crew *crew, bool briefly, size_t *number, int *exit_code);

/* Stops all processes, each of which saves a checkpoint. */
void rnl_crew_stop(const rnl_crew *crew);

/* Returns SIGINT or SIGTERM if it came, else 0. */
int rnl_crew_interrupted(void);

#endif
