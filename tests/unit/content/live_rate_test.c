// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define SOUND LIVE_RATE_SOUND

static const uint32_t need[] = { 300, 800, 1800 };

static struct live_rate_ask ask_at(uint64_t now_ms, uint32_t line_kbps)
{
	return (struct live_rate_ask){ .need_kbps = need,
				       .count = ARRAY_LEN(need),
				       .has_sound = true,
				       .line_kbps = line_kbps,
				       .settle_ms = 20000,
				       .now_ms = now_ms };
}

/* A second each: a segment of two seconds came at `seen` (0: none came), netmgrd says `line`. */
struct second {
	uint32_t line, seen;
	int want;
};

static void play(const char *name, const struct second *seconds, size_t count, int repeat_last)
{
	struct live_rate r = { 0 };
	uint64_t now = 1000;
	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < (i + 1 == count ? repeat_last : 1); k++, now += 1000) {
			const struct second *s = &seconds[i];
			if (s->seen) { /* as long as the bytes of the version take at that rate */
				uint32_t rate = r.at < 0 ? 64 : need[r.at];
				uint64_t bytes = rate * 2000 / 8;
				live_rate_saw(&r, bytes, bytes * 8 / s->seen, 2000, now);
			}
			struct live_rate_ask ask = ask_at(now, s->line);
			int got = live_rate_choose(&r, &ask);
			if (got != s->want)
				fail_msg("%s: second %zu.%d: version %d instead of %d", name, i, k,
					 got, s->want);
		}
}
#define PLAY(name, repeat, ...)                                         \
	do {                                                            \
		static const struct second seconds[] = { __VA_ARGS__ }; \
		play(name, seconds, ARRAY_LEN(seconds), repeat);        \
	} while (0)

static void the_beginning(void **state)
{
	(void)state;
	PLAY("nothing is known: the least picture", 5, { 0, 0, 0 });
	PLAY("a good line", 5, { 5000, 0, 2 });
	PLAY("a middling one", 5, { 1200, 0, 1 });
	PLAY("room for a third more is wanted", 5, { 390, 0, SOUND });
	PLAY("a line for sound", 5, { 90, 0, SOUND });
}

static void down_at_once(void **state)
{
	(void)state;
	PLAY("segments come too slowly", 3, { 5000, 0, 2 }, { 5000, 1000, 0 });
	PLAY("and slower still", 3, { 5000, 0, 2 }, { 5000, 100, SOUND });
	PLAY("netmgrd says so and nothing else is known", 3, { 5000, 0, 2 }, { 100, 0, SOUND });
	PLAY("netmgrd saw a quiet second, segments come easily", 3, { 5000, 4000, 2 },
	     { 100, 4000, 2 });
}

static void up_after_a_while(void **state)
{
	(void)state;
	struct live_rate r = { 0 };
	struct live_rate_ask ask = ask_at(1000, 90);
	assert_int_equal(live_rate_choose(&r, &ask), SOUND);
	for (uint64_t now = 2000; now < 22000; now += 1000) {
		ask = ask_at(now, 5000);
		assert_int_equal(live_rate_choose(&r, &ask), SOUND);
	}
	ask = ask_at(22000, 5000);
	assert_int_equal(live_rate_choose(&r, &ask), 0); /* one step, not all at once */
	ask = ask_at(23000, 5000);
	assert_int_equal(live_rate_choose(&r, &ask), 0);
}

static void a_line_that_flutters_moves_nothing(void **state)
{
	(void)state;
	struct live_rate r = { 0 };
	struct live_rate_ask ask = ask_at(1000, 90);
	live_rate_choose(&r, &ask);
	for (uint64_t now = 2000; now < 200000; now += 1000) {
		ask = ask_at(now, now / 10000 % 2 ? 5000 : 90); /* ten good seconds, ten bad */
		assert_int_equal(live_rate_choose(&r, &ask), SOUND);
	}
}

static void a_segment_that_does_not_come_is_news(void **state)
{
	(void)state;
	struct live_rate r = { 0 };
	struct live_rate_ask ask = ask_at(1000, 5000);
	assert_int_equal(live_rate_choose(&r, &ask), 2);
	live_rate_waits(&r, need[2], 2000, 2000, 3000); /* it may still come */
	ask = ask_at(3000, 5000);
	assert_int_equal(live_rate_choose(&r, &ask), 2);
	live_rate_waits(&r, need[2], 20000, 2000, 21000);
	ask = ask_at(21000, 0);
	assert_int_equal(live_rate_choose(&r, &ask), SOUND);
}

static void limits(void **state)
{
	(void)state;
	struct live_rate r = { 0 };
	struct live_rate_ask ask = ask_at(1000, 5000);
	ask.most_kbps = 900;
	assert_int_equal(live_rate_choose(&r, &ask), 1);
	r = (struct live_rate){ 0 };
	ask = ask_at(1000, 90);
	ask.has_sound = false;
	assert_int_equal(live_rate_choose(&r, &ask), 0); /* what else? */
	r = (struct live_rate){ 0 };
	ask.count = 0;
	ask.has_sound = true;
	assert_int_equal(live_rate_choose(&r, &ask), SOUND);
	live_rate_saw(&r, 100, 1, 2000, 5000); /* a few bytes measure nothing */
	assert_int_equal(r.seen_at_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_beginning),
		cmocka_unit_test(down_at_once),
		cmocka_unit_test(up_after_a_while),
		cmocka_unit_test(a_line_that_flutters_moves_nothing),
		cmocka_unit_test(a_segment_that_does_not_come_is_news),
		cmocka_unit_test(limits),
	};
	return cmocka_run_group_tests_name("content/live_rate", tests, NULL, NULL);
}
