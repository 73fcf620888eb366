// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/sources.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

struct scene {
	struct origin origin;
	struct sources s;
	uint64_t wake;
};

static struct scene scene(void)
{
	return (struct scene){ .wake = 0 };
}

/* The ministry's origin, a mirror, and two neighbours, named in this order. */
static void fill(struct scene *c)
{
	assert_int_equal(origin_set(&c->origin, "http://origin", 20, 1, NULL), 0);
	sources_init(&c->s, &c->origin);
	assert_int_equal(sources_add(&c->s, "far", SOURCE_MIRROR, "http://far", 20, 1, NULL), 0);
	assert_int_equal(sources_add(&c->s, "a", SOURCE_NEIGHBOUR, "http://a", 20, 1, NULL), 0);
	assert_int_equal(sources_add(&c->s, "b", SOURCE_NEIGHBOUR, "http://b", 20, 1, NULL), 0);
}

static int pick(struct scene *c, size_t object, uint64_t chunk, enum origin_for who, uint64_t now)
{
	return sources_pick(&c->s, object, chunk, who, now, &c->wake);
}

static void neighbours_first_mirrors_last(void **state)
{
	(void)state;
	static const char *const order[] = { "a", "b", "origin", "far" };
	struct scene c = scene();
	fill(&c);
	assert_int_equal(c.s.count, ARRAY_LEN(order));
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		assert_string_equal(c.s.all[i].name, order[i]);
		assert_ptr_equal(c.s.all[i].at, i == 2 ? &c.origin : &c.s.all[i].own);
	}
	struct fault why = { 0 };
	assert_int_equal(sources_add(&c.s, "x", SOURCE_MIRROR, "ftp://x", 20, 1, &why), -EINVAL);
	assert_non_null(strstr(why.text, "[source x]"));
	assert_int_equal(sources_add(&c.s, "none", SOURCE_MIRROR, "", 20, 1, NULL), 0);
	while (c.s.count < SOURCES_MOST)
		assert_int_equal(sources_add(&c.s, "m", SOURCE_MIRROR, "http://m", 20, 1, NULL), 0);
	assert_int_equal(sources_add(&c.s, "m", SOURCE_MIRROR, "http://m", 20, 1, NULL), -ENOSPC);
}

static void what_one_has_not_is_asked_of_the_next(void **state)
{
	(void)state;
	struct scene c = scene();
	fill(&c);
	assert_int_equal(pick(&c, 5, 7, ORIGIN_FOR_LATER, 1000), 0);
	sources_failed(&c.s, 0, 5, SOURCES_WHOLE, 1000); /* a has no such object */
	assert_int_equal(pick(&c, 5, 7, ORIGIN_FOR_LATER, 1000), 1);
	assert_int_equal(pick(&c, 6, 7, ORIGIN_FOR_LATER, 1000), 0);
	sources_failed(&c.s, 1, 5, 7, 1000); /* b has it, but not this chunk */
	assert_int_equal(pick(&c, 5, 7, ORIGIN_FOR_LATER, 1000), 2);
	assert_int_equal(pick(&c, 5, 6, ORIGIN_FOR_LATER, 1000), 1);
	assert_int_equal(sources_run(&c.s, 1, 5, 4, 100, ORIGIN_FOR_LATER, 1000), 3);
	assert_int_equal(sources_run(&c.s, 2, 5, 4, 100, ORIGIN_FOR_LATER, 1000), 100);
	assert_int_equal(sources_run(&c.s, 1, 5, 4, 100, ORIGIN_FOR_LATER, 9000), 100);
	origin_failed(&c.origin, "cut", 1000);
	assert_int_equal(pick(&c, 5, 7, ORIGIN_FOR_LATER, 1000), 3);
	sources_failed(&c.s, 3, 5, 7, 1000);
	assert_int_equal(pick(&c, 5, 7, ORIGIN_FOR_LATER, 1000), -1);
	assert_in_range(c.wake, 1700, 2000); /* a second later, less what spreads them */
	assert_true(pick(&c, 5, 7, ORIGIN_FOR_LATER, c.wake) >= 0);
	sources_hurry(&c.s);
	assert_int_equal(pick(&c, 5, 7, ORIGIN_FOR_LATER, 1000), 0);
}

static void whoever_brings_it_ends_the_trouble(void **state)
{
	(void)state;
	struct scene c = scene();
	fill(&c);
	sources_failed(&c.s, 0, 5, 7, 1000);
	sources_failed(&c.s, 0, 5, 8, 1000);
	sources_brought(&c.s, 2, 5, 7);
	assert_int_equal(c.s.trouble_count, 1);
	assert_int_equal(pick(&c, 5, 7, ORIGIN_FOR_LATER, 1000), 0);
	sources_forget(&c.s);
	assert_int_equal(pick(&c, 5, 8, ORIGIN_FOR_LATER, 1000), 0);
}

/* Longer and longer for the background; a pupil who waits has it tried every few seconds. */
static void a_pupil_has_it_tried_sooner(void **state)
{
	(void)state;
	struct scene c = scene();
	assert_int_equal(origin_set(&c.origin, "http://origin", 20, 1, NULL), 0);
	sources_init(&c.s, &c.origin);
	for (unsigned i = 1; i <= 8; i++)
		assert_int_equal(sources_failed(&c.s, 0, 1, 1, 1000), i);
	assert_int_equal(pick(&c, 1, 1, ORIGIN_FOR_LATER, 5000), -1);
	assert_true(c.wake > 60000);
	assert_int_equal(pick(&c, 1, 1, ORIGIN_FOR_PUPIL, 1000), -1);
	assert_int_equal(c.wake, 4000);
	assert_int_equal(pick(&c, 1, 1, ORIGIN_FOR_PUPIL, 4000), 0);
	for (unsigned i = 0; i < 8; i++)
		origin_failed(&c.origin, "cut", 9000);
	assert_int_equal(pick(&c, 2, 1, ORIGIN_FOR_PUPIL, 9000), -1);
	assert_int_equal(c.wake, 11000);
	assert_int_equal(pick(&c, 2, 1, ORIGIN_FOR_LATER, 30000), -1);
}

