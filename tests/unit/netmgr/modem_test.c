// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/modem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* A modem in virtual time, and what was done with it. */
struct bench {
	struct modem m;
	struct modem_seen seen;
	uint64_t now_ms, next_ms;
	unsigned calls[MODEM_CALL_RESET + 1], saves, apn;
	enum modem_call last;
	uint64_t steps_at[64]; /* of the ladder */
	enum modem_call step_calls[64];
	unsigned steps;
};

static void take(struct bench *b, const struct modem_observation *o)
{
	struct modem_actions actions;
	b->next_ms = modem_step(&b->m, o, b->now_ms, &actions);
	assert_in_range(actions.count, 0, MODEM_ACTIONS_MAX);
	assert_true(b->next_ms > b->now_ms);
	unsigned calls = 0;
	for (size_t i = 0; i < actions.count; i++) {
		const struct modem_action *a = &actions.list[i];
		b->saves += a->kind == MODEM_SAVE;
		if (a->kind != MODEM_CALL)
			continue;
		assert_int_equal(calls++, 0); /* one at a time */
		assert_int_equal(b->last, MODEM_CALL_NONE);
		b->last = a->call;
		b->apn = a->apn;
		b->calls[a->call]++;
		if (a->step == MODEM_STEP_NONE)
			continue;
		assert_in_range(b->steps, 0, 63);
		b->steps_at[b->steps] = b->now_ms;
		b->step_calls[b->steps++] = a->call;
	}
}

static void see(struct bench *b)
{
	const struct modem_observation o = { .kind = MODEM_SEEN, .seen = b->seen };
	take(b, &o);
}

static void answer(struct bench *b, enum modem_error error)
{
	const struct modem_observation o = { .kind = MODEM_DONE, .error = error };
	b->last = MODEM_CALL_NONE;
	take(b, &o);
}

static void line(struct bench *b, enum modem_line is)
{
	const struct modem_observation o = { .kind = MODEM_LINE, .line = is };
	take(b, &o);
}

static void begin(struct bench *b, const struct modem_memory *memory)
{
	struct modem_rules rules;
	modem_rules_of(MINUTE, &rules);
	*b = (struct bench){ .now_ms = 10 * DAY,
			     .seen = { .manager = true,
				       .present = true,
				       .life = 1,
				       .state = MODEM_MM_DISABLED,
				       .pin_tries = 3,
				       .net = MODEM_NET_HOME,
				       .apns = 1 } };
	modem_init(&b->m, &rules, memory);
}

/* On until `until_ms`, waking as it asked. */
static void wait_until(struct bench *b, uint64_t until_ms)
{
	static const struct modem_observation tick = { .kind = MODEM_TICK };
	while (b->next_ms <= until_ms) {
		b->now_ms = b->next_ms;
		take(b, &tick);
	}
	b->now_ms = until_ms;
	take(b, &tick);
}

/* An honest modem does as it is told. */
static void obey_once(struct bench *b)
{
	const enum modem_call call = b->last;
	if (call == MODEM_CALL_RESET)
		b->seen.life++;
	b->seen.bearer = call == MODEM_CALL_CONNECT;
	b->seen.state = call == MODEM_CALL_CONNECT ? MODEM_MM_CONNECTED
			: call == MODEM_CALL_ENABLE || call == MODEM_CALL_DISCONNECT
				? MODEM_MM_REGISTERED
				: MODEM_MM_DISABLED;
	if (call == MODEM_CALL_PIN)
		b->seen.lock = MODEM_LOCK_NONE;
	answer(b, MODEM_ERROR_NONE);
	see(b);
}

static void obey(struct bench *b)
{
	while (b->last != MODEM_CALL_NONE)
		obey_once(b);
}

static void is_connected(struct bench *b)
{
	b->seen.bearer = true;
	b->seen.state = MODEM_MM_CONNECTED;
	see(b);
}

static void wants_a_pin(struct bench *b)
{
	b->seen.lock = MODEM_LOCK_PIN;
	b->seen.state = MODEM_MM_LOCKED;
	b->seen.pin = true;
	see(b);
}

