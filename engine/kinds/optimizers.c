#include "engine/kinds/optimizers.h"

#include "engine/base/functions.h"
#include "engine/schema/config.h"

#include <math.h>
#include <stddef.h>

static void divide_by_root(const rnl_update *slice, float *divisors)
{
    const float scale = slice->root_scale > 0 ? slice->root_scale : 1;
    for (size_t i = 0; i < slice->count; ++i)
        divisors[i] = scale * sqrtf(slice->squares[i]) + slice->epsilon;
}

static void divide_by_largest(const rnl_update *slice, float *divisors)
{
    for (size_t i = 0; i < slice->count; ++i)
        divisors[i] = slice->squares[i] + slice->epsilon;
}

static void divide_by_root_of_sum(const rnl_update *slice, float *divisors)
{
    for (size_t i = 0; i < slice->count; ++i)
        divisors[i] = sqrtf(slice->squares[i] + slice->epsilon);
}

static void divide_by_deviation(const rnl_update *slice, float *divisors)
{
    for (size_t i = 0; i < slice->count; ++i) {
        const float variance = slice->squares[i] - slice->means[i] * slice->means[i];
        divisors[i] = sqrtf((variance > 0 ? variance : 0) + slice->epsilon);
    }
}

typedef struct sgd_parameters {
    double learning_rate;
    double momentum;
    bool nesterov;
} sgd_parameters;

static size_t sgd_slots(const void *parameters)
{
    const sgd_parameters *p = parameters;
    return p->momentum == 0 ? 0 : 1;
}

static void bind_sgd(rnl_bound_optimizer *bound, const rnl_kernels *kernels, const void *parameters)
{
    const sgd_parameters *p = parameters;
    *bound = (rnl_bound_optimizer){
        .update = p->momentum == 0 ? kernels->sgd_update
                  : p->nesterov    ? kernels->nesterov_update
                                   : kernels->momentum_update,
        .learning_rate = p->learning_rate,
        .momentum = p->momentum,
        .velocity = p->momentum == 0 ? 0 : 1,
    };
}

static const rnl_optimizer sgd = {.slots = sgd_slots, .bind = bind_sgd};

/* Parameters of adam and its descendants; the last is adamw's alone. */
typedef struct adam_parameters {
    double learning_rate, beta_1, beta_2, epsilon, weight_decay;
} adam_parameters;

static size_t adam_slots(const void *parameters)
{
    (void)parameters;
    return 2;
}

static void bind_family(rnl_bound_optimizer *bound, void (*update)(const rnl_update *),
                        const adam_parameters *p)
{
    *bound = (rnl_bound_optimizer){
        .update = update,
        .divisors = divide_by_root,
        .learning_rate = p->learning_rate,
        .momentum = p->beta_1,
        .beta_2 = (float)p->beta_2,
        .epsilon = (float)p->epsilon,
        .velocity = 1,
        .squares = 2,
    };
}

static void bind_adam(rnl_bound_optimizer *bound, const rnl_kernels *kernels,
                      const void *parameters)
{
    bind_family(bound, kernels->adam_update, parameters);
}

static void bind_adamw(rnl_bound_optimizer *bound, const rnl_kernels *kernels,
                       const void *parameters)
{
    bind_family(bound, kernels->adamw_update, parameters);
}

static void bind_adamax(rnl_bound_optimizer *bound, const rnl_kernels *kernels,
                        const void *parameters)
{
    bind_family(bound, kernels->adamax_update, parameters);
    bound->divisors = divide_by_largest;
}

static void bind_nadam(rnl_bound_optimizer *bound, const rnl_kernels *kernels,
                       const void *parameters)
{
    bind_family(bound, kernels->nadam_update, parameters);
}

/* beta_1^t, or the product of the beta_1 so far where a schedule changes it. */
static double product_of_momenta(const adam_parameters *p, uint64_t number, rnl_step_rates *rates)
{
    if (!rates->momentum_changes)
        return rnl_power(p->beta_1, (double)number);
    rates->momentum_product *= rates->momentum;
    return rates->momentum_product;
}

