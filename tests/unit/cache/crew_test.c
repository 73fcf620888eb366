// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/crew.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool everybody(uint64_t who)
{
	(void)who;
	return true;
}
static bool all_but_11(uint64_t who)
{
	return who != 11;
}
static bool nobody(uint64_t who)
{
	(void)who;
	return false;
}

static int make(void **state)
{
	void *memory = aligned_alloc(64, (sizeof(struct crew) + 63) / 64 * 64);
	memset(memory, 0xaa, sizeof(struct crew)); /* memory may come with anything in it */
	*state = crew_at(memory);
	return 0;
}

static int drop(void **state)
{
	free(*state);
	return 0;
}

static uint64_t hits(const struct crew *c)
{
	struct counters sum;
	crew_sum(c, &sum);
	return sum.values[COUNTERS_REPLIES_HIT];
}

static uint64_t workers(const struct crew *c)
{
	struct counters sum;
	crew_sum(c, &sum);
	return sum.values[COUNTERS_WORKERS];
}

static struct crew_berth *join(struct crew *c, uint64_t who, bool (*alive)(uint64_t who))
{
	struct crew_berth *b = crew_join(c, who, alive);
	assert_non_null(b);
	counters_set(&b->counters, COUNTERS_WORKERS, 1);
	return b;
}

static void what_a_dead_one_left_is_taken_over(void **state)
{
	struct crew *c = *state;
	assert_int_equal(hits(c), 0);
	struct crew_berth *a = join(c, 10, everybody), *b = join(c, 11, everybody);
	assert_ptr_not_equal(a, b);
	counters_add(&a->counters, COUNTERS_REPLIES_HIT, 3);
	counters_add(&b->counters, COUNTERS_REPLIES_HIT, 4);
	assert_int_equal(workers(c), 2);
	/* 11 was killed; who comes next sits down in its place. */
	struct crew_berth *next = join(c, 12, all_but_11);
	assert_ptr_equal(next, b);
	assert_int_equal(workers(c), 2);
	counters_add(&next->counters, COUNTERS_REPLIES_HIT, 1);
	assert_int_equal(hits(c), 8);
	/* One that ends properly takes nothing away but itself. */
	crew_leave(a);
	assert_int_equal(workers(c), 1);
	assert_int_equal(hits(c), 8);
	/* Asked twice, a process keeps its place. */
	assert_ptr_equal(crew_join(c, 12, everybody), next);
	/* A reload finds the memory as it was. */
	assert_ptr_equal(crew_at(c), c);
	assert_int_equal(hits(c), 8);
}

static void counts_that_the_dead_have_left_find_a_carrier(void **state)
{
	static const struct uses_gain gain = { .starts = 1 };
	struct crew *c = *state;
	struct crew_berth *a = join(c, 10, everybody), *b = join(c, 11, everybody);
	struct tally t = tally_open(&b->sheet, 7);
	assert_int_equal(tally_add(&t, 1, "lesson", "240p", &gain, 1), 0);
	assert_null(crew_adopt(c, 10, everybody));
	assert_int_equal(crew_rows(c), 1);
	assert_ptr_equal(crew_adopt(c, 10, all_but_11), b);
	assert_null(crew_adopt(c, 12, all_but_11)); /* 10 carries them */
	assert_int_equal(workers(c), 1);
	struct tally heir = tally_open(&b->sheet, 8);
	struct want_tally p;
	assert_true(tally_next(&heir, &p));
	tally_sent(&heir, &p);
	crew_leave(b);
	/* Not heard to be on disk: the next one carries them again. */
	assert_ptr_equal(crew_adopt(c, 12, all_but_11), b);
	heir = tally_open(&b->sheet, 9);
	assert_true(tally_next(&heir, &p));
	assert_int_equal(p.instance, 7);
	tally_sent(&heir, &p);
	tally_heard(&heir, 1);
	crew_leave(b);
	assert_null(crew_adopt(c, 12, all_but_11));
	assert_int_equal(crew_rows(c), 0);
	crew_leave(a);
	/* Who has nothing to leave is no orphan. */
	assert_null(crew_adopt(c, 12, nobody));
}

static void there_is_an_end_to_berths(void **state)
{
	struct crew *c = *state;
	for (uint64_t i = 1; i <= CREW_BERTHS; i++)
		join(c, i, everybody);
	assert_null(crew_join(c, 1000, everybody));
	assert_non_null(crew_join(c, 1000, all_but_11));
	assert_non_null(crew_join(c, 1001, nobody));
}

struct worker {
	struct crew *crew;
	uint64_t who;
};

static void *work(void *data)
{
	const struct worker *w = data;
	struct crew_berth *b = crew_join(w->crew, w->who, everybody);
	for (int i = 0; b && i < 20000; i++)
		counters_add(&b->counters, COUNTERS_REPLIES_HIT, 1);
	return b;
}

static void many_come_at_once_and_are_read_meanwhile(void **state)
{
	struct crew *c = *state;
	pthread_t threads[8];
	struct worker all[8];
	void *berths[8];
	for (int i = 0; i < 8; i++) {
		all[i] = (struct worker){ c, 100 + (uint64_t)i };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &all[i]), 0);
	}
	uint64_t before = 0;
	for (int i = 0; i < 50; i++) {
		const uint64_t now = hits(c);
		assert_true(now >= before && now <= 160000);
		before = now;
	}
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], &berths[i]);
	for (int i = 0; i < 8; i++)
		for (int k = 0; k < i; k++)
			assert_ptr_not_equal(berths[i], berths[k]);
	assert_int_equal(hits(c), 160000);
}

static void who_hangs_is_found(void **state)
{
	struct crew *c = *state;
	struct crew_berth *a = crew_join(c, 11, everybody), *b = crew_join(c, 12, everybody);
	assert_int_equal(crew_stuck(c, 1000000, 5000, everybody), 0); /* nobody has begun */
	crew_beat(a, 1000);
	crew_beat(b, 9000);
	assert_int_equal(crew_stuck(c, 6000, 5000, everybody), 0);
	assert_int_equal(crew_stuck(c, 6001, 5000, everybody), 11);
	assert_int_equal(crew_stuck(c, 6001, 5000, all_but_11), 0); /* dead is not stuck */
	crew_beat(a, 6001);
	assert_int_equal(crew_stuck(c, 6002, 5000, everybody), 0);
	assert_int_equal(crew_stuck(c, 20000, 5000, everybody), 11);
	crew_leave(a);
	assert_int_equal(crew_stuck(c, 20000, 5000, everybody), 12);
	assert_ptr_equal(crew_join(c, 12, nobody),
			 b); /* the same number again: it has said nothing yet */
	assert_int_equal(crew_stuck(c, 20000, 5000, everybody), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_dead_one_left_is_taken_over, make, drop),
		cmocka_unit_test_setup_teardown(counts_that_the_dead_have_left_find_a_carrier, make,
						drop),
		cmocka_unit_test_setup_teardown(there_is_an_end_to_berths, make, drop),
		cmocka_unit_test_setup_teardown(many_come_at_once_and_are_read_meanwhile, make,
						drop),
		cmocka_unit_test_setup_teardown(who_hangs_is_found, make, drop),
	};
	return cmocka_run_group_tests_name("cache/crew", tests, NULL, NULL);
}
