/*
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4), as records of event files carry it.
 */
#ifndef RNL_CLI_CRC32C_H
#define RNL_CLI_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t rnl_crc32c(const void *bytes, size_t count);

#endif
