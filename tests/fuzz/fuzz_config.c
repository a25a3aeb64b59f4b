/*
 * Configurations.  One that is accepted says, printed, the same again.
 */
#include "engine/config/config.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    rnl_config *config;
    if (rnl_config_load(&config, fuzz_file(bytes, count), NULL, 0) != RNL_OK)
        return 0;
    expect_lasting(config, rnl_config_print);
    expect_lasting(config, rnl_config_print_json);
    expect_explained(config);
    rnl_config_free(config);
    return 0;
}
