// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/throttle.h"

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_FREE 5u
#define PERSON_FREE 10u
#define FIRST_WAIT_MS 30000u
#define MOST_WAIT_MS 900000u
#define ADDRESS_REST_MS 3600000u
#define PERSON_REST_MS 86400000u
#define KNOWN_MS (UINT64_C(30) * 86400000)

/* FNV-1a, never 0. */
static uint64_t key_of(const char *one, const char *two)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const char *const parts[] = { one, "\n", two };
	for (size_t i = 0; i < 3; i++)
		for (const char *c = parts[i]; *c; c++)
			hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

static struct throttle_row *find(struct throttle_row *rows, size_t count, uint64_t key)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].key == key)
			return &rows[i];
	return NULL;
}

/* Its row; the longest untouched gives way. */
static struct throttle_row *row_of(struct throttle_row *rows, size_t count, uint64_t key,
				   uint64_t rest_ms, uint64_t now_ms)
{
	struct throttle_row *row = find(rows, count, key), *oldest = &rows[0];
	for (size_t i = 0; !row && i < count; i++) {
		if (!rows[i].key)
			row = &rows[i];
		if (rows[i].last_ms < oldest->last_ms)
			oldest = &rows[i];
	}
	row = row ? row : oldest;
	if (row->key != key || now_ms - row->last_ms >= rest_ms)
		*row = (struct throttle_row){ .key = key, .last_ms = now_ms };
	return row;
}

static uint64_t wait_of(const struct throttle_row *row, uint64_t now_ms)
{
	return row->until_ms > now_ms ? row->until_ms - now_ms : 0;
}

static void count(struct throttle_row *row, uint32_t free_tries, uint64_t now_ms)
{
	row->last_ms = now_ms;
	if (++row->failures < free_tries)
		return;
	const uint32_t over = row->failures - free_tries;
	const uint64_t wait = over < 5 ? (uint64_t)FIRST_WAIT_MS << over : MOST_WAIT_MS;
	row->until_ms = now_ms + (wait < MOST_WAIT_MS ? wait : MOST_WAIT_MS);
}

uint64_t throttle_try(struct throttle *t, const char *address, const char *person, uint64_t now_ms)
{
	struct throttle_row *a = row_of(t->addresses, THROTTLE_ADDRESSES, key_of(address, ""),
					ADDRESS_REST_MS, now_ms);
	struct throttle_row *p =
		row_of(t->persons, THROTTLE_PERSONS, key_of(person, ""), PERSON_REST_MS, now_ms);
	const struct throttle_row *known = find(t->known, THROTTLE_KNOWN, key_of(person, address));
	const bool at_home = known && now_ms - known->last_ms < KNOWN_MS;
	const uint64_t first = wait_of(a, now_ms), second = at_home ? 0 : wait_of(p, now_ms);
	if (first || second)
		return first > second ? first : second;
	count(a, ADDRESS_FREE, now_ms);
	if (!at_home)
		count(p, PERSON_FREE, now_ms);
	return 0;
}

void throttle_passed(struct throttle *t, const char *address, const char *person, uint64_t now_ms)
{
	struct throttle_row *a = find(t->addresses, THROTTLE_ADDRESSES, key_of(address, ""));
	struct throttle_row *p = find(t->persons, THROTTLE_PERSONS, key_of(person, ""));
	if (a)
		*a = (struct throttle_row){ 0 };
	if (p)
		*p = (struct throttle_row){ 0 };
	row_of(t->known, THROTTLE_KNOWN, key_of(person, address), KNOWN_MS, now_ms)->last_ms =
		now_ms;
}
