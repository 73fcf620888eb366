// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/ndtd/limit.h"

#include <string.h>

enum { ONE = 1000, BURST_S = 2 };

void limit_init(struct limit *l, uint32_t rate,
		const uint8_t seed[static crypto_shorthash_KEYBYTES])
{
	memset(l, 0, sizeof(*l));
	l->rate = rate;
	memcpy(l->seed, seed, sizeof(l->seed));
}

bool limit_take(struct limit *l, const void *key, size_t len, uint64_t now_ms)
{
	uint64_t hash;
	uint8_t bytes[crypto_shorthash_BYTES];
	_Static_assert(sizeof(hash) == sizeof(bytes), "one number");
	crypto_shorthash(bytes, key, len, l->seed);
	memcpy(&hash, bytes, sizeof(hash));
	struct limit_place *p = &l->places[hash % LIMIT_PLACES];

	/* What a second brings is `rate` whole ones: a millisecond brings as many thousandths. */
	uint64_t rested_ms = now_ms > p->last_ms ? now_ms - p->last_ms : 0;
	uint64_t back = rested_ms < BURST_S * 1000 ? rested_ms * l->rate : UINT32_MAX;
	uint64_t spent = p->spent > back ? p->spent - back : 0;
	if (spent + ONE > (uint64_t)l->rate * BURST_S * ONE)
		return false;
	p->spent = (uint32_t)(spent + ONE);
	p->last_ms = now_ms;
	return true;
}
