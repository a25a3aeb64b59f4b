/*
 * Mistakes in configurations and overrides, hostile text, and what is said of them.
 */
#include "tests/config_texts.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char good[] = GOOD_CONFIG;

struct mistake {
    char wrong[160]; /* replaces the line of `good` that begins in the same way */
    size_t line;     /* of `good`, from 1 */
    char message[260];
};

static struct mistake mistakes[] = {
    {"  train: {csv: {path: t.csv, target: y, decimal: ':'}}", 3,
     "c.yaml:3:50: decimal: expected \".\" or \",\", got ':'"},
    {"  train: {csv: {path: t.csv, target: y, delimiter: semicolon}}", 3,
     "c.yaml:3:52: delimiter: expected one character, neither a quote nor a line end, or "
     "whitespace (a tab is \"\\t\", in double quotes), got 'semicolon'"},
    {"  train: {csv: {path: t.csv, target: y, delimiter: ''}}", 3, "c.yaml:3:52: delimiter: "},
    {"  - dense: {units: 7, activaton: relu}", 7,
     "c.yaml:7:23: dense: unknown key 'activaton'; did you mean 'activation'?"},
    {"  - dense: {units: 7, activation: rellu}", 7,
     "c.yaml:7:35: unknown activation 'rellu'; did you mean 'relu'?"},
    {"  - dense: {units: 7, activation: xyzzy}", 7,
     "c.yaml:7:35: unknown activation 'xyzzy'; expected one of linear, relu"},
    {"  - dens: {units: 7}", 7, "c.yaml:7:5: unknown layer 'dens'; did you mean 'dense'?"},
    {"  - dense: {activation: relu}", 7, "c.yaml:7:12: dense: the key 'units' is missing"},
    {"  - dense", 7, "dense: the key 'units' is missing"},
    {"  - dense: [7]", 7, "c.yaml:7:12: dense: expected a mapping of keys to values, got a list"},
    {"  - dense: relu", 7,
     "c.yaml:7:12: units: expected an integer from 1 to 16777216, got 'relu'"},
    {"  - dense: {units: ten}", 7,
     "c.yaml:7:20: units: expected an integer from 1 to 16777216, got 'ten'"},
    {"  - dense: {units: 0}", 7, "units: expected an integer from 1 to 16777216, got '0'"},
    {"  - dense: {units: 99999999999999999999}", 7, "units: expected an integer"},
    {"  - dense: {units: 7.5}", 7, "units: expected an integer"},
    {"  - dense: {units: 7, use_bias: yes}", 7,
     "c.yaml:7:33: use_bias: expected true or false, got 'yes'"},
    {"  - dense: {units: 7, units: 8}", 7, "c.yaml:7:23: the key 'units' is given twice"},
    {"  - {dense: {units: 7}, flatten: {}}", 7,
     "c.yaml:7:5: expected one layer, got 2: dense and flatten"},
    {"  - {dense: , units: 7}", 7, "c.yaml:7:15: 'units' belongs to dense"},
    {"  - flatten: {units: 7}", 7,
     "c.yaml:7:15: flatten takes no parameters, got the key 'units'; did you mean 'units' of layer "
     "dense?"},
    {"  - flatten: 7", 7, "c.yaml:7:14: flatten takes no parameters, got '7'"},
    {"  - flatten: {xyzzy: 7}", 7, "flatten takes no parameters, got the key 'xyzzy'"},
    {"  - [dense]", 7, "c.yaml:7:5: expected one layer"},
    {"  - &a dense", 7, "anchors, aliases and tags are not accepted"},
    {"  - *a", 7, "c.yaml:7:"},
    {"  - dense: {units: 7, activation: {elu: {alpha: -1}}}", 7,
     "alpha: expected a number from 0 to 1000000, got '-1'"},
    {"  - dense: {units: 7, activation: {elu: {alpha: nan}}}", 7, "alpha: expected a number"},
    {"  - dense: {units: 7, activation: {elu: {alpha: 1e999}}}", 7, "alpha: expected a number"},
    {"  - dense: {units: 7, kernel_regularizer: {l2: -0.1}}", 7,
     "c.yaml:7:48: l2: expected a number from 0 to 1000000, got '-0.1'"},
    {"  - dense: {units: 7, bias_regularizer: {l1_l2: {l1: nan}}}", 7, "l1: expected a number"},
    {"  - dense: {units: 7, kernel_regularizer: l1l2}", 7,
     "unknown regularizer 'l1l2'; did you mean 'l1_l2'?"},
    {"  - dense: {units: 7, kernel_constraint: {max_norm: {max_value: 0}}}", 7,
     "max_value: expected a number above 0 and at most 1000000, got '0'"},
    {"  - dense: {units: 7, kernel_constraint: {unit_norm: {axis: 2}}}", 7,
     "axis: expected an integer from 0 to 1, got '2'"},
    {"  - dense: {units: 7, kernel_constraint: maxnorm}", 7,
     "unknown constraint 'maxnorm'; did you mean 'max_norm'?"},
    {"\t- flatten", 6, "c.yaml:6:"},
    {"  optimizer: {sgd: {lr: 0.1}}", 15,
     "c.yaml:15:21: sgd: unknown key 'lr'; here it is 'learning_rate'"},
    {"  optimizer: {rmsprop: {centred: true}}", 15,
     "c.yaml:15:25: rmsprop: unknown key 'centred'; did you mean 'centered'?"},
    {"  optimizer: {nadam: {beta_1: 1}}", 15,
     "beta_1: expected a number from 0 to 0.9999999, got '1'"},
    {"  optimizer: rmsprob", 15, "unknown optimizer 'rmsprob'; did you mean 'rmsprop'?"},
    {"  optimizer: {sgd: {learning_rate: 0}}", 15,
     "learning_rate: expected a number above 0 and at most 1000000, or auto, got '0'"},
    {"  optimizer:", 15, "expected one optimizer"},
    {"  optimzer: sgd", 15,
     "c.yaml:15:3: training: unknown key 'optimzer'; did you mean 'optimizer'?"},
    {"  metrics: accuracy", 14, "c.yaml:14:12: metrics: expected a list of metrics"},
    {"  validation_split: 1.5", 4,
     "c.yaml:4:21: validation_split: expected a number from 0 to 0.99, got '1.5'"},
    {"  class_weight: [1, 2]", 14,
     "c.yaml:14:17: class_weight: expected a mapping of names to numbers, or "
     "balanced, got a list"},
    {"  class_weight: {a: 1, b: -1}", 14,
     "c.yaml:14:27: class_weight: expected a number from 0 to 1e+30, got '-1'"},
    {"  class_weight: {a: nan}", 14, "class_weight: expected a number"},
    {"  class_weight: {a: 1, a: 2}", 14, "the key 'a' is given twice"},
    {"name: ../up", 1, "c.yaml:1:7: name: expected one fit for a directory"},
    {"name: [a]", 1, "c.yaml:1:7: name: expected text, got a list"},
    {"name: \xff", 1, "c.yaml:1: expected text in UTF-8"},
    {"name: \xf6\x92\x90\x98", 1, "c.yaml:1: expected text in UTF-8"},
    {"name: \xed\xa0\x80", 1, "c.yaml:1: expected text in UTF-8"},
    {"name: \xc0\xaf", 1, "c.yaml:1: expected text in UTF-8"},
    {"name: a\001b", 1, "c.yaml:1: expected text in UTF-8: control characters are not allowed"},
    {"\x1f\x8b\x08", 1, "c.yaml:1: expected text in UTF-8: this is compressed by gzip"},
    {"nmae: good", 1, "c.yaml:1:1: configuration: unknown key 'nmae'; did you mean 'name'?"},
    {"name: {", 1, "c.yaml:"},
    {"\tname: good", 1,
     "c.yaml:1:1: not valid YAML: found character that cannot start any token while "
     "scanning for the next token; lines are indented by spaces, not by tabs"},
    {"name: loss: good", 1,
     "c.yaml:1:11: not valid YAML: mapping values are not allowed in this context; a mapping "
     "within a line stands in braces"},
    {"--- x", 1, "c.yaml:"},
};

