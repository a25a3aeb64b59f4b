/*
 * Numbers in text, bit for bit against strtod: short ones, which are parsed here, and others.
 */
#include "engine/base/number.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_bits(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Up to 20 digits with a point among them, or before, behind or without it. */
static void make_number(char text[32], uint64_t *state)
{
    const size_t digits = 1 + random_bits(state) % 20, point = random_bits(state) % (digits + 3);
    size_t length = 0;
    if (random_bits(state) % 3 == 0)
        text[length++] = random_bits(state) % 2 ? '-' : '+';
    for (size_t i = 0; i <= digits; ++i) {
        if (i == point)
            text[length++] = '.';
        if (i < digits)
            text[length++] = (char)('0' + random_bits(state) % 10);
    }
    text[length] = '\0';
}

static void expect_as_strtod(const char *text)
{
    double number = -1;
    const double expected = strtod(text, NULL);
    cr_expect(rnl_parse_number(text, &number), "%s", text);
    cr_expect(memcmp(&number, &expected, sizeof number) == 0, "%s: %a, not %a", text, number,
              expected);
}

Test(number, is_that_of_strtod)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "+0.0",
                                        "5.",
                                        ".5",
                                        "-.25",
                                        "1e-3",
                                        "12E+2",
                                        "0.000000000000001",
                                        "999999999999999",
                                        "9007199254740993",
                                        "1e308",
                                        "00000000000000000000012.5",
                                        "5e-324"};
    char text[32];
    uint64_t state = 1;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i)
        expect_as_strtod(texts[i]);
    for (size_t i = 0; i < 100000; ++i) {
        make_number(text, &state);
        expect_as_strtod(text);
    }
}

Test(number, is_refused_where_it_is_none)
{
    static const char *const texts[] = {"",   "-",  ".",   "+.",  "1.2.3", "1 ",
                                        " 1", "1e", "0x1", "nan", "1e309", "--1",
                                        "1-", "e5", "1,5", "inf", "12a"};
    double number;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i)
        cr_expect(!rnl_parse_number(texts[i], &number), "%s", texts[i]);
}
