// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/replan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include <cmocka.h>

#include "firmware/base/clock.h"

static void count(void *data)
{
	++*(unsigned *)data;
}

static void turn(sd_event *loop, uint64_t usec)
{
	while (sd_event_run(loop, usec) > 0)
		;
}

static void runs_once_however_often_it_was_asked(void **state)
{
	(void)state;
	sd_event *loop = NULL;
	struct replan r;
	unsigned runs = 0;
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(replan_init(&r, loop, count, &runs), 0);
	turn(loop, 0);
	assert_int_equal(runs, 1);
	replan_soon(&r);
	replan_soon(&r);
	assert_int_equal(runs, 1);
	turn(loop, 0);
	assert_int_equal(runs, 2);
	replan_done(&r);
	sd_event_unref(loop);
}

static void runs_at_the_last_moment_named(void **state)
{
	(void)state;
	sd_event *loop = NULL;
	struct replan r;
	unsigned runs = 0;
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(replan_init(&r, loop, count, &runs), 0);
	turn(loop, 0);
	replan_at(&r, 1); /* long past */
	replan_at(&r, 0);
	turn(loop, 0);
	assert_int_equal(runs, 1);
	replan_at(&r, clock_mono_ms() + 3600000);
	replan_at(&r, 1);
	assert_true(sd_event_run(loop, 5000000) > 0);
	assert_int_equal(runs, 2);
	turn(loop, 0);
	assert_int_equal(runs, 2);
	replan_done(&r);
	replan_done(&r); /* nothing is left to give back */
	sd_event_unref(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_once_however_often_it_was_asked),
		cmocka_unit_test(runs_at_the_last_moment_named),
	};
	return cmocka_run_group_tests_name("content/replan", tests, NULL, NULL);
}
