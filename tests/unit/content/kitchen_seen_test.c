// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_seen.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void the_first_is_remembered(void **state)
{
	(void)state;
	AUTO_FREE struct seen *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	assert_int_equal(seen_check(s, "g-1", 2, NULL, "abc", 3), 0);
	assert_int_equal(seen_check(s, "g-1", 2, NULL, "abc", 3), 0);
	assert_int_equal(seen_check(s, "g-1", 2, NULL, "abd", 3), -ESTALE);
	assert_int_equal(seen_check(s, "g-1", 3, NULL, "abd", 3), 0);
	assert_int_equal(seen_check(s, "g-2", 2, NULL, "abd", 3), 0);
	assert_int_equal(s->count, 3);
}

static void what_the_caller_knows_goes_before(void **state)
{
	(void)state;
	unsigned char hash[crypto_generichash_BYTES];
	AUTO_FREE struct seen *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)"xyz", 3, NULL, 0);
	assert_int_equal(seen_check(s, "g-1", 2, hash, "abc", 3), -ESTALE);
	assert_int_equal(s->count, 0);
	assert_int_equal(seen_check(s, "g-1", 2, hash, "xyz", 3), 0);
	assert_int_equal(seen_check(s, "g-1", 2, NULL, "abc", 3), -ESTALE);
}

static void old_ones_are_forgotten(void **state)
{
	(void)state;
	AUTO_FREE struct seen *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	for (unsigned i = 0; i < SEEN_MAX + 1; i++) {
		char name[24];
		snprintf(name, sizeof(name), "g-%u", i);
		assert_int_equal(seen_check(s, name, 0, NULL, &i, sizeof(i)), 0);
	}
	assert_int_equal(seen_check(s, "g-1", 0, NULL, "other", 5), -ESTALE);
	assert_int_equal(seen_check(s, "g-0", 0, NULL, "other", 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_remembered),
		cmocka_unit_test(what_the_caller_knows_goes_before),
		cmocka_unit_test(old_ones_are_forgotten),
	};
	return cmocka_run_group_tests_name("content/kitchen_seen", tests, NULL, NULL);
}
