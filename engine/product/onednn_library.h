/*
 * oneDNN's functions, from a library that is loaded when they are first asked for: to be linked
 * with it costs each start of the program 5 ms.
 *
 * dnnl_memory_create(...), after rnl_dnnl_load, is written rnl_dnnl.memory_create(...).
 */
#ifndef RNL_ENGINE_PRODUCT_ONEDNN_LIBRARY_H
#define RNL_ENGINE_PRODUCT_ONEDNN_LIBRARY_H

#include "engine/base/error.h"

#include <dnnl.h>
#include <dnnl_debug.h>

/* What differs between oneDNN 2 and 3. */
#if DNNL_VERSION_MAJOR >= 3
#define RNL_DNNL_OF_VERSION(X)                                                                     \
    X(eltwise_forward_primitive_desc_create)                                                       \
    X(matmul_primitive_desc_create) X(memory_desc_create_with_tag) X(memory_desc_destroy)
#else
#define RNL_DNNL_OF_VERSION(X)                                                                     \
    X(eltwise_forward_desc_init)                                                                   \
    X(matmul_desc_init) X(memory_desc_init_by_tag) X(primitive_desc_create)
#endif

/* All that are called, without dnnl_. */
#define RNL_DNNL_FUNCTIONS(X)                                                                      \
    X(engine_create)                                                                               \
    X(engine_destroy)                                                                              \
    X(memory_create)                                                                               \
    X(memory_desc_get_size)                                                                        \
    X(memory_destroy)                                                                              \
    X(memory_set_data_handle)                                                                      \
    X(post_ops_append_sum)                                                                         \
    X(post_ops_create)                                                                             \
    X(post_ops_destroy)                                                                            \
    X(primitive_attr_create)                                                                       \
    X(primitive_attr_destroy)                                                                      \
    X(primitive_attr_set_fpmath_mode)                                                              \
    X(primitive_attr_set_post_ops)                                                                 \
    X(primitive_attr_set_scratchpad_mode)                                                          \
    X(primitive_create)                                                                            \
    X(primitive_desc_destroy)                                                                      \
    X(primitive_desc_query)                                                                        \
    X(primitive_desc_query_md)                                                                     \
    X(primitive_destroy)                                                                           \
    X(primitive_execute)                                                                           \
    X(status2str)                                                                                  \
    X(stream_create)                                                                               \
    X(stream_destroy)                                                                              \
    X(stream_wait)                                                                                 \
    X(version)                                                                                     \
    RNL_DNNL_OF_VERSION(X)

/* One member for each function, of the type in oneDNN's header. */
#define RNL_DNNL_MEMBER(name) __typeof__(dnnl_##name) *name;
typedef struct rnl_dnnl_functions {
    RNL_DNNL_FUNCTIONS(RNL_DNNL_MEMBER)
} rnl_dnnl_functions;
#undef RNL_DNNL_MEMBER

extern rnl_dnnl_functions rnl_dnnl;

/* Loads the library unless it is; it then stays.  Any thread may call it.  RNL_PRODUCT if it cannot
 * be loaded, now and ever after. */
rnl_status rnl_dnnl_load(void);

#endif
