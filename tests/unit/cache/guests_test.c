// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/guests.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static struct guest v4(uint32_t n)
{
	const uint8_t bytes[4] = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
	return guest_v4(bytes);
}

static void one_address_has_its_limit(void **state)
{
	(void)state;
	struct guests *g = guests_new(100);
	const struct guest a = v4(1), b = v4(2);
	for (int i = 0; i < 3; i++)
		assert_int_equal(guests_enter(g, &a, 3), 0);
	assert_int_equal(guests_enter(g, &a, 3), -EBUSY);
	assert_int_equal(guests_enter(g, &b, 3), 0);
	assert_int_equal(guests_open(g, &a), 3);
	guests_leave(g, &a);
	assert_int_equal(guests_enter(g, &a, 3), 0);
	assert_int_equal(guests_enter(g, &a, 3), -EBUSY);
	for (int i = 0; i < 3; i++)
		guests_leave(g, &a);
	assert_int_equal(guests_open(g, &a), 0);
	assert_int_equal(guests_open(g, &b), 1);
	guests_leave(g, &a); /* one too many takes nobody's place */
	assert_int_equal(guests_open(g, &b), 1);
	guests_free(g);
}

static void addresses(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint8_t a[16], b[16];
		int same;
	} rows[] = {
		{ "one of IPv6",
		  { 0x20, 1, 0xd, 0xb8, [15] = 1 },
		  { 0x20, 1, 0xd, 0xb8, [15] = 1 },
		  1 },
		{ "two phones of one network",
		  { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, [15] = 1 },
		  { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, [15] = 2 },
		  0 },
		{ "two networks",
		  { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1 },
		  { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 2 },
		  0 },
		{ "two of IPv4 in IPv6",
		  { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 },
		  { [10] = 0xff, [11] = 0xff, 10, 0, 0, 2 },
		  0 },
		{ "loopback is not IPv4's 0.0.0.0", { [15] = 1 }, { [10] = 0xff, [11] = 0xff }, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct guest a = guest_v6(rows[i].a), b = guest_v6(rows[i].b);
		if ((memcmp(&a, &b, sizeof(a)) == 0) != rows[i].same)
			fail_msg("%s", rows[i].name);
	}
	const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 9 };
	const struct guest a = guest_v6(mapped), b = v4(9);
	assert_memory_equal(&a, &b, sizeof(a));
}

static void more_addresses_than_places(void **state)
{
	(void)state;
	struct guests *g = guests_new(8);
	unsigned in = 0;
	int rc = 0;
	for (uint32_t n = 0; n < 64 && rc == 0; n++) {
		const struct guest who = v4(n);
		rc = guests_enter(g, &who, 1);
		in += rc == 0;
	}
	assert_int_equal(rc, -ENOSPC);
	assert_true(in >= 8);
	for (uint32_t n = 0; n < in; n++) {
		const struct guest who = v4(n);
		assert_int_equal(guests_open(g, &who), 1);
	}
	guests_free(g);
}

/* Beside a plain array: whatever comes and goes, everyone is found again. */
static void comings_and_goings(void **state)
{
	(void)state;
	enum { PEOPLE = 300, STEPS = 200000 };
	static uint32_t open[PEOPLE];
	struct guests *g = guests_new(PEOPLE);
	uint32_t random = 12345;
	memset(open, 0, sizeof(open));
	for (int i = 0; i < STEPS; i++) {
		random = random * 1664525 + 1013904223;
		const uint32_t n = (random >> 8) % PEOPLE;
		const struct guest who = v4(n);
		if (random >> 31 && open[n]) {
			guests_leave(g, &who);
			open[n]--;
		} else {
			assert_int_equal(guests_enter(g, &who, 5), open[n] < 5 ? 0 : -EBUSY);
			open[n] += open[n] < 5;
		}
		assert_int_equal(guests_open(g, &who), open[n]);
		if (i % 1000 == 0)
			for (uint32_t k = 0; k < PEOPLE; k++) {
				const struct guest one = v4(k);
				assert_int_equal(guests_open(g, &one), open[k]);
			}
	}
	guests_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address_has_its_limit),
		cmocka_unit_test(addresses),
		cmocka_unit_test(more_addresses_than_places),
		cmocka_unit_test(comings_and_goings),
	};
	return cmocka_run_group_tests_name("cache_guests", tests, NULL, NULL);
}
