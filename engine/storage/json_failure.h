/*
 * Why a JSON text was not read.
 */
#ifndef RNL_ENGINE_STORAGE_JSON_FAILURE_H
#define RNL_ENGINE_STORAGE_JSON_FAILURE_H

#include <jansson.h>
#include <stdbool.h>

/* Tests if memory ran out; jansson gives every mistake in the text a code. */
static inline bool rnl_json_lacked_memory(const json_error_t *error)
{
    const enum json_error_code code = json_error_code(error);
    return code == json_error_out_of_memory || code == json_error_unknown;
}

#endif