ParameterizedTestParameters(config_mistakes, mistakes_are_answered)
{
    return cr_make_param_array(struct mistake, mistakes, sizeof mistakes / sizeof *mistakes);
}

ParameterizedTest(struct mistake *m, config_mistakes, mistakes_are_answered)
{
    char text[2048];
    size_t length = 0, line = 1;
    for (const char *at = good; *at; at = strchr(at, '\n') + 1, ++line) {
        const size_t size = (size_t)(strchr(at, '\n') - at);
        length += (size_t)snprintf(text + length, sizeof text - length, "%.*s\n",
                                   line == m->line ? (int)strlen(m->wrong) : (int)size,
                                   line == m->line ? m->wrong : at);
    }
    config_text_expect_refused(text, NULL, m->message);
}

static void expect_refused(const char *bytes, size_t count, const char *message)
{
    char path[] = "/tmp/rnl_test_config_XXXXXX";
    rnl_config *config = NULL;
    const int file = mkstemp(path);
    cr_assert_eq(write(file, bytes, count), (ssize_t)count);
    close(file);
    cr_expect_eq(rnl_config_load(&config, path, NULL, 0), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), message) != NULL, "%s", rnl_message());
    unlink(path);
}

Test(config_mistakes, zero_bytes_in_a_file_are_refused)
{
    expect_refused("n: 1\n? a:\t\0", 11, ":2: expected text in UTF-8");
    expect_refused("\x1f\x8b\x08\0\0\0\0\0\2\3", 10, "this is compressed by gzip");
}

