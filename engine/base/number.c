#include "engine/base/number.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

static locale_t plain_locale;
static once_flag plain_locale_once = ONCE_FLAG_INIT;

static void make_plain_locale(void)
{
    plain_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

bool rnl_parse_number(const char *text, double *number)
{
    if (*text == '\0' || text[strspn(text, "+-0123456789.eE")] != '\0')
        return false;
    call_once(&plain_locale_once, make_plain_locale);
    char *end;
    *number = plain_locale ? strtod_l(text, &end, plain_locale) : strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}
