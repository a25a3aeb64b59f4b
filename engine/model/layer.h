/*
 * A layer of a model: its kind, its shape, and its parameters, row-major.  The operations of its
 * kind (engine/layers/) plan its phases in a training step.
 */
#ifndef RNL_ENGINE_MODEL_LAYER_H
#define RNL_ENGINE_MODEL_LAYER_H

#include "engine/data/dataset.h"

#define RNL_MAX_LAYER_PARAMETERS 4
#define RNL_MOST_BRANCHES        64
#define RNL_MAX_SLOTS            3

/* The shape of one row. */
typedef struct rnl_shape {
    size_t rank;
    size_t size[RNL_MAX_RANK];
} rnl_shape;

size_t rnl_shape_features(const rnl_shape *shape);

/* A parameter's arrays: its values, the optimizer's slots for them, the best values so far. */
enum { RNL_VALUES, RNL_FIRST_SLOT, RNL_BEST = RNL_FIRST_SLOT + RNL_MAX_SLOTS, RNL_ARRAYS };

/* A tensor of parameters, row-major. */
typedef struct rnl_parameter {
    const char *name; /* within the layer: "kernel" */
    bool fixed;       /* not changed by gradients: moving statistics, a tied kernel */
    size_t rank;
    size_t size[2];
    const rnl_choice *regularizer; /* of rnl_regularizers; NULL, or a choice of kind NULL, for
                                      none */
    float learning_rate_factor;    /* its own; 0: the layer's */
    float *arrays[RNL_ARRAYS];     /* values always; the others only while training is between two
                                      steps */
} rnl_parameter;

size_t rnl_parameter_count(const rnl_parameter *parameter);

typedef struct rnl_layer {
    const rnl_choice *choice; /* kind and parameters in the configuration of the model */
    char name[64];            /* "dense_2": unique in the model, the prefix of its tensors */
    uint32_t index;           /* in the model, from 0 */
    uint32_t stream;          /* of its random numbers: its index among the layers with
                                 parameters, or among those that draw in training, from 0 */
    uint32_t number;          /* its index among layers of its kind, from 1 */
    rnl_shape input, output;
    size_t begin; /* of a layer that adds: index of the layer that begins its residual block;
                     else its own */
    float learning_rate_factor; /* of its parameters */
    bool trainable;             /* as the configuration of the layer says */
    bool frozen;                /* now: nothing changes its parameters */
    bool shared;                /* its kernel is another layer's, too */
    struct rnl_layer *tied_to;  /* the layer whose kernel, transposed, is its own; NULL for none */
    double fixup;            /* factor of fixup initialization, by the layer's place in the model */
    bool activation_in_loss; /* the loss computes the last layer's activation: the layer outputs
                                logits */
    size_t parameter_count;
    rnl_parameter parameters[RNL_MAX_LAYER_PARAMETERS];
} rnl_layer;

/* Tests if the parameter has such an array while it is trained: the optimizer keeps no state for
 * what is fixed or frozen. */
bool rnl_parameter_has(const rnl_layer *layer, const rnl_parameter *parameter, size_t array);

/* Tests if training changes any of its parameters by their gradients. */
bool rnl_layer_learns(const rnl_layer *layer);

struct rnl_predictor;
struct rnl_step;
struct rnl_matrix;
struct rnl_taker;
struct rnl_upstream;

/* Layers that replace a group: its list, repeated; unless `end` is NULL, each repetition stands
 * between the group's layer itself and one of the choice `end`. */
typedef struct rnl_layer_group {
    const rnl_choice_list *layers;
    size_t times;
    const rnl_choice *end;
    const rnl_choice *between; /* a layer between two entries of the list, each of which has the
                                  group's input; NULL: one entry follows another */
    bool may_be_empty;
} rnl_layer_group;

/* The operations of rnl_layers. */
typedef struct rnl_layer_operations {
    /* Returns the group of a kind that stands for several layers; NULL for others. */
    rnl_layer_group (*group)(const rnl_choice *choice);
    /* Sets the output shape and declares the parameters (arrays NULL) for the input shape. */
    rnl_status (*build)(rnl_layer *layer);
    /* Refuses parameters that do not fit the rest of the configuration; NULL: all do. */
    rnl_status (*check)(const rnl_layer *layer, const struct rnl_config *config);
    /* Tests if it draws random numbers in training; NULL if it never does. */
    bool (*draws)(const rnl_layer *layer);
    /* Draws the initial values of the parameters; NULL if there are none. */
    void (*initialize)(rnl_layer *layer, uint64_t seed);
    /* Returns the activation that the layer ends with; NULL for a kind that has none. */
    const rnl_choice *(*activation)(const rnl_layer *layer);
    /* Returns the floating-point operations of the forward product for one row; NULL if it has
     * none. Each of the two backward products takes as many. */
    size_t (*product_flops)(const rnl_layer *layer);
    /* In inference, each output depends only on the input of the same unit.  Such a layer after a
     * dense layer is treated as part of its units. */
    bool keeps_units;
    /* Takes its place as a branch where the branch before has the shape of their input; NULL: none.
     */
    const rnl_choice *unneeded;
    bool ends_residual; /* adds the block's input */
    /* The output is the input in another shape, and uses no memory. */
    bool views_input;
    /* In a mixed step products, or nobody, read the input, and the layer's derivative its own
     * output. */
    bool reads_pairs;
    /* Tests if its parameters need a final pass over the training rows. */
    bool (*has_final_pass)(const rnl_layer *layer);
    /* Adds the phases of the forward pass to the step: they read input and write output. */
    rnl_status (*plan_forward)(const rnl_layer *layer, struct rnl_step *step,
                               const struct rnl_matrix *input, const struct rnl_matrix **output,
                               void **state);
    /* Adds the layer to a predictor (engine/predictor/predictor.h); NULL for a layer that is the
     * identity outside of training. */
    rnl_status (*plan_inference)(const rnl_layer *layer, struct rnl_predictor *predictor);
    /* Adds the phases of the backward pass: they read the gradient with respect to the layer's
     * output, and write the gradient with respect to its input unless `downstream` is NULL. */
    rnl_status (*plan_backward)(void *state, struct rnl_step *step,
                                const struct rnl_upstream *upstream,
                                struct rnl_upstream *downstream);
    /* Gives the gradient with respect to its input to a taker, where the layer before has one. */
    bool gives_gradient;
    /* Returns who takes the gradient with respect to its output; NULL: nobody, or always so. */
    const struct rnl_taker *(*taker)(const void *state);
    /* Copies one array of all parameters from the step into the layer; NULL if there are none. */
    rnl_status (*collect)(const void *state, size_t array, rnl_layer *layer);
    /* Copies one array of all parameters from the layer into the step; likewise. */
    void (*place)(const void *state, size_t array);
} rnl_layer_operations;

static inline const rnl_layer_operations *rnl_layer_operations_of(const rnl_layer *layer)
{
    return layer->choice->kind->operations;
}

#endif