Test(config_mistakes, hostile_text_is_refused)
{
    static char deep[20001];
    memset(deep, '[', 20000);
    const char *const texts[] = {"",
                                 "\n# nothing\n",
                                 "~",
                                 "[]",
                                 "model",
                                 deep,
                                 "{{{{{{",
                                 "a: b\n---\nc: d\n",
                                 "? [complex]\n: key\n",
                                 "x: !!binary abc",
                                 "\"unterminated",
                                 "a: 'b",
                                 "%YAML 9.9\n---\na",
                                 "% \xf6\x92\x90\x98",
                                 "#kin\n\nname:\n?  tn:     \t? w"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
        config_text_expect_refused(texts[i], NULL, "c.yaml");
        cr_expect_eq(strncmp(rnl_message(), "c.yaml", 6), 0, "%s", rnl_message());
    }
    rnl_config *config = NULL;
    cr_expect_eq(rnl_config_load(&config, "/nonexistent/c.yaml", NULL, 0), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "/nonexistent/c.yaml: cannot be opened") != NULL);
}

/* Every prefix of a good text either loads or is refused; nothing crashes. */
Test(config_mistakes, every_prefix_is_survived)
{
    for (size_t length = 0; length < sizeof good; ++length) {
        char text[sizeof good] = "";
        memcpy(text, good, length);
        rnl_config *config = NULL;
        if (rnl_config_parse(&config, "c.yaml", text, NULL, 0) == RNL_OK)
            rnl_config_free(config);
    }
}

ParameterizedTestParameters(config_mistakes, wrong_overrides_are_answered)
{
    static char texts[][2][160] = {
        {"training.epoch=2", "--set training.epoch=2: training: unknown key 'epoch'; did you mean "
                             "'epochs'?"},
        {"training.seed=9007199254740993", "seed: expected an integer from 0 to 9007199254740992"},
        {"training.epochs=two", "--set training.epochs=two: epochs: expected an integer"},
        {"model.9.dense.units=1", "--set model.9.dense.units=1: '9': expected the number of an "
                                  "element, 0 to 3"},
        {"training.metrics.first.x=1", "'first': expected the number of an element, 0 to 0"},
        {"training.epochs", "--set training.epochs: expected key.path=value"},
        {"training..epochs=1", "--set training..epochs=1: expected key.path=value"},
        {"training.epochs=[1", "--set training.epochs=[1:"},
        {"training.optimizer.sgd.momentum=0.5", "expected one optimizer, got 2: momentum and sgd"},
    };
    return cr_make_param_array(char[2][160], texts, sizeof texts / sizeof *texts);
}

ParameterizedTest(char (*text)[2][160], config_mistakes, wrong_overrides_are_answered)
{
    config_text_expect_refused(good, (*text)[0], (*text)[1]);
}

/* Looking each of so many keys up among those before it takes longer than a test may. */
Test(config_mistakes, keys_by_the_hundred_thousand)
{
    enum { KEYS = 700000 };
    char *text = malloc(KEYS * 24 + 512), *end = text;
    end += sprintf(end, "model: [dense: {units: 1}]\n"
                        "training: {loss: mean_squared_error, optimizer: sgd, class_weight: {");
    for (int i = 0; i < KEYS; ++i)
        end += sprintf(end, "key_%d: 1,\n", (int)(i * 7919LL % KEYS));
    strcpy(end, "}}\n");
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "c.yaml", text, NULL, 0), RNL_OK, "%s", rnl_message());
    cr_expect_eq(config->training.class_weight.count, KEYS);
    rnl_config_free(config);
    strcpy(end, "key_7919: 2, key_7919: 3}}\n");
    cr_expect_eq(rnl_config_parse(&config, "c.yaml", text, NULL, 0), RNL_BAD_CONFIG);
    cr_expect(strstr(rnl_message(), "the key 'key_7919' is given twice"), "%s", rnl_message());
    free(text);
}

/* The second of two keys is named, on whatever lines they stand. */
Test(config_mistakes, what_yaml_allows_and_a_configuration_does_not)
{
    char nested[128] = "name: ";
    memset(nested + 6, '[', 40);
    memset(nested + 46, ']', 40);
    config_text_expect_refused(nested, NULL, "c.yaml:1:39: nested too deeply");
    config_text_expect_refused("name: \"a\\0b\"\n", NULL, "c.yaml:1:7: a zero byte is not text");
    config_text_expect_refused("name: a\nmodel: []\nname: b\n", NULL,
                               "c.yaml:3:1: the key 'name' is given twice");
}

Test(config_mistakes, an_empty_list_has_no_element_to_override)
{
    config_text_expect_refused("model: []\n", "model.0.dense.units=1",
                               "--set model.0.dense.units=1: '0': expected an element, got an "
                               "empty list");
}
