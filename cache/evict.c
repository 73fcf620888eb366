// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/evict.h"

#include <stdlib.h>

enum evict_keep evict_keep(const struct evict_facts *f, int64_t used_s, int64_t now_s,
			   int64_t wall_s)
{
	const int64_t day = 24 * 3600;
	if (f->pinned)
		return EVICT_PINNED;
	if (f->local)
		return EVICT_LOCAL;
	if (f->due_s && f->due_s <= wall_s + EVICT_DUE_S && wall_s < f->due_s + day)
		return EVICT_DUE;
	if (f->programme)
		return EVICT_PROGRAMME;
	if (f->busy || now_s - used_s < EVICT_BUSY_S)
		return EVICT_BUSY;
	return EVICT_MAY_GO;
}

bool evict_yields(const struct evict_item *item, enum evict_asker asker, int64_t now_s)
{
	if (item->keep != EVICT_MAY_GO)
		return false;
	return asker != EVICT_FOR_BACKGROUND || item->value == EVICT_UNNAMED ||
	       now_s - item->used_s >= EVICT_STALE_S;
}

uint64_t evict_reach(const struct evict_item *items, size_t count, enum evict_asker asker,
		     int64_t now_s)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < count; i++)
		if (evict_yields(&items[i], asker, now_s))
			bytes += items[i].bytes;
	return bytes;
}

struct asked {
	enum evict_asker asker;
	int64_t now_s;
};

static int by_going(const void *a, const void *b, void *data)
{
	const struct evict_item *x = a, *y = b;
	const struct asked *for_whom = data;
	const bool x_goes = evict_yields(x, for_whom->asker, for_whom->now_s);
	const bool y_goes = evict_yields(y, for_whom->asker, for_whom->now_s);
	if (x_goes != y_goes)
		return x_goes ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	if (x->used_s != y->used_s)
		return x->used_s < y->used_s ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->ref < y->ref ? -1 : x->ref > y->ref;
}

size_t evict_choose(struct evict_item *items, size_t count, uint64_t need, enum evict_asker asker,
		    int64_t now_s)
{
	struct asked for_whom = { asker, now_s };
	if (count)
		qsort_r(items, count, sizeof(*items), by_going, &for_whom);
	if (!need || evict_reach(items, count, asker, now_s) < need)
		return 0;
	uint64_t got = 0;
	size_t goes = 0;
	while (got < need)
		got += items[goes++].bytes;
	return goes;
}
