// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/tally.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/*
 * A worker may be killed between any two stores, so their order matters (to the compiler; a killed process's stores are all
 * visible): a row is filled before its key makes it one, and a number is used up before a row bears it.
 */
struct tally tally_open(struct tally_sheet *sheet, uint64_t instance)
{
	if (!sheet->instance)
		sheet->instance = instance;
	return (struct tally){ .sheet = sheet };
}

static uint64_t key_at(const struct tally_sheet *s, size_t i)
{
	return atomic_load_explicit(&s->keys[i], memory_order_acquire);
}

static void set_key(struct tally_sheet *s, size_t i, uint64_t key)
{
	atomic_store_explicit(&s->keys[i], key, memory_order_release);
}

static uint64_t mix(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t key_of(int32_t day, const char *lesson, const char *rung)
{
	return mix(mix(UINT64_C(0xcbf29ce484222325) ^ (uint32_t)day, lesson), rung) | 1;
}

static bool is_of(const struct want_tally *row, int32_t day, const char *lesson, const char *rung)
{
	return !row->sequence && row->day == day && !strcmp(row->lesson, lesson) &&
	       !strcmp(row->rung, rung);
}

static struct want_tally *row_for(struct tally_sheet *s, int32_t day, const char *lesson,
				  const char *rung)
{
	const uint64_t key = key_of(day, lesson, rung);
	size_t free_at = TALLY_MAX_ROWS;
	for (size_t step = 0; step < TALLY_MAX_ROWS; step++) {
		const size_t i = (key / 2 + step) % TALLY_MAX_ROWS;
		const uint64_t has = key_at(s, i);
		if (has == key && is_of(&s->rows[i], day, lesson, rung))
			return &s->rows[i];
		if (!has && free_at == TALLY_MAX_ROWS)
			free_at = i;
	}
	if (free_at == TALLY_MAX_ROWS)
		return NULL;
	struct want_tally *row = &s->rows[free_at];
	*row = (struct want_tally){ .type = WANT_TALLY, .instance = s->instance, .day = day };
	snprintf(row->lesson, sizeof(row->lesson), "%s", lesson);
	snprintf(row->rung, sizeof(row->rung), "%s", rung);
	set_key(s, free_at, key);
	return row;
}

int tally_add(struct tally *t, int32_t day, const char *lesson, const char *rung,
	      const struct uses_gain *gain, uint64_t sent_bytes)
{
	struct want_tally room;
	if (!*lesson || strlen(lesson) >= sizeof(room.lesson) || strlen(rung) >= sizeof(room.rung))
		return -EINVAL;
	struct want_tally *row = row_for(t->sheet, day, lesson, rung);
	if (!row)
		return -ENOBUFS;
	row->starts += gain->starts;
	row->completions += gain->completions;
	row->new_devices += gain->new_devices;
	row->watched_ms += gain->watched_ms;
	row->sent_bytes += sent_bytes;
	return 0;
}

/* The closed row with the smallest number that this connection has not carried. */
static const struct want_tally *next_closed(const struct tally *t)
{
	const struct want_tally *best = NULL;
	for (size_t i = 0; i < TALLY_MAX_ROWS; i++) {
		const struct want_tally *row = &t->sheet->rows[i];
		if (key_at(t->sheet, i) && row->sequence > t->carried &&
		    (!best || row->sequence < best->sequence))
			best = row;
	}
	return best;
}

/* Gives an open row the next number; nothing is counted into it any more. */
static const struct want_tally *close_one(struct tally_sheet *s)
{
	for (size_t i = 0; i < TALLY_MAX_ROWS; i++) {
		if (!key_at(s, i) || s->rows[i].sequence)
			continue;
		const uint64_t sequence = s->last_sequence + 1;
		s->last_sequence = sequence;
		atomic_signal_fence(memory_order_seq_cst);
		s->rows[i].sequence = sequence;
		return &s->rows[i];
	}
	return NULL;
}

bool tally_next(struct tally *t, struct want_tally *out)
{
	const struct want_tally *row = next_closed(t);
	if (!row)
		row = close_one(t->sheet);
	if (!row)
		return false;
	*out = *row;
	return true;
}

void tally_sent(struct tally *t, const struct want_tally *packet)
{
	t->carried = packet->sequence;
}

void tally_heard(struct tally *t, uint64_t sequence)
{
	struct tally_sheet *s = t->sheet;
	for (size_t i = 0; i < TALLY_MAX_ROWS; i++)
		if (s->rows[i].sequence && s->rows[i].sequence <= sequence &&
		    s->rows[i].sequence <= t->carried && key_at(s, i))
			set_key(s, i, 0);
}

void tally_disconnected(struct tally *t)
{
	t->carried = 0;
}

size_t tally_rows(const struct tally_sheet *sheet)
{
	size_t count = 0;
	for (size_t i = 0; i < TALLY_MAX_ROWS; i++)
		count += key_at(sheet, i) != 0;
	return count;
}