static void connects(void **state)
{
	(void)state;
	struct bench b;
	begin(&b, NULL);
	wants_a_pin(&b);
	assert_int_equal(b.last, MODEM_CALL_PIN);
	assert_true(b.saves > 0); /* before it was asked */
	obey(&b);
	/* What it says of itself may come after what it answered: not asked for twice meanwhile. */
	wait_until(&b, b.now_ms + 10 * SECOND);
	obey(&b);
	wait_until(&b, b.now_ms + 10 * SECOND);
	obey(&b);
	assert_int_equal(b.m.state, MODEM_CONNECTED);
	assert_int_equal(b.m.reason, MODEM_WELL);
	assert_int_equal(b.calls[MODEM_CALL_PIN], 1);
	assert_int_equal(b.calls[MODEM_CALL_ENABLE], 1);
	assert_int_equal(b.calls[MODEM_CALL_CONNECT], 1);
	assert_false(b.m.memory.pin_tried);
	assert_int_equal(b.steps, 0);
}

/* What is seen, and what is said and done about it: a day of it costs nothing more. */
static void says_why(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		struct modem_seen seen;
		enum modem_state state;
		enum modem_reason reason;
		unsigned calls, steps; /* within a day */
	} rows[] = {
#define AT(s, ...) { .manager = true, .present = true, .apns = 1, .state = (s), __VA_ARGS__ }
		{ "no manager", { .manager = false }, MODEM_ABSENT, MODEM_NO_MANAGER, 0, 0 },
		{ "no modem", { .manager = true }, MODEM_ABSENT, MODEM_NO_MODEM, 0, 0 },
		{ "no SIM", AT(MODEM_MM_FAILED, .sim_missing = true), MODEM_FAILED, MODEM_NO_SIM, 0,
		  0 },
		{ "bad SIM", AT(MODEM_MM_FAILED, .sim_broken = true), MODEM_FAILED,
		  MODEM_SIM_BROKEN, 0, 0 },
		{ "no PIN", AT(MODEM_MM_LOCKED, .lock = MODEM_LOCK_PIN), MODEM_LOCKED,
		  MODEM_PIN_WANTED, 0, 0 },
		{ "PUK", AT(MODEM_MM_LOCKED, .lock = MODEM_LOCK_PUK, .pin = true), MODEM_LOCKED,
		  MODEM_PUK, 0, 0 },
		{ "another lock", AT(MODEM_MM_LOCKED, .lock = MODEM_LOCK_OTHER, .pin = true),
		  MODEM_LOCKED, MODEM_BARRED, 0, 0 },
		{ "two tries",
		  AT(MODEM_MM_LOCKED, .lock = MODEM_LOCK_PIN, .pin = true, .pin_tries = 2),
		  MODEM_LOCKED, MODEM_PIN_SPARED, 0, 0 },
		{ "who knows how many",
		  AT(MODEM_MM_LOCKED, .lock = MODEM_LOCK_PIN, .pin = true, .pin_tries = -1),
		  MODEM_LOCKED, MODEM_PIN_SPARED, 0, 0 },
		{ "denied", AT(MODEM_MM_SEARCHING, .net = MODEM_NET_DENIED), MODEM_SEARCHING,
		  MODEM_DENIED, 0, 0 },
		{ "abroad", AT(MODEM_MM_REGISTERED, .net = MODEM_NET_ROAMING), MODEM_REGISTERED,
		  MODEM_ROAMS, 0, 0 },
		{ "connected", AT(MODEM_MM_CONNECTED, .bearer = true), MODEM_CONNECTED, MODEM_WELL,
		  0, 0 },
		{ "with another name", AT(MODEM_MM_CONNECTED, .bearer = true, .foreign = true),
		  MODEM_CONNECTED, MODEM_WELL, 1, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		unsigned calls = 0;
		begin(&b, NULL);
		b.seen = rows[i].seen;
		see(&b);
		for (int hour = 1; hour <= 24 && rows[i].calls == 0; hour++)
			wait_until(&b, 10ull * DAY + (uint64_t)hour * HOUR);
		for (size_t c = 0; c < ARRAY_LEN(b.calls); c++)
			calls += b.calls[c];
		if (b.m.state != rows[i].state || b.m.reason != rows[i].reason ||
		    calls != rows[i].calls || b.steps != rows[i].steps)
			fail_msg("%s: %s %s, %u calls, %u steps", rows[i].what,
				 modem_state_name(b.m.state), modem_reason_name(b.m.reason), calls,
				 b.steps);
	}
}

