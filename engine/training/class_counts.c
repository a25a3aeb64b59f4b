#include "engine/training/class_counts.h"

#include "engine/base/error.h"
#include "engine/data/split.h"
#include "engine/workers/executor.h"

#include <stdio.h>
#include <stdlib.h>

/* Classes that a warning names. */
#define MOST_NAMES 5
#define LIST_TEXT  (MOST_NAMES * 80 + 40)

rnl_status rnl_class_counts(size_t **counts, const rnl_model *model, const rnl_dataset *rows)
{
    const size_t classes = rnl_model_classes(model);
    *counts = calloc(classes, sizeof **counts);
    if (!*counts)
        return rnl_fail_memory(classes * sizeof **counts);
    for (size_t i = 0; i < rows->rows; ++i)
        ++(*counts)[rnl_dataset_class(rows, i)];
    return RNL_OK;
}

/* ---- names of classes ------------------------------------------------------------------------ */

typedef struct class_list {
    size_t count;
    char text[LIST_TEXT]; /* "'a', 'b' and 3 more" */
    size_t length;
} class_list;

static void add_class(class_list *list, const rnl_model *model, size_t class)
{
    const char *name = rnl_model_class_name(model, class);
    const char *separator = list->count > 0 ? ", " : "";
    char *end = list->text + list->length;
    const size_t room = sizeof list->text - list->length;
    if (list->count++ >= MOST_NAMES)
        return;
    const int length = name ? snprintf(end, room, "%s'%.60s'", separator, name)
                            : snprintf(end, room, "%s%zu", separator, class);
    list->length += (size_t)length;
}

static void finish_list(class_list *list)
{
    if (list->count > MOST_NAMES)
        snprintf(list->text + list->length, sizeof list->text - list->length, " and %zu more",
                 list->count - MOST_NAMES);
}

/* Those that `with` has and none of the other two; NULL has all classes as `with`, else none. */
static class_list list_classes(const rnl_model *model, const size_t *with, const size_t *without,
                               const size_t *nor)
{
    class_list list = {0};
    for (size_t c = 0; c < rnl_model_classes(model); ++c)
        if ((!with || with[c] > 0) && without[c] == 0 && (!nor || nor[c] == 0))
            add_class(&list, model, c);
    finish_list(&list);
    return list;
}

/* "class 'a' is", "classes 'a', 'b' are" */
static const char *plural(const class_list *list)
{
    return list->count == 1 ? "" : "es";
}

static const char *are(const class_list *list)
{
    return list->count == 1 ? "is" : "are";
}

/* ---- warnings -------------------------------------------------------------------------------- */

static void warn_of_unused(const rnl_model *model, const size_t *train, const size_t *validation,
                           const rnl_options *options)
{
    const class_list list = list_classes(model, NULL, train, validation);
    if (list.count > 0)
        rnl_log(options, RNL_LOG_WARNING,
                "the model tells %zu classes apart, but no row is of class%s %s",
                rnl_model_classes(model), plural(&list), list.text);
}

static void warn_of_sides(const rnl_model *model, const size_t *train, const size_t *other,
                          const char *part, const char *hint, const rnl_options *options)
{
    const class_list unseen = list_classes(model, other, train, NULL);
    const class_list unasked = list_classes(model, train, other, NULL);
    if (unseen.count > 0)
        rnl_log(options, RNL_LOG_WARNING,
                "class%s %s %s in the %s rows alone: the model never learns %s%s", plural(&unseen),
                unseen.text, are(&unseen), part, unseen.count == 1 ? "it" : "them", hint);
    if (unasked.count > 0)
        rnl_log(options, RNL_LOG_WARNING,
                "class%s %s %s in the training rows alone: the %s rows say nothing of %s%s",
                plural(&unasked), unasked.text, are(&unasked), part,
                unasked.count == 1 ? "it" : "them", hint);
}

