// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/ndtd/door.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static char people[DOOR_MOST + 1]; /* names */

static struct in6_addr at(const char *text)
{
	struct in6_addr out;
	assert_int_equal(inet_pton(AF_INET6, text, &out), 1);
	return out;
}

static void *enter(struct door *d, int who, const char *from)
{
	const struct in6_addr address = at(from);
	return door_enter(d, &people[who], &address);
}

/* Each from an address of his own, but those of `crowd`. */
static void fill(struct door *d, int crowd_from, int crowd_to, const char *crowd)
{
	for (int i = 0; i < DOOR_MOST; i++) {
		char own[INET6_ADDRSTRLEN];
		snprintf(own, sizeof(own), "::ffff:10.0.0.%d", i);
		assert_null(enter(d, i, i >= crowd_from && i < crowd_to ? crowd : own));
	}
	assert_int_equal(d->count, DOOR_MOST);
}

static void the_oldest_gives_way(void **state)
{
	(void)state;
	struct door d = { 0 };
	fill(&d, 0, 0, "");
	assert_ptr_equal(enter(&d, DOOR_MOST, "::ffff:10.9.9.9"), &people[0]);
	assert_int_equal(d.count, DOOR_MOST);
	assert_ptr_equal(enter(&d, 0, "::ffff:10.9.9.8"), &people[1]);
}

static void a_crowd_gives_way_first(void **state)
{
	(void)state;
	static const char *const crowds[][2] = { { "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
						 { "2001:db8:1:2::1", "2001:db8:1:2:ffff::7" } };
	for (int k = 0; k < 2; k++) {
		struct door d = { 0 };
		fill(&d, 30, 33, crowds[k][0]);
		/* He is one of them himself. */
		assert_ptr_equal(enter(&d, DOOR_MOST, crowds[k][1]), &people[30]);
		assert_ptr_equal(enter(&d, 30, "::ffff:10.9.9.9"), &people[31]);
		/* Networks beside theirs are none of theirs: two are left, of 62 alone. */
		assert_ptr_equal(enter(&d, 31, "2001:db8:1:3::1"), &people[32]);
		assert_ptr_equal(enter(&d, 32, "::ffff:192.0.2.2"), &people[0]);
	}
}

static void who_is_served_leaves_room(void **state)
{
	(void)state;
	struct door d = { 0 };
	fill(&d, 0, 0, "");
	door_leave(&d, &people[5]);
	door_leave(&d, &people[5]); /* twice is nothing */
	assert_int_equal(d.count, DOOR_MOST - 1);
	assert_null(enter(&d, DOOR_MOST, "::ffff:10.9.9.9"));
	assert_ptr_equal(enter(&d, 5, "::ffff:10.9.9.8"), &people[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_gives_way),
		cmocka_unit_test(a_crowd_gives_way_first),
		cmocka_unit_test(who_is_served_leaves_room),
	};
	return cmocka_run_group_tests_name("ndtd/door", tests, NULL, NULL);
}
