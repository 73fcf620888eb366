// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * CRC-32C (RFC 3720, appendix B.4): tells a torn or rotten file from a whole one. No defence against a person who
 * means harm; the hashes of record/objmap.h are. Start with 0, feed the result back in for the next bytes.
 */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);
