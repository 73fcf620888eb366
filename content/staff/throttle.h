// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * How often a PIN may be tried. Six digits are a million: guessing must be slow, and a pupil who guesses must not shut the teacher
 * out. Pure: the caller says what time it is (milliseconds that only grow).
 *
 *	per address	5 tries, then a wait of 30 s that doubles up to 15 min; forgotten after an hour's rest
 *	per person	10 tries from wherever, then the same; an address that this person has used is not made to wait by others.
 *			Forgotten after a day's rest. All names that nobody has count as one person.
 * A try counts as failed when it begins: many at once are no way around.
 */
#define THROTTLE_ADDRESSES 256u
#define THROTTLE_PERSONS 201u
#define THROTTLE_KNOWN 256u

struct throttle_row {
	uint64_t key; /* 0: free */
	uint64_t last_ms, until_ms;
	uint32_t failures;
};
struct throttle {
	struct throttle_row addresses[THROTTLE_ADDRESSES], persons[THROTTLE_PERSONS];
	struct throttle_row known[THROTTLE_KNOWN]; /* person and address that belong together */
};

/* Milliseconds to wait; 0: the try may be made, and is counted. `person` is an id; "" : nobody of that name. */
uint64_t throttle_try(struct throttle *t, const char *address, const char *person, uint64_t now_ms);
/* It was the right PIN. */
void throttle_passed(struct throttle *t, const char *address, const char *person, uint64_t now_ms);
