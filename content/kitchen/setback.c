// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/setback.h"

#include "content/fetch/backoff.h"

struct setback *setback_find(struct setbacks *s, size_t lesson, uint32_t segment,
			     enum setback_part part)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].lesson == lesson && s->all[i].segment == segment &&
		    s->all[i].part == part)
			return &s->all[i];
	return NULL;
}

void setback_forget(struct setbacks *s, size_t lesson, uint32_t segment, enum setback_part part)
{
	struct setback *b = setback_find(s, lesson, segment, part);
	if (b)
		*b = s->all[--s->count];
}

static struct setback *noted(struct setbacks *s, const struct setback *which)
{
	struct setback *b = setback_find(s, which->lesson, which->segment, which->part);
	if (b || s->count == SETBACKS_MOST)
		return b;
	b = &s->all[s->count++];
	*b = *which;
	b->tries = 0;
	b->given_up = false;
	return b;
}

enum setback_next setback_add(struct setbacks *s, const struct setback *which, bool blank,
			      uint64_t now_ms)
{
	struct setback *b = noted(s, which);
	if (!b) /* with so many others nothing is to be hoped for */
		return SETBACK_NEVER;
	b->tries++;
	b->rungs |= which->rungs;
	if (b->tries < SETBACK_TRIES || (blank && b->tries == SETBACK_TRIES)) {
		b->until_ms = now_ms +
			      backoff_ms(b->tries, SETBACK_FIRST_MS, SETBACK_MOST_MS, b->segment);
		return b->tries < SETBACK_TRIES ? SETBACK_AGAIN : SETBACK_BLANK;
	}
	b->given_up = true;
	b->until_ms = now_ms + SETBACK_GIVEN_UP_MS;
	return SETBACK_NEVER;
}

void setback_move(struct setbacks *s, setback_where *find, const void *data, uint64_t now_ms)
{
	size_t to = 0;
	for (size_t i = 0; i < s->count; i++) {
		struct setback b = s->all[i];
		b.lesson = find(data, b.generation);
		if (b.lesson != SIZE_MAX && !(b.given_up && b.until_ms <= now_ms))
			s->all[to++] = b;
	}
	s->count = to;
}
