// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf.h"
#include "netmgr/net_conf.h"

/*
 * A school with two lines and a download on the first, with the rules that the daemon has by default. Counters are looked
 * at every 50 ms, as kernel_nl.c does; a question's answer takes a round trip, the hub's two.
 */
enum { LOOK_MS = 50, START_MS = 1000, CUT_MS = 20000, MOST_LINES = 2 };

struct school {
	struct core core;
	uint32_t rtt_ms;
	uint64_t now_ms, next_ms, silent_from_ms;
	bool router_answers, nobody_there; /* but the box's own questions */
	uint64_t rx, tx;
	unsigned asked, bursts;
	struct {
		uint64_t end_ms; /* of the round that is out; 0: none */
		struct probe_round round;
	} out[MOST_LINES];
	uint64_t echoes_ms[3]; /* when the router's answers to a burst come in */
	uint64_t left_ms;      /* when new flows took the second line */
	uint64_t knocks_ms
		[2]; /* when somebody sends the beginning of a request, and sends it again; 0: nobody */
};

static bool is_silent(const struct school *s, unsigned i)
{
	return i == 0 && s->now_ms >= s->silent_from_ms;
}

/* On the first line's counters: frames that leave, and what far machines answer at once. */
static void count_question(struct school *s, const struct core_action *a, int target)
{
	static const uint32_t sent[PROBE_TARGETS] = { [PROBE_GATEWAY] = 58,
						      [PROBE_RESOLVER] = 85,
						      [PROBE_FAR_A] = 58,
						      [PROBE_FAR_B] = 58,
						      [PROBE_HUB] = 450 };
	s->tx += sent[target] * (target == PROBE_HUB ? 1 : a->repeats);
	if (target != PROBE_GATEWAY && !is_silent(s, 0))
		s->rx += sent[target];
}

static void ask(struct school *s, const struct core_action *a)
{
	unsigned i = (unsigned)a->uplink;
	uint64_t end_ms = s->now_ms;
	s->out[i].round = (struct probe_round){ 0 };
	s->bursts += i == 0 && a->repeats > 1;
	for (int t = 0; t < PROBE_TARGETS; t++) {
		if (!(a->targets & PROBE_BIT(t)))
			continue;
		if (i == 0 && s->nobody_there)
			count_question(s, a, t);
		bool answers = t == PROBE_GATEWAY ? s->router_answers : !is_silent(s, i);
		s->out[i].round.answer[t] = answers ? PROBE_OK : PROBE_SILENT;
		uint32_t took = t == PROBE_HUB ? 2 * s->rtt_ms : s->rtt_ms;
		uint64_t at = s->now_ms + (answers ? took : a->within_ms);
		end_ms = at > end_ms ? at : end_ms;
	}
	if (!is_silent(s, i))
		s->out[i].round.rtt_us = s->out[i].round.beyond_us = s->rtt_ms * 1000;
	else if (a->dead_ms)
		end_ms = s->now_ms + a->dead_ms;
	s->out[i].end_ms = end_ms;
	if (i == 0 && s->router_answers && a->targets & PROBE_BIT(PROBE_GATEWAY))
		for (unsigned k = 0; k < ARRAY_LEN(s->echoes_ms); k++)
			s->echoes_ms[k] =
				k < a->repeats ? s->now_ms + s->rtt_ms + k * a->every_ms : 0;
}

static void step(struct school *s, struct core_observation seen)
{
	struct core_actions out;
	s->next_ms = core_step(&s->core, &seen, s->now_ms, &out);
	for (size_t k = 0; k < out.count; k++) {
		if (out.list[k].kind == CORE_ASK)
			ask(s, &out.list[k]);
		if (out.list[k].kind == CORE_PREFER && out.list[k].uplink == 1 && !s->left_ms)
			s->left_ms = s->now_ms;
	}
}

/* A round trip of bytes is on its way when the line goes silent; the box goes on sending. */
static void look(struct school *s, bool pause)
{
	enum { DOWN_BYTES = 5000, UP_BYTES = 300, ECHO_FRAME = 58, SYN_FRAME = 74 };
	for (unsigned k = 0; k < ARRAY_LEN(s->knocks_ms); k++)
		s->tx += s->knocks_ms[k] == s->now_ms ? SYN_FRAME : 0;
	if (!s->nobody_there)
		s->tx += UP_BYTES;
	if (!s->nobody_there && s->now_ms < s->silent_from_ms + s->rtt_ms && !pause)
		s->rx += DOWN_BYTES;
	for (unsigned k = 0; k < ARRAY_LEN(s->echoes_ms); k++) {
		if (!s->echoes_ms[k] || s->echoes_ms[k] > s->now_ms)
			continue;
		s->rx += ECHO_FRAME;
		s->echoes_ms[k] = 0;
	}
	step(s, (struct core_observation){
			.kind = CORE_TRAFFIC, .rx_bytes = s->rx, .tx_bytes = s->tx });
}

