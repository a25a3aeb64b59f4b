/*
 * Early stopping: against Keras 3 (tests/golden/schedules.json), and in whole trainings that are
 * interrupted.  RUNNEL_GOLDEN comes from the build.
 */
#include "engine/training/early_stopping.h"
#include "tests/fixtures.h"
#include "tests/scratch.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(early_stopping, .init = scratch_enter, .fini = scratch_leave);

static void check_stop(const json_t *golden, const json_t *losses)
{
    const char *text = json_string_value(json_object_get(golden, "early_stopping"));
    rnl_config *config =
        fixture_config("model: [dense: {units: 1}]\n"
                       "training: {loss: mean_squared_error, optimizer: sgd, early_stopping: %s}\n",
                       text);
    rnl_patience patience = {0};
    uint64_t stopped = 0;
    for (size_t t = 0; t < json_array_size(losses) && stopped == 0; ++t) {
        const json_t *loss = json_array_get(losses, t);
        rnl_figures figures = {0};
        const double value = json_is_null(loss) ? NAN : json_number_value(loss);
        rnl_figures_add(&figures, "val_", "loss", value);
        rnl_figures_add(&figures, "", "loss", value);
        const bool best = rnl_early_stopping_look(
            &config->training.early_stopping, &patience,
            (rnl_validation_time){.epoch = t + 1, .step = t + 1, .first = t == 0}, &figures);
        cr_expect_eq(best, patience.best_epoch == t + 1, "%s, epoch %zu", text, t + 1);
        stopped = patience.over ? t + 1 : 0;
    }
    cr_expect_eq(stopped, json_integer_value(json_object_get(golden, "stopped")), "%s", text);
    cr_expect_eq(patience.best_epoch, json_integer_value(json_object_get(golden, "best")), "%s",
                 text);
    rnl_config_free(config);
}

Test(early_stopping, as_in_keras)
{
    json_error_t error;
    json_t *root = json_load_file(RUNNEL_GOLDEN "/schedules.json", 0, &error);
    cr_assert_not_null(root, "%s", error.text);
    const json_t *stops = json_object_get(root, "stops");
    cr_assert_eq(json_array_size(stops), 6);
    for (size_t i = 0; i < json_array_size(stops); ++i)
        check_stop(json_array_get(stops, i), json_object_get(root, "losses"));
    json_decref(root);
}

/* scikit-learn's rule, over losses that gain 0.1, 0.02, ...: Keras's waits until they add up. */
Test(early_stopping, gains_that_do_not_add_up)
{
    static const double losses[] = {1.0, 0.9, 0.88, 0.86, 0.95, 0.84, 0.70, 0.69, 0.68, 0.67};
    static const struct {
        const char *text;
        size_t best, stopped;
    } rules[] = {
        {"{patience: 3, min_delta: 0.05, gains_add_up: false, monitor: loss}", 4, 5},
        {"{patience: 4, min_delta: 0.05, gains_add_up: false, monitor: loss}", 6, 6},
        {"{patience: 5, min_delta: 0.05, gains_add_up: false, monitor: loss}", 10, 0},
        {"{patience: 3, min_delta: 0.05, gains_add_up: false, start_from_epoch: 6, monitor: loss}",
         10, 10},
        {"{patience: 3, min_delta: 0.05, monitor: loss}", 2, 5},
        {"{patience: 4, min_delta: 0.05, monitor: loss}", 7, 0},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; ++i) {
        json_t *list = json_array();
        for (size_t t = 0; t < sizeof losses / sizeof *losses; ++t)
            json_array_append_new(list, json_real(losses[t]));
        json_t *rule =
            json_pack("{s:s, s:I, s:I}", "early_stopping", rules[i].text, "best",
                      (json_int_t)rules[i].best, "stopped", (json_int_t)rules[i].stopped);
        check_stop(rule, list);
        json_decref(rule);
        json_decref(list);
    }
}

/* Equal values are no improvements, but the last of them may be the best. */
Test(early_stopping, last_of_equals)
{
    static const struct {
        const char *text;
        int best, stopped;
    } rules[] = {
        {"{patience: 3, monitor: loss}", 2, 5},
        {"{patience: 3, monitor: loss, last_of_equals: true}", 5, 5},
        {"{patience: 2, monitor: loss, last_of_equals: true}", 3, 4},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; ++i) {
        json_t *losses = json_pack("[f, f, f, f, f]", 1.0, 0.5, 0.5, 0.75, 0.5),
               *rule = json_pack("{s:s, s:i, s:i}", "early_stopping", rules[i].text, "best",
                                 rules[i].best, "stopped", rules[i].stopped);
        check_stop(rule, losses);
        json_decref(rule);
        json_decref(losses);
    }
}

