/*
 * Overrides of a configuration, one on each line.
 */
#include "tests/fuzz/fuzz.h"

static const char config_text[] =
    "data: {train: {spirals: {rows: 9}}}\n"
    "model: [{dense: {units: 4, activation: elu}}, dense: {units: 3}]\n"
    "training: {loss: mean_squared_error, optimizer: sgd}\n";

static size_t split_lines(char *text, const char **lines, size_t most)
{
    size_t count = 0;
    char *rest = text;
    while (rest && count < most)
        lines[count++] = strsep(&rest, "\n");
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char *text = strndup((const char *)bytes, count);
    const char *lines[8];
    rnl_config *config;
    const size_t overrides = split_lines(text, lines, 8);
    if (rnl_config_parse(&config, "fuzz.yaml", config_text, lines, overrides) == RNL_OK)
        rnl_config_free(config);
    free(text);
    return 0;
}
