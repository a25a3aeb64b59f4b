#include "benchmarks/eltwise.h"
#include "engine/product/onednn_library.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A primitive over so many elements, in the hands of one thread. */
typedef struct prepared {
    dnnl_alg_kind_t algorithm;
    size_t count;
    pthread_t thread;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_memory_t source, target;
    struct prepared *next;
} prepared;

static prepared *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void demand(dnnl_status_t status)
{
    if (status == dnnl_success)
        return;
    fprintf(stderr, "runnel: oneDNN failed with status %d\n", (int)status);
    exit(1);
}

/* ---- what differs between oneDNN 2 and 3 ----------------------------------------------------- */

#if DNNL_VERSION_MAJOR >= 3

static void create_primitive(prepared *p, const dnnl_dims_t dims)
{
    dnnl_memory_desc_t desc;
    dnnl_primitive_desc_t made;
    demand(rnl_dnnl.memory_desc_create_with_tag(&desc, 1, dims, dnnl_f32, dnnl_a));
    demand(rnl_dnnl.eltwise_forward_primitive_desc_create(&made, p->engine, dnnl_forward_inference,
                                                          p->algorithm, desc, desc, 1, 0, NULL));
    demand(rnl_dnnl.primitive_create(&p->primitive, made));
    demand(rnl_dnnl.memory_create(&p->source, desc, p->engine, DNNL_MEMORY_NONE));
    demand(rnl_dnnl.memory_create(&p->target, desc, p->engine, DNNL_MEMORY_NONE));
    rnl_dnnl.primitive_desc_destroy(made);
    rnl_dnnl.memory_desc_destroy(desc);
}

#else

static void create_primitive(prepared *p, const dnnl_dims_t dims)
{
    dnnl_memory_desc_t desc;
    dnnl_eltwise_desc_t operation;
    dnnl_primitive_desc_t made;
    demand(rnl_dnnl.memory_desc_init_by_tag(&desc, 1, dims, dnnl_f32, dnnl_a));
    demand(rnl_dnnl.eltwise_forward_desc_init(&operation, dnnl_forward_inference, p->algorithm,
                                              &desc, 1, 0));
    demand(rnl_dnnl.primitive_desc_create(&made, &operation, NULL, p->engine, NULL));
    demand(rnl_dnnl.primitive_create(&p->primitive, made));
    demand(rnl_dnnl.memory_create(&p->source, &desc, p->engine, DNNL_MEMORY_NONE));
    demand(rnl_dnnl.memory_create(&p->target, &desc, p->engine, DNNL_MEMORY_NONE));
    rnl_dnnl.primitive_desc_destroy(made);
}

#endif

/* ---- runs ------------------------------------------------------------------------------------ */

static prepared *prepare(dnnl_alg_kind_t algorithm, size_t count)
{
    prepared *p = calloc(1, sizeof *p);
    if (!p)
        demand(dnnl_out_of_memory);
    *p = (prepared){.algorithm = algorithm, .count = count, .thread = pthread_self(), .next = all};
    demand(rnl_dnnl.engine_create(&p->engine, dnnl_cpu, 0));
    demand(rnl_dnnl.stream_create(&p->stream, p->engine, dnnl_stream_default_flags));
    create_primitive(p, (dnnl_dims_t){(dnnl_dim_t)count});
    return all = p;
}

static prepared *find(dnnl_alg_kind_t algorithm, size_t count)
{
    pthread_mutex_lock(&lock);
    prepared *p = all;
    while (p && !(p->algorithm == algorithm && p->count == count &&
                  pthread_equal(p->thread, pthread_self())))
        p = p->next;
    if (!p)
        p = prepare(algorithm, count);
    pthread_mutex_unlock(&lock);
    return p;
}

static void run(dnnl_alg_kind_t algorithm, const float *x, float *y, size_t count)
{
    static _Thread_local prepared *last;
    if (!last || last->algorithm != algorithm || last->count != count)
        last = find(algorithm, count);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, last->source},
                                         {DNNL_ARG_DST, last->target}};
    rnl_dnnl.memory_set_data_handle(last->source, (void *)(uintptr_t)x);
    rnl_dnnl.memory_set_data_handle(last->target, y);
    demand(rnl_dnnl.primitive_execute(last->primitive, last->stream, 2, arguments));
    demand(rnl_dnnl.stream_wait(last->stream));
}

#define ELTWISE(name, algorithm)                                                                   \
    static void run_##name(const float *x, float *y, size_t count)                                 \
    {                                                                                              \
        run(algorithm, x, y, count);                                                               \
    }

ELTWISE(elu, dnnl_eltwise_elu)
ELTWISE(exponential, dnnl_eltwise_exp)
ELTWISE(gelu, dnnl_eltwise_gelu_erf)
ELTWISE(mish, dnnl_eltwise_mish)
ELTWISE(sigmoid, dnnl_eltwise_logistic)
ELTWISE(swish, dnnl_eltwise_swish)
ELTWISE(tanh, dnnl_eltwise_tanh)

/* Says once why it is not. */
static bool is_loaded(void)
{
    static bool told;
    if (rnl_dnnl_load() == RNL_OK)
        return true;
    if (!told)
        fprintf(stderr, "runnel: eltwise is left out: %s\n", rnl_message());
    told = true;
    return false;
}

const rnl_vector_function *rnl_eltwise_function(const char *activation)
{
    static const rnl_vector_function functions[] = {
        {"elu", run_elu},   {"exponential", run_exponential}, {"gelu", run_gelu},
        {"mish", run_mish}, {"sigmoid", run_sigmoid},         {"swish", run_swish},
        {"tanh", run_tanh},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i)
        if (strcmp(functions[i].activation, activation) == 0)
            return is_loaded() ? &functions[i] : NULL;
    return NULL;
}
