/*
 * Mappings of many keys, in a tree and under overrides: an index finds what a walk would find, and
 * the cost of an override does not grow with the number of those before it.
 */
#include "engine/schema/config.h"
#include "engine/schema/difference.h"
#include "engine/schema/node.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 30000

static rnl_node *create_mapping(size_t keys)
{
    rnl_node *mapping = rnl_node_create(RNL_MAPPING, (rnl_place){.source = "here"});
    for (size_t i = 0; i < keys; ++i) {
        char key[32];
        snprintf(key, sizeof key, "key%zu", i);
        cr_assert_eq(
            rnl_node_give(mapping, rnl_node_create_with(RNL_SCALAR, key, "1", mapping->place)),
            RNL_OK);
    }
    return mapping;
}

/* Every key is found where it stands. */
static void expect_found(const rnl_node *mapping)
{
    for (size_t i = 0; i < mapping->count; ++i)
        cr_expect_eq(rnl_node_find(mapping, mapping->items[i]->key), i);
    cr_expect_eq(rnl_node_find(mapping, "nothing"), mapping->count);
}

Test(tree, keys_are_found_after_each_change)
{
    rnl_node *mapping = create_mapping(100);
    expect_found(mapping);
    rnl_node_free(rnl_node_take(mapping, "key50"));
    expect_found(mapping);
    cr_expect_null(rnl_node_take(mapping, "key50"));
    rnl_node *first = rnl_node_create_with(RNL_SCALAR, "first", "1", mapping->place);
    cr_assert_eq(rnl_node_insert(mapping, 0, first), RNL_OK);
    expect_found(mapping);
    rnl_node *last = rnl_node_create_with(RNL_SCALAR, "last", "1", mapping->place);
    cr_assert_eq(rnl_node_give(mapping, last), RNL_OK);
    expect_found(mapping);
    cr_assert_eq(rnl_node_rename(mapping, 3, "third"), RNL_OK);
    expect_found(mapping);
    cr_expect_eq(rnl_node_find(mapping, "key2"), mapping->count);
    rnl_node *copy = rnl_node_copy(mapping);
    expect_found(copy);
    rnl_node_free(copy);
    rnl_node_free(mapping);
}

Test(tree, a_key_given_twice_in_a_large_mapping)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    for (int i = 0; i < 100; ++i)
        fprintf(out, "key%d: 1\n", i == 77 ? 7 : i);
    fclose(out);
    rnl_tree tree;
    cr_expect_eq(rnl_tree_read_text(&tree, "t.yaml", text), RNL_BAD_CONFIG);
    cr_expect_str_eq(rnl_message(), "t.yaml:78:1: the key 'key7' is given twice");
    free(text);
}

/* ---- many overrides -------------------------------------------------------------------------- */

static char **create_overrides(const char *format)
{
    char **overrides = calloc(MANY, sizeof *overrides);
    for (int i = 0; i < MANY; ++i)
        cr_assert(asprintf(&overrides[i], format, i) > 0);
    return overrides;
}

static void free_overrides(char **overrides)
{
    for (int i = 0; i < MANY; ++i)
        free(overrides[i]);
    free(overrides);
}

static rnl_status parse_with(rnl_config **config, char **overrides, size_t count)
{
    return rnl_config_parse(config, "c.yaml",
                            "model: [dense: {units: 2, activation: softmax}]\n"
                            "training: {loss: sparse_categorical_crossentropy, optimizer: adam}\n",
                            (const char *const *)overrides, count);
}

/* Minutes, where each override looks at all before it. */
Test(tree, many_overrides, .timeout = 280)
{
    char **overrides = create_overrides("training.class_weight.%d=0.5");
    free(overrides[MANY - 1]);
    overrides[MANY - 1] = strdup("training.class_weight.3=2");
    rnl_config *config = NULL;
    cr_assert_eq(parse_with(&config, overrides, MANY), RNL_OK, "%s", rnl_message());
    cr_expect_eq(config->training.class_weight.count, MANY - 1);
    cr_expect_eq(config->training.class_weight.items[3].value, 2);
    cr_expect_eq(config->training.class_weight.items[4].value, 0.5);
    rnl_config_free(config);
    free_overrides(overrides);
}

static void expect_refused(const char *format, const char *message)
{
    char **overrides = create_overrides(format);
    rnl_config *config = NULL;
    cr_expect_eq(parse_with(&config, overrides, MANY), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), message) != NULL, "%s", rnl_message());
    free_overrides(overrides);
}

