/*
 * What the reader and the writer of safetensors files must agree on.
 *
 * The digest covers the whole file, with its own digits as '0' characters.  It stands in the
 * metadata as "digest":"xxh3-128:DIGITS", without spaces.  Key and prefix both announce it, so that
 * damage to one of them does not turn a file of ours into one without digest.
 */
#ifndef RNL_ENGINE_STORAGE_SAFETENSORS_FILE_H
#define RNL_ENGINE_STORAGE_SAFETENSORS_FILE_H

#include "engine/storage/digest.h"

#define RNL_SAFETENSORS_LENGTH_BYTES  8
#define RNL_SAFETENSORS_HEADER_LIMIT  100000000
#define RNL_SAFETENSORS_METADATA      "__metadata__"
#define RNL_SAFETENSORS_DIGEST_KEY    "digest"
#define RNL_SAFETENSORS_DIGEST_PREFIX "xxh3-128:"

/* The digest's digits in a header's text, or NULL. */
char *rnl_safetensors_find_digest(const char *header, size_t length);

#endif
