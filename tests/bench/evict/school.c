// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/evict/school.h"

#include <errno.h>
#include <stdlib.h>

enum { GRADES = 9, SUBJECTS = 6, CLASSES_A_GRADE = 2, DAY_S = 24 * 3600 };
static const int32_t exams[] = { 50, 105 };

struct maker {
	uint64_t seed;
	struct school *to;
	size_t lesson_room, event_room;
	int failed;
};

static uint32_t dice(struct maker *m, uint32_t sides)
{
	m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((m->seed >> 33) % sides);
}

static void add_event(struct maker *m, int32_t day, int64_t second, uint32_t lesson, uint8_t rung,
		      uint8_t prefetch)
{
	struct school *s = m->to;
	if (day < 0 || day >= SCHOOL_DAYS || m->failed)
		return;
	if (s->event_count == m->event_room) {
		m->event_room = m->event_room ? 2 * m->event_room : 4096;
		struct school_event *more = reallocarray(s->events, m->event_room, sizeof(*more));
		if (!more) {
			m->failed = -ENOMEM;
			return;
		}
		s->events = more;
	}
	s->events[s->event_count++] =
		(struct school_event){ (int64_t)day * DAY_S + second, lesson, rung, prefetch };
}

/* Old phones take 240p, some 360p; few only listen; the class's projector takes 480p. */
static uint8_t any_rung(struct maker *m)
{
	const uint32_t d = dice(m, 10);
	return d < 1 ? 0 : d < 6 ? 1 : d < 9 ? 2 : 3;
}

static void watch(struct maker *m, uint32_t lesson, int32_t day)
{
	add_event(m, day - 2, 3 * 3600 + dice(m, 3600), lesson, 0, 1);
	for (uint32_t class = 0; class < CLASSES_A_GRADE; class ++) {
		const int64_t hour = 8 + dice(m, 6);
		for (uint8_t rung = 0; rung < SCHOOL_RUNGS; rung++)
			add_event(m, day + (int32_t) class, hour * 3600 + dice(m, 600), lesson,
				  rung, 0);
	}
	for (uint32_t n = dice(m, 4); n > 0; n--) /* the same evening */
		add_event(m, day, 15 * 3600 + dice(m, 4 * 3600), lesson, any_rung(m), 0);
	for (uint32_t n = dice(m, 5); n > 0; n--)
		add_event(m, day + 1 + (int32_t)dice(m, 7), 10 * 3600 + dice(m, 6 * 3600), lesson,
			  any_rung(m), 0);
	if (dice(m, 3) == 0)
		add_event(m, day + 8 + (int32_t)dice(m, 30), 10 * 3600 + dice(m, 6 * 3600), lesson,
			  any_rung(m), 0);
	for (size_t i = 0; i < sizeof(exams) / sizeof(exams[0]); i++)
		if (day < exams[i] - 2 && exams[i] - day < 45 && dice(m, 2) == 0)
			add_event(m, exams[i] - 1 - (int32_t)dice(m, 7),
				  9 * 3600 + dice(m, 9 * 3600), lesson, any_rung(m), 0);
}

static void add_lesson(struct maker *m, int32_t day)
{
	struct school *s = m->to;
	if (s->lesson_count == m->lesson_room) {
		m->lesson_room = m->lesson_room ? 2 * m->lesson_room : 1024;
		struct school_lesson *more =
			reallocarray(s->lessons, m->lesson_room, sizeof(*more));
		if (!more) {
			m->failed = -ENOMEM;
			return;
		}
		s->lessons = more;
	}
	const uint32_t seconds = 300 + dice(m, 900);
	s->lessons[s->lesson_count] = (struct school_lesson){
		.day = day,
		.film_kb = seconds * 50,
		.rung_kb = { seconds * 6, seconds * 25, seconds * 50, seconds * 85 },
	};
	watch(m, (uint32_t)s->lesson_count++, day);
}

static int by_time(const void *a, const void *b)
{
	const struct school_event *x = a, *y = b;
	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	return x->lesson < y->lesson ? -1 : x->lesson > y->lesson;
}

int school_make(uint64_t seed, struct school *out)
{
	*out = (struct school){ 0 };
	struct maker m = { .seed = seed * 2654435761u + 1, .to = out };
	for (int32_t day = 0; day < SCHOOL_DAYS; day++)
		for (int32_t n = 0; n < GRADES * SUBJECTS; n++)
			if ((n + day) % 2 == 0 && day % 7 < 5)
				add_lesson(&m, day);
	for (int32_t day = 0; day < SCHOOL_DAYS && out->lesson_count; day++)
		for (uint32_t n = dice(&m, 6); n > 0; n--) /* anything at all, once */
			add_event(&m, day, 9 * 3600 + dice(&m, 9 * 3600),
				  dice(&m, (uint32_t)out->lesson_count), any_rung(&m), 0);
	if (m.failed) {
		school_done(out);
		return m.failed;
	}
	qsort(out->events, out->event_count, sizeof(*out->events), by_time);
	return 0;
}

void school_done(struct school *s)
{
	free(s->lessons);
	free(s->events);
}
