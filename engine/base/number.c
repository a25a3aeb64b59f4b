#include "engine/base/number.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

static locale_t plain_locale;
static once_flag plain_locale_once = ONCE_FLAG_INIT;

static void make_plain_locale(void)
{
    plain_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Parses "-12.5", of up to 15 digits: doubles hold them and the power of ten without rounding, so
 * their quotient is rounded once, as strtod rounds (Clinger 1990). */
static bool parse_short(const char *text, double *number)
{
    enum { MOST_DIGITS = 15 };
    static const double powers[MOST_DIGITS + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *const first = text + (*text == '-' || *text == '+');
    const char *p = first, *point = NULL;
    uint64_t digits = 0;
    for (; is_digit(*p) || (*p == '.' && !point); ++p)
        if (*p == '.')
            point = p;
        else
            digits = 10 * digits + (uint64_t)(*p - '0');
    const ptrdiff_t count = p - first - (point != NULL);
    if (*p != '\0' || count < 1 || count > MOST_DIGITS)
        return false;
    const double value = (double)digits / powers[point ? p - point - 1 : 0];
    *number = *text == '-' ? -value : value;
    return true;
}

bool rnl_parse_number(const char *text, double *number)
{
    if (parse_short(text, number))
        return true;
    if (*text == '\0' || text[strspn(text, "+-0123456789.eE")] != '\0')
        return false;
    call_once(&plain_locale_once, make_plain_locale);
    char *end;
    *number = plain_locale ? strtod_l(text, &end, plain_locale) : strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}