/* As in Keras, a first validation without a number does not stop, the second does. */
Test(early_stopping, the_first_validation_never_stops)
{
    json_t *losses = json_pack("[n, n, f]", 1.0),
           *rule = json_pack("{s:s, s:i, s:i}", "early_stopping", "{patience: 1}", "best", 0,
                             "stopped", 2);
    check_stop(rule, losses);
    json_decref(rule);
    json_decref(losses);
}

/* Noise for labels: what is learned of them by heart soon says nothing of the other rows. */
static rnl_data *create_data(void)
{
    rnl_data *data = fixture_data(64, 7, 5, RNL_FLOAT32);
    rnl_data *other = fixture_data(120, 7, 5, RNL_FLOAT32);
    data->validation = other->train;
    free(other);
    return data;
}

static rnl_model *create_model(const rnl_data *data, int epochs, const char *early_stopping)
{
    return fixture_model(
        fixture_config("model: [dense: {units: 60, activation: elu}, batch_normalization,\n"
                       "        dense: {units: 5, activation: softmax}]\n"
                       "training: {loss: sparse_categorical_crossentropy, metrics: [accuracy],\n"
                       "           optimizer: {adam: {learning_rate: 0.01}}, batch_size: 16,\n"
                       "           epochs: %d%s}\n",
                       epochs, early_stopping),
        data);
}

typedef struct journal {
    size_t epochs, best_epoch;
    double best;
    uint64_t stop_at;
    char told[512];
} journal;

static int note_epoch(const rnl_progress *progress, void *user)
{
    journal *j = user;
    j->epochs = progress->epoch;
    for (size_t i = 0; i < progress->figure_count; ++i)
        if (strcmp(progress->figures[i].name, "val_loss") == 0 &&
            (j->best_epoch == 0 || progress->figures[i].value < j->best)) {
            j->best = progress->figures[i].value;
            j->best_epoch = progress->epoch;
        }
    return 0;
}

static int stop_at(const rnl_progress *progress, void *user)
{
    return progress->step == ((const journal *)user)->stop_at;
}

static void note_log(rnl_log_level level, const char *text, void *user)
{
    journal *j = user;
    if (level == RNL_LOG_INFO && (strstr(text, "epoch")))
        snprintf(j->told + strlen(j->told), sizeof j->told - strlen(j->told), "%s\n", text);
}

static rnl_status train(rnl_model *model, const rnl_data *data, size_t threads, journal *j,
                        const char *checkpoint)
{
    const rnl_options options = {.threads = threads,
                                 .checkpoint = checkpoint,
                                 .on_step = stop_at,
                                 .on_epoch = note_epoch,
                                 .on_log = note_log,
                                 .user = j};
    return rnl_train(model, data, &options);
}

#define STOPPING ", early_stopping: {patience: 3}"

/* The weights are those of a training that ended with the best epoch. */
Test(early_stopping, ends_with_the_best_weights)
{
    rnl_data *data = create_data();
    journal j = {0}, shorter = {0}, plain = {0};
    rnl_model *model = create_model(data, 60, STOPPING);
    cr_assert_eq(train(model, data, 2, &j, NULL), RNL_OK, "%s", rnl_message());
    cr_assert_lt(j.epochs, 60);
    cr_assert_eq(j.epochs, j.best_epoch + 3);
    char expected[256];
    snprintf(expected, sizeof expected,
             "stopped early after epoch %zu: val_loss has not improved since epoch %zu (%g)\n"
             "back to the weights of epoch %zu, where val_loss was %g\n",
             j.epochs, j.best_epoch, j.best, j.best_epoch, j.best);
    cr_expect_str_eq(j.told, expected);
    rnl_model *best = create_model(data, (int)j.best_epoch, "");
    cr_assert_eq(train(best, data, 1, &shorter, NULL), RNL_OK);
    cr_expect_eq(fixture_hash(model), fixture_hash(best));
    rnl_model *last = create_model(
        data, 60, ", early_stopping: {patience: 3, restore_best_weights: false, mode: min}");
    cr_assert_eq(train(last, data, 1, &plain, NULL), RNL_OK);
    cr_expect_eq(plain.epochs, j.epochs);
    cr_expect_neq(fixture_hash(last), fixture_hash(best));
    rnl_model_free(model);
    rnl_model_free(best);
    rnl_model_free(last);
    rnl_data_free(data);
}

typedef struct watch {
    journal j;
    const rnl_data *data;
    size_t looks;
} watch;

