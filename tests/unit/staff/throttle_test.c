// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define MINUTE 60000u

/* One after the other at the same moment: how long each is made to wait. */
static void tries_at_once_are_counted(void **state)
{
	(void)state;
	static const struct {
		const char *what, *address, *person;
		unsigned tries; /* that go through */
	} rows[] = {
		{ "one phone, one name", "10.0.0.7", "amina", 5 },
		{ "one phone, a name that nobody has", "10.0.0.7", "", 5 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct throttle t = { 0 };
		unsigned through = 0;
		while (through < 100 &&
		       throttle_try(&t, rows[i].address, rows[i].person, MINUTE) == 0)
			through++;
		assert_int_equal(through, rows[i].tries);
		assert_int_equal(throttle_try(&t, rows[i].address, rows[i].person, MINUTE), 30000);
	}
}

static void waits_double_up_to_a_quarter_of_an_hour(void **state)
{
	(void)state;
	static const uint64_t waits[] = { 30000, 60000, 120000, 240000, 480000, 900000, 900000 };
	struct throttle t = { 0 };
	uint64_t now = MINUTE;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(throttle_try(&t, "10.0.0.7", "amina", now), 0);
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		assert_int_equal(throttle_try(&t, "10.0.0.7", "amina", now), waits[i]);
		now += waits[i];
		assert_int_equal(throttle_try(&t, "10.0.0.7", "amina", now), 0);
	}
}

static void many_phones_share_a_person(void **state)
{
	(void)state;
	struct throttle t = { 0 };
	unsigned through = 0;
	for (unsigned i = 0; i < 100; i++) {
		char address[16];
		snprintf(address, sizeof(address), "10.0.1.%u", i);
		through += throttle_try(&t, address, "amina", MINUTE) == 0;
	}
	assert_int_equal(through, 10);
}

static void guessers_do_not_shut_a_teacher_out(void **state)
{
	(void)state;
	struct throttle t = { 0 };
	assert_int_equal(throttle_try(&t, "10.0.0.9", "amina", MINUTE), 0);
	throttle_passed(&t, "10.0.0.9", "amina", MINUTE);
	for (unsigned i = 0; i < 50; i++) {
		char address[16];
		snprintf(address, sizeof(address), "10.0.1.%u", i);
		(void)throttle_try(&t, address, "amina", 2 * MINUTE);
	}
	assert_true(throttle_try(&t, "10.0.1.77", "amina", 2 * MINUTE) > 0);
	assert_int_equal(throttle_try(&t, "10.0.0.9", "amina", 2 * MINUTE), 0);
	/* It is this person's place, not everybody's. */
	for (unsigned i = 0; i < 20; i++)
		(void)throttle_try(&t, "10.0.2.1", "omar", 2 * MINUTE);
	for (unsigned i = 0; i < 3; i++)
		(void)throttle_try(&t, "10.0.2.2", "omar", 2 * MINUTE);
}

static void the_right_pin_and_rest_forgive(void **state)
{
	(void)state;
	struct throttle t = { 0 };
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(throttle_try(&t, "10.0.0.7", "amina", MINUTE), 0);
	assert_int_equal(throttle_try(&t, "10.0.0.7", "amina", 2 * MINUTE), 0);
	throttle_passed(&t, "10.0.0.7", "amina", 2 * MINUTE);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(throttle_try(&t, "10.0.0.7", "amina", 2 * MINUTE), 0);
	assert_true(throttle_try(&t, "10.0.0.7", "amina", 2 * MINUTE) > 0);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(throttle_try(&t, "10.0.0.7", "amina", 70 * MINUTE), 0);
}

/* A stranger with many addresses pushes rows out, never the count of the person. */
static void a_full_table_goes_on(void **state)
{
	(void)state;
	struct throttle t = { 0 };
	unsigned through = 0;
	for (unsigned i = 0; i < 3 * THROTTLE_ADDRESSES; i++) {
		char address[24];
		snprintf(address, sizeof(address), "10.%u.%u.1", i / 200, i % 200);
		through += throttle_try(&t, address, "amina", MINUTE + i) == 0;
	}
	assert_int_equal(through, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tries_at_once_are_counted),
		cmocka_unit_test(waits_double_up_to_a_quarter_of_an_hour),
		cmocka_unit_test(many_phones_share_a_person),
		cmocka_unit_test(guessers_do_not_shut_a_teacher_out),
		cmocka_unit_test(the_right_pin_and_rest_forgive),
		cmocka_unit_test(a_full_table_goes_on),
	};
	return cmocka_run_group_tests_name("staff/throttle", tests, NULL, NULL);
}