/* The class that all rows are of, or the count of classes. */
static size_t single_class(const rnl_model *model, const size_t *counts)
{
    const size_t classes = rnl_model_classes(model);
    size_t single = classes;
    for (size_t c = 0; c < classes; ++c)
        if (counts[c] > 0) {
            if (single < classes)
                return classes;
            single = c;
        }
    return single;
}

static bool warn_of_single(const rnl_model *model, const size_t *counts, const rnl_dataset *rows,
                           const char *what, const rnl_options *options)
{
    class_list list = {0};
    const size_t single = single_class(model, counts);
    if (single == rnl_model_classes(model))
        return false;
    add_class(&list, model, single);
    rnl_log(options, RNL_LOG_WARNING, "%s: all %zu rows are of class %s: %s", rows->name,
            rows->rows, list.text, what);
    return true;
}

/* Where scikit-learn refuses classes without a row, the metric is over the others; of a single
 * class it is NaN. */
static void warn_of_auc(const rnl_model *model, const size_t *counts, const rnl_dataset *rows,
                        const rnl_options *options)
{
    const size_t classes = rnl_model_classes(model);
    const class_list absent = list_classes(model, NULL, counts, NULL);
    if (absent.count == 0 || rows->rows == 0 ||
        rnl_tally_needs_of(&model->config->training.metrics, classes).columns == 0)
        return;
    if (absent.count + 1 == classes)
        rnl_log(options, RNL_LOG_WARNING, "%s: metric auc of rows of a single class is NaN",
                rows->name);
    else
        rnl_log(options, RNL_LOG_WARNING,
                "%s: metric auc is the mean over the other classes: no row is of class%s %s",
                rows->name, plural(&absent), absent.text);
}

static void warn(const rnl_model *model, const rnl_data *data, size_t *const counts[3],
                 const rnl_options *options)
{
    char hint[RNL_SPLIT_HINT];
    rnl_split_hint(hint, &model->config->data);
    if (!warn_of_single(model, counts[0], &data->train, "there is nothing to tell apart", options))
        warn_of_unused(model, counts[0], counts[1], options);
    if (data->validation.rows > 0)
        warn_of_sides(model, counts[0], counts[1], "validation", hint, options);
    if (counts[2])
        warn_of_sides(model, counts[0], counts[2], "test", "", options);
    warn_of_auc(model, counts[0], &data->train, options);
    warn_of_auc(model, counts[1], &data->validation, options);
}

static bool has_classes(const rnl_model *model, const rnl_dataset *rows)
{
    return (rows->labels || rows->values) && rnl_model_check_targets(model, rows) == RNL_OK;
}

rnl_status rnl_warn_of_classes(const rnl_model *model, const rnl_data *data,
                               const rnl_options *options)
{
    const rnl_dataset *const parts[] = {&data->train, &data->validation, &data->test};
    size_t *counts[3] = {NULL};
    rnl_status status = RNL_OK;
    if (rnl_model_classes(model) == 0)
        return RNL_OK;
    /* Test rows are none of training's, and may lack targets. */
    const size_t looked_at = 2 + (data->test.rows > 0 && has_classes(model, &data->test));
    for (size_t p = 0; p < looked_at && status == RNL_OK; ++p)
        status = rnl_class_counts(&counts[p], model, parts[p]);
    if (status == RNL_OK)
        warn(model, data, counts, options);
    for (size_t p = 0; p < 3; ++p)
        free(counts[p]);
    return status;
}

rnl_status rnl_warn_of_single_class(const rnl_model *model, const rnl_dataset *rows,
                                    const rnl_options *options)
{
    size_t *counts;
    if (rnl_model_classes(model) == 0)
        return RNL_OK;
    RNL_TRY(rnl_class_counts(&counts, model, rows));
    warn_of_single(model, counts, rows, "the figures say nothing of the others", options);
    warn_of_auc(model, counts, rows, options);
    free(counts);
    return RNL_OK;
}
