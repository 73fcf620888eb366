// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/eta.h"

#include <stddef.h>

#include "firmware/base/clean.h"

int64_t eta_seconds(const struct eta *e)
{
	if ((e->bytes && !e->bps) || (e->dishes && !e->ms_a_dish))
		return -1;
	uint64_t fetch_s = e->bytes ? e->bytes * 8 / e->bps : 0;
	uint64_t cook_s = e->dishes * e->ms_a_dish / 1000 / (e->workers ? e->workers : 1);
	/* They overlap: a segment is cooked while the next arrives. */
	uint64_t longer = fetch_s > cook_s ? fetch_s : cook_s;
	return longer > INT32_MAX ? -1 : (int64_t)longer;
}

int eta_minutes(const struct eta *e)
{
	const int64_t s = eta_seconds(e);
	return s < 0 ? -1 : eta_round(s);
}

int eta_round(int64_t s)
{
	static const int said[] = { 1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90 };
	if (s < 45)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (s <= said[i] * 60 + 15)
			return said[i];
	return (int)((s / 60 + 59) / 60 * 60);
}