static void begin(struct school *s, const char *kind, uint32_t rtt_ms)
{
	struct net_conf conf = { 0 };
	struct core_rules rules;
	struct core_line lines[MOST_LINES];
	const char *const *words = uplink_kind_words;
	memset(s, 0, sizeof(*s));
	s->rtt_ms = rtt_ms;
	s->silent_from_ms = CUT_MS;
	s->router_answers = true;
	s->now_ms = START_MS;
	conf_defaults(&net_conf_schema, &conf);
	net_conf_rules(&conf, &rules);
	for (unsigned i = 0; i < MOST_LINES; i++) {
		struct uplink_conf u = { .preference = 10 * (i + 1) };
		while (strcmp(words[u.kind], kind) != 0)
			u.kind++;
		net_conf_line(&conf, &u, PROBE_ALL & ~PROBE_BIT(PROBE_ECHO), &lines[i]);
	}
	core_init(&s->core, &rules, lines, MOST_LINES, s->now_ms);
	for (unsigned i = 0; i < MOST_LINES; i++) {
		step(s,
		     (struct core_observation){
			     .kind = CORE_ADDRESS, .uplink = i, .address = true, .gateway = true });
		step(s, (struct core_observation){
				.kind = CORE_LINK, .uplink = i, .present = true, .carrier = true });
	}
}

/* Until then; the download pauses from `pause_ms` for `pause_for_ms`. */
static void run(struct school *s, uint64_t until_ms, uint64_t pause_ms, uint64_t pause_for_ms)
{
	for (; s->now_ms < until_ms; s->now_ms++) {
		for (unsigned i = 0; i < MOST_LINES; i++) {
			if (!s->out[i].end_ms || s->out[i].end_ms > s->now_ms)
				continue;
			s->out[i].end_ms = 0;
			step(s, (struct core_observation){ .kind = CORE_ROUND,
							   .uplink = i,
							   .round = s->out[i].round });
		}
		if (s->now_ms >= s->next_ms)
			step(s, (struct core_observation){ .kind = CORE_TICK });
		if (s->now_ms % LOOK_MS == 0)
			look(s, s->now_ms >= pause_ms && s->now_ms < pause_ms + pause_for_ms);
	}
}

/* Wherever the fault meets the questions that go out in their own rhythm. */
static void leaves_a_silent_line_in_time(void **state)
{
	(void)state;
	static const struct {
		const char *kind;
		uint32_t rtt_ms, most_ms;
	} rows[] = {
		{ "dsl", 20, 450 },   { "dsl", 50, 500 },      { "dsl", 100, 600 },
		{ "fibre", 5, 450 },  { "mobile", 100, 1000 }, { "satellite", 600, 3000 },
		{ "dsl", 600, 3000 },
	};
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		for (unsigned later = 0; later < 3000; later += 60) {
			struct school s;
			begin(&s, rows[r].kind, rows[r].rtt_ms);
			s.silent_from_ms += later;
			run(&s, s.silent_from_ms + 10000, 0, 0);
			assert_true(s.left_ms > s.silent_from_ms);
			if (s.left_ms - s.silent_from_ms > rows[r].most_ms)
				fail_msg("%s of %u ms, silent at %u ms: left after %u ms",
					 rows[r].kind, rows[r].rtt_ms, (unsigned)s.silent_from_ms,
					 (unsigned)(s.left_ms - s.silent_from_ms));
		}
	}
}

/* What leaves because we ask is nobody who waits: at rest each question goes out in its own rhythm, and none in a burst. */
static void is_calm_where_nobody_is(void **state)
{
	(void)state;
	static const char *const kinds[] = { "dsl", "fibre", "mobile" };
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct school s;
		begin(&s, kinds[k], 30);
		s.nobody_there = true;
		s.silent_from_ms = 620000;
		run(&s, 20000, 0, 0);
		const unsigned before = s.bursts;
		run(&s, 600000, 0, 0);
		assert_int_equal(s.bursts - before, 0);
		/* All the same a line that goes silent is left in time. */
		run(&s, s.silent_from_ms + 60000, 0, 0);
		assert_in_range(s.left_ms, s.silent_from_ms, s.silent_from_ms + 45000);
	}
}

