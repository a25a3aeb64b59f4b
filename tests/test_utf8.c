/*
 * Well-formed UTF-8, against the decoder of another library over all texts of up to four bytes of
 * the kinds that matter.
 */
#include "engine/base/utf8.h"

#include <criterion/criterion.h>
#include <jansson.h>

static bool is_json(const char *text)
{
    json_t *string = json_string(text);
    json_decref(string);
    return string != NULL;
}

/* Bytes at the ends of all ranges of the table. */
static const unsigned char bytes[] = {
    0x01, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0,
    0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xfc, 0xfe, 0xff,
};
#define BYTES (sizeof bytes)

Test(utf8, agrees_with_another_decoder)
{
    size_t good = 0;
    for (size_t i = 0; i < BYTES * BYTES * BYTES * BYTES; ++i) {
        const unsigned char text[] = {bytes[i % BYTES], bytes[i / BYTES % BYTES],
                                      bytes[i / BYTES / BYTES % BYTES],
                                      bytes[i / BYTES / BYTES / BYTES], 0};
        const bool is = rnl_is_utf8((const char *)text);
        good += is;
        cr_assert_eq(is, is_json((const char *)text), "%02x %02x %02x %02x", text[0], text[1],
                     text[2], text[3]);
        cr_assert_eq(rnl_is_utf8((const char *)text + 2), is_json((const char *)text + 2));
    }
    cr_expect_gt(good, 500);
    cr_expect(rnl_is_utf8(""));
}
