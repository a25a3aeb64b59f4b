/*
 * Comma-separated values (RFC 4180): records of cells, in quotes or not, plain or compressed by
 * gzip.  A byte order mark, either kind of line end, and lines without a character are accepted;
 * spaces around a cell without quotes are not part of it.  Cells may also be separated by runs of
 * blanks.
 */
#ifndef RNL_ENGINE_DATA_CSV_READER_H
#define RNL_ENGINE_DATA_CSV_READER_H

#include "engine/storage/input_stream.h"

typedef struct rnl_csv_cell {
    const char *text;
    size_t begin;        /* of the text within the record's */
    size_t line, column; /* from 1; in bytes */
} rnl_csv_cell;

/* The delimiter for any number of spaces and tabs. */
#define RNL_CSV_BLANKS     '\0'
#define RNL_CSV_WHITESPACE "whitespace" /* its name in configurations */

typedef struct rnl_csv_reader {
    rnl_input_stream stream;
    char delimiter;
    bool keeps_empty_lines; /* as records of one empty cell, as a table of one column needs */
    size_t line, column;    /* of the next byte; */
    uint64_t counted_from;  /* lines before this byte of the file are not counted */
    char *buffer;           /* what was read ahead */
    size_t next, end;       /* offsets in the buffer */
    uint64_t read, limit;   /* bytes of the file up to the buffer's end, and to be read at most */
    uint64_t begin;         /* byte of the file where the first line of the record at hand begins */
    char *text;             /* the record's text: each cell ends with a 0 byte */
    size_t length, capacity;
    size_t count, cell_capacity;
    rnl_csv_cell *cells; /* (count) of the record at hand; valid until the next one is read */
} rnl_csv_reader;

rnl_status rnl_csv_open(rnl_csv_reader *reader, const char *path, char delimiter);
/* May be called twice. */
void rnl_csv_close(rnl_csv_reader *reader);

/* The byte of the file, when it is decompressed, that comes next. */
uint64_t rnl_csv_offset(const rnl_csv_reader *reader);

/* Goes to a record's first byte; the file ends before byte `limit`. */
rnl_status rnl_csv_seek(rnl_csv_reader *reader, uint64_t begin, uint64_t limit);

/* Returns the lines of the file before those that the reader has counted. */
size_t rnl_csv_lines_before(const rnl_csv_reader *reader);

/* Reads a record; `count` is 0 at the end of the file. */
rnl_status rnl_csv_next(rnl_csv_reader *reader);

/* RNL_BAD_DATA with "path:line:column: " before the formatted message. */
rnl_status rnl_csv_fail(const rnl_csv_reader *reader, size_t line, size_t column,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
