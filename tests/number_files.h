/*
 * Arrays (count, 1) of numbers in files of types that hold more digits than a float.
 */
#ifndef RNL_TESTS_NUMBER_FILES_H
#define RNL_TESTS_NUMBER_FILES_H

#include <stddef.h>

typedef enum number_kind { FLOAT64, INT64, INT32 } number_kind;

void number_file_npy(const char *path, const double *numbers, size_t count, number_kind kind);

/* Fewer than 65536; IDX has no INT64. */
void number_file_idx(const char *path, const double *numbers, size_t count, number_kind kind);

#endif
