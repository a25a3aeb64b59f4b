/*
 * The grammar of formulas, by recursive descent:
 *
 *     formula:    sum [('<' | '<=' | '>' | '>=' | '==' | '!=') sum]
 *     sum:        product {('+' | '-') product}
 *     product:    signed {('*' | '/') signed}
 *     signed:     ('-' | '+') signed | power
 *     power:      primary ['^' signed]
 *     primary:    number | name | name '(' formula {',' formula} ')' | '(' formula ')'
 */
#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/schema/formula.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64 /* of brackets, signs and powers within each other */
#define MAX_NAMES 40

typedef struct function {
    const char *name;
    rnl_operator op;
} function;

static const function functions[] = {
    {"min", RNL_OP_MINIMUM}, {"max", RNL_OP_MAXIMUM},     {"exp", RNL_OP_EXP},
    {"log", RNL_OP_LOG},     {"sqrt", RNL_OP_SQRT},       {"cos", RNL_OP_COS},
    {"sin", RNL_OP_SIN},     {"floor", RNL_OP_FLOOR},     {"abs", RNL_OP_ABS},
    {"tanh", RNL_OP_TANH},   {"sigmoid", RNL_OP_SIGMOID}, {"if", RNL_OP_CHOOSE},
};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

typedef struct parser {
    rnl_formula *formula;
    const char *key;
    const char *const *names;
    const char *next; /* in the formula's text */
    int depth;
} parser;

static rnl_status parse_formula(parser *p, size_t *value);
static rnl_status parse_signed(parser *p, size_t *value);

/* ---- messages -------------------------------------------------------------------------------- */

static rnl_status fail(const parser *p, const char *at, const char *what, const char *hint)
{
    return rnl_fail_at(p->formula->place, "%s: %s, at character %zu of \"%.200s\"%s", p->key, what,
                       (size_t)(at - p->formula->text) + 1, p->formula->text, hint);
}

/* A bracket that a comma within braces of YAML has cut off. */
static rnl_status fail_at_next(const parser *p, const char *expected)
{
    char found[160];
    const bool end = *p->next == '\0';
    snprintf(found, sizeof found, "expected %s, got %s%.1s%s", expected, end ? "the end" : "'",
             p->next, end ? "" : "'");
    return fail(p, p->next, found,
                end ? "; within braces of YAML, a formula with commas stands in quotes" : "");
}

/* ---- words ----------------------------------------------------------------------------------- */

static void skip_blanks(parser *p)
{
    p->next += strspn(p->next, " \t\n\r");
}

/* Where the next word begins. */
static const char *begin(parser *p)
{
    skip_blanks(p);
    return p->next;
}

static bool take(parser *p, const char *symbol)
{
    const size_t length = strlen(symbol);
    if (strncmp(begin(p), symbol, length) != 0)
        return false;
    p->next += length;
    return true;
}

static size_t number_length(const char *text)
{
    size_t length = strspn(text, "0123456789");
    if (text[length] == '.')
        length += 1 + strspn(text + length + 1, "0123456789");
    if (text[length] == 'e' || text[length] == 'E') {
        const size_t sign = text[length + 1] == '-' || text[length + 1] == '+';
        const size_t digits = strspn(text + length + 1 + sign, "0123456789");
        length += digits > 0 ? 1 + sign + digits : 0;
    }
    return length;
}

/* Adds what was read since `at`, without blanks behind it. */
static size_t add(parser *p, const char *at, rnl_operation operation)
{
    const char *end = p->next;
    while (end > at && strchr(" \t\n\r", end[-1]))
        --end;
    operation.begin = (uint16_t)(at - p->formula->text);
    operation.length = (uint16_t)(end - at);
    return rnl_formula_add(p->formula, operation);
}

static size_t add_operator(parser *p, const char *at, rnl_operator op, size_t a, size_t b, size_t c)
{
    return add(p, at, (rnl_operation){op, {(uint16_t)a, (uint16_t)b, (uint16_t)c}, .number = 0});
}

