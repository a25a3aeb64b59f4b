#include "engine/product/onednn_library.h"

#include "engine/onednn_name.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

rnl_dnnl_functions rnl_dnnl;

static char problem[512];

static void *find(void *library, const char *name)
{
    void *found = dlsym(library, name);
    if (!found && !*problem)
        snprintf(problem, sizeof problem, "%s", dlerror());
    return found;
}

static void load(void)
{
    void *library = dlopen(RNL_DNNL_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(problem, sizeof problem, "%s", dlerror());
        return;
    }
#define FIND(name) rnl_dnnl.name = (__typeof__(rnl_dnnl.name))find(library, "dnnl_" #name);
    RNL_DNNL_FUNCTIONS(FIND)
#undef FIND
}

rnl_status rnl_dnnl_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    if (!*problem)
        return RNL_OK;
    return rnl_fail(RNL_PRODUCT,
                    "oneDNN's library " RNL_DNNL_SONAME " cannot be loaded: %s (Debian's package "
                    "of it is " RNL_DNNL_PACKAGE ")",
                    problem);
}
