// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/tally.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 64 };

struct row {
	struct row *next;      /* in the bucket, while it is open */
	struct row *later;     /* in its queue */
	struct want_tally sum; /* sequence 0 while it is open */
};

struct queue {
	struct row *first, *last;
};

struct tally {
	struct row *buckets[BUCKETS];
	struct queue open;   /* still counted into */
	struct queue closed; /* numbered, in the order of their numbers */
	struct row *unsent;  /* first of the closed ones that this connection did not carry */
	size_t count;
	uint64_t last_sequence;
};

struct tally *tally_new(void)
{
	return calloc(1, sizeof(struct tally));
}

static void append(struct queue *q, struct row *row)
{
	row->later = NULL;
	*(q->last ? &q->last->later : &q->first) = row;
	q->last = row;
}

static struct row *take(struct queue *q)
{
	struct row *row = q->first;
	if (!row)
		return NULL;
	q->first = row->later;
	if (!q->first)
		q->last = NULL;
	return row;
}

void tally_free(struct tally *t)
{
	for (struct row *row; t && ((row = take(&t->open)) || (row = take(&t->closed)));)
		free(row);
	free(t);
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
	append(&t->open, row);
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

/* The row that was begun first gets the next number; nothing is counted into it any more. */
static struct row *close_one(struct tally *t)
{
	struct row *row = take(&t->open);
	if (!row)
		return NULL;
	struct row **at = bucket(t, row->sum.lesson, row->sum.rung);
	while (*at != row)
		at = &(*at)->next;
	*at = row->next;
	row->sum.sequence = ++t->last_sequence;
	append(&t->closed, row);
	return row;
}

bool tally_next(struct tally *t, struct want_tally *out)
{
	if (!t->unsent)
		t->unsent = close_one(t);
	if (!t->unsent)
		return false;
	*out = t->unsent->sum;
	return true;
}

void tally_sent(struct tally *t)
{
	t->unsent = t->unsent->later;
}

void tally_heard(struct tally *t, uint64_t sequence)
{
	while (t->closed.first && t->closed.first != t->unsent &&
	       t->closed.first->sum.sequence <= sequence) {
		free(take(&t->closed));
		t->count--;
	}
}

void tally_disconnected(struct tally *t)
{
	t->unsent = t->closed.first;
}
