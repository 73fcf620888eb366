// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/evict.h"
#include "tests/bench/evict/school.h"

/*
 * Which order of eviction costs a school the least: plays the traces of school.c through a store of 8 to 64 GB. The product's
 * own order is cache/evict.c, called as contentd calls it. Beside it: the same classes with S3-FIFO within them (Yang et
 * al., SOSP 2023), and least recently used without classes.
 *
 *	evict-bench OUT.json [quick]		prints a table; quick: one school of some weeks, 8 GB
 */
enum { ITEMS_A_LESSON = 1 + SCHOOL_RUNGS, FILM = 0 };
enum policy { PRODUCT, CLASSES_S3FIFO, PLAIN_LRU, POLICIES };
static const char *const policy_names[] = { "classes + LRU (evict.c)", "classes + S3-FIFO",
					    "LRU without classes" };
static const char *const policy_keys[] = { "product", "classes_s3fifo", "plain_lru" };
static const unsigned sizes_gb[] = { 8, 16, 32, 64 };
enum { SIZES = sizeof(sizes_gb) / sizeof(sizes_gb[0]), SEEDS = 5 };

struct cost {
	double line_mb, made_mb, waits; /* waits: a pupil met a film that was not there */
};

struct entry {
	int here;
	int64_t used_s;
	/* S3-FIFO */
	int main, ghost;
	uint8_t frequency;
	uint64_t turn; /* place in its queue */
};

struct run {
	const struct school *school;
	enum policy policy;
	uint64_t room_kb, used_kb, turns, small_kb[2];
	struct entry *entries; /* lesson * ITEMS_A_LESSON + item */
	struct evict_item *items;
	struct cost cost;
};

static uint64_t kb_of(const struct run *r, size_t at)
{
	const struct school_lesson *l = &r->school->lessons[at / ITEMS_A_LESSON];
	const size_t item = at % ITEMS_A_LESSON;
	return item == FILM ? l->film_kb : l->rung_kb[item - 1];
}

static int is_film(size_t at)
{
	return at % ITEMS_A_LESSON == FILM;
}

static void leave(struct run *r, size_t at)
{
	struct entry *e = &r->entries[at];
	if (!e->main)
		r->small_kb[is_film(at)] -= kb_of(r, at);
	e->ghost = !e->main;
	e->here = 0;
	r->used_kb -= kb_of(r, at);
}

/* By the order of cache/evict.c; without classes everything is of one. */
static void make_room_lru(struct run *r, uint64_t need_kb, int64_t now, size_t spare)
{
	size_t count = 0;
	const size_t all = r->school->lesson_count * ITEMS_A_LESSON;
	for (size_t at = 0; at < all; at++) {
		if (!r->entries[at].here)
			continue;
		const struct evict_facts facts = { .busy = at / ITEMS_A_LESSON == spare };
		const int derived = !is_film(at) && r->entries[at - at % ITEMS_A_LESSON].here;
		r->items[count++] = (struct evict_item){
			.value = r->policy == PRODUCT && derived ? EVICT_DERIVED : EVICT_FETCHED,
			.keep = evict_keep(&facts, r->entries[at].used_s, now, now),
			.bytes = kb_of(r, at) << 10,
			.used_s = r->entries[at].used_s,
			.ref = at,
		};
	}
	const size_t goes = evict_choose(r->items, count, need_kb << 10, EVICT_FOR_PUPIL, now);
	for (size_t i = 0; i < goes; i++)
		leave(r, r->items[i].ref);
}

/* The first of one queue of one class. */
static size_t head_of(const struct run *r, int film, int main, size_t spare)
{
	const size_t all = r->school->lesson_count * ITEMS_A_LESSON;
	size_t best = SIZE_MAX;
	for (size_t at = 0; at < all; at++) {
		const struct entry *e = &r->entries[at];
		if (!e->here || is_film(at) != film || e->main != main ||
		    at / ITEMS_A_LESSON == spare)
			continue;
		if (best == SIZE_MAX || e->turn < r->entries[best].turn)
			best = at;
	}
	return best;
}

static void make_room_s3fifo(struct run *r, uint64_t need_kb, size_t spare)
{
	const uint64_t target = r->used_kb > need_kb ? r->used_kb - need_kb : 0;
	for (int film = 0; film < 2 && r->used_kb > target; film++) {
		while (r->used_kb > target) {
			const int from_main = r->small_kb[film] < r->room_kb / 10;
			size_t at = head_of(r, film, from_main, spare);
			if (at == SIZE_MAX)
				at = head_of(r, film, !from_main, spare);
			if (at == SIZE_MAX)
				break;
			struct entry *e = &r->entries[at];
			if (e->main ? e->frequency > 0 : e->frequency > 1) {
				if (!e->main)
					r->small_kb[film] -= kb_of(r, at);
				e->frequency = e->main ? (uint8_t)(e->frequency - 1) : 0;
				e->main = 1;
				e->turn = ++r->turns;
			} else {
				leave(r, at);
			}
		}
	}
}