/* eta sqrt(1 - beta_2^t) / (1 - beta_1^t); Kingma and Ba, "Adam" (2015), end of section 2. */
static void adam_rates(const void *parameters, uint64_t number, rnl_step_rates *rates)
{
    const adam_parameters *p = parameters;
    const double product = product_of_momenta(p, number, rates);
    rates->lasting_rate = rates->rate * sqrt(1 - rnl_power(p->beta_2, (double)number));
    rates->learning_rate = (float)(rates->lasting_rate / (1 - product));
}

/* Loshchilov and Hutter, "Decoupled weight decay regularization" (2019). */
static void adamw_rates(const void *parameters, uint64_t number, rnl_step_rates *rates)
{
    const adam_parameters *p = parameters;
    adam_rates(parameters, number, rates);
    rates->decay = (float)(rates->rate * p->weight_decay);
}

static void adamax_rates(const void *parameters, uint64_t number, rnl_step_rates *rates)
{
    rates->learning_rate =
        (float)(rates->rate / (1 - product_of_momenta(parameters, number, rates)));
    rates->lasting_rate = rates->rate;
}

/* Dozat, "Incorporating Nesterov momentum into Adam" (2016): the momentum of step t is beta_1 (1 -
 * 0.96^t / 2).  The next step's momentum is computed with this step's beta_1. */
static double nadam_momentum(double beta_1, uint64_t number)
{
    return beta_1 * (1 - 0.5 * rnl_power(0.96, (double)number));
}

static void nadam_rates(const void *parameters, uint64_t number, rnl_step_rates *rates)
{
    const adam_parameters *p = parameters;
    const double momentum = nadam_momentum(rates->momentum, number);
    const double next = nadam_momentum(rates->momentum, number + 1);
    const double product = rates->momentum_product * momentum;
    rates->learning_rate = (float)(rates->rate * next / (1 - product * next));
    rates->gradient_rate = (float)(rates->rate * (1 - momentum) / (1 - product));
    rates->root_scale = (float)(1 / sqrt(1 - rnl_power(p->beta_2, (double)number)));
    rates->lasting_rate = rates->rate;
    rates->momentum_product = product;
}

static const rnl_optimizer adam = {.slots = adam_slots, .bind = bind_adam, .rates = adam_rates};
static const rnl_optimizer adamw = {.slots = adam_slots, .bind = bind_adamw, .rates = adamw_rates};
static const rnl_optimizer adamax = {
    .slots = adam_slots, .bind = bind_adamax, .rates = adamax_rates};
static const rnl_optimizer nadam = {.slots = adam_slots, .bind = bind_nadam, .rates = nadam_rates};

typedef struct adagrad_parameters {
    double learning_rate, initial_accumulator_value, epsilon;
} adagrad_parameters;

static size_t adagrad_slots(const void *parameters)
{
    (void)parameters;
    return 1;
}

/* The sum of squares starts at 0 here; its configured initial value is added with epsilon. */
static void bind_adagrad(rnl_bound_optimizer *bound, const rnl_kernels *kernels,
                         const void *parameters)
{
    const adagrad_parameters *p = parameters;
    *bound = (rnl_bound_optimizer){
        .update = kernels->adagrad_update,
        .divisors = divide_by_root_of_sum,
        .learning_rate = p->learning_rate,
        .epsilon = (float)(p->initial_accumulator_value + p->epsilon),
        .squares = 1,
    };
}

static const rnl_optimizer adagrad = {.slots = adagrad_slots, .bind = bind_adagrad};

typedef struct rmsprop_parameters {
    double learning_rate, rho, momentum, epsilon;
    bool centered;
} rmsprop_parameters;

static size_t rmsprop_slots(const void *parameters)
{
    const rmsprop_parameters *p = parameters;
    return 1 + (p->momentum != 0) + p->centered;
}

static void bind_rmsprop(rnl_bound_optimizer *bound, const rnl_kernels *kernels,
                         const void *parameters)
{
    const rmsprop_parameters *p = parameters;
    const bool moves = p->momentum != 0;
    *bound = (rnl_bound_optimizer){
        .update = p->centered && moves ? kernels->rmsprop_centered_momentum_update
                  : p->centered        ? kernels->rmsprop_centered_update
                  : moves              ? kernels->rmsprop_momentum_update
                                       : kernels->rmsprop_update,
        .divisors = p->centered ? divide_by_deviation : divide_by_root_of_sum,
        .learning_rate = p->learning_rate,
        .momentum = p->momentum,
        .beta_2 = (float)p->rho,
        .epsilon = (float)p->epsilon,
        .squares = 1,
        .velocity = moves ? 2 : 0,
        .means = p->centered ? (uint8_t)(2 + moves) : 0,
    };
}

