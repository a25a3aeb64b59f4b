#include "engine/data/caller_array.h"

#include "engine/base/number.h"
#include "engine/data/array.h"
#include "engine/data/row_shares.h"

#include <stdatomic.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

size_t rnl_type_bytes(rnl_type type)
{
    static const unsigned char bytes[] = {
        [RNL_TYPE_BOOL] = 1,    [RNL_TYPE_UINT8] = 1,   [RNL_TYPE_UINT16] = 2,
        [RNL_TYPE_UINT32] = 4,  [RNL_TYPE_UINT64] = 8,  [RNL_TYPE_INT8] = 1,
        [RNL_TYPE_INT16] = 2,   [RNL_TYPE_INT32] = 4,   [RNL_TYPE_INT64] = 8,
        [RNL_TYPE_FLOAT16] = 2, [RNL_TYPE_FLOAT32] = 4, [RNL_TYPE_FLOAT64] = 8,
    };
    return (unsigned)type < sizeof bytes ? bytes[type] : 0;
}

bool rnl_type_is_narrow(rnl_type type)
{
    return rnl_type_bytes(type) <= 2 || type == RNL_TYPE_FLOAT32;
}

#define LOAD(c_type)                                                                               \
    do {                                                                                           \
        c_type number;                                                                             \
        memcpy(&number, at, sizeof number);                                                        \
        return (double)number;                                                                     \
    } while (false)

static double half_at(const char *at)
{
    uint16_t bits;
    memcpy(&bits, at, sizeof bits);
    return rnl_half_of_bits(bits);
}

/* The type is known where this is inlined. */
ALWAYS_INLINE double number_at(rnl_type type, const char *at)
{
    switch (type) {
    case RNL_TYPE_BOOL:
        return *at != 0;
    case RNL_TYPE_UINT8:
        LOAD(uint8_t);
    case RNL_TYPE_UINT16:
        LOAD(uint16_t);
    case RNL_TYPE_UINT32:
        LOAD(uint32_t);
    case RNL_TYPE_UINT64:
        LOAD(uint64_t);
    case RNL_TYPE_INT8:
        LOAD(int8_t);
    case RNL_TYPE_INT16:
        LOAD(int16_t);
    case RNL_TYPE_INT32:
        LOAD(int32_t);
    case RNL_TYPE_INT64:
        LOAD(int64_t);
    case RNL_TYPE_FLOAT16:
        return half_at(at);
    case RNL_TYPE_FLOAT32:
        LOAD(float);
    case RNL_TYPE_FLOAT64:
        LOAD(double);
    }
    return 0;
}

/* Rows of a block: so few that their lines stay in L1 until all columns have read them, whether
 * rows or columns lie together. */
#define BLOCK 16

/* A block of rows into numbers of one type, column by column. */
#define WRITE_BLOCK(c_type)                                                                        \
    for (size_t c = 0; c < a->columns; ++c) {                                                      \
        c_type *const to = (c_type *)matrix + first * width + c;                                   \
        for (size_t r = 0; r < count; ++r)                                                         \
            to[r * width] =                                                                        \
                (c_type)number_at(type, from + a->offsets[c] + (ptrdiff_t)r * a->row_stride);      \
    }

ALWAYS_INLINE void read_block(const rnl_caller_array *a, rnl_type type, size_t first, size_t count,
                              rnl_element element, void *matrix, size_t width)
{
    const char *const from = a->first + (ptrdiff_t)first * a->row_stride;
    if ((type == RNL_TYPE_BOOL || type == RNL_TYPE_UINT8) && element == RNL_UINT8)
        WRITE_BLOCK(uint8_t)
    else if (element == RNL_FLOAT32)
        WRITE_BLOCK(float)
    else
        WRITE_BLOCK(double)
}

ALWAYS_INLINE bool block_is_narrow(const rnl_caller_array *a, rnl_type type, size_t first,
                                   size_t count)
{
    const char *const from = a->first + (ptrdiff_t)first * a->row_stride;
    bool narrow = true;
    for (size_t c = 0; c < a->columns; ++c)
        for (size_t r = 0; r < count; ++r) {
            const double number =
                number_at(type, from + a->offsets[c] + (ptrdiff_t)r * a->row_stride);
            narrow &= (double)(float)number == number;
        }
    return narrow;
}