static void bring(struct run *r, size_t at, int64_t now)
{
	struct entry *e = &r->entries[at];
	const uint64_t kb = kb_of(r, at);
	const size_t lesson = at / ITEMS_A_LESSON;
	if (r->used_kb + kb > r->room_kb) {
		const uint64_t need = r->used_kb + kb - r->room_kb;
		if (r->policy == CLASSES_S3FIFO)
			make_room_s3fifo(r, need, lesson);
		else
			make_room_lru(r, need, now, lesson);
	}
	*(is_film(at) ? &r->cost.line_mb : &r->cost.made_mb) += (double)kb / 1024;
	if (r->used_kb + kb > r->room_kb)
		return; /* passes through memory */
	e->here = 1;
	e->main = e->ghost;
	e->frequency = 0;
	e->turn = ++r->turns;
	if (!e->main)
		r->small_kb[is_film(at)] += kb;
	r->used_kb += kb;
}

static void use(struct run *r, size_t at, int64_t now)
{
	struct entry *e = &r->entries[at];
	e->used_s = now;
	if (e->frequency < 3)
		e->frequency++;
}

static void play(struct run *r, const struct school_event *e)
{
	const size_t film = (size_t)e->lesson * ITEMS_A_LESSON, rung = film + 1 + e->rung;
	if (e->prefetch || !r->entries[rung].here) {
		if (!r->entries[film].here) {
			r->cost.waits += !e->prefetch;
			bring(r, film, e->at_s);
		}
		r->entries[film].used_s = e->at_s;
	}
	if (e->prefetch)
		return;
	if (!r->entries[rung].here)
		bring(r, rung, e->at_s);
	use(r, rung, e->at_s);
	use(r, film, e->at_s);
}

static struct cost run(const struct school *s, enum policy policy, unsigned gb)
{
	const size_t all = s->lesson_count * ITEMS_A_LESSON;
	struct run r = { .school = s,
			 .policy = policy,
			 .room_kb = (uint64_t)gb << 20,
			 .entries = calloc(all, sizeof(*r.entries)),
			 .items = calloc(all, sizeof(*r.items)) };
	if (!r.entries || !r.items)
		abort();
	for (size_t i = 0; i < s->event_count; i++)
		play(&r, &s->events[i]);
	free(r.entries);
	free(r.items);
	return r.cost;
}

int main(int argc, char **argv)
{
	static struct cost costs[SIZES][POLICIES][SEEDS];
	const int quick = argc == 3 && strcmp(argv[2], "quick") == 0;
	const size_t sizes = quick ? 1 : SIZES;
	const int seeds = quick ? 1 : SEEDS;
	double asked = 0, lessons = 0;
	FILE *out = argc == 2 || quick ? fopen(argv[1], "w") : NULL;
	if (!out) {
		fprintf(stderr, "usage: evict-bench OUT.json [quick]\n");
		return 2;
	}
	for (uint64_t seed = 0; seed < (uint64_t)seeds; seed++) {
		struct school s;
		if (school_make(seed + 1, &s))
			return 1;
		s.event_count /= quick ? 6 : 1;
		for (size_t i = 0; i < s.lesson_count; i++)
			asked += s.lessons[i].film_kb / 1024.0 / seeds;
		lessons += (double)s.lesson_count / seeds;
		for (size_t g = 0; g < sizes; g++)
			for (int p = 0; p < POLICIES; p++)
				costs[g][p][seed] = run(&s, (enum policy)p, sizes_gb[g]);
		school_done(&s);
	}
	printf("%.0f lessons, films of %.0f MB; mean (least - most) of %d schools\n", lessons,
	       asked, SEEDS);
	printf("%-6s %-26s %28s %12s %10s\n", "store", "order", "over the line, MB", "made, MB",
	       "waits");
	fprintf(out, "{\"lessons\":%.0f,\"films_mb\":%.0f,\"seeds\":%d,\"stores\":{", lessons,
		asked, SEEDS);
	for (size_t g = 0; g < sizes; g++) {
		fprintf(out, "%s\"%u_gb\":{", g ? "," : "", sizes_gb[g]);
		for (int p = 0; p < POLICIES; p++) {
			struct cost mean = { 0 };
			double least = 1e18, most = 0;
			for (int n = 0; n < seeds; n++) {
				const struct cost *c = &costs[g][p][n];
				mean.line_mb += c->line_mb / seeds;
				mean.made_mb += c->made_mb / seeds;
				mean.waits += c->waits / seeds;
				least = c->line_mb < least ? c->line_mb : least;
				most = c->line_mb > most ? c->line_mb : most;
			}
			printf("%3u GB %-26s %9.0f (%7.0f - %7.0f) %12.0f %10.0f\n", sizes_gb[g],
			       policy_names[p], mean.line_mb, least, most, mean.made_mb,
			       mean.waits);
			fprintf(out, "%s\"%s\":{\"line_mb\":%.0f,\"made_mb\":%.0f,\"waits\":%.0f}",
				p ? "," : "", policy_keys[p], mean.line_mb, mean.made_mb,
				mean.waits);
		}
		fputs("}", out);
	}
	fputs("}}\n", out);
	return fclose(out) ? 1 : 0;
}
