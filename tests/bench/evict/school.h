// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * A school of 110 days, invented: 18 classes of nine grades, six subjects, a new lesson in each every other day. A lesson
 * is watched by a class on its day, by some of its pupils again that evening and in the week after, by fewer later; before
 * the two exams the weeks before are watched again; now and then somebody opens anything at all. The ministry brings lessons two
 * days before they are due. One seed, one trace.
 */
enum { SCHOOL_DAYS = 110, SCHOOL_RUNGS = 4 };

struct school_lesson {
	int32_t day;                    /* when its class watches it */
	uint32_t film_kb;               /* crosses the line */
	uint32_t rung_kb[SCHOOL_RUNGS]; /* made on the box: audio, 240p, 360p, 480p */
};

struct school_event {
	int64_t at_s;
	uint32_t lesson;
	uint8_t rung;
	uint8_t prefetch; /* the film arrives in advance, two days before */
};

struct school {
	struct school_lesson *lessons;
	size_t lesson_count;
	struct school_event *events; /* in order of time */
	size_t event_count;
};

int school_make(uint64_t seed, struct school *out);
void school_done(struct school *s);
