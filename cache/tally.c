// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/tally.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 64 };

struct row {
	struct row *next;  /* in the bucket */
	struct row *later; /* in the order of beginning */
	struct want_tally sum;
};

struct tally {
	struct row *buckets[BUCKETS];
	struct row *first, *last;
	size_t count;
	uint64_t sequence; /* of the packet that is next */
};

struct tally *tally_new(void)
{
	struct tally *t = calloc(1, sizeof(*t));
	if (t)
		t->sequence = 1;
	return t;
}

static struct row **bucket(struct tally *t, const char *lesson, const char *rung)
{
	uint32_t h = 5381;
	for (; *lesson; lesson++)
		h = h * 33 ^ (uint8_t)*lesson;
	for (; *rung; rung++)
		h = h * 33 ^ (uint8_t)*rung;
	return &t->buckets[h % BUCKETS];
}

static void remove_first(struct tally *t)
{
	struct row *row = t->first, **at = bucket(t, row->sum.lesson, row->sum.rung);
	while (*at != row)
		at = &(*at)->next;
	*at = row->next;
	t->first = row->later;
	if (!t->first)
		t->last = NULL;
	t->count--;
	free(row);
}

void tally_free(struct tally *t)
{
	while (t && t->first)
		remove_first(t);
	free(t);
}

static struct row *row_for(struct tally *t, int32_t day, const char *lesson, const char *rung)
{
	struct row **at = bucket(t, lesson, rung);
	for (struct row *row = *at; row; row = row->next)
		if (row->sum.day == day && !strcmp(row->sum.lesson, lesson) &&
		    !strcmp(row->sum.rung, rung))
			return row;
	struct row *row = t->count < TALLY_MAX_ROWS ? calloc(1, sizeof(*row)) : NULL;
	if (!row)
		return NULL;
	row->sum.type = WANT_TALLY;
	row->sum.day = day;
	snprintf(row->sum.lesson, sizeof(row->sum.lesson), "%s", lesson);
	snprintf(row->sum.rung, sizeof(row->sum.rung), "%s", rung);
	row->next = *at;
	*at = row;
	*(t->last ? &t->last->later : &t->first) = row;
	t->last = row;
	t->count++;
	return row;
}

int tally_add(struct tally *t, int32_t day, const char *lesson, const char *rung,
	      const struct uses_gain *gain, uint64_t sent_bytes)
{
	struct want_tally room;
	if (!*lesson || strlen(lesson) >= sizeof(room.lesson) || strlen(rung) >= sizeof(room.rung))
		return -EINVAL;
	struct row *row = row_for(t, day, lesson, rung);
	if (!row)
		return t->count >= TALLY_MAX_ROWS ? -ENOBUFS : -ENOMEM;
	row->sum.starts += gain->starts;
	row->sum.completions += gain->completions;
	row->sum.new_devices += gain->new_devices;
	row->sum.watched_ms += gain->watched_ms;
	row->sum.sent_bytes += sent_bytes;
	return 0;
}

bool tally_next(const struct tally *t, struct want_tally *out)
{
	if (!t->first)
		return false;
	*out = t->first->sum;
	out->sequence = t->sequence;
	return true;
}

void tally_sent(struct tally *t)
{
	t->sequence++;
	remove_first(t);
}
