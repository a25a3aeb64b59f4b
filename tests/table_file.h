/*
 * A table in a temporary file, and models of one dense layer for it.
 */
#ifndef RNL_TESTS_TABLE_FILE_H
#define RNL_TESTS_TABLE_FILE_H

#include "engine/data/dataset.h"
#include "engine/model/model.h"

/* Losses. */
extern const char table_classes[], table_squares[], table_binary[];

extern char table_path[];

/* For the init and fini of a suite. */
void table_enter(void);
void table_leave(void);

void table_write(const char *text);
void table_write_bytes(const void *bytes, size_t count);

/* These words are in rnl_message(). */
void table_expect_message(const char *words);

/* A configuration with these keys of the format, and as many outputs. */
rnl_config *table_configure(const char *keys, size_t units, const char *loss);

/* The training rows of a table with this text. */
rnl_data *table_load(const char *text, const char *keys, const char *loss);

/* Inputs (rows, features) of a table with this text. */
void table_expect_inputs(const char *text, const char *keys, size_t rows, size_t features,
                         const float *expected);

/* A table with this text is refused with a message that has these words. */
void table_expect_refused(const char *text, const char *keys, const char *loss, const char *words);

#endif