/* However often it restarts, whoever fails: a SIM that said no is not asked again, one that said nothing once more. */
static void asks_once_for_a_pin(void **state)
{
	(void)state;
	static const enum modem_error errors[] = { MODEM_ERROR_PIN, MODEM_ERROR_LATE,
						   MODEM_ERROR_OTHER };
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		enum modem_reason said = MODEM_WELL;
		struct modem_memory memory = { .steps = 0 };
		unsigned asked = 0;
		for (int life = 0; life < 20; life++) {
			struct bench b;
			begin(&b, &memory);
			b.seen.pin_tag[0] = 7;
			/* A modem whose count lags, or that was begun anew by somebody. */
			b.seen.life = 1 + (unsigned)life;
			wants_a_pin(&b);
			memory =
				b.m.memory; /* saved before the SIM is asked; then the power may go */
			if (b.last == MODEM_CALL_PIN && (life % 2 || i == 0))
				answer(&b, errors[i]);
			wait_until(&b, b.now_ms + HOUR);
			see(&b);
			memory = b.m.memory;
			asked += b.calls[MODEM_CALL_PIN];
			said = b.m.reason;
		}
		assert_int_equal(asked, i == 0 ? 1 : 2);
		assert_int_equal(said, i == 0 ? MODEM_PIN_WRONG : MODEM_STUCK);
	}
}

/* Wrong, and unlocked by somebody's hand: what is in the file is as wrong as it was. */
static void knows_a_wrong_pin_again(void **state)
{
	(void)state;
	struct modem_memory memory = { .steps = 0 };
	unsigned asked = 0;
	for (unsigned life = 1; life < 6; life++) {
		struct bench b;
		begin(&b, &memory);
		b.seen.life = life;
		b.seen.pin_tag[0] = 7;
		wants_a_pin(&b);
		if (b.last == MODEM_CALL_PIN)
			answer(&b, MODEM_ERROR_PIN);
		asked += b.calls[MODEM_CALL_PIN];
		assert_int_equal(b.m.reason, MODEM_PIN_WRONG);
		b.seen.lock = MODEM_LOCK_NONE;
		b.seen.state = MODEM_MM_ENABLED;
		see(&b);
		memory = b.m.memory;
	}
	assert_int_equal(asked, 1);
}

static void asks_for_another_pin(void **state)
{
	(void)state;
	struct bench b;
	begin(&b, NULL);
	wants_a_pin(&b);
	answer(&b, MODEM_ERROR_PIN);
	b.seen.pin_tries = 2;
	see(&b);
	assert_int_equal(b.m.reason, MODEM_PIN_WRONG);
	b.seen.pin_tag[0] = 1;
	see(&b);
	assert_int_equal(b.m.reason, MODEM_PIN_SPARED);
	/* Somebody unlocked it in a telephone, and locked it again. */
	b.seen.pin_tries = 3;
	wait_until(&b, b.now_ms + MINUTE);
	see(&b);
	wait_until(&b, b.now_ms + MINUTE);
	assert_int_equal(b.calls[MODEM_CALL_PIN], 2);
	/* ModemManager would not pass it on: the SIM has not seen it. */
	answer(&b, MODEM_ERROR_UNPERMITTED);
	assert_int_equal(b.m.reason, MODEM_UNPERMITTED);
	assert_false(b.m.memory.pin_tried);
}

static void tries_all_names(void **state)
{
	(void)state;
	struct bench b;
	unsigned tried[3] = { 0 };
	begin(&b, NULL);
	b.seen.apns = 3;
	b.seen.state = MODEM_MM_REGISTERED;
	see(&b);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(b.last, MODEM_CALL_CONNECT);
		tried[b.apn]++;
		answer(&b, MODEM_ERROR_APN);
		assert_int_equal(b.m.reason, MODEM_APN);
		wait_until(&b, b.m.retry_at_ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(tried); i++)
		assert_int_equal(tried[i], 2);
	while (b.now_ms < 11ull * DAY) {
		if (b.last != MODEM_CALL_NONE)
			answer(&b, MODEM_ERROR_APN);
		wait_until(&b, b.next_ms);
	}
	assert_int_equal(b.steps, 0); /* nothing that a reset could cure */
}

