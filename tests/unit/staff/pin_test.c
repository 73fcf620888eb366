// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/pin.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

CLEAN_FN(pins, struct pins, pins_free)
CLEAN_FN(loop, sd_event, sd_event_unref)

struct answer {
	int code, calls;
	char hash[PEOPLE_HASH_BYTES];
};

static void heard(void *data, int code, const char *hash)
{
	struct answer *a = data;
	a->calls++;
	a->code = code;
	snprintf(a->hash, sizeof(a->hash), "%s", hash);
}

static void wait_for(sd_event *loop, const struct answer *a)
{
	while (!a->calls)
		assert_true(sd_event_run(loop, 30 * 1000000) > 0);
}

static void a_hash_knows_its_pin(void **state)
{
	(void)state;
	CLEANUP(clean_loop) sd_event *loop = NULL;
	CLEANUP(clean_pins) struct pins *p = NULL;
	struct answer made = { 0 }, right = { 0 }, wrong = { 0 };
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(pins_new(loop, &p, NULL), 0);
	assert_int_equal(pins_ask(p, "246802", "", heard, &made, NULL), 0);
	wait_for(loop, &made);
	assert_int_equal(made.code, 0);
	assert_memory_equal(made.hash, "$argon2id$", 10);
	assert_int_equal(pins_ask(p, "246802", made.hash, heard, &right, NULL), 0);
	assert_int_equal(pins_ask(p, "246803", made.hash, heard, &wrong, NULL), 0);
	wait_for(loop, &right);
	wait_for(loop, &wrong);
	assert_int_equal(right.code, 0);
	assert_int_equal(wrong.code, -EKEYREJECTED);
}

static void who_left_is_not_told(void **state)
{
	(void)state;
	CLEANUP(clean_loop) sd_event *loop = NULL;
	CLEANUP(clean_pins) struct pins *p = NULL;
	struct answer gone = { 0 }, stays = { 0 };
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(pins_new(loop, &p, NULL), 0);
	assert_int_equal(pins_ask(p, "246802", "", heard, &gone, NULL), 0);
	assert_int_equal(pins_ask(p, "246802", "x", heard, &stays, NULL), 0);
	pins_leave(p, &gone);
	wait_for(loop, &stays);
	assert_int_equal(gone.calls, 0);
	assert_int_equal(stays.code, -EKEYREJECTED);
}

/* Many at once are refused at once; ending in the middle leaves nothing behind. */
static void a_queue_has_an_end(void **state)
{
	(void)state;
	CLEANUP(clean_loop) sd_event *loop = NULL;
	CLEANUP(clean_pins) struct pins *p = NULL;
	struct answer a = { 0 };
	unsigned taken = 0;
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(pins_new(loop, &p, NULL), 0);
	while (taken < 100 && pins_ask(p, "246802", "x", heard, &a, NULL) == 0)
		taken++;
	assert_int_equal(taken, PIN_QUEUE + 1);
	assert_int_equal(pins_ask(p, "246802", "x", heard, &a, NULL), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_knows_its_pin),
		cmocka_unit_test(who_left_is_not_told),
		cmocka_unit_test(a_queue_has_an_end),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("staff/pin", tests, NULL, NULL);
}
