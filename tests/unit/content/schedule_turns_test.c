// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * One client asks for single chunks all over a film, another one reads it in order; the line brings a chunk a step, of each stream
 * in turn.
 */
enum { FILM = 600, STEPS = 160, FAR = 60 };

struct film {
	bool here[FILM];
	struct schedule_stream streams[SCHEDULE_MAX_STREAMS];
	bool half[SCHEDULE_MAX_STREAMS]; /* of its chunk has come */
	size_t streams_count, asked, brought, cut, thrown;
	uint64_t read;      /* by who reads in order */
	size_t far, far_at; /* brought to the other; its oldest want */
	bool far_first;     /* it was told of nothing for longer */
};

static bool film_gap(const void *data, uint64_t from, uint64_t *first, uint64_t *count)
{
	const struct film *f = data;
	while (from < FILM && f->here[from])
		from++;
	*first = from;
	for (*count = 0; from + *count < FILM && !f->here[from + *count];)
		++*count;
	return *count > 0;
}

static uint64_t far_chunk(size_t n)
{
	return 110 + n * 7;
}

static void drop_stream(struct film *f, size_t i)
{
	f->streams[i] = f->streams[--f->streams_count];
	f->half[i] = f->half[f->streams_count];
}

/* A step for who waits now; false when there is none. */
static bool step_film(struct film *f, size_t most, const struct schedule_want *wants, size_t count)
{
	const struct schedule_object object = { .map_known = true, .gap = film_gap, .data = f };
	struct schedule_pick pick;
	const struct schedule_view view = { .objects = &object,
					    .object_count = 1,
					    .wants = wants,
					    .want_count = count,
					    .streams = f->streams,
					    .stream_count = f->streams_count,
					    .most_streams = most,
					    .run_chunks = 1024,
					    .now_ms = 1000 };
	schedule_next(&view, &pick);
	const size_t at = pick.end_stream < 0 ? 0 : (size_t)pick.end_stream;
	struct schedule_stream *end = &f->streams[at];
	if (pick.what == SCHEDULE_YIELD) {
		f->cut += end->end - end->next - 1;
		end->end = end->next + 1;
		end->yields = true;
	} else if (pick.end_stream >= 0) {
		f->cut += end->end - end->next;
		f->thrown += f->half[at];
		drop_stream(f, at);
	}
	if (pick.what == SCHEDULE_RANGE) {
		assert_in_range(f->streams_count, 0, most - 1);
		f->asked += pick.count;
		f->half[f->streams_count] = false;
		f->streams[f->streams_count++] =
			(struct schedule_stream){ .next = pick.first,
						  .end = pick.first + pick.count,
						  .urgent = pick.urgent,
						  .client = pick.client };
	}
	return pick.what != SCHEDULE_NOTHING;
}

static void plan_film(struct film *f, size_t most)
{
	struct schedule_want wants[FAR + 1];
	size_t count;
	do {
		size_t far = f->far_at;
		const struct schedule_want reads = { 0, f->read, FILM - f->read, 0, 71 };
		count = 0;
		if (!f->far_first || far == FAR)
			wants[count++] = reads;
		if (far < FAR)
			wants[count++] = (struct schedule_want){ 0, far_chunk(far++), 1, 0, 70 };
		if (f->far_first && f->far_at < FAR)
			wants[count++] = reads;
		for (; far < FAR; far++)
			wants[count++] = (struct schedule_want){ 0, far_chunk(far), 1, 0, 70 };
	} while (step_film(f, most, wants, count));
}

static void bring_chunk(struct film *f, size_t step)
{
	assert_true(f->streams_count > 0); /* the line is never idle */
	const size_t i = step % f->streams_count;
	struct schedule_stream *t = &f->streams[i];
	const bool far = f->far_at < FAR && t->next >= far_chunk(0);
	f->here[t->next++] = true;
	f->brought++;
	f->far += far;
	f->far_first = !far;
	t->brought++;
	f->half[i] = false;
	if (t->next == t->end)
		drop_stream(f, i);
	while (f->far_at < FAR && f->here[far_chunk(f->far_at)])
		f->far_at++;
	while (f->here[f->read])
		f->read++;
}

static void who_plays_in_order_has_its_turn(void **state)
{
	(void)state;
	for (size_t most = 1; most <= 4; most++) {
		struct film f = { .far_first = true };
		size_t since = 0, longest = 0;
		plan_film(&f, most);
		for (size_t step = 0; step < STEPS; step++) {
			const uint64_t had = f.read;
			bring_chunk(&f, step);
			since = f.read > had ? 0 : since + 1;
			longest = since > longest ? since : longest;
			plan_film(&f, most);
		}
		print_message(
			"%zu streams: %ju in order, %zu far ones, %zu steps without, %zu asked "
			"for in vain\n",
			most, (uintmax_t)f.read, f.far, longest, f.cut);
		assert_in_range(longest, 0, most == 1 ? 1 : 2);
		assert_in_range(f.read, STEPS / 2 - 8, STEPS);
		assert_in_range(f.far, 10, STEPS);
		assert_in_range(f.cut, 0, 8);
	}
}

/*
 * One client asks for a place far from all others and hangs up when half of a chunk has come of it, again and again, while another
 * one reads in order: every byte that crosses the line is of a chunk that is kept, and each has its turns.
 */
static void who_hangs_up_wastes_nothing(void **state)
{
	(void)state;
	for (size_t most = 1; most <= 4; most++) {
		struct film f = { 0 };
		for (size_t step = 0; step < 2 * STEPS; step++) {
			const struct schedule_want wants[] = {
				{ 0, f.read, FILM - f.read, 0, 71 },
				{ 0, 110 + step * 7 % 487, 1, 0, 70 },
			};
			while (step_film(&f, most, wants, 2))
				continue;
			assert_true(f.streams_count > 0);
			const size_t i = step % f.streams_count;
			if (f.half[i])
				bring_chunk(&f, i);
			else
				f.half[i] = true;
			while (step_film(&f, most, wants, 1)) /* hung up */
				continue;
		}
		print_message("%zu streams: %ju in order of %zu that came, %zu halves in vain\n",
			      most, (uintmax_t)f.read, f.brought, f.thrown);
		assert_int_equal(f.thrown, 0);
		assert_in_range(f.brought, STEPS - most, STEPS);
		assert_in_range(f.read, STEPS / 2 - 8, STEPS);
	}
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_plays_in_order_has_its_turn),
		cmocka_unit_test(who_hangs_up_wastes_nothing),
	};
	return cmocka_run_group_tests_name("content/schedule_turns", tests, NULL, NULL);
}