/* One pupil, one frame that nobody answers, and the same again a second later, whenever that meets our own questions. */
static void hears_the_first_who_waits(void **state)
{
	(void)state;
	enum { AT_REST_MS = 120000, AGAIN_MS = 1000, WITHIN_MS = 2000 };
	static const char *const kinds[] = { "dsl", "fibre", "mobile" };
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		unsigned at_once = 0, tries = 0;
		for (uint64_t later = 0; later < 20000; later += 10 * LOOK_MS, tries++) {
			struct school s;
			begin(&s, kinds[k], 30);
			s.nobody_there = true;
			s.silent_from_ms = AT_REST_MS + later;
			s.knocks_ms[0] = s.silent_from_ms + LOOK_MS;
			s.knocks_ms[1] = s.knocks_ms[0] + AGAIN_MS;
			run(&s, s.silent_from_ms + 10000, 0, 0);
			assert_true(s.left_ms > s.silent_from_ms);
			if (s.left_ms - s.silent_from_ms > WITHIN_MS)
				fail_msg("%s, silent at %u ms: left after %u ms", kinds[k],
					 (unsigned)s.silent_from_ms,
					 (unsigned)(s.left_ms - s.silent_from_ms));
			at_once += s.left_ms < s.knocks_ms[1];
		}
		/* Mostly the first frame is enough. */
		assert_in_range(at_once, tries * 3 / 4, tries);
	}
}

/* Three echoes and "who has" are bytes that come in: nobody is served by them. */
static void takes_the_routers_answers_for_no_sign_of_life(void **state)
{
	(void)state;
	struct school with, without;
	begin(&with, "satellite", 600);
	run(&with, CUT_MS + 10000, 0, 0);
	begin(&without, "satellite", 600);
	run(&without, CUT_MS - 1, 0, 0);
	without.router_answers = false;
	run(&without, CUT_MS + 10000, 0, 0);
	assert_true(with.left_ms > CUT_MS);
	assert_int_equal(with.left_ms, without.left_ms);
}

/* The stream stopped for a moment just before: the doubt that came to nothing must not keep the next one away for long. */
static void doubts_again_soon_after_a_false_alarm(void **state)
{
	(void)state;
	for (uint64_t before_ms = 400; before_ms < 4000; before_ms += 100) {
		struct school s;
		begin(&s, "dsl", 20);
		run(&s, CUT_MS + 10000, CUT_MS - before_ms, 300);
		assert_true(s.bursts >= 1);
		assert_true(s.left_ms > CUT_MS);
		if (s.left_ms - CUT_MS > 1200)
			fail_msg("a pause %u ms before: left after %u ms", (unsigned)before_ms,
				 (unsigned)(s.left_ms - CUT_MS));
	}
}

/* Slow is not dead: bytes that still come in give a line time, whatever its questions do. */
static void waits_where_a_pause_is_followed_by_bytes(void **state)
{
	(void)state;
	for (uint32_t pause_ms = 100; pause_ms <= 250; pause_ms += 50) {
		struct school s;
		begin(&s, "dsl", 40);
		s.silent_from_ms = UINT64_MAX / 2;
		for (uint64_t at = START_MS + 5000; at < START_MS + 60000; at += 1000)
			run(&s, at, at - 500, pause_ms);
		assert_int_equal(s.left_ms, 0);
		assert_int_equal(core_preferred(&s.core), 0);
		assert_in_range(s.bursts, 0, 60); /* one each at most */
	}
}

/* Datagrams that want no answer: doubted ever more rarely. */
static void does_not_doubt_a_one_way_stream_for_ever(void **state)
{
	(void)state;
	struct school s;
	begin(&s, "dsl", 40);
	s.silent_from_ms = UINT64_MAX / 2;
	run(&s, START_MS + 10000, 0, 0);
	unsigned before = s.bursts;
	run(&s, START_MS + 130000, START_MS + 10000, 120000);
	assert_int_equal(s.left_ms, 0);
	assert_in_range(s.bursts - before, 1, 70);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_calm_where_nobody_is),
		cmocka_unit_test(leaves_a_silent_line_in_time),
		cmocka_unit_test(hears_the_first_who_waits),
		cmocka_unit_test(takes_the_routers_answers_for_no_sign_of_life),
		cmocka_unit_test(doubts_again_soon_after_a_false_alarm),
		cmocka_unit_test(waits_where_a_pause_is_followed_by_bytes),
		cmocka_unit_test(does_not_doubt_a_one_way_stream_for_ever),
	};
	return cmocka_run_group_tests_name("netmgr/core_silence", tests, NULL, NULL);
}
