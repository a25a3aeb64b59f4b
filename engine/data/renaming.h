/*
 * Finds input columns that have one word for each class of the target, and for no two the same.
 */
#ifndef RNL_ENGINE_DATA_RENAMING_H
#define RNL_ENGINE_DATA_RENAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Classes up to which columns are compared. */
#define RNL_RENAMED_CLASSES 16

typedef struct rnl_renaming {
    uint64_t words[RNL_RENAMED_CLASSES]; /* digest of each class's cell; 0: none was seen */
    bool broken;                         /* a class has two cells, or two classes have one */
} rnl_renaming;

typedef struct rnl_renamings {
    size_t classes; /* seen; above RNL_RENAMED_CLASSES: too many */
    uint64_t names[RNL_RENAMED_CLASSES];
    rnl_renaming columns[];
} rnl_renamings;

/* Freed with free; NULL: no memory.  All 0 where no row was added. */
rnl_renamings *rnl_renamings_create(size_t columns);
size_t rnl_renamings_bytes(size_t columns);

/* A text's digest, which is never 0. */
uint64_t rnl_renaming_word(const char *text);

/* Finds or adds the class of a row, by its digest. */
size_t rnl_renamings_class(rnl_renamings *r, uint64_t name);

/* Adds a cell of a row of that class. */
void rnl_renamings_add(rnl_renamings *r, size_t column, size_t class, uint64_t cell);

/* Adds what other rows have shown. */
void rnl_renamings_join(rnl_renamings *r, const rnl_renamings *other, size_t columns);

/* Tests if the column has another word for each class. */
bool rnl_renamings_hold(const rnl_renamings *r, size_t column);

#endif