static void who_keeps_a_pupil_waiting_is_asked_after_others(void **state)
{
	(void)state;
	struct scene c = scene();
	fill(&c);
	assert_true(sources_slow(&c.s, 0, 7, 3, 1000));
	assert_int_equal(pick(&c, 7, 3, ORIGIN_FOR_PUPIL, 1000), 1);
	assert_int_equal(pick(&c, 8, 0, ORIGIN_FOR_PUPIL, 1000), 1); /* for anything else, too */
	assert_int_equal(pick(&c, 8, 0, ORIGIN_FOR_LATER, 1000),
			 0); /* what nobody waits for may take its time */
	assert_true(sources_slow(&c.s, 1, 7, 3, 1000));
	sources_failed(&c.s, 2, 7, 3, 1000); /* the origin has it not */
	assert_int_equal(pick(&c, 7, 3, ORIGIN_FOR_PUPIL, 1000), 3);
	assert_false(sources_slow(&c.s, 3, 7, 3, 1000)); /* nobody is left: it goes on */
	sources_failed(&c.s, 3, 7, 3, 1000);
	assert_int_equal(pick(&c, 7, 3, ORIGIN_FOR_PUPIL, 1000),
			 0); /* better slowly than not at all */
	assert_int_equal(pick(&c, 8, 0, ORIGIN_FOR_PUPIL, 60999), 2);
	assert_int_equal(pick(&c, 8, 0, ORIGIN_FOR_PUPIL, 61000), 0);
}

static void three_wrong_chunks_in_a_row_are_a_lie(void **state)
{
	(void)state;
	struct scene c = scene();
	fill(&c);
	assert_false(sources_lies(&c.s, 0, 1));
	assert_false(sources_lies(&c.s, 0, 1));
	assert_false(sources_lies(&c.s, 0, 2)); /* the same one again */
	sources_brought(&c.s, 0, 5, 5);
	assert_false(sources_lies(&c.s, 0, 1));
	assert_false(sources_lies(&c.s, 0, 1));
	assert_true(sources_lies(&c.s, 0, 1));
	origin_lied(c.s.all[0].at, "damaged", 1000);
	assert_int_equal(pick(&c, 1, 1, ORIGIN_FOR_LATER, 1000), 1);
	assert_int_equal(pick(&c, 1, 1, ORIGIN_FOR_PUPIL, 4000), 1);
	assert_int_equal(pick(&c, 1, 1, ORIGIN_FOR_PUPIL, 16000), 0);
}

/* What comes right in between does not make up for it, where too much of it is wrong. */
static void a_share_of_wrong_chunks_is_a_lie(void **state)
{
	(void)state;
	static const struct {
		const char *why;
		unsigned every, chunks; /* each so many-th is wrong, of so many */
		unsigned lies;          /* how often it is found to lie */
	} rows[] = {
		{ "every second", 2, 16, 1 },
		{ "every third", 3, 24, 1 },
		{ "every fourth", 4, 32, 1 },
		{ "not enough yet to say so", 2, 14, 0 },
		{ "it begins anew afterwards", 2, 30, 1 },
		{ "and is found to lie again", 2, 32, 2 },
		{ "one in ten is a bad line", 10, 1000, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene c = scene();
		unsigned lies = 0;
		fill(&c);
		for (unsigned k = 1; k <= rows[i].chunks; k++) {
			if (k % rows[i].every)
				sources_brought(&c.s, 0, 5, k);
			else
				lies += sources_lies(&c.s, 0, 1);
		}
		if (lies != rows[i].lies)
			fail_msg("%s: %u", rows[i].why, lies);
		/* What one does is not held against another. */
		assert_int_equal(c.s.all[1].bad_chunks, 0);
	}
}

static void memory_is_bounded(void **state)
{
	(void)state;
	struct scene c = scene();
	fill(&c);
	for (size_t i = 0; i < 3 * (size_t)SOURCES_TROUBLES; i++)
		sources_failed(&c.s, 0, i, 0, i);
	assert_int_equal(c.s.trouble_count, SOURCES_TROUBLES);
	assert_int_equal(pick(&c, 3 * (size_t)SOURCES_TROUBLES - 1, 0, ORIGIN_FOR_LATER,
			      3 * (size_t)SOURCES_TROUBLES),
			 1);
}

static void without_an_address_nobody_is_asked(void **state)
{
	(void)state;
	struct scene c = scene();
	assert_int_equal(origin_set(&c.origin, "", 20, 1, NULL), 0);
	sources_init(&c.s, &c.origin);
	assert_int_equal(pick(&c, 1, 1, ORIGIN_FOR_PUPIL, 1000), -1);
	assert_int_equal(c.wake, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_first_mirrors_last),
		cmocka_unit_test(what_one_has_not_is_asked_of_the_next),
		cmocka_unit_test(whoever_brings_it_ends_the_trouble),
		cmocka_unit_test(a_pupil_has_it_tried_sooner),
		cmocka_unit_test(who_keeps_a_pupil_waiting_is_asked_after_others),
		cmocka_unit_test(three_wrong_chunks_in_a_row_are_a_lie),
		cmocka_unit_test(a_share_of_wrong_chunks_is_a_lie),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(without_an_address_nobody_is_asked),
	};
	return cmocka_run_group_tests_name("content/sources", tests, NULL, NULL);
}
