/*
 * A row of a table that comes as texts, not from a file: its cells become the numbers that they
 * would become there.
 */
#ifndef RNL_ENGINE_DATA_ROW_READER_H
#define RNL_ENGINE_DATA_ROW_READER_H

#include "engine/data/encoding.h"
#include "engine/data/formats.h"

typedef struct rnl_row_reader {
    rnl_encoding encoding;
    rnl_text_index names; /* of the inputs' columns */
    size_t *places;       /* (columns) of the first number that each becomes */
    size_t features;
    rnl_text_index missing; /* texts that stand for a missing cell */
    bool fills;             /* missing cells are filled */
    char decimal;
} rnl_row_reader;

/* All that the reader needs is copied.  Released also after a failure. */
rnl_status rnl_row_reader_create(rnl_row_reader *reader, const rnl_encoding *encoding,
                                 const rnl_csv_parameters *table);
void rnl_row_reader_release(rnl_row_reader *reader);

/* As rnl_predictor_read_row does.  Allocates nothing. */
rnl_status rnl_row_reader_read(const rnl_row_reader *reader, const char *const *names,
                               const char *const *cells, size_t count, double *row);

#endif