/* The connection is silent for days: first soon, then seldom, and never more than the bounds allow. */
static void climbs_within_bounds(void **state)
{
	(void)state;
	struct bench b;
	begin(&b, NULL);
	see(&b);
	obey(&b);
	const uint64_t from_ms = b.now_ms;
	while (b.now_ms < from_ms + 7ull * DAY) {
		wait_until(&b, b.next_ms < b.now_ms + MINUTE ? b.next_ms : b.now_ms + MINUTE);
		obey(&b);
		line(&b, b.seen.bearer ? MODEM_LINE_SILENT : MODEM_LINE_UNKNOWN);
		obey(&b);
	}
	assert_in_range(b.steps, 30, 63);
	assert_int_equal(b.step_calls[0], MODEM_CALL_DISCONNECT);
	assert_int_equal(b.step_calls[1], MODEM_CALL_DISABLE);
	for (unsigned i = 2; i < b.steps; i++)
		assert_int_equal(b.step_calls[i], MODEM_CALL_RESET);
	assert_in_range(b.steps_at[0] - from_ms, MINUTE, 3 * MINUTE);
	for (unsigned i = 0; i < b.steps; i++) {
		unsigned hour = 0, day = 0;
		for (unsigned j = i; j < b.steps; j++) {
			hour += b.steps_at[j] < b.steps_at[i] + HOUR;
			day += b.steps_at[j] < b.steps_at[i] + DAY;
		}
		assert_in_range(hour, 1, b.m.rules.per_hour);
		assert_in_range(day, 1, b.m.rules.per_day);
	}
	/* On the last day only every four hours. */
	unsigned last_day = 0;
	for (unsigned i = 0; i < b.steps; i++)
		last_day += b.steps_at[i] > from_ms + 6ull * DAY;
	assert_in_range(last_day, 3, 7);
}

/* A daemon, or a box, that begins anew every few minutes takes no more steps than one that does not. */
static void remembers_across_lives(void **state)
{
	(void)state;
	struct modem_memory memory = { .steps = 0 };
	unsigned steps = 0;
	for (int life = 0; life < 12; life++) {
		struct bench b;
		begin(&b, &memory);
		b.now_ms += (uint64_t)life * 5 * MINUTE;
		is_connected(&b);
		const uint64_t end_ms = b.now_ms + 5 * MINUTE;
		while (b.now_ms < end_ms) {
			line(&b, b.seen.bearer ? MODEM_LINE_SILENT : MODEM_LINE_UNKNOWN);
			obey(&b);
			wait_until(&b, b.now_ms + 10 * SECOND);
			obey(&b);
		}
		steps += b.steps;
		memory = b.m.memory;
	}
	assert_in_range(steps, 2, 4);
}

/* A minute of trouble is over: the ladder stands where it stood until the line was well for ten. */
static void begins_at_the_foot_again(void **state)
{
	(void)state;
	struct bench b;
	begin(&b, NULL);
	b.m.memory.climbed = 2;
	is_connected(&b);
	line(&b, MODEM_LINE_WELL);
	wait_until(&b, b.now_ms + 9 * MINUTE);
	assert_int_equal(b.m.memory.climbed, 2);
	line(&b, MODEM_LINE_SILENT);
	line(&b, MODEM_LINE_WELL);
	wait_until(&b, b.now_ms + 9 * MINUTE);
	assert_int_equal(b.m.memory.climbed, 2);
	wait_until(&b, b.now_ms + 2 * MINUTE);
	assert_int_equal(b.m.memory.climbed, 0);
	assert_int_equal(b.saves, 1);
	assert_int_equal(b.steps, 0);
}

