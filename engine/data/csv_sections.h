/*
 * Tables that ranks read together: each reads the records of a section of the file, and what is
 * known of all of them is exchanged.  Sections follow each other as ranks do:
 *
 *     header | records of rank 0 | records of rank 1 | ...
 */
#ifndef RNL_ENGINE_DATA_CSV_SECTIONS_H
#define RNL_ENGINE_DATA_CSV_SECTIONS_H

#include "engine/data/csv_table.h"

/* Bytes of the file, from the first byte of a record to before one. */
typedef struct rnl_csv_section {
    uint64_t begin, end;
} rnl_csv_section;

/* The tag of everything that ranks exchange about sections. */
enum { RNL_TAG_SECTIONS = 14 };

/* Brings all ranks together with a status each; after a failure none of them loads on. */
rnl_status rnl_csv_agree(const rnl_loading *loading, rnl_status status);

/* The section of this rank; the table stands behind its header. */
rnl_status rnl_csv_find_section(rnl_csv_section *section, const rnl_csv_table *t);

/* Reads the rows of a section, and calls the work on each of them. */
rnl_status rnl_csv_read_section(rnl_csv_table *t, rnl_csv_section section,
                                rnl_status (*take_row)(void *context), void *context);

/* Finds inputs that hold texts as rnl_csv_find_texts does, in the sections of all ranks. */
rnl_status rnl_csv_find_texts_sections(rnl_csv_table *t, rnl_csv_section section);

/* Measures the encoding as rnl_csv_measure does, on the sections of all ranks. */
rnl_status rnl_csv_measure_sections(rnl_csv_table *t, rnl_csv_section section);

/* Tests if records of a table can be read where they are; of one that is compressed they cannot. */
rnl_status rnl_csv_can_wait(bool *can, const char *path, const rnl_loading *loading);

/* Loads such a table by parts: targets and weights of all rows, and where their inputs are. */
rnl_status rnl_csv_load_sections(rnl_dataset *dataset, const rnl_csv_parameters *parameters,
                                 const rnl_loading *loading);

/* Reads the inputs of the rows that this rank holds. */
rnl_status rnl_csv_read_held(rnl_dataset *dataset, const rnl_csv_parameters *parameters,
                             const rnl_encoding *encoding);

#endif
