#include "tests/config_texts.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

rnl_config *config_text_parse(const char *text, const char *override)
{
    rnl_config *config = NULL;
    cr_assert_eq(rnl_config_parse(&config, "c.yaml", text, &override, override != NULL), RNL_OK,
                 "%s\n%s", text, rnl_message());
    return config;
}

char *config_text_print(const char *text, const char *override)
{
    char *printed = NULL;
    rnl_config *config = config_text_parse(text, override);
    cr_assert_eq(rnl_config_print(config, &printed), RNL_OK);
    rnl_config_free(config);
    return printed;
}

void config_text_expect_refused(const char *text, const char *override, const char *message)
{
    rnl_config *config = NULL;
    cr_expect_eq(rnl_config_parse(&config, "c.yaml", text, &override, override != NULL),
                 RNL_BAD_CONFIG, "%s\n%s", text, override ? override : "");
    cr_expect(strstr(rnl_message(), message) != NULL, "%s\n%s\n%s", text, override ? override : "",
              rnl_message());
    cr_expect_null(config);
}

void config_text_expect_same(const char *text, const char *override, const char *written_out)
{
    char *expanded = config_text_print(text, override),
         *plain = config_text_print(written_out, NULL);
    cr_expect_str_eq(expanded, plain);
    free(expanded);
    free(plain);
}