static rnl_status parse_number(parser *p, size_t *value)
{
    char digits[64];
    double number;
    const size_t length = number_length(p->next);
    if (length >= sizeof digits)
        return fail(p, p->next, "expected a number of at most 63 characters", "");
    memcpy(digits, p->next, length);
    digits[length] = '\0';
    if (!rnl_parse_number(digits, &number))
        return fail(p, p->next, "expected a number", "");
    const char *at = p->next;
    p->next += length;
    *value = add(p, at, (rnl_operation){.number = number});
    return RNL_OK;
}

/* ---- names ----------------------------------------------------------------------------------- */

static rnl_status fail_unknown(const parser *p, const char *at, const char *name)
{
    const char *candidates[MAX_NAMES];
    char what[600];
    size_t count = 0;
    for (const char *const *known = p->names; *known && count < MAX_NAMES - FUNCTIONS - 1; ++known)
        candidates[count++] = *known;
    const size_t variables = count;
    candidates[count++] = "pi";
    for (size_t i = 0; i < FUNCTIONS; ++i)
        candidates[count++] = functions[i].name;
    const char *nearest = rnl_nearest(name, candidates, count);
    char hint[80] = "";
    int length = snprintf(what, sizeof what, "unknown name '%.40s'", name);
    if (nearest)
        snprintf(hint, sizeof hint, "; did you mean %s?", nearest);
    for (size_t i = 0; !nearest && i < count; ++i)
        length += snprintf(what + length, sizeof what - (size_t)length, "%s%s",
                           i == 0           ? ": expected "
                           : i == variables ? ", or "
                                            : ", ",
                           candidates[i]);
    return fail(p, at, what, hint);
}

static const function *find_function(const char *name)
{
    for (size_t i = 0; i < FUNCTIONS; ++i)
        if (strcmp(functions[i].name, name) == 0)
            return &functions[i];
    return NULL;
}

/* The operands of a function, in brackets. */
static rnl_status parse_operands(parser *p, const char *at, const function *f, size_t *value)
{
    const unsigned count = rnl_operator_takes(f->op);
    size_t operands[3] = {0};
    char expected[80];
    if (!take(p, "("))
        return fail_at_next(p, "'(' behind a function");
    for (unsigned i = 0; i < count; ++i) {
        snprintf(expected, sizeof expected, "',' and %u operands of %s in all", count, f->name);
        if (i > 0 && !take(p, ","))
            return fail_at_next(p, expected);
        RNL_TRY(parse_formula(p, &operands[i]));
    }
    snprintf(expected, sizeof expected, "')' behind the operand%s of %s", count > 1 ? "s" : "",
             f->name);
    if (!take(p, ")"))
        return fail_at_next(p, expected);
    *value = add_operator(p, at, f->op, operands[0], operands[1], operands[2]);
    return RNL_OK;
}

static rnl_status parse_name(parser *p, size_t *value)
{
    char name[64];
    const char *at = p->next;
    size_t length = 0;
    while (isalnum((unsigned char)at[length]) || at[length] == '_')
        ++length;
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name), at);
    p->next += length;
    const function *f = find_function(name);
    if (f)
        return parse_operands(p, at, f, value);
    for (size_t i = 0; p->names[i]; ++i)
        if (strcmp(p->names[i], name) == 0) {
            *value = add_operator(p, at, RNL_OP_NAME, i, 0, 0);
            return RNL_OK;
        }
    if (strcmp(name, "pi") != 0)
        return fail_unknown(p, at, name);
    *value = add(p, at, (rnl_operation){.number = 0x1.921fb54442d18p+1});
    return RNL_OK;
}

/* ---- the grammar ----------------------------------------------------------------------------- */

static rnl_status parse_primary(parser *p, size_t *value)
{
    if (isdigit((unsigned char)*begin(p)) || *p->next == '.')
        return parse_number(p, value);
    if (isalpha((unsigned char)*p->next) || *p->next == '_')
        return parse_name(p, value);
    if (!take(p, "("))
        return fail_at_next(p, "a number, a name or '('");
    RNL_TRY(parse_formula(p, value));
    return take(p, ")") ? RNL_OK : fail_at_next(p, "')'");
}

static rnl_status parse_power(parser *p, size_t *value)
{
    size_t exponent;
    const char *at = begin(p);
    RNL_TRY(parse_primary(p, value));
    if (take(p, "**"))
        return fail(p, p->next - 2, "expected a^b for a power, got **", "");
    if (!take(p, "^"))
        return RNL_OK;
    RNL_TRY(parse_signed(p, &exponent));
    *value = add_operator(p, at, RNL_OP_POWER, *value, exponent, 0);
    return RNL_OK;
}