static const rnl_optimizer rmsprop = {.slots = rmsprop_slots, .bind = bind_rmsprop};

/* The largest float below 1 is 1 - 2^-24. */
#define BELOW_1 0.9999999

#define NUMBER(struct_, member_, fallback_, minimum_, maximum_, help_)                             \
    {                                                                                              \
        .key = #member_, .type = RNL_FIELD_NUMBER, .offset = offsetof(struct_, member_),           \
        .fallback = fallback_, .minimum = minimum_, .maximum = maximum_, .help = help_             \
    }

#define AUTO "; auto: what a range test suggests before the first step"

#define LEARNING_RATE(struct_, fallback_, help_)                                                   \
    {                                                                                              \
        .key = "learning_rate", .type = RNL_FIELD_NUMBER,                                          \
        .offset = offsetof(struct_, learning_rate), .fallback = fallback_, .minimum = 0,           \
        .maximum = 1e6, .above_minimum = true, .zero = "auto", .help = help_ AUTO                  \
    }

#define EPSILON(struct_)                                                                           \
    NUMBER(struct_, epsilon, "1e-7", 1e-30, 1, "added to what is divided by, so that it is not 0")

#define ADAM_FIELDS                                                                                \
    LEARNING_RATE(adam_parameters, "0.001",                                                        \
                  "length of a step, before it is divided by the size of the gradients"),          \
        NUMBER(adam_parameters, beta_1, "0.9", 0, BELOW_1,                                         \
               "share of the mean gradient that is kept"),                                         \
        NUMBER(adam_parameters, beta_2, "0.999", 0, BELOW_1,                                       \
               "share of the mean square (adamax: of the largest gradient) that is kept"),         \
        EPSILON(adam_parameters)

static const rnl_field adam_fields[] = {ADAM_FIELDS, {.key = NULL}};

static const rnl_field adamw_fields[] = {
    ADAM_FIELDS,
    NUMBER(adam_parameters, weight_decay, "0.004", 0, 1e6,
           "share of each weight, times the learning rate, that a step takes off"),
    {.key = NULL},
};

static const rnl_field adagrad_fields[] = {
    LEARNING_RATE(adagrad_parameters, "0.001",
                  "length of a step, before it is divided by the size of all gradients so far"),
    NUMBER(adagrad_parameters, initial_accumulator_value, "0.1", 0, 1e6,
           "what the sum of squares starts at"),
    EPSILON(adagrad_parameters),
    {.key = NULL},
};

static const rnl_field rmsprop_fields[] = {
    LEARNING_RATE(rmsprop_parameters, "0.001",
                  "length of a step, before it is divided by the size of the last gradients"),
    NUMBER(rmsprop_parameters, rho, "0.9", 0, BELOW_1, "share of the mean square that is kept"),
    NUMBER(rmsprop_parameters, momentum, "0.0", 0, 1, "share of the velocity that is kept"),
    EPSILON(rmsprop_parameters),
    {.key = "centered",
     .type = RNL_FIELD_BOOLEAN,
     .offset = offsetof(rmsprop_parameters, centered),
     .fallback = "false",
     .help = "divide by the deviation from the mean gradient instead"},
    {.key = NULL},
};

/* The three names of stochastic gradient descent differ only in their defaults. */
#define SGD_FIELDS(momentum_fallback, nesterov_fallback)                                           \
    (const rnl_field[])                                                                            \
    {                                                                                              \
        {.key = "learning_rate",                                                                   \
         .type = RNL_FIELD_NUMBER,                                                                 \
         .offset = offsetof(sgd_parameters, learning_rate),                                        \
         .fallback = "0.01",                                                                       \
         .minimum = 0,                                                                             \
         .maximum = 1e6,                                                                           \
         .above_minimum = true,                                                                    \
         .zero = "auto",                                                                           \
         .help = "learning rate: factor of the gradient in a step" AUTO},                          \
            {.key = "momentum",                                                                    \
             .type = RNL_FIELD_NUMBER,                                                             \
             .offset = offsetof(sgd_parameters, momentum),                                         \
             .fallback = momentum_fallback,                                                        \
             .minimum = 0,                                                                         \
             .maximum = 1,                                                                         \
             .help = "share of the velocity that is kept: v = momentum v - learning_rate g"},      \
            {.key = "nesterov",                                                                    \
             .type = RNL_FIELD_BOOLEAN,                                                            \
             .offset = offsetof(sgd_parameters, nesterov),                                         \
             .fallback = nesterov_fallback,                                                        \
             .help = "use the gradient at the position where the velocity leads"},                 \
        {                                                                                          \
            .key = NULL                                                                            \
        }                                                                                          \
    }