/* Calls the function with each type as a constant, so that its loops know it: each that is not
 * narrow, or each of all. */
#define EACH_WIDE_TYPE(CASE)                                                                       \
    CASE(RNL_TYPE_UINT32)                                                                          \
    CASE(RNL_TYPE_UINT64)                                                                          \
    CASE(RNL_TYPE_INT32)                                                                           \
    CASE(RNL_TYPE_INT64)                                                                           \
    CASE(RNL_TYPE_FLOAT64)

#define EACH_TYPE(CASE)                                                                            \
    EACH_WIDE_TYPE(CASE)                                                                           \
    CASE(RNL_TYPE_BOOL)                                                                            \
    CASE(RNL_TYPE_UINT8)                                                                           \
    CASE(RNL_TYPE_UINT16)                                                                          \
    CASE(RNL_TYPE_INT8)                                                                            \
    CASE(RNL_TYPE_INT16)                                                                           \
    CASE(RNL_TYPE_FLOAT16)                                                                         \
    CASE(RNL_TYPE_FLOAT32)

#define READ_CASE(type)                                                                            \
    case type:                                                                                     \
        read_block(array, type, row, count, element, matrix, width);                               \
        break;

void rnl_caller_array_read(const rnl_caller_array *array, size_t first, size_t last,
                           rnl_element element, void *matrix, size_t width)
{
    for (size_t row = first; row < last; row += BLOCK) {
        const size_t count = rnl_least(BLOCK, last - row);
        switch (array->type) {
            EACH_TYPE(READ_CASE)
        }
    }
}

#define NARROW_CASE(type)                                                                          \
    case type:                                                                                     \
        narrow = block_is_narrow(array, type, row, count);                                         \
        break;

/* Tests if floats hold all numbers of these rows, which are of a type that is not narrow. */
static bool rows_are_narrow(const rnl_caller_array *array, size_t first, size_t last)
{
    bool narrow = true;
    for (size_t row = first; row < last && narrow; row += BLOCK) {
        const size_t count = rnl_least(BLOCK, last - row);
        switch (array->type) {
            EACH_WIDE_TYPE(NARROW_CASE)
        default:
            break;
        }
    }
    return narrow;
}

/* ---- all rows -------------------------------------------------------------------------------- */

typedef struct search {
    const rnl_caller_array *array;
    atomic_bool wide; /* a number was found that float does not hold */
} search;

static void search_rows(size_t first, size_t last, void *context)
{
    enum { AT_A_TIME = 4096 };
    search *s = context;
    for (size_t row = first; row < last && !atomic_load(&s->wide); row += AT_A_TIME)
        if (!rows_are_narrow(s->array, row, rnl_least(row + AT_A_TIME, last)))
            atomic_store(&s->wide, true);
}

static size_t bytes_of(const rnl_caller_array *array)
{
    return array->rows * array->columns * rnl_type_bytes(array->type);
}

rnl_element rnl_caller_array_element(const rnl_caller_array *array)
{
    search s = {.array = array};
    if (array->type == RNL_TYPE_BOOL || array->type == RNL_TYPE_UINT8)
        return RNL_UINT8;
    if (rnl_type_is_narrow(array->type))
        return RNL_FLOAT32;
    rnl_share_rows(array->rows, bytes_of(array), search_rows, &s);
    return atomic_load(&s.wide) ? RNL_FLOAT64 : RNL_FLOAT32;
}

typedef struct reading {
    const rnl_caller_array *array;
    rnl_element element;
    void *matrix;
} reading;

static void read_rows(size_t first, size_t last, void *context)
{
    const reading *r = context;
    rnl_caller_array_read(r->array, first, last, r->element, r->matrix, r->array->columns);
}

void rnl_caller_array_read_all(const rnl_caller_array *array, rnl_element element, void *matrix)
{
    rnl_share_rows(array->rows, bytes_of(array), read_rows, &(reading){array, element, matrix});
}
