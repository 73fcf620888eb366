// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/ndtd/reply.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "provisioning/ndtd/seats.h"

static const uint8_t secret[HUBECHO_KEY] = "the hub's secret, 32 bytes long.";
static const uint8_t nonce[HUBECHO_NONCE] = "twelve bytes";

/* With these no two of those who ask below fall into one place of a table; they must not be drawn here. */
static const struct reply_seeds seeds = { .boxes = "sixteen bytes, a", .nets = "sixteen bytes, b" };

enum { PER_BOX = 5, PER_NET = 20 };

static int setup(void **state)
{
	struct reply *r = malloc(sizeof(*r));
	assert_non_null(r);
	assert_true(sodium_init() >= 0);
	reply_init(r, secret, PER_BOX, PER_NET, &seeds);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static enum reply_end ask(struct reply *r, uint8_t box, const char *from, uint64_t now_ms)
{
	uint8_t device[HUBECHO_DEVICE] = { box }, key[HUBECHO_KEY], bytes[HUBECHO_ASK],
		out[HUBECHO_ANSWER];
	struct in6_addr address;
	assert_int_equal(inet_pton(AF_INET6, from, &address), 1);
	hubecho_key(secret, device, key);
	hubecho_ask(key, device, nonce, bytes);
	enum reply_end end = reply_to(r, bytes, sizeof(bytes), &address, now_ms, out);
	if (end == REPLY_SEND)
		assert_int_equal(hubecho_answers(out, sizeof(out), key, bytes), 0);
	return end;
}

static unsigned answered(struct reply *r, uint8_t box, const char *from, unsigned asks,
			 uint64_t now_ms)
{
	unsigned n = 0;
	for (unsigned i = 0; i < asks; i++)
		n += ask(r, box, from, now_ms) == REPLY_SEND;
	return n;
}

static void a_box_is_answered_so_often(void **state)
{
	struct reply *r = *state;
	assert_int_equal(answered(r, 1, "::ffff:192.0.2.1", 100, 1000), 2 * PER_BOX);
	assert_int_equal(ask(r, 1, "::ffff:192.0.2.1", 1000), REPLY_BOX_OFTEN);
	/* Not even from elsewhere. */
	assert_int_equal(ask(r, 1, "::ffff:192.0.2.2", 1000), REPLY_BOX_OFTEN);
	/* A second later it has what a second brings, and never more than twice that. */
	assert_int_equal(answered(r, 1, "::ffff:192.0.2.1", 100, 2000), PER_BOX);
	assert_int_equal(answered(r, 1, "::ffff:192.0.2.1", 100, 2100), 0);
	assert_int_equal(answered(r, 1, "::ffff:192.0.2.1", 100, 2200), 1);
	assert_int_equal(answered(r, 1, "::ffff:192.0.2.1", 100, UINT64_C(1) << 45), 2 * PER_BOX);
	/* A clock that stood still or went back gives nothing and breaks nothing. */
	assert_int_equal(answered(r, 1, "::ffff:192.0.2.1", 100, 5), 0);
}

static void an_address_is_answered_so_often(void **state)
{
	struct reply *r = *state;
	unsigned n = 0, often = 0;
	for (unsigned box = 1; box <= 10; box++) {
		n += answered(r, (uint8_t)box, "2001:db8:1:2::1", 2 * PER_BOX, 1000);
		often += ask(r, (uint8_t)(100 + box), "2001:db8:1:2:ffff::9", 1000) ==
			 REPLY_NET_OFTEN;
	}
	/* The same network of 64 bits, whatever stands behind them; another one is not touched. */
	assert_in_range(n, 2 * PER_NET - 10, 2 * PER_NET);
	assert_in_range(often, 6, 10);
	assert_int_equal(ask(r, 50, "2001:db8:1:3::1", 1000), REPLY_SEND);
	assert_int_equal(ask(r, 51, "::ffff:198.51.100.1", 1000), REPLY_SEND);
	/* All IPv4 addresses begin alike and are told apart. */
	assert_int_equal(answered(r, 52, "::ffff:198.51.100.2", 2 * PER_BOX, 1000), 2 * PER_BOX);
	assert_int_equal(answered(r, 53, "::ffff:198.51.100.3", 2 * PER_BOX, 1000), 2 * PER_BOX);
}

/* Whoever has no key takes nothing from those who have one, whatever address he claims. */
static void rubbish_uses_nothing_up(void **state)
{
	struct reply *r = *state;
	uint8_t bytes[HUBECHO_ASK + 1] = { 1 }, out[HUBECHO_ANSWER];
	struct in6_addr address;
	assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &address), 1);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(reply_to(r, bytes, HUBECHO_ASK, &address, 1000, out),
				 REPLY_NO_KEY);
		assert_int_equal(reply_to(r, bytes, i % HUBECHO_ASK, &address, 1000, out),
				 REPLY_NO_ASK);
		assert_int_equal(reply_to(r, bytes, HUBECHO_ASK + 1, &address, 1000, out),
				 REPLY_NO_ASK);
	}
	assert_int_equal(answered(r, 1, "::ffff:192.0.2.1", 100, 1000), 2 * PER_BOX);
}

static void every_end_has_its_own_name(void **state)
{
	(void)state;
	for (int a = 0; a < REPLY_ENDS; a++) {
		assert_non_null(reply_end_name((enum reply_end)a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(reply_end_name((enum reply_end)a),
						reply_end_name((enum reply_end)b));
	}
}

static int sit(struct seats *s, const char *from)
{
	struct in6_addr address;
	assert_int_equal(inet_pton(AF_INET6, from, &address), 1);
	return seats_take(s, &address);
}

static void so_many_measure_at_once(void **state)
{
	static struct seats s;
	(void)state;
	seats_init(&s, 4, 2);
	const int first = sit(&s, "::ffff:192.0.2.1");
	assert_int_equal(first, 0);
	assert_int_equal(sit(&s, "::ffff:192.0.2.1"), 1);
	assert_int_equal(sit(&s, "::ffff:192.0.2.1"), -EUSERS);
	assert_int_equal(sit(&s, "2001:db8::1"), 2);
	assert_int_equal(sit(&s, "2001:db8::2"), 3);
	assert_int_equal(sit(&s, "2001:db8::3"), -EUSERS);
	assert_int_equal(sit(&s, "::ffff:192.0.2.2"), -EAGAIN);
	seats_leave(&s, -EAGAIN);
	assert_int_equal(seats_taken(&s), 4);
	seats_leave(&s, first);
	assert_int_equal(sit(&s, "::ffff:192.0.2.2"), first);
	seats_init(&s, 100000, 100000);
	for (int i = 0; i < SEATS_MOST; i++)
		assert_int_equal(sit(&s, "::ffff:192.0.2.1"), i);
	assert_int_equal(sit(&s, "::ffff:192.0.2.1"), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_box_is_answered_so_often, setup, teardown),
		cmocka_unit_test_setup_teardown(an_address_is_answered_so_often, setup, teardown),
		cmocka_unit_test_setup_teardown(rubbish_uses_nothing_up, setup, teardown),
		cmocka_unit_test(every_end_has_its_own_name),
		cmocka_unit_test(so_many_measure_at_once),
	};
	return cmocka_run_group_tests_name("ndtd/reply", tests, NULL, NULL);
}
