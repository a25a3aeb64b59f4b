/*
 * The floating-point mode that all is computed in which a model holds: round to nearest, denormals
 * are zeros, no exception is trapped.  Workers have it for a whole run, the application's own
 * thread for the time of a call into the library, whatever mode the application chose for itself.
 */
#ifndef RNL_THREADING_FLOATING_MODE_H
#define RNL_THREADING_FLOATING_MODE_H

#include <fenv.h>
#include <stdbool.h>

typedef struct rnl_floating_mode {
    fenv_t before;         /* the thread's mode outside of the block */
    const fenv_t *callers; /* the application's mode, where it was known before; NULL if not */
} rnl_floating_mode;

/* Sets the mode until rnl_floating_leave.  `application` is the mode that callbacks get; NULL: that
 * of this thread, as the outermost of nested calls found it. */
void rnl_floating_enter(rnl_floating_mode *mode, const fenv_t *application);
void rnl_floating_leave(const rnl_floating_mode *mode);

/* Sets the mode for the rest of a block. */
#define RNL_OWN_FLOATING_MODE                                                                      \
    __attribute__((cleanup(rnl_floating_leave))) rnl_floating_mode own_floating_mode;              \
    rnl_floating_enter(&own_floating_mode, NULL)

/* Sets the mode of vector instructions alone, which takes a tenth of the time, and returns the one
 * before: for a call that reads and prints no numbers and calls nobody back. */
unsigned rnl_vector_mode_enter(void);
void rnl_vector_mode_leave(const unsigned *before);

#define RNL_OWN_VECTOR_MODE                                                                        \
    __attribute__((cleanup(rnl_vector_mode_leave))) const unsigned own_vector_mode =               \
        rnl_vector_mode_enter()

/* Returns the application's mode: that of this thread outside of all blocks. */
fenv_t rnl_floating_callers(void);

/* Gives the thread the application's mode while it runs the application's code; outside of all
 * blocks, nothing changes. */
void rnl_floating_suspend(fenv_t *own);
void rnl_floating_resume(const fenv_t *own);

#endif
