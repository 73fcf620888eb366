// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/air.h"

#include <string.h>

enum {
	PROBES = 8,
	SLOTS = 4096,
	MOST = 2 * SLOTS,
	USABLE_PERCENT = 85, /* the rest is for pages, retries and who is not counted */
	STAY_PERCENT = 75,   /* of those it is held to be for: fewer players than these have left */
	LINES_A_PLAYER = 2,
	SURGE_S = 20, /* those who came in the last so many seconds */
	SURGE_LEAST =
		3, /* when they are a class that begins, and not two friends, bring as many more */
};
#define AIR_MAGIC 0x0152494157415357ull /* changes with the layout: an older one is begun anew */

struct slot {
	uint64_t who; /* 0: free */
	uint32_t first_s, seen_s;
	uint16_t room;
	uint16_t is_line;
};

struct level { /* of a room */
	uint32_t players;
	uint32_t fresh;   /* of them, came just now */
	uint32_t held;    /* players that the air is shared out to */
	uint32_t most;    /* seen since it might be fewer */
	uint32_t since_s; /* when it began to be fewer */
	uint32_t fewer;
};

struct air {
	uint64_t magic;
	uint32_t counted_s; /* second + 1 of `levels`; 0: not yet */
	uint32_t reserved;
	struct level levels[AIR_ROOMS + 1];
	struct slot slots[SLOTS];
};

_Static_assert(sizeof(struct air) <= AIR_BYTES, "it fits");

struct air *air_at(void *memory)
{
	struct air *a = memory;
	if (a->magic == AIR_MAGIC)
		return a;
	memset(a, 0, sizeof(*a));
	a->magic = AIR_MAGIC;
	return a;
}

static struct slot *find(struct air *a, uint64_t who, bool or_worst)
{
	/* Devices are hashes, connections are small numbers: both are mixed. */
	const uint64_t h = (who ^ who >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	struct slot *worst = NULL;
	for (uint64_t i = 0; i < PROBES; i++) {
		struct slot *s = &a->slots[((h >> 32) + i) % SLOTS];
		if (s->who == who)
			return s;
		if (!worst || (worst->who && (!s->who || s->seen_s < worst->seen_s)))
			worst = s;
	}
	return or_worst ? worst : NULL;
}

/* Comes up at once; goes down when it was lower for a while, to the most of that while. */
static void hold(struct level *l, uint32_t now_s)
{
	const uint32_t all = l->players + (l->fresh >= SURGE_LEAST ? l->fresh : 0);
	const uint32_t n = all < MOST ? all : MOST;
	if (n >= l->held || (uint64_t)n * 100 > (uint64_t)l->held * STAY_PERCENT) {
		l->held = n > l->held ? n : l->held;
		l->fewer = 0;
		return;
	}
	if (!l->fewer || n > l->most)
		l->most = n;
	if (!l->fewer) {
		l->fewer = 1;
		l->since_s = now_s;
	}
	if (now_s - l->since_s < AIR_PATIENCE_S)
		return;
	l->held = l->most;
	l->fewer = 0;
}

static bool seen(struct air *a, size_t room, uint64_t who, uint16_t is_line, uint32_t now_s)
{
	struct slot *s = find(a, who, true);
	const size_t at = room < AIR_ROOMS ? room : AIR_ROOMS;
	const bool is_new = s->who != who || now_s - s->seen_s >= AIR_ACTIVE_S || s->room != at;
	*s = (struct slot){ who, is_new ? now_s : s->first_s, now_s, (uint16_t)at, is_line };
	/* A class opens its lesson in one second: each that comes makes the share of the next one smaller. */
	if (is_new && !is_line) {
		a->levels[at].players++;
		a->levels[at].fresh++;
		hold(&a->levels[at], now_s);
	}
	return is_new;
}

void air_device(struct air *a, size_t room, uint64_t device, uint32_t now_s)
{
	seen(a, room, device, 0, now_s);
}

bool air_line(struct air *a, size_t room, uint64_t connection, uint32_t now_s)
{
	return seen(a, room, ~connection, 1, now_s);
}

void air_line_closed(struct air *a, uint64_t connection)
{
	struct slot *s = find(a, ~connection, false);
	if (s)
		*s = (struct slot){ 0 };
}

static void count(struct air *a, uint32_t now_s)
{
	uint32_t devices[AIR_ROOMS + 1] = { 0 }, fresh[AIR_ROOMS + 1] = { 0 },
				     lines[AIR_ROOMS + 1] = { 0 };
	if (a->counted_s == now_s + 1)
		return;
	a->counted_s = now_s + 1;
	for (size_t i = 0; i < SLOTS; i++) {
		const struct slot *s = &a->slots[i];
		if (!s->who || now_s - s->seen_s >= AIR_ACTIVE_S || s->room > AIR_ROOMS)
			continue;
		(s->is_line ? lines : devices)[s->room]++;
		fresh[s->room] += !s->is_line && now_s - s->first_s < SURGE_S;
	}
	for (size_t i = 0; i <= AIR_ROOMS; i++) {
		const uint32_t by_lines = lines[i] / LINES_A_PLAYER;
		a->levels[i].players = devices[i] > by_lines ? devices[i] : by_lines;
		a->levels[i].fresh = fresh[i];
		hold(&a->levels[i], now_s);
	}
}

uint32_t air_players(struct air *a, size_t room, uint32_t now_s)
{
	count(a, now_s);
	return a->levels[room < AIR_ROOMS ? room : AIR_ROOMS].players;
}

uint32_t air_share_kbps(struct air *a, const struct air_plan *plan, size_t room, uint32_t now_s)
{
	if (room >= plan->count)
		return UINT32_MAX;
	count(a, now_s);
	const uint32_t held = a->levels[room].held;
	return (uint32_t)((uint64_t)plan->rooms[room].kbps * USABLE_PERCENT / 100 /
			  (held ? held : 1));
}

size_t air_choose(const struct air_rungs *rungs, uint32_t share_kbps)
{
	size_t best = 0;
	for (size_t i = 1; i < rungs->count; i++)
		if (rungs->all[i].kbps <= share_kbps)
			best = i;
	return best;
}
