// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/sources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "content/fetch/backoff.h"
#include "firmware/base/fault.h"

#define FIRST_WAIT_MS 1000u
#define MOST_WAIT_MS 300000u
#define URGENT_WAIT_MS 3000u
#define SLOW_MS 60000u
#define LIES 3u
#define LIES_LATELY 8

void sources_init(struct sources *s, struct origin *origin)
{
	*s = (struct sources){ .count = 1 };
	s->all[0] = (struct source){ .name = "origin", .kind = SOURCE_ORIGIN, .at = origin };
}

int sources_add(struct sources *s, const char *name, enum source_kind kind, const char *url,
		unsigned stall_s, uint64_t salt, struct fault *why)
{
	struct origin at;
	if (!*url)
		return 0;
	if (s->count == SOURCES_MOST)
		return fault_set(why, -ENOSPC, "source.count",
				 "[source %s]: at most %d sources are asked", name,
				 SOURCES_MOST - 1);
	if (origin_set(&at, url, stall_s, salt, NULL))
		return fault_set(why, -EINVAL, "source.url",
				 "[source %s] url = '%s': must begin with http:// or https:// and "
				 "have at most 500 bytes",
				 name, url);
	size_t place = s->count;
	while (place > 0 && s->all[place - 1].kind > kind)
		place--;
	memmove(&s->all[place + 1], &s->all[place], (s->count - place) * sizeof(s->all[0]));
	s->all[place] = (struct source){ .kind = kind, .own = at };
	snprintf(s->all[place].name, sizeof(s->all[place].name), "%s", name);
	s->count++;
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].kind != SOURCE_ORIGIN)
			s->all[i].at = &s->all[i].own;
	return 0;
}

static struct sources_trouble *trouble_of(struct sources *s, int source, size_t object,
					  uint64_t chunk)
{
	for (size_t i = 0; i < s->trouble_count; i++) {
		struct sources_trouble *t = &s->troubles[i];
		if (t->source == (unsigned)source && t->object == object && t->chunk == chunk)
			return t;
	}
	return NULL;
}

/* Until when this source is not asked for this; 0: it may be. */
static uint64_t until(const struct sources *s, size_t source, size_t object, uint64_t chunk,
		      enum origin_for who)
{
	uint64_t latest = origin_until(s->all[source].at, who);
	for (size_t i = 0; i < s->trouble_count; i++) {
		const struct sources_trouble *t = &s->troubles[i];
		if (t->source != source || t->object != object ||
		    (t->chunk != chunk && t->chunk != SOURCES_WHOLE))
			continue;
		const uint64_t at = who == ORIGIN_FOR_PUPIL ? t->urgent_ms : t->until_ms;
		latest = at > latest ? at : latest;
	}
	return latest;
}

int sources_pick(const struct sources *s, size_t object, uint64_t chunk, enum origin_for who,
		 uint64_t now_ms, uint64_t *wake_ms)
{
	uint64_t wake = UINT64_MAX;
	int slow = -1;
	for (size_t i = 0; i < s->count; i++) {
		const uint64_t at = until(s, i, object, chunk, who);
		if (at <= now_ms && (who != ORIGIN_FOR_PUPIL || s->all[i].slow_until_ms <= now_ms))
			return (int)i;
		if (at <= now_ms && slow < 0)
			slow = (int)i;
		wake = at < wake ? at : wake;
	}
	if (slow < 0)
		*wake_ms = wake == UINT64_MAX ? 0 : wake;
	return slow;
}

bool sources_slow(struct sources *s, int source, size_t object, uint64_t chunk, uint64_t now_ms)
{
	for (size_t i = 0; i < s->count; i++) {
		if (i == (size_t)source || s->all[i].slow_until_ms > now_ms ||
		    until(s, i, object, chunk, ORIGIN_FOR_PUPIL) > now_ms)
			continue;
		s->all[source].slow_until_ms = now_ms + SLOW_MS;
		return true;
	}
	return false;
}

uint64_t sources_run(const struct sources *s, int source, size_t object, uint64_t first,
		     uint64_t count, enum origin_for who, uint64_t now_ms)
{
	for (size_t i = 0; i < s->trouble_count; i++) {
		const struct sources_trouble *t = &s->troubles[i];
		const uint64_t at = who == ORIGIN_FOR_PUPIL ? t->urgent_ms : t->until_ms;
		if (t->source == (unsigned)source && t->object == object && t->chunk > first &&
		    t->chunk != SOURCES_WHOLE && t->chunk - first < count && at > now_ms)
			count = t->chunk - first;
	}
	return count;
}

/* The one that may be tried again soonest is the least worth remembering. */
static struct sources_trouble *room(struct sources *s)
{
	if (s->trouble_count < SOURCES_TROUBLES)
		return &s->troubles[s->trouble_count++];
	struct sources_trouble *soonest = &s->troubles[0];
	for (size_t i = 1; i < s->trouble_count; i++)
		if (s->troubles[i].until_ms < soonest->until_ms)
			soonest = &s->troubles[i];
	return soonest;
}

unsigned sources_failed(struct sources *s, int source, size_t object, uint64_t chunk,
			uint64_t now_ms)
{
	struct sources_trouble *t = trouble_of(s, source, object, chunk);
	if (!t) {
		t = room(s);
		*t = (struct sources_trouble){ .source = (unsigned)source,
					       .object = object,
					       .chunk = chunk };
	}
	t->tries++;
	t->until_ms = now_ms + backoff_ms(t->tries, FIRST_WAIT_MS, MOST_WAIT_MS,
					  object + (chunk == SOURCES_WHOLE ? 0 : chunk));
	t->urgent_ms =
		now_ms + URGENT_WAIT_MS < t->until_ms ? now_ms + URGENT_WAIT_MS : t->until_ms;
	return t->tries;
}

bool sources_lies(struct sources *s, int source, unsigned tries)
{
	struct source *it = &s->all[source];
	it->bad_chunks++;
	if (tries == 1) { /* one that is wrong again and again is one wrong chunk */
		it->bad_row++;
		it->lately = it->lately << 1 | 1;
	}
	if (it->bad_row < LIES && __builtin_popcount(it->lately) < LIES_LATELY)
		return false;
	it->bad_row = it->lately = 0;
	return true;
}

void sources_brought(struct sources *s, int source, size_t object, uint64_t chunk)
{
	s->all[source].bad_row = 0;
	if (chunk != SOURCES_WHOLE)
		s->all[source].lately <<= 1;
	for (size_t i = s->trouble_count; i-- > 0;) {
		const struct sources_trouble *t = &s->troubles[i];
		/* Whoever brought the chunk, nobody needs to bring it any more. */
		if (t->object == object && (t->chunk == chunk || (t->chunk == SOURCES_WHOLE &&
								  t->source == (unsigned)source)))
			s->troubles[i] = s->troubles[--s->trouble_count];
	}
}

void sources_hurry(struct sources *s)
{
	for (size_t i = 0; i < s->count; i++) {
		origin_hurry(s->all[i].at);
		s->all[i].slow_until_ms = 0;
	}
	for (size_t i = 0; i < s->trouble_count; i++)
		s->troubles[i].until_ms = s->troubles[i].urgent_ms = 0;
}

void sources_forget(struct sources *s)
{
	s->trouble_count = 0;
}
