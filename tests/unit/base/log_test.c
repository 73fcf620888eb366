// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/fault.h"

/* Runs `speak` with standard error on a pipe; `journal` sets JOURNAL_STREAM to that pipe. */
enum where { TERMINAL, JOURNAL, OTHER_JOURNAL };

static const char *capture(enum where where, void (*speak)(void))
{
	static char got[8192];
	int ends[2], kept = dup(STDERR_FILENO);
	assert_int_equal(pipe(ends), 0);
	struct stat st;
	fstat(ends[1], &st);
	char stream[64];
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino + (where == OTHER_JOURNAL));
	if (where == TERMINAL)
		unsetenv("JOURNAL_STREAM");
	else
		setenv("JOURNAL_STREAM", stream, 1);
	dup2(ends[1], STDERR_FILENO);
	log_open("tester");
	speak();
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(ends[1]);
	ssize_t n = read(ends[0], got, sizeof(got) - 1);
	close(ends[0]);
	got[n > 0 ? n : 0] = '\0';
	return got;
}

static void four_verbs(void)
{
	log_error("event=%s", "e");
	log_warn("event=w");
	log_info("event=i");
	log_debug("event=d");
}

static void hostile_name(void)
{
	log_info("event=file name=%s", "a\nevent=fake\x1b[31m");
}

static void endless(void)
{
	char big[5000];
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_info("%s", big);
	log_info("next");
}

static void a_fault(void)
{
	struct fault why;
	fault_set(&why, -EIO, "disk.bad", "'%s' says \"no\"", "/x");
	log_fault(LOG_LEVEL_WARN, "store.open", &why);
}

static void names_the_program_on_a_terminal(void **state)
{
	(void)state;
	unsetenv("WASL_LOG");
	assert_string_equal(capture(TERMINAL, four_verbs),
			    "tester: event=e\ntester: event=w\ntester: event=i\n");
}

static void writes_priorities_only_to_its_own_journal(void **state)
{
	(void)state;
	unsetenv("WASL_LOG");
	assert_string_equal(capture(JOURNAL, four_verbs), "<3>event=e\n<4>event=w\n<6>event=i\n");
	assert_string_equal(capture(OTHER_JOURNAL, four_verbs),
			    "tester: event=e\ntester: event=w\ntester: event=i\n");
}

static void obeys_the_threshold(void **state)
{
	(void)state;
	setenv("WASL_LOG", "debug", 1);
	assert_string_equal(capture(JOURNAL, four_verbs),
			    "<3>event=e\n<4>event=w\n<6>event=i\n<7>event=d\n");
	setenv("WASL_LOG", "error", 1);
	assert_string_equal(capture(TERMINAL, four_verbs), "tester: event=e\n");
	unsetenv("WASL_LOG");
}

static void keeps_one_event_on_one_line(void **state)
{
	(void)state;
	assert_string_equal(capture(TERMINAL, hostile_name),
			    "tester: event=file name=a?event=fake?[31m\n");
	const char *got = capture(TERMINAL, endless);
	const char *end = strchr(got, '\n');
	assert_non_null(end);
	assert_string_equal(end + 1, "tester: next\n");
	assert_int_equal(end - got, 2047 - 1);
}

static void quotes_the_sentence_of_a_fault(void **state)
{
	(void)state;
	assert_string_equal(capture(JOURNAL, a_fault),
			    "<4>event=store.open fault=disk.bad text=\"'/x' says \\\"no\\\"\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_program_on_a_terminal),
		cmocka_unit_test(writes_priorities_only_to_its_own_journal),
		cmocka_unit_test(obeys_the_threshold),
		cmocka_unit_test(keeps_one_event_on_one_line),
		cmocka_unit_test(quotes_the_sentence_of_a_fault),
	};
	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