Test(tree, many_overrides_of_unknown_keys, .timeout = 280)
{
    expect_refused("training.k%d=1", "training: unknown key 'k0'");
    expect_refused("training.optimizer.k%d=1", "expected one optimizer, got 30001");
    expect_refused("training.optimizer.Adam.k%d=1", "adam: unknown key 'k0'");
    expect_refused("model.0.k%d=1", "expected one layer, got 30001");
    expect_refused("k%d=1", "unknown key 'k0'");
}

/* What an override brings is given its names even where everything else has them. */
Test(tree, names_that_later_overrides_bring)
{
    const char *overrides[] = {"training.optimizer=SGD",
                               "training.optimizer.sgd.momentum=0.5",
                               "training.optimizer.SGD.learning_rate=0.25",
                               "training.metrics=[acc]",
                               "training.metrics.0=MSE",
                               "model.0.Dense.kernel_initializer=HeNormal",
                               "model.0.dense.kernel_regularizer.L2=0.125"};
    rnl_config *config = NULL;
    char *text = NULL;
    cr_assert_eq(parse_with(&config, (char **)overrides, 7), RNL_OK, "%s", rnl_message());
    cr_assert_eq(rnl_config_print(config, &text), RNL_OK);
    const char *printed[] = {"momentum: 0.5", "learning_rate: 0.25", "- mse", "he_normal",
                             "l2: 0.125"};
    for (size_t i = 0; i < sizeof printed / sizeof *printed; ++i)
        cr_expect(strstr(text, printed[i]) != NULL, "%s\n%s", printed[i], text);
    rnl_text_free(text);
    rnl_config_free(config);
}

/* ---- what differs ---------------------------------------------------------------------------- */

#define LONG_ITEMS "{\"dense\": {\"units\": 30}}, {\"dense\": {\"units\": 20}}, \"batch_norm\""
#define LONG_TEXT  "\"/home/someone/somewhere/far/away/with/a/name/of/many/letters/"

/* Values of more than 60 bytes are shown where they differ. */
Test(tree, differences_of_long_values_are_shown)
{
    static const char *const cases[][3] = {
        {"{\"m\": [" LONG_ITEMS "]}", "{\"m\": [" LONG_ITEMS ", \"flatten\"]}",
         "m had 3 items and has 4"},
        {"{\"m\": [" LONG_ITEMS ", [1, 2]], \"n\": 1}", "{\"m\": [" LONG_ITEMS "], \"n\": 1}",
         "m had 4 items and has 3"},
        {"{\"m\": [1, 2]}", "{\"m\": [1, 2, 3]}", "m was [1, 2] and is [1, 2, 3]"},
        {"{\"a\": 1, \"o\": {\"sgd\": {\"r\": 0.01}}}",
         "{\"a\": 1, \"o\": {\"adam\": {\"r\": 1e-7}}}",
         "o was {\"sgd\": {\"r\": 0.01}} and is {\"adam\": {\"r\": 1e-7}}"},
        {"{\"m\": [{\"d\": {\"u\": 3}}, \"x]\\\"\"]}", "{\"m\": [{\"d\": {\"u\": 4}}, \"x]\\\"\"]}",
         "m.0.d.u was 3 and is 4"},
        {"{\"m\": [{\"d\": {}}, \"x]\\\"\"]}", "{\"m\": [{\"d\": {}}, \"y\"]}",
         "m.1 was \"x]\\\"\" and is \"y\""},
        {"{\"m\": null}", "{\"m\": {\"k\": true}}", "m was null and is {\"k\": true}"},
        {"[]", "{}", "it was [] and is {}"},
        {"{\"r\": 0.3}", "{\"r\": 0.30000000000000004}",
         "r was 0.29999999999999999 and is 0.30000000000000004"},
        {"{\"m\": \"\\u0000\"}", "{\"m\": 1}", "it was {\"m\": \"\\u0000\"} and is {\"m\": 1}"},
        {"{\"m\": " LONG_TEXT "a.csv\"}", "{\"m\": " LONG_TEXT "b.csv\"}",
         "m was ...omeone/somewhere/far/away/with/a/name/of/many/letters/a.csv\" and is "
         "...omeone/somewhere/far/away/with/a/name/of/many/letters/b.csv\""},
    };
    char text[RNL_DIFFERENCE_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        cr_assert_eq(rnl_difference_describe(cases[i][0], cases[i][1], text), RNL_OK);
        cr_expect_str_eq(text, cases[i][2]);
    }
}
