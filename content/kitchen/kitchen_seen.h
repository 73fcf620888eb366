// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The init segments that renditions began with, by generation and rung: every later segment must have been made with the same
 * parameter sets. The latest SEEN_MAX are remembered, as hashes. Plain data, begins as zeros.
 */
#define SEEN_MAX 512u
struct seen {
	struct seen_entry {
		char generation[24];
		uint32_t rung;
		unsigned char hash[crypto_generichash_BYTES];
	} entries[SEEN_MAX];
	size_t count;
};

/*
 * Is this what the rendition began with? `known` (crypto_generichash_BYTES, or NULL) is a hash that the caller has of it; else what
 * came first is remembered. 0 or -ESTALE.
 */
int seen_check(struct seen *s, const char *generation, uint32_t rung, const unsigned char *known,
	       const void *bytes, size_t len);
