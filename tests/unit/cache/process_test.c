// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void one_that_lives_is_known(void **state)
{
	(void)state;
	const uint64_t me = process_who(getpid());
	assert_int_equal(process_pid(me), getpid());
	assert_true(me >> 32);
	assert_int_equal(process_who(getpid()), me);
	assert_true(process_alive(me));
	/* Without the time, its number tells. */
	assert_true(process_alive((uint32_t)getpid()));
	/* A name of a process may look like the line that it stands in. */
	assert_int_equal(prctl(PR_SET_NAME, "a) R 1 (b"), 0);
	assert_int_equal(process_who(getpid()), me);
}

static void its_number_alone_is_not_enough(void **state)
{
	(void)state;
	const uint64_t me = process_who(getpid());
	assert_false(process_alive(me + (UINT64_C(1) << 32)));
	assert_false(process_alive(me - (UINT64_C(1) << 32)));
}

static void one_that_ended_is_dead(void **state)
{
	(void)state;
	siginfo_t info;
	const pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		pause();
		_exit(0);
	}
	const uint64_t who = process_who(child);
	assert_true(process_alive(who));
	kill(child, SIGKILL);
	/* Nobody has waited for it yet. */
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_false(process_alive(who));
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(process_alive(who));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_lives_is_known),
		cmocka_unit_test(its_number_alone_is_not_enough),
		cmocka_unit_test(one_that_ended_is_dead),
	};
	return cmocka_run_group_tests_name("cache/process", tests, NULL, NULL);
}