/* All that holds others within itself comes by here. */
static rnl_status parse_signed(parser *p, size_t *value)
{
    rnl_status status;
    const char *at = begin(p);
    if (++p->depth > MAX_DEPTH)
        return fail(p, p->next, "expected no more than 64 levels within each other", "");
    if (take(p, "-")) {
        status = parse_signed(p, value);
        *value = status == RNL_OK ? add_operator(p, at, RNL_OP_NEGATE, *value, 0, 0) : 0;
    } else {
        status = take(p, "+") ? parse_signed(p, value) : parse_power(p, value);
    }
    --p->depth;
    return status;
}

static rnl_status parse_product(parser *p, size_t *value)
{
    size_t other;
    const char *at = begin(p);
    RNL_TRY(parse_signed(p, value));
    for (;;) {
        const bool divides = take(p, "/");
        if (!divides && !take(p, "*"))
            return RNL_OK;
        RNL_TRY(parse_signed(p, &other));
        *value = add_operator(p, at, divides ? RNL_OP_DIVIDE : RNL_OP_MULTIPLY, *value, other, 0);
    }
}

static rnl_status parse_sum(parser *p, size_t *value)
{
    size_t other;
    const char *at = begin(p);
    RNL_TRY(parse_product(p, value));
    for (;;) {
        const bool subtracts = take(p, "-");
        if (!subtracts && !take(p, "+"))
            return RNL_OK;
        RNL_TRY(parse_product(p, &other));
        *value = add_operator(p, at, subtracts ? RNL_OP_SUBTRACT : RNL_OP_ADD, *value, other, 0);
    }
}

/* `a > b` is `b < a`. */
static rnl_status parse_formula(parser *p, size_t *value)
{
    static const struct {
        const char *symbol;
        rnl_operator op;
        bool turned;
    } comparisons[] = {
        {"<=", RNL_OP_AT_MOST, false}, {"<", RNL_OP_LESS, false},   {">=", RNL_OP_AT_MOST, true},
        {">", RNL_OP_LESS, true},      {"==", RNL_OP_EQUAL, false}, {"!=", RNL_OP_UNEQUAL, false},
    };
    size_t other;
    const char *at = begin(p);
    RNL_TRY(parse_sum(p, value));
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; ++i) {
        if (!take(p, comparisons[i].symbol))
            continue;
        RNL_TRY(parse_sum(p, &other));
        *value = comparisons[i].turned ? add_operator(p, at, comparisons[i].op, other, *value, 0)
                                       : add_operator(p, at, comparisons[i].op, *value, other, 0);
        break;
    }
    return RNL_OK;
}

static rnl_status parse(parser *p)
{
    if (strlen(p->formula->text) > RNL_FORMULA_TEXT)
        return rnl_fail_at(p->formula->place, "%s: expected a formula of at most %d bytes, got %zu",
                           p->key, RNL_FORMULA_TEXT, strlen(p->formula->text));
    RNL_TRY(parse_formula(p, &p->formula->value));
    if (*begin(p))
        return fail_at_next(p, "an operator or the end");
    if (p->formula->full)
        return rnl_fail_at(p->formula->place, "%s: expected a formula of at most %d operations",
                           p->key, RNL_FORMULA_OPERATIONS);
    return RNL_OK;
}

rnl_status rnl_formula_parse(rnl_formula **formula, const char *text, rnl_place place,
                             const char *key, const char *const *names)
{
    rnl_formula *made = calloc(1, sizeof *made);
    char *copy = strdup(text);
    if (!made || !copy) {
        free(made);
        free(copy);
        return rnl_fail_memory(sizeof *made);
    }
    made->text = copy;
    made->place = place;
    parser p = {.formula = made, .key = key, .names = names, .next = copy};
    const rnl_status status = parse(&p);
    if (status != RNL_OK) {
        rnl_formula_free(made);
        return status;
    }
    *formula = made;
    return RNL_OK;
}

void rnl_formula_free(rnl_formula *formula)
{
    if (!formula)
        return;
    free(formula->text);
    free(formula->compiled);
    free(formula);
}
