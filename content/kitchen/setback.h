// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Segments that could not be made: how often, when each is tried again, and how. Picture and sound count apart, so that damage of
 * one takes nothing from the other. What can be made black and silent is, after the last try; the rest is given up, and stays so
 * when the library is built anew (a teacher changed a title), for an hour. Pure.
 */
#define SETBACKS_MOST 256u
#define SETBACK_TRIES 3u
#define SETBACK_FIRST_MS 2000u
#define SETBACK_MOST_MS 60000u
#define SETBACK_GIVEN_UP_MS 3600000u

enum setback_part { SETBACK_PICTURES, SETBACK_SOUND };

struct setback {
	char generation[24]; /* of the lesson: its film, its plan and the program that makes it */
	size_t lesson;
	uint32_t segment; /* 0: the preview */
	enum setback_part part;
	uint32_t rungs; /* mask of those that failed */
	unsigned tries;
	uint64_t until_ms;
	bool given_up;
};

struct setbacks {
	struct setback all[SETBACKS_MOST];
	size_t count;
};

struct setback *setback_find(struct setbacks *s, size_t lesson, uint32_t segment,
			     enum setback_part part);
void setback_forget(struct setbacks *s, size_t lesson, uint32_t segment, enum setback_part part);

enum setback_next {
	SETBACK_AGAIN,
	SETBACK_BLANK, /* the next try reads nothing: black and silence */
	SETBACK_NEVER
};
/* It failed (again). `blank`: its lesson is of a kind of which segments can be made black and silent. */
enum setback_next setback_add(struct setbacks *s, const struct setback *which, bool blank,
			      uint64_t now_ms);

/*
 * The library is another: `find` says which lesson has this generation now, or SIZE_MAX. Those whose lesson has gone, or whose hour
 * is over, are forgotten.
 */
typedef size_t setback_where(const void *data, const char *generation);
void setback_move(struct setbacks *s, setback_where *find, const void *data, uint64_t now_ms);
