/*
 * A file of each data format, with the same numbers, in a temporary directory.
 */
#ifndef RNL_BENCHMARKS_FORMAT_FILES_H
#define RNL_BENCHMARKS_FORMAT_FILES_H

#include "runnel/runnel.h"

/* CSV, .npy of float32, IDX of bytes. */
enum { RNL_FILE_FORMATS = 3 };

typedef struct rnl_format_files {
    char directory[64]; /* "": none */
    double bytes[RNL_FILE_FORMATS];
} rnl_format_files;

/* Rows of 28 inputs and a class. */
rnl_status rnl_format_files_write(rnl_format_files *files, size_t rows);
void rnl_format_files_remove(rnl_format_files *files);

const char *rnl_format_files_name(size_t format);

/* A configuration that reads the file, as YAML to be freed; NULL if memory ran out. */
char *rnl_format_files_config(const rnl_format_files *files, size_t format);

#endif
