// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sodium.h>

/*
 * So many a second for each key, and twice as many at once after a rest. A table of fixed size without names: keys that fall
 * into one place share it, and where they fall is drawn anew at each start, so that nobody can choose to share. Pure.
 */
enum { LIMIT_PLACES = 1 << 14 };

struct limit {
	uint32_t rate; /* a second */
	uint8_t seed[crypto_shorthash_KEYBYTES];
	struct limit_place {
		uint64_t last_ms; /* 0: nobody yet */
		uint32_t spent;   /* thousandths */
	} places[LIMIT_PLACES];
};

void limit_init(struct limit *l, uint32_t rate,
		const uint8_t seed[static crypto_shorthash_KEYBYTES]);

/* `now_ms` is monotonic and above 0. false: too often, and nothing was counted. */
bool limit_take(struct limit *l, const void *key, size_t len, uint64_t now_ms);
