/*
 * Configurations.  One that is accepted says, printed, the same again; and a model that can be
 * built from it has a summary, and is set up for three rows if it is small enough to be quick.
 */
#include "engine/model/model.h"
#include "engine/schema/config.h"
#include "engine/step/plan.h"
#include "tests/fuzz/fuzz.h"

typedef rnl_status printer(const rnl_config *config, char **text);

static void expect_lasting(const rnl_config *config, printer *print)
{
    char *text, *again;
    rnl_config *copy;
    fuzz_expect(print(config, &text) == RNL_OK, "to be printed");
    fuzz_expect(rnl_config_parse(&copy, "printed", text, NULL, 0) == RNL_OK, rnl_message());
    fuzz_expect(print(copy, &again) == RNL_OK, "to be printed again");
    fuzz_expect(strcmp(text, again) == 0, "the same text again");
    rnl_config_free(copy);
    rnl_text_free(again);
    rnl_text_free(text);
}

/* The comments of the copy tell another origin. */
static void expect_explained(const rnl_config *config)
{
    char *text, *before, *after;
    rnl_config *copy;
    fuzz_expect(rnl_config_print_origins(config, &text) == RNL_OK, "to be printed");
    fuzz_expect(rnl_config_parse(&copy, "printed", text, NULL, 0) == RNL_OK, rnl_message());
    fuzz_expect(rnl_config_print(config, &before) == RNL_OK, "to be printed");
    fuzz_expect(rnl_config_print(copy, &after) == RNL_OK, "to be printed");
    fuzz_expect(strcmp(before, after) == 0, "the same text again");
    rnl_config_free(copy);
    rnl_text_free(after);
    rnl_text_free(before);
    rnl_text_free(text);
}

#define MOST_PARAMETERS 20000
#define MOST_LAYERS     50

static bool is_small(const rnl_model *model)
{
    size_t count = rnl_shape_features(&model->input);
    for (size_t l = 0; l < model->layer_count; ++l) {
        count += rnl_shape_features(&model->layers[l].output);
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p)
            count += rnl_parameter_count(&model->layers[l].parameters[p]);
    }
    return model->layer_count <= MOST_LAYERS && count <= MOST_PARAMETERS;
}

/* Two workers that have tiles; a third comes to no phase. */
static void set_up(const rnl_model *model, bool training)
{
    rnl_step step = {
        .given = {.model = model, .batch_size = 3, .training = training, .inspecting = training},
        .kernels = rnl_kernels_of(rnl_isa_detect()),
        .workers = 3,
        .active = 2,
    };
    rnl_status status = rnl_step_plan(&step);
    if (status == RNL_OK)
        status = rnl_step_arrange(&step);
    for (size_t i = 0; status == RNL_OK && i < step.active; ++i) {
        rnl_step_worker worker = {.step = &step, .index = i};
        status = rnl_step_bind(&step, &worker);
        rnl_step_unbind(&worker);
    }
    rnl_step_release(&step);
}

static void build_model(const rnl_config *config)
{
    static const rnl_shape inputs[] = {{1, {3}}, {2, {2, 2}}};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; ++i) {
        rnl_model *model;
        char *summary;
        if (rnl_model_build(&model, rnl_config_share(config), &inputs[i]) != RNL_OK)
            continue;
        fuzz_expect(rnl_model_summary(model, &summary) == RNL_OK, "a summary");
        rnl_text_free(summary);
        if (is_small(model)) {
            set_up(model, true);
            set_up(model, false);
        }
        rnl_model_free(model);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    rnl_config *config;
    if (rnl_config_load(&config, fuzz_file(bytes, count), NULL, 0) != RNL_OK)
        return 0;
    expect_lasting(config, rnl_config_print);
    expect_lasting(config, rnl_config_print_json);
    expect_explained(config);
    build_model(config);
    rnl_config_free(config);
    return 0;
}