static const rnl_kind kinds[] = {
    {.name = "sgd",
     .help = "stochastic gradient descent",
     .fields = SGD_FIELDS("0.0", "false"),
     .main = "learning_rate",
     .size = sizeof(sgd_parameters),
     .operations = &sgd},
    {.name = "momentum",
     .help = "sgd with momentum 0.9",
     .fields = SGD_FIELDS("0.9", "false"),
     .size = sizeof(sgd_parameters),
     .operations = &sgd},
    {.name = "nesterov",
     .help = "sgd with momentum 0.9 and Nesterov's look ahead",
     .fields = SGD_FIELDS("0.9", "true"),
     .size = sizeof(sgd_parameters),
     .operations = &sgd},
    {.name = "adam",
     .help = "each weight at a rate of its own, from means of gradients and of their squares",
     .fields = adam_fields,
     .main = "learning_rate",
     .size = sizeof(adam_parameters),
     .operations = &adam},
    {.name = "adamw",
     .help = "adam that also takes off a share of each weight",
     .fields = adamw_fields,
     .main = "learning_rate",
     .size = sizeof(adam_parameters),
     .operations = &adamw},
    {.name = "adamax",
     .help = "adam with the largest gradient in place of the root of the mean square",
     .fields = adam_fields,
     .main = "learning_rate",
     .size = sizeof(adam_parameters),
     .operations = &adamax},
    {.name = "nadam",
     .help = "adam with Nesterov's look ahead",
     .fields = adam_fields,
     .main = "learning_rate",
     .size = sizeof(adam_parameters),
     .operations = &nadam},
    {.name = "adagrad",
     .help = "each weight at a rate that falls with the sum of its squared gradients",
     .fields = adagrad_fields,
     .main = "learning_rate",
     .size = sizeof(adagrad_parameters),
     .operations = &adagrad},
    {.name = "rmsprop",
     .help = "each weight at a rate of its own, from the mean of its last squared gradients",
     .fields = rmsprop_fields,
     .main = "learning_rate",
     .size = sizeof(rmsprop_parameters),
     .operations = &rmsprop},
};

const rnl_kind_table rnl_optimizers = {
    .noun = "optimizer",
    .plural = "optimizers",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};

static rnl_bound_optimizer bind_scalar(const rnl_choice *choice)
{
    rnl_bound_optimizer bound;
    rnl_optimizer_of(choice)->bind(&bound, rnl_kernels_of(RNL_ISA_SCALAR), choice->parameters);
    return bound;
}

double rnl_optimizer_learning_rate(const rnl_choice *choice)
{
    return bind_scalar(choice).learning_rate;
}

bool rnl_optimizer_never_slows(const rnl_choice *choice)
{
    return bind_scalar(choice).momentum >= 1;
}

rnl_step_rates rnl_optimizer_rates(const rnl_choice *choice, const rnl_bound_optimizer *bound,
                                   uint64_t number, rnl_scheduled scheduled,
                                   double momentum_product)
{
    const rnl_optimizer *optimizer = rnl_optimizer_of(choice);
    const bool changes = bound->momentum > 0 && !isnan(scheduled.momentum);
    rnl_step_rates rates = {.rate = scheduled.learning_rate,
                            .momentum = changes ? scheduled.momentum : bound->momentum,
                            .momentum_changes = changes,
                            .learning_rate = (float)scheduled.learning_rate,
                            .lasting_rate = scheduled.learning_rate,
                            .momentum_product = number > 1 ? momentum_product : 1};
    rates.velocity_share = (float)rates.momentum;
    if (rates.momentum < 1)
        rates.lasting_rate /= 1 - rates.momentum;
    if (optimizer->rates)
        optimizer->rates(choice->parameters, number, &rates);
    return rates;
}
