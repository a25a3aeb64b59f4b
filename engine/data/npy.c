/*
 * NumPy's .npy: "\x93NUMPY", a version, the length of the header, the header, the elements.  The
 * header is a Python literal, {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, of
 * exactly these keys (NEP 1).  Plain or compressed by gzip.
 */
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/data/array.h"
#include "engine/data/content.h"
#include "engine/data/formats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC        RNL_NPY_MAGIC
#define MAGIC_LENGTH RNL_NPY_MAGIC_LENGTH
#define HEADER_LIMIT 65536

/* What remains of the header. */
typedef struct scanner {
    const char *path;
    const char *at;
} scanner;

static rnl_status fail_header(const scanner *s, const char *expected)
{
    const char *found = s->at + strspn(s->at, " \n");
    const bool quoted = *found == '\'';
    found += quoted;
    const int length = (int)rnl_least(quoted ? strcspn(found, "'") : strlen(found), 30);
    return rnl_fail(RNL_BAD_DATA, "%s: header of the .npy file: expected %s, got '%.*s'", s->path,
                    expected, length, found);
}

static bool take(scanner *s, const char *text)
{
    s->at += strspn(s->at, " \n");
    const size_t length = strlen(text);
    if (strncmp(s->at, text, length) != 0)
        return false;
    s->at += length;
    return true;
}

/* A word in single quotes, of at most `size` - 1 characters. */
static bool take_word(scanner *s, char *word, size_t size)
{
    if (!take(s, "'"))
        return false;
    const size_t length = strcspn(s->at, "'");
    if (s->at[length] != '\'' || length >= size)
        return false;
    memcpy(word, s->at, length);
    word[length] = '\0';
    s->at += length + 1;
    return true;
}

/* '<f4': byte order, kind, size. */
static rnl_status take_type(scanner *s, rnl_number_type *type)
{
    static const struct {
        char kind;
        rnl_number number;
        size_t size;
        const char *name;
    } types[] = {
        {'b', RNL_UNSIGNED, 1, "bool"},    {'u', RNL_UNSIGNED, 1, "uint8"},
        {'u', RNL_UNSIGNED, 2, "uint16"},  {'u', RNL_UNSIGNED, 4, "uint32"},
        {'u', RNL_UNSIGNED, 8, "uint64"},  {'i', RNL_SIGNED, 1, "int8"},
        {'i', RNL_SIGNED, 2, "int16"},     {'i', RNL_SIGNED, 4, "int32"},
        {'i', RNL_SIGNED, 8, "int64"},     {'f', RNL_FLOATING, 2, "float16"},
        {'f', RNL_FLOATING, 4, "float32"}, {'f', RNL_FLOATING, 8, "float64"},
    };
    const scanner before = *s;
    char word[8];
    if (!take_word(s, word, sizeof word) || strlen(word) != 3 || !strchr("<>|=", word[0]))
        return fail_header(&before, "a type such as '<f4'");
    for (size_t i = 0; i < sizeof types / sizeof *types; ++i)
        if (types[i].kind == word[1] && types[i].size == (size_t)(word[2] - '0')) {
            *type =
                (rnl_number_type){types[i].number, types[i].size, word[0] == '>', types[i].name};
            return RNL_OK;
        }
    return fail_header(&before, "a type of whole or floating-point numbers");
}

/* (3, 4) or (3,) */
static rnl_status take_shape(scanner *s, rnl_array *array)
{
    if (!take(s, "("))
        return fail_header(s, "a shape such as (3, 4)");
    while (!take(s, ")")) {
        char *end;
        const scanner before = *s;
        s->at += strspn(s->at, " ");
        const unsigned long long size = strtoull(s->at, &end, 10);
        if (end == s->at || *s->at == '-' || *s->at == '+')
            return fail_header(&before, "a whole number");
        if (array->rank == RNL_MAX_RANK)
            return fail_header(&before, "at most 8 dimensions");
        array->shape[array->rank++] = size;
        s->at = end;
        if (!take(s, ",") && *s->at != ')')
            return fail_header(s, "',' or ')'");
    }
    return array->rank > 0 ? RNL_OK : fail_header(s, "at least one dimension");
}

