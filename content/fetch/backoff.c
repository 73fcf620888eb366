// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/backoff.h"

uint64_t backoff_ms(unsigned tries, uint64_t first_ms, uint64_t most_ms, uint64_t salt)
{
	if (tries == 0)
		return 0;
	uint64_t wait = first_ms;
	for (unsigned i = 1; i < tries && wait < most_ms; i++)
		wait *= 2;
	if (wait > most_ms)
		wait = most_ms;
	uint64_t quarter = wait / 4;
	/* Fibonacci hashing spreads neighbouring salts. */
	uint64_t spread = salt * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	return wait - (quarter ? spread % (quarter + 1) : 0);
}
