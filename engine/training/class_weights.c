#include "engine/training/class_weights.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/training/class_counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The class of that name in the table that the model was trained on, or the count of classes. */
static size_t find_name(const rnl_model *model, const char *name)
{
    const size_t classes = rnl_model_classes(model);
    for (size_t i = 0; i < classes; ++i) {
        const char *other = rnl_model_class_name(model, i);
        if (other && strcmp(other, name) == 0)
            return i;
    }
    return classes;
}

/* Where the names are numbers themselves, a number is never an index. */
static bool takes_index(const rnl_model *model)
{
    const rnl_columns *targets = &model->encoding.targets;
    return targets->count == 0 || !targets->items[0].numbers;
}

static size_t parse_index(const char *text, size_t classes)
{
    char *end;
    errno = 0;
    const unsigned long long index = strtoull(text, &end, 10);
    const bool digits = *text != '\0' && strspn(text, "0123456789") == strlen(text);
    return digits && errno == 0 && index < classes ? (size_t)index : classes;
}

static rnl_status fail_unknown(const rnl_model *model, const rnl_named_number *item)
{
    const size_t classes = rnl_model_classes(model);
    if (!rnl_model_class_name(model, 0))
        return rnl_fail_at(item->place,
                           "class_weight: expected a class number from 0 to %zu, got '%.60s'",
                           classes - 1, item->name);
    const char **names = calloc(classes, sizeof *names);
    if (!names)
        return rnl_fail_memory(classes * sizeof *names);
    size_t count = 0;
    while (count < classes && (names[count] = rnl_model_class_name(model, count)))
        ++count;
    const char *nearest = rnl_nearest(item->name, names, count);
    const rnl_status status =
        rnl_fail_at(item->place, "class_weight: there is no class '%.60s'%s%.60s%s", item->name,
                    nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    free(names);
    return status;
}

/* Names come first, then numbers. */
static rnl_status find_class(const rnl_model *model, const rnl_named_number *item, size_t *class)
{
    const size_t classes = rnl_model_classes(model);
    *class = find_name(model, item->name);
    if (*class == classes && takes_index(model))
        *class = parse_index(item->name, classes);
    return *class < classes ? RNL_OK : fail_unknown(model, item);
}

/* `given` marks the classes that have their weight. */
static rnl_status fill(float *weights, bool *given, const rnl_model *model)
{
    const rnl_number_map *map = &model->config->training.class_weight;
    for (size_t i = 0; i < map->count; ++i) {
        const rnl_named_number *item = &map->items[i];
        size_t class;
        RNL_TRY(find_class(model, item, &class));
        if (given[class])
            return rnl_fail_at(item->place,
                               "class_weight: class %zu is given twice, here as '%.60s'", class,
                               item->name);
        given[class] = true;
        weights[class] = (float)item->value;
    }
    return RNL_OK;
}

static rnl_status balance(float *weights, const rnl_model *model, const rnl_dataset *train)
{
    const size_t classes = rnl_model_classes(model);
    size_t *counts, present = 0;
    RNL_TRY(rnl_class_counts(&counts, model, train));
    for (size_t i = 0; i < classes; ++i)
        present += counts[i] > 0;
    for (size_t i = 0; i < classes; ++i)
        if (counts[i] > 0)
            weights[i] = (float)((double)train->rows / ((double)present * (double)counts[i]));
    free(counts);
    return RNL_OK;
}

rnl_status rnl_class_weights_create(float **weights, const rnl_model *model,
                                    const rnl_dataset *train)
{
    const rnl_training_config *config = &model->config->training;
    const size_t classes = rnl_model_classes(model);
    *weights = NULL;
    if (config->class_weight.count == 0 && !config->class_weight.word)
        return RNL_OK;
    if (classes == 0)
        return rnl_fail_at(config->class_weight.place,
                           "class_weight needs classes, which loss %s does not have",
                           config->loss.kind->name);
    float *created = malloc(classes * sizeof *created);
    bool *given = calloc(classes, sizeof *given);
    rnl_status status =
        created && given ? RNL_OK : rnl_fail_memory(classes * (sizeof *created + sizeof *given));
    for (size_t i = 0; status == RNL_OK && i < classes; ++i)
        created[i] = 1;
    if (status == RNL_OK)
        status = config->class_weight.word ? balance(created, model, train)
                                           : fill(created, given, model);
    free(given);
    if (status == RNL_OK)
        *weights = created;
    else
        free(created);
    return status;
}