/* What fails, how often it is tried within the first hour, and how many steps a day of it takes. */
static void waits_longer(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		enum modem_error error;
		enum modem_reason reason;
		unsigned most_tries, least_steps, most_steps;
	} rows[] = {
		{ "refused", MODEM_ERROR_OTHER, MODEM_REFUSED, 40, 6, 12 },
		{ "no answer", MODEM_ERROR_LATE, MODEM_STUCK, 40, 6, 12 },
		{ "credit", MODEM_ERROR_CREDIT, MODEM_CREDIT, 10, 0, 0 },
		{ "denied", MODEM_ERROR_DENIED, MODEM_DENIED, 10, 0, 0 },
		{ "not permitted", MODEM_ERROR_UNPERMITTED, MODEM_UNPERMITTED, 10, 0, 0 },
		{ "login", MODEM_ERROR_LOGIN, MODEM_LOGIN, 25, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		unsigned first_hour = 0;
		begin(&b, NULL);
		b.seen.state = MODEM_MM_REGISTERED;
		see(&b);
		while (b.now_ms < 11ull * DAY) {
			if (b.last == MODEM_CALL_CONNECT)
				answer(&b, rows[i].error);
			else if (b.last != MODEM_CALL_NONE)
				obey_once(&b);
			else
				wait_until(&b, b.next_ms);
			if (b.now_ms < 10ull * DAY + HOUR)
				first_hour = b.calls[MODEM_CALL_CONNECT];
		}
		if (first_hour > rows[i].most_tries || first_hour < 3 ||
		    b.steps < rows[i].least_steps || b.steps > rows[i].most_steps)
			fail_msg("%s: %u tries in an hour, %u steps in a day", rows[i].what,
				 first_hour, b.steps);
		if (b.steps == 0)
			assert_int_equal(b.m.reason, rows[i].reason);
	}
}

/* No network in a valley, a modem that hangs: a step now and then, within the same bounds. */
static void cures_what_hangs(void **state)
{
	(void)state;
	static const struct {
		int mm;
		enum modem_reason reason;
		enum modem_call first;
	} rows[] = {
		{ MODEM_MM_SEARCHING, MODEM_NO_NETWORK, MODEM_CALL_DISABLE },
		{ MODEM_MM_FAILED, MODEM_STUCK, MODEM_CALL_RESET },
		{ 5, MODEM_STUCK, MODEM_CALL_RESET },  /* enabling, for ever */
		{ 10, MODEM_STUCK, MODEM_CALL_RESET }, /* connecting, for ever */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;
		begin(&b, NULL);
		b.seen.state = rows[i].mm;
		b.seen.net = MODEM_NET_NONE;
		see(&b);
		while (b.now_ms < 11ull * DAY) {
			if (b.last != MODEM_CALL_NONE)
				answer(&b, MODEM_ERROR_NONE); /* and nothing comes of it */
			else
				wait_until(&b, b.next_ms);
		}
		assert_int_equal(b.m.reason, rows[i].reason);
		assert_int_equal(b.step_calls[0], rows[i].first);
		unsigned day = 0;
		for (unsigned s = 0; s < b.steps; s++)
			day += b.steps_at[s] < 11ull * DAY;
		assert_in_range(day, 4, b.m.rules.per_day);
	}
}

static void is_left_alone_when_off(void **state)
{
	(void)state;
	struct bench b;
	begin(&b, NULL);
	b.m.rules.on = false;
	is_connected(&b);
	assert_int_equal(b.last, MODEM_CALL_DISCONNECT);
	obey(&b);
	line(&b, MODEM_LINE_SILENT);
	wait_until(&b, b.now_ms + DAY);
	assert_int_equal(b.m.state, MODEM_OFF);
	assert_int_equal(b.calls[MODEM_CALL_DISCONNECT], 1);
	assert_int_equal(b.calls[MODEM_CALL_CONNECT] + b.calls[MODEM_CALL_ENABLE] + b.steps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connects),
		cmocka_unit_test(says_why),
		cmocka_unit_test(asks_once_for_a_pin),
		cmocka_unit_test(knows_a_wrong_pin_again),
		cmocka_unit_test(asks_for_another_pin),
		cmocka_unit_test(tries_all_names),
		cmocka_unit_test(climbs_within_bounds),
		cmocka_unit_test(remembers_across_lives),
		cmocka_unit_test(begins_at_the_foot_again),
		cmocka_unit_test(waits_longer),
		cmocka_unit_test(cures_what_hangs),
		cmocka_unit_test(is_left_alone_when_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
