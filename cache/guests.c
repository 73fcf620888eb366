// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/guests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct place {
	struct guest who;
	uint32_t open; /* 0: nobody */
};

/* Open addressing, at most half full: who is looked for stands between where it belongs and the next free place. */
struct guests {
	uint64_t seed;
	uint32_t mask, taken;
	struct place places[];
};

struct guest guest_v4(const void *four_bytes)
{
	struct guest g = { .address = { [10] = 0xff, [11] = 0xff } };
	memcpy(g.address + 12, four_bytes, 4);
	return g;
}

struct guest guest_v6(const void *sixteen_bytes)
{
	struct guest g;
	memcpy(g.address, sixteen_bytes, sizeof(g.address));
	return g;
}

struct guests *guests_new(uint32_t connections)
{
	uint32_t count = 16;
	while (count / 2 < connections && count < 1u << 24)
		count *= 2;
	struct guests *g = calloc(1, sizeof(*g) + count * sizeof(g->places[0]));
	if (!g)
		return NULL;
	g->mask = count - 1;
	if (getrandom(&g->seed, sizeof(g->seed), 0) != (ssize_t)sizeof(g->seed)) {
		free(g);
		return NULL;
	}
	return g;
}

void guests_free(struct guests *g)
{
	free(g);
}

/* Whoever picks addresses does not know the seed, and so cannot pick them to fall together. */
static uint32_t home(const struct guests *g, const struct guest *who)
{
	uint64_t half[2], x = g->seed;
	memcpy(half, who->address, sizeof(half));
	for (int i = 0; i < 2; i++) {
		x ^= half[i];
		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
		x = (x ^ x >> 27) * 0x94d049bb133111ebu;
		x ^= x >> 31;
	}
	return (uint32_t)x & g->mask;
}

static uint32_t find(const struct guests *g, const struct guest *who)
{
	uint32_t at = home(g, who);
	while (g->places[at].open && memcmp(&g->places[at].who, who, sizeof(*who)) != 0)
		at = (at + 1) & g->mask;
	return at;
}

int guests_enter(struct guests *g, const struct guest *who, uint32_t limit)
{
	struct place *p = &g->places[find(g, who)];
	if (p->open >= limit)
		return -EBUSY;
	if (p->open == 0) {
		if (g->taken > g->mask / 2)
			return -ENOSPC;
		p->who = *who;
		g->taken++;
	}
	p->open++;
	return 0;
}

void guests_leave(struct guests *g, const struct guest *who)
{
	uint32_t hole = find(g, who);
	if (g->places[hole].open == 0 || --g->places[hole].open)
		return;
	g->taken--;
	/* Those behind move up, unless they would then stand before where they belong. */
	for (uint32_t at = (hole + 1) & g->mask; g->places[at].open; at = (at + 1) & g->mask) {
		const uint32_t from = home(g, &g->places[at].who);
		if (((at - from) & g->mask) < ((at - hole) & g->mask))
			continue;
		g->places[hole] = g->places[at];
		hole = at;
	}
	g->places[hole] = (struct place){ 0 };
}

uint32_t guests_open(const struct guests *g, const struct guest *who)
{
	return g->places[find(g, who)].open;
}
