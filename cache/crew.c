// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/crew.h"

#include <string.h>

#define CREW_MAGIC 0x0457455243534157ull /* changes with the layout: an older one is begun anew */

struct crew *crew_at(void *memory)
{
	struct crew *c = memory;
	if (c->magic == CREW_MAGIC)
		return c;
	/* A berth's pages are touched when somebody takes it. */
	for (size_t i = 0; i < CREW_BERTHS; i++) {
		atomic_store(&c->berths[i].owner, 0);
		atomic_store(&c->berths[i].used, 0);
		atomic_store(&c->berths[i].beat_ms, 0);
	}
	c->magic = CREW_MAGIC;
	return c;
}

static void begin(struct crew_berth *b)
{
	if (!atomic_load(&b->used)) {
		memset(&b->counters, 0, sizeof(b->counters));
		memset(&b->sheet, 0, sizeof(b->sheet));
	}
	atomic_store(&b->used, 1);
	atomic_store(&b->beat_ms, 0);
	counters_clear_gauges(&b->counters);
}

static bool take(struct crew_berth *b, uint64_t from, uint64_t who)
{
	if (!atomic_compare_exchange_strong(&b->owner, &from, who))
		return false;
	begin(b);
	return true;
}

struct crew_berth *crew_join(struct crew *c, uint64_t who, bool (*alive)(uint64_t who))
{
	/* What the dead have left first: it waits for somebody. */
	for (size_t i = 0; i < CREW_BERTHS; i++) {
		struct crew_berth *b = &c->berths[i];
		const uint64_t owner = atomic_load(&b->owner);
		if (owner && (owner == who || !alive(owner)) && take(b, owner, who))
			return b;
	}
	for (size_t i = 0; i < CREW_BERTHS; i++)
		if (!atomic_load(&c->berths[i].owner) && take(&c->berths[i], 0, who))
			return &c->berths[i];
	return NULL;
}

struct crew_berth *crew_adopt(struct crew *c, uint64_t who, bool (*alive)(uint64_t who))
{
	for (size_t i = 0; i < CREW_BERTHS; i++) {
		struct crew_berth *b = &c->berths[i];
		const uint64_t owner = atomic_load(&b->owner);
		if (!atomic_load(&b->used) || owner == who || (owner && alive(owner)))
			continue;
		if (tally_rows(&b->sheet) && take(b, owner, who))
			return b;
	}
	return NULL;
}

void crew_leave(struct crew_berth *b)
{
	counters_clear_gauges(&b->counters);
	atomic_store(&b->owner, 0);
}

size_t crew_rows(const struct crew *c)
{
	size_t rows = 0;
	for (size_t i = 0; i < CREW_BERTHS; i++)
		if (atomic_load(&c->berths[i].used))
			rows += tally_rows(&c->berths[i].sheet);
	return rows;
}

void crew_sum(const struct crew *c, struct counters *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < CREW_BERTHS; i++)
		if (atomic_load(&c->berths[i].used))
			counters_sum(out, &c->berths[i].counters);
}

void crew_beat(struct crew_berth *b, uint64_t now_ms)
{
	atomic_store(&b->beat_ms, now_ms);
}

uint64_t crew_stuck(const struct crew *c, uint64_t now_ms, uint64_t most_ms,
		    bool (*alive)(uint64_t who))
{
	for (size_t i = 0; i < CREW_BERTHS; i++) {
		const uint64_t owner = atomic_load(&c->berths[i].owner);
		const uint64_t beat = atomic_load(&c->berths[i].beat_ms);
		if (owner && beat && beat + most_ms < now_ms && alive(owner))
			return owner;
	}
	return 0;
}
