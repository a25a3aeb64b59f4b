/*
 * Inputs that have the answer by other words: one for each class, and another for each.
 */
#ifndef RNL_ENGINE_DATA_CSV_RENAMING_H
#define RNL_ENGINE_DATA_CSV_RENAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Classes up to which columns are compared. */
#define RNL_CSV_CLASSES 16

typedef struct rnl_csv_renaming {
    uint64_t words[RNL_CSV_CLASSES]; /* digest of each class's cell; 0: none was seen */
    bool broken;                     /* a class has two cells, or two classes have one */
} rnl_csv_renaming;

typedef struct rnl_csv_renamings {
    size_t classes; /* seen; above RNL_CSV_CLASSES: too many */
    uint64_t names[RNL_CSV_CLASSES];
    rnl_csv_renaming columns[];
} rnl_csv_renamings;

/* Freed with free; NULL: no memory.  All 0 where no row was added. */
rnl_csv_renamings *rnl_csv_renamings_create(size_t columns);
size_t rnl_csv_renamings_bytes(size_t columns);

/* Finds or adds the class of a row. */
size_t rnl_csv_renamings_class(rnl_csv_renamings *r, const char *name);

/* Adds a cell of a row of that class. */
void rnl_csv_renamings_add(rnl_csv_renamings *r, size_t column, size_t class, const char *cell);

/* Adds what other rows have shown. */
void rnl_csv_renamings_join(rnl_csv_renamings *r, const rnl_csv_renamings *other, size_t columns);

/* Tests if the column has another word for each class. */
bool rnl_csv_renamings_hold(const rnl_csv_renamings *r, size_t column);

#endif
