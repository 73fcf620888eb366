// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/session.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define HOUR (UINT64_C(3600000))

static void a_token_is_its_person_for_a_while(void **state)
{
	(void)state;
	static const struct {
		uint64_t steps[4]; /* when it is used, hours after it began; 0: no more */
		bool last;
	} rows[] = {
		{ { 1 }, true },
		{ { 3, 6, 9, 11 }, true },
		{ { 3, 6, 9, 12 }, false }, /* twelve hours in any case */
		{ { 4 }, false },           /* four without a request */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sessions s = { 0 };
		char token[SESSION_TOKEN_BYTES];
		const struct session *found = NULL;
		sessions_begin(&s, "p-1", HOUR, token);
		for (size_t k = 0; k < 4 && rows[i].steps[k]; k++)
			found = sessions_find(&s, token, HOUR + rows[i].steps[k] * HOUR);
		assert_int_equal(found != NULL, rows[i].last);
		if (found)
			assert_string_equal(found->person, "p-1");
	}
}

static void nothing_else_is_a_token(void **state)
{
	(void)state;
	struct sessions s = { 0 };
	char token[SESSION_TOKEN_BYTES];
	sessions_begin(&s, "p-1", 5, token);
	static const char *const wrong[] = {
		"", "00", "zz", "0000000000000000000000000000000000000000000000000000000000000000"
	};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_null(sessions_find(&s, wrong[i], 6));
	assert_null(sessions_find(&s, NULL, 6));
	token[0] = token[0] == '0' ? '1' : '0';
	assert_null(sessions_find(&s, token, 6));
}

static void ends_are_ends(void **state)
{
	(void)state;
	struct sessions s = { 0 };
	char one[SESSION_TOKEN_BYTES], two[SESSION_TOKEN_BYTES], other[SESSION_TOKEN_BYTES];
	sessions_begin(&s, "p-1", 1, one);
	sessions_begin(&s, "p-1", 1, two);
	sessions_begin(&s, "p-2", 1, other);
	sessions_end(&s, one);
	assert_null(sessions_find(&s, one, 2));
	assert_non_null(sessions_find(&s, two, 2));
	sessions_end_person(&s, "p-1");
	assert_null(sessions_find(&s, two, 2));
	assert_non_null(sessions_find(&s, other, 2));
}

static void the_longest_unused_gives_way(void **state)
{
	(void)state;
	static struct sessions s;
	static char tokens[SESSION_MOST + 1][SESSION_TOKEN_BYTES];
	for (unsigned i = 0; i < SESSION_MOST; i++)
		sessions_begin(&s, "p-1", 10 + i, tokens[i]);
	assert_non_null(sessions_find(&s, tokens[0], 1000)); /* used: the second is older now */
	sessions_begin(&s, "p-2", 1001, tokens[SESSION_MOST]);
	assert_null(sessions_find(&s, tokens[1], 1002));
	assert_non_null(sessions_find(&s, tokens[0], 1002));
	assert_non_null(sessions_find(&s, tokens[SESSION_MOST], 1002));
}

static void forms_carry_the_marks_of_their_session(void **state)
{
	(void)state;
	struct sessions s = { 0 };
	char one[SESSION_TOKEN_BYTES], two[SESSION_TOKEN_BYTES], mark[SESSION_CSRF_BYTES];
	sessions_begin(&s, "p-1", 1, one);
	sessions_begin(&s, "p-1", 1, two);
	sessions_csrf(one, mark);
	assert_true(sessions_csrf_ok(one, mark));
	assert_false(sessions_csrf_ok(two, mark));
	assert_false(sessions_csrf_ok(one, NULL));
	assert_false(sessions_csrf_ok(one, ""));
	assert_null(strstr(one, mark)); /* a page that leaks it does not leak the token */
}

static void files_bring_sessions_back(void **state)
{
	(void)state;
	struct sessions s = { 0 }, back;
	char token[SESSION_TOKEN_BYTES], path[] = "/tmp/wasl-sessions-XXXXXX";
	AUTO_FD int fd = mkstemp(path);
	struct stat st;
	assert_true(fd >= 0);
	sessions_begin(&s, "p-1", HOUR, token);
	assert_int_equal(sessions_save(&s, path, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	sessions_load(&back, path, 2 * HOUR);
	assert_non_null(sessions_find(&back, token, 2 * HOUR));
	sessions_load(&back, path, 20 * HOUR);
	assert_null(sessions_find(&back, token, 20 * HOUR));
	sessions_load(&back, path, 1); /* another boot: time begins anew */
	assert_null(sessions_find(&back, token, 1));
	assert_int_equal(truncate(path, 100), 0);
	sessions_load(&back, path, 2 * HOUR);
	assert_null(sessions_find(&back, token, 2 * HOUR));
	unlink(path);
	sessions_load(&back, path, 2 * HOUR);
	assert_null(sessions_find(&back, token, 2 * HOUR));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_its_person_for_a_while),
		cmocka_unit_test(nothing_else_is_a_token),
		cmocka_unit_test(ends_are_ends),
		cmocka_unit_test(the_longest_unused_gives_way),
		cmocka_unit_test(forms_carry_the_marks_of_their_session),
		cmocka_unit_test(files_bring_sessions_back),
	};
	return sodium_init() < 0 ? 1
				 : cmocka_run_group_tests_name("staff/session", tests, NULL, NULL);
}
