// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * A bearer token: 160 random bits as 32 Crockford characters. The hub keeps only its hash, so a stolen database
 * opens nothing; 160 bits need no slow hash.
 */
#define TOKEN_TEXT 33

void token_make(char out[static TOKEN_TEXT]);
void token_hash(const char *text, uint8_t out[static 32]);
