#include "threading/floating_mode.h"

#include <stddef.h>
#include <xmmintrin.h>

/* All exceptions masked, round to nearest, flush to zero, denormals are zero. */
#define OWN_MXCSR 0x9fc0u

/* The application's mode; NULL outside of all blocks. */
static _Thread_local const fenv_t *callers;

void rnl_floating_enter(rnl_floating_mode *mode, const fenv_t *application)
{
    fegetenv(&mode->before);
    mode->callers = callers;
    if (application)
        callers = application;
    else if (!callers)
        callers = &mode->before;
    fesetenv(FE_DFL_ENV); /* the older unit's rounding too, which strtod and printf look at */
    _mm_setcsr(OWN_MXCSR);
}

void rnl_floating_leave(const rnl_floating_mode *mode)
{
    callers = mode->callers;
    fesetenv(&mode->before);
}

unsigned rnl_vector_mode_enter(void)
{
    const unsigned before = _mm_getcsr();
    _mm_setcsr(OWN_MXCSR);
    return before;
}

void rnl_vector_mode_leave(const unsigned *before)
{
    _mm_setcsr(*before);
}

fenv_t rnl_floating_callers(void)
{
    fenv_t mode;
    if (callers)
        return *callers;
    fegetenv(&mode);
    return mode;
}

void rnl_floating_suspend(fenv_t *own)
{
    if (!callers)
        return;
    fegetenv(own);
    fesetenv(callers);
}

void rnl_floating_resume(const fenv_t *own)
{
    if (callers)
        fesetenv(own);
}
