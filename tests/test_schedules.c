/*
 * Schedules of the learning rate: against those of Keras 3 in float64 (tests/golden/schedules.json,
 * with the script and the versions that made it), and closed forms.  RUNNEL_GOLDEN comes from the
 * build.
 */
#include "engine/kinds/optimizers.h"
#include "engine/kinds/schedules.h"
#include "simd/kernels.h"
#include "tests/fixtures.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static rnl_config *config_of(const char *schedule)
{
    return fixture_config("model: [dense: {units: 1}]\n"
                          "training: {loss: mean_squared_error, optimizer: sgd, schedule: {%s}}\n",
                          schedule);
}

static rnl_moment moment_at(double learning_rate, double t, double length)
{
    return (rnl_moment){learning_rate, t, t, length, length, 0, 0};
}

/* Keras computes some of them in float32. */
static void check_steps(const json_t *golden, const rnl_config *config, const json_t *root)
{
    const double learning_rate = json_number_value(json_object_get(root, "learning_rate"));
    const double steps = json_number_value(json_object_get(root, "steps"));
    const json_t *rates = json_object_get(golden, "rates");
    for (size_t t = 0; t < json_array_size(rates); ++t) {
        const rnl_moment moment = moment_at(learning_rate, (double)t, steps);
        const double expected = json_number_value(json_array_get(rates, t));
        const double rate =
            rnl_schedule_at(&config->training.schedule, &(const rnl_plateau){0}, &moment)
                .learning_rate;
        cr_expect_float_eq(rate, expected, 5e-9 + 4e-7 * expected, "%s, step %zu: %.9g, not %.9g",
                           json_string_value(json_object_get(golden, "schedule")), t, rate,
                           expected);
    }
}

/* The rates of Keras are floats here. */
static void check_plateau(const json_t *golden, const rnl_config *config, const json_t *root)
{
    const double learning_rate = json_number_value(json_object_get(root, "learning_rate"));
    const json_t *losses = json_object_get(root, "losses"),
                 *after = json_object_get(golden, "after");
    rnl_plateau plateau = {0};
    for (size_t t = 0; t < json_array_size(losses); ++t) {
        const json_t *loss = json_array_get(losses, t);
        rnl_schedule_look(&config->training.schedule, &plateau, learning_rate,
                          json_is_null(loss) ? NAN : json_number_value(loss));
        const rnl_moment moment = moment_at(learning_rate, (double)t + 1, 100);
        const double rate =
            rnl_schedule_at(&config->training.schedule, &plateau, &moment).learning_rate;
        const double expected = json_number_value(json_array_get(after, t));
        cr_expect_float_eq(rate, expected, 1e-6 * expected, "%s, after %zu: %.9g, not %.9g",
                           json_string_value(json_object_get(golden, "schedule")), t, rate,
                           expected);
    }
}

Test(schedules, as_in_keras)
{
    json_error_t error;
    json_t *root = json_load_file(RUNNEL_GOLDEN "/schedules.json", 0, &error);
    cr_assert_not_null(root, "%s", error.text);
    const json_t *schedules = json_object_get(root, "schedules");
    cr_assert_eq(json_array_size(schedules), 8);
    for (size_t i = 0; i < json_array_size(schedules); ++i) {
        const json_t *golden = json_array_get(schedules, i);
        rnl_config *config = config_of(json_string_value(json_object_get(golden, "schedule")));
        if (json_object_get(golden, "rates"))
            check_steps(golden, config, root);
        else
            check_plateau(golden, config, root);
        rnl_config_free(config);
    }
    json_decref(root);
}

/* What a schedule says at a time, of a learning rate of 1 and a length of 101 steps. */
static void expect_at(const char *schedule, double t, double learning_rate, double momentum)
{
    rnl_config *config = config_of(schedule);
    const rnl_moment moment = moment_at(1, t, 101);
    const rnl_scheduled at =
        rnl_schedule_at(&config->training.schedule, &(const rnl_plateau){0}, &moment);
    cr_expect_float_eq(at.learning_rate, learning_rate, 1e-12, "%s at %g: %.15g", schedule, t,
                       at.learning_rate);
    cr_expect(isnan(momentum) ? isnan(at.momentum) : fabs(at.momentum - momentum) < 1e-12,
              "%s at %g: momentum %.15g", schedule, t, at.momentum);
    rnl_config_free(config);
}

/* After s steps a half, after 2 s a third, after 3 s a quarter. */
Test(schedules, power)
{
    for (int k = 0; k < 5; ++k)
        expect_at("power: {steps: 20}", 20.0 * k, 1.0 / (1 + k), NAN);
    expect_at("power: {steps: 20, power: 2}", 20, 0.25, NAN);
}

/* Per epoch, the boundaries 5 and 15 give five epochs of the first value. */
Test(schedules, piecewise_per_epoch)
{
    static const char *schedule = "piecewise: {boundaries: [5, 15], values: [0.5, 0.25, 0.125]}";
    expect_at(schedule, 0, 0.5, NAN);
    expect_at(schedule, 4, 0.5, NAN);
    expect_at(schedule, 5, 0.25, NAN);
    expect_at(schedule, 14, 0.25, NAN);
    expect_at(schedule, 15, 0.125, NAN);
}