static rnl_status take_order(scanner *s, bool *first_index_fastest)
{
    *first_index_fastest = take(s, "True");
    return *first_index_fastest || take(s, "False") ? RNL_OK : fail_header(s, "True or False");
}

static rnl_status take_entry(scanner *s, rnl_array *array, unsigned *seen)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    const scanner before = *s;
    char key[32];
    size_t index = 0;
    if (!take_word(s, key, sizeof key) || !take(s, ":"))
        return fail_header(&before, "a key in quotes");
    while (index < 3 && strcmp(keys[index], key) != 0)
        ++index;
    if (index == 3 || *seen & 1u << index)
        return fail_header(&before, "each of descr, fortran_order and shape once");
    *seen |= 1u << index;
    return index == 0   ? take_type(s, &array->type)
           : index == 1 ? take_order(s, &array->first_index_fastest)
                        : take_shape(s, array);
}

static rnl_status parse_header(rnl_array *array, const char *header)
{
    scanner s = {array->path, header};
    unsigned seen = 0;
    if (!take(&s, "{"))
        return fail_header(&s, "'{'");
    while (!take(&s, "}")) {
        RNL_TRY(take_entry(&s, array, &seen));
        if (!take(&s, ",") && *s.at != '}')
            return fail_header(&s, "',' or '}'");
    }
    take(&s, "");
    if (seen != 7 || *s.at != '\0')
        return fail_header(&s, "descr, fortran_order and shape, and nothing else");
    return RNL_OK;
}

static rnl_status read_bytes(const rnl_input_stream *stream, void *bytes, size_t count)
{
    size_t got;
    RNL_TRY(rnl_stream_read(stream, bytes, count, &got));
    return got == count ? RNL_OK
                        : rnl_fail(RNL_BAD_DATA,
                                   "%s: expected %zu more bytes of the header of a .npy file, got "
                                   "%zu",
                                   stream->path, count, got);
}

/* The bytes before the elements. */
static rnl_status read_header(rnl_array *array, const rnl_input_stream *stream, uint64_t *bytes)
{
    unsigned char start[12] = {0};
    char header[HEADER_LIMIT + 1];
    RNL_TRY(read_bytes(stream, start, 10));
    const bool begins_well = memcmp(start, MAGIC, MAGIC_LENGTH) == 0;
    const char *other = begins_well ? NULL : rnl_content_name(start, 10);
    if (!begins_well || start[6] < 1 || start[6] > 3)
        return rnl_fail(RNL_BAD_DATA, "%s: expected a .npy file of version 1 to 3%s%s", array->path,
                        other ? ", got " : "", other ? other : "");
    size_t length = (size_t)start[8] | (size_t)start[9] << 8;
    *bytes = 10;
    if (start[6] > 1) {
        *bytes = 12;
        RNL_TRY(read_bytes(stream, start + 10, 2));
        length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
    }
    if (length > HEADER_LIMIT)
        return rnl_fail(RNL_BAD_DATA, "%s: expected a header of at most %d bytes, got %zu",
                        array->path, HEADER_LIMIT, length);
    RNL_TRY(read_bytes(stream, header, length));
    header[length] = '\0';
    *bytes += length;
    return parse_header(array, header);
}

static rnl_status load(rnl_dataset *dataset, const void *parameters, const rnl_loading *loading)
{
    return rnl_array_load(dataset, read_header, parameters, loading);
}

static rnl_status read_held(rnl_dataset *dataset, const void *parameters,
                            const rnl_encoding *encoding)
{
    (void)encoding;
    return rnl_array_read_held(dataset, read_header, parameters);
}

static bool add_need(rnl_data_need *need, const void *parameters, const rnl_loading *loading)
{
    return rnl_array_add_need(need, read_header, parameters, loading);
}

const rnl_data_format rnl_npy_format = {
    .add_need = add_need, .load = load, .read_held = read_held, .list_files = rnl_array_list_files};
