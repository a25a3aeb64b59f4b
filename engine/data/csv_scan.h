/*
 * Beginnings of a table's records, found without reading their cells: a line feed in a quoted cell
 * ends no record.
 */
#ifndef RNL_ENGINE_DATA_CSV_SCAN_H
#define RNL_ENGINE_DATA_CSV_SCAN_H

#include "engine/data/csv_reader.h"

/* Lines of a file.  The lines before tell if they begin within a quoted cell: what follows
 * is told for both cases, [0] if they begin a record, [1] if they begin within quotes. */
typedef struct rnl_csv_stretch {
    uint64_t begin, end; /* bytes; of whole lines */
    uint64_t record[2];  /* where the first record begins; `end` if none does */
    uint64_t quoted[2];  /* 1 if the lines behind begin within quotes */
} rnl_csv_stretch;

/* Looks at the lines that begin in bytes `from` to `to` - 1; `first`: there is one at `from`.  The
 * file is plain. */
rnl_status rnl_csv_scan(rnl_csv_stretch *stretch, const rnl_csv_reader *reader, uint64_t from,
                        uint64_t to, bool first);

#endif