/* What a kill at this moment would leave, of fast epochs perhaps the best of a second ago. */
static int look_at_best(const rnl_progress *progress, void *user)
{
    watch *w = user;
    rnl_model *model = NULL;
    rnl_evaluation *evaluation = NULL;
    note_epoch(progress, &w->j);
    cr_assert_eq(rnl_model_load(&model, "best", NULL, 0), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_evaluate(model, w->data, RNL_VALIDATION, NULL, &evaluation), RNL_OK);
    cr_expect_geq(evaluation->figures[0].value, w->j.best - 1e-12);
    cr_expect_eq(rnl_model_step(model), 0);
    ++w->looks;
    rnl_evaluation_free(evaluation);
    rnl_model_free(model);
    return 0;
}

static void expect_same_file(const rnl_model *model, const char *path)
{
    char command[64];
    snprintf(command, sizeof command, "cmp %s other", path);
    cr_assert_eq(rnl_model_save(model, "other"), RNL_OK);
    cr_expect_eq(system(command), 0);
}

static void expect_hash(const char *path, uint64_t hash)
{
    rnl_model *model = NULL;
    cr_assert_eq(rnl_model_load(&model, path, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(fixture_hash(model), hash);
    rnl_model_free(model);
    unlink(path);
}

/* The best weights, from the first ones on, and the last ones, are models like any other. */
Test(early_stopping, saves_best_and_last)
{
    rnl_data *data = create_data();
    watch w = {.data = data};
    const rnl_options watching = {
        .threads = 2, .best = "best", .last = "last", .on_epoch = look_at_best, .user = &w};
    rnl_model *model = create_model(data, 60, STOPPING);
    cr_assert_eq(rnl_train(model, data, &watching), RNL_OK, "%s", rnl_message());
    cr_expect_eq(w.looks, w.j.epochs);
    expect_same_file(model, "best");
    rnl_model *kept =
        create_model(data, 60, ", early_stopping: {patience: 3, restore_best_weights: false}");
    journal j = {0};
    cr_assert_eq(train(kept, data, 1, &j, NULL), RNL_OK);
    expect_hash("best", fixture_hash(model));
    expect_hash("last", fixture_hash(kept));
    rnl_model_free(kept);

    /* Nothing is restored, and the best is there all the same. */
    kept = create_model(data, 60, ", early_stopping: {patience: 3, restore_best_weights: false}");
    const rnl_options saving = {.best = "best", .last = "last"};
    cr_assert_eq(rnl_train(kept, data, &saving), RNL_OK);
    expect_same_file(kept, "last");
    expect_hash("best", fixture_hash(model));
    expect_hash("last", fixture_hash(kept));
    rnl_model_free(kept);
    rnl_model_free(model);
    rnl_data_free(data);
}

typedef struct failures {
    size_t best, behind_last;
    bool last;
} failures;

static void count_failures(rnl_log_level level, const char *text, void *user)
{
    failures *f = user;
    const bool best = level == RNL_LOG_WARNING && strstr(text, "weights: /nowhere/best: ");
    f->best += best;
    f->behind_last += best && f->last;
    f->last |= level == RNL_LOG_WARNING && strstr(text, "weights: /nowhere/last: ");
}

/* When training has ended, with the last weights, there are no others that could be saved. */
Test(early_stopping, goes_on_where_best_cannot_be_saved)
{
    rnl_data *data = create_data();
    failures f = {0};
    const rnl_options options = {
        .best = "/nowhere/best", .last = "/nowhere/last", .on_log = count_failures, .user = &f};
    rnl_model *model = create_model(data, 3, STOPPING);
    cr_expect_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    cr_expect(f.best > 0 && f.last);
    cr_expect_eq(f.behind_last, 0);
    rnl_model_free(model);
    rnl_data_free(data);
}

static int make_room(const rnl_progress *progress, void *user)
{
    (void)user;
    return progress->epoch == 10 && mkdir("room", 0700) != 0;
}

/* Best weights that could not be written for a while are written when they can be, whether the
 * training ran on or was gone on with. */
Test(early_stopping, best_is_saved_when_there_is_room)
{
    for (int restores = 0; restores < 2; ++restores) {
        rnl_data *data = create_data();
        const rnl_options options = {.best = "room/best", .on_epoch = make_room};
        rnl_model *model =
            create_model(data, 11,
                         restores ? ", early_stopping: {patience: 90, min_delta: 0.2}"
                                  : ", early_stopping: {patience: 90, min_delta: 0.2, "
                                    "restore_best_weights: false}");
        cr_expect_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
        cr_expect_eq(unlink("room/best"), 0);
        cr_assert_eq(rmdir("room"), 0);
        rnl_model_free(model);
        rnl_data_free(data);
    }
}

/* Stopped after any of its steps and resumed, training ends where it would have ended. */
Test(early_stopping, is_resumed)
{
    rnl_data *data = create_data();
    journal whole = {0};
    rnl_model *model = create_model(data, 60, STOPPING);
    cr_assert_eq(train(model, data, 1, &whole, NULL), RNL_OK);
    const uint64_t expected = fixture_hash(model);
    for (uint64_t step = 1; step <= 4 * whole.epochs; step += 5) {
        journal first = {.stop_at = step}, second = {0};
        rnl_model *parts = create_model(data, 60, STOPPING), *resumed = NULL;
        cr_assert_eq(train(parts, data, 2, &first, "early"), RNL_STOPPED);
        cr_assert_eq(rnl_model_resume(&resumed, "early", rnl_model_config(parts)), RNL_OK, "%s",
                     rnl_message());
        cr_assert_eq(train(resumed, data, 3, &second, NULL), RNL_OK, "%s", rnl_message());
        cr_expect_eq(fixture_hash(resumed), expected, "stopped at step %llu",
                     (unsigned long long)step);
        rnl_model_free(parts);
        rnl_model_free(resumed);
    }
    rnl_model_free(model);
    rnl_data_free(data);
}

typedef struct pair {
    const rnl_data *data;
    size_t looks;
} pair;

/* No checkpoint knows of better weights than the file of the best ones holds. */
static void compare_pair(rnl_log_level level, const char *text, void *user)
{
    pair *p = user;
    rnl_model *model, *best;
    rnl_evaluation *evaluation;
    if (level != RNL_LOG_DEBUG || !strstr(text, "checkpoint of step"))
        return;
    cr_assert_eq(rnl_model_load(&model, "early", NULL, 0), RNL_OK, "%s", rnl_message());
    if (model->position.patience.best_step > 0) {
        cr_assert_eq(rnl_model_load(&best, "best", NULL, 0), RNL_OK, "%s", rnl_message());
        cr_assert_eq(rnl_evaluate(best, p->data, RNL_VALIDATION, NULL, &evaluation), RNL_OK);
        cr_expect_float_eq(evaluation->figures[0].value, model->position.patience.best, 1e-12);
        ++p->looks;
        rnl_evaluation_free(evaluation);
        rnl_model_free(best);
    }
    rnl_model_free(model);
}

/* A training that goes on writes the file anew where it is gone. */
Test(early_stopping, saves_the_best_before_a_checkpoint)
{
    rnl_data *data = create_data();
    rnl_model *model = create_model(data, 60, STOPPING ", checkpoint_every: 4"), *resumed = NULL;
    pair p = {data, 0};
    rnl_options options = {
        .checkpoint = "early", .best = "best", .on_log = compare_pair, .user = &p};
    cr_assert_eq(rnl_train(model, data, &options), RNL_OK, "%s", rnl_message());
    cr_expect_gt(p.looks, 3u);
    cr_expect_eq(unlink("best"), 0);
    cr_assert_eq(rnl_model_resume(&resumed, "early", rnl_model_config(model)), RNL_OK);
    cr_assert_eq(rnl_train(resumed, data, &options), RNL_OK, "%s", rnl_message());
    expect_hash("best", fixture_hash(model));
    rnl_model_free(resumed);
    rnl_model_free(model);
    rnl_data_free(data);
}

/* The checkpoint of the last epoch knows that training is over. */
Test(early_stopping, stays_over)
{
    rnl_data *data = create_data();
    journal j = {0}, again = {0};
    rnl_model *model = create_model(data, 60, STOPPING), *resumed = NULL;
    cr_assert_eq(train(model, data, 1, &j, "early"), RNL_OK);
    cr_assert_eq(rnl_model_resume(&resumed, "early", rnl_model_config(model)), RNL_OK);
    cr_assert_eq(train(resumed, data, 1, &again, NULL), RNL_OK);
    cr_expect_eq(again.epochs, 0);
    cr_expect_eq(fixture_hash(resumed), fixture_hash(model));
    rnl_model_free(model);
    rnl_model_free(resumed);
    rnl_data_free(data);
}

Test(early_stopping, mistakes)
{
    rnl_data *data = create_data();
    rnl_model *model =
        create_model(data, 2, ", early_stopping: {patience: 1, monitor: val_acuracy}");
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
    cr_expect(
        strstr(rnl_message(),
               "monitor: the run has no figure 'val_acuracy'; did you mean 'val_accuracy'?") !=
            NULL,
        "%s", rnl_message());
    rnl_model_free(model);
    model = create_model(data, 2, STOPPING);
    data->validation.rows = 0;
    cr_expect_eq(rnl_train(model, data, NULL), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "monitor: there is no val_loss without validation rows") !=
                  NULL,
              "%s", rnl_message());
    rnl_model_free(model);
    rnl_data_free(data);
}
