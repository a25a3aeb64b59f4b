/*
 * A directory of a test's own, for the init and fini of a suite: the test runs in it, and it is
 * removed with all that it holds.  In memory where there is room, because tests sync thousands of
 * files.
 */
#ifndef RNL_TESTS_SCRATCH_H
#define RNL_TESTS_SCRATCH_H

void scratch_enter(void);
void scratch_leave(void);

/* Where such directories are: in memory, or in /tmp. */
const char *scratch_parent(void);

#endif