Test(schedules, one_cycle)
{
    static const char *schedule = "one_cycle: {max_rate: 0.8}";
    expect_at(schedule, 0, 0.08, 0.95);
    expect_at(schedule, 22.5, 0.44, 0.90);
    expect_at(schedule, 45, 0.8, 0.85);
    expect_at(schedule, 67.5, 0.44, 0.90);
    expect_at(schedule, 90, 0.08, 0.95);
    expect_at(schedule, 95, (0.08 + 0.00008) / 2, 0.95);
    expect_at(schedule, 100, 0.00008, 0.95);
    expect_at("one_cycle: {max_rate: 0.8, start_rate: 0.2, last_rate: 0.1, last_fraction: 0}", 100,
              0.2, 0.95);
}

/* Cycle k lasts from (2^k - 1) / (2^cycles - 1) to the next; its middle is no half of it. */
Test(schedules, log_cosine)
{
    for (int k = 0; k < 4; ++k) {
        const double lengths = 101.0 / 15;
        expect_at("log_cosine: {cycles: 4}", lengths * (exp2(k) - 1), 0, NAN);
        expect_at("log_cosine: {}", lengths * (exp2(k + 0.25) - 1), 0.5, NAN);
        expect_at("log_cosine: 4", lengths * (exp2(k + 0.5) - 1), 1, NAN);
        expect_at("log_cosine: {}", lengths * (exp2(k + 0.75) - 1), 0.5, NAN);
    }
    expect_at("log_cosine: {}", 101, 0, NAN);
    expect_at("log_cosine: 1", 101 * (exp2(0.125) - 1), (1 - sqrt(0.5)) / 2, NAN);
}

/* Binds the optimizer of that name to scalar kernels; returns its configuration. */
static rnl_config *bind(const char *name, rnl_bound_optimizer *bound)
{
    rnl_config *config = fixture_config("model: [dense: {units: 1}]\n"
                                        "training: {loss: mean_squared_error, optimizer: %s}\n",
                                        name);
    const rnl_choice *choice = &config->training.optimizer;
    rnl_optimizer_of(choice)->bind(bound, rnl_kernels_of(RNL_ISA_SCALAR), choice->parameters);
    return config;
}

/* A beta_1 that is cycled and always the same is the one that is configured. */
Test(schedules, momentum_of_the_adam_family)
{
    static const char *const names[] = {"adam", "adamw", "adamax", "nadam"};
    for (size_t i = 0; i < COUNT(names); ++i) {
        rnl_bound_optimizer bound;
        rnl_config *config = bind(names[i], &bound);
        const rnl_choice *choice = &config->training.optimizer;
        double plain_product = 1, cycled_product = 1;
        for (uint64_t t = 1; t <= 50; ++t) {
            const rnl_step_rates plain =
                rnl_optimizer_rates(choice, &bound, t, (rnl_scheduled){0.01, NAN}, plain_product);
            const rnl_step_rates cycled =
                rnl_optimizer_rates(choice, &bound, t, (rnl_scheduled){0.01, 0.9}, cycled_product);
            cr_expect_float_eq((double)plain.learning_rate, (double)cycled.learning_rate, 1e-8);
            cr_expect_eq(cycled.velocity_share, 0.9f);
            plain_product = plain.momentum_product;
            cycled_product = cycled.momentum_product;
        }
        rnl_config_free(config);
    }
}

/* beta_1 is 0.95 and 0.85 in turns, and corrected by the product of the momenta so far; adamw's
 * decay goes with the rate. */
Test(schedules, correct_the_bias_of_momenta_that_change)
{
    static const char *const names[] = {"adam", "adamw", "adamax"};
    for (size_t i = 0; i < COUNT(names); ++i) {
        rnl_bound_optimizer bound;
        rnl_config *config = bind(names[i], &bound);
        const rnl_choice *choice = &config->training.optimizer;
        double kept = 1, product = 1;
        for (uint64_t t = 1; t <= 20; ++t) {
            const rnl_scheduled now = {0.01 / (double)t, t % 2 ? 0.95 : 0.85};
            const rnl_step_rates rates = rnl_optimizer_rates(choice, &bound, t, now, kept);
            kept = rates.momentum_product;
            product *= now.momentum;
            const double root = i < 2 ? sqrt(1 - pow(0.999, (double)t)) : 1,
                         expected = now.learning_rate * root / (1 - product);
            cr_expect_float_eq((double)rates.learning_rate, expected, 1e-6 * expected, "%s: %g",
                               names[i], (double)rates.learning_rate);
            cr_expect_float_eq((double)rates.decay, i == 1 ? now.learning_rate * 0.004 : 0, 1e-11);
        }
        rnl_config_free(config);
    }
}

/* A rate that is below min_lr already stays there, as in Keras. */
Test(schedules, performance_raises_no_rate)
{
    rnl_config *config = config_of("performance: {patience: 1, min_lr: 0.01}");
    rnl_plateau plateau = {0};
    for (int t = 0; t < 4; ++t)
        rnl_schedule_look(&config->training.schedule, &plateau, 0.001, 1);
    cr_expect_eq(plateau.learning_rate, 0.001, "%g", plateau.learning_rate);
    rnl_config_free(config);
}
