// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/netmgr/core_kit.h"

/* --- one row per transition --- */

enum move_kind {
	WAIT,
	CABLE_OUT,
	CABLE_IN,
	DEVICE_GONE,
	ADDR_GONE,
	ADDR_ONLY,
	ADDR_BACK,
	FAULT,
	SWITCH_OFF,
	SWITCH_ON,
	CAP,
	UNCAP
};

static void walks_every_transition(void **state)
{
	(void)state;
	static const struct {
		const char *story;
		struct {
			enum move_kind kind;
			enum fault_kind fault;
			uint32_t wait_ms; /* after it */
			enum uplink_state want;
			enum uplink_layer layer;
			enum uplink_class class;
		} moves[6];
	} rows[] = {
		{ "cable out and in",
		  { { CABLE_OUT, 0, 0, UPLINK_DOWN, UPLINK_LAYER_CABLE, UPLINK_CLASS_DOWN },
		    { CABLE_IN, 0, 0, UPLINK_PROBING, UPLINK_LAYER_NONE, UPLINK_CLASS_DOWN },
		    { WAIT, 0, 100, UPLINK_HOLDDOWN, UPLINK_LAYER_NONE, UPLINK_CLASS_UP },
		    { WAIT, 0, 9000, UPLINK_HOLDDOWN, UPLINK_LAYER_NONE, UPLINK_CLASS_UP },
		    { WAIT, 0, 4000, UPLINK_UP, UPLINK_LAYER_NONE, UPLINK_CLASS_UP } } },
		{ "modem unplugged",
		  { { DEVICE_GONE, 0, 0, UPLINK_ABSENT, UPLINK_LAYER_CABLE, UPLINK_CLASS_DOWN } } },
		{ "lease lost, then no router, then back",
		  { { ADDR_GONE, 0, 0, UPLINK_LINK, UPLINK_LAYER_ADDRESS, UPLINK_CLASS_DOWN },
		    { ADDR_ONLY, 0, 0, UPLINK_ADDRESSED, UPLINK_LAYER_GATEWAY, UPLINK_CLASS_DOWN },
		    { ADDR_BACK, 0, 0, UPLINK_PROBING, UPLINK_LAYER_NONE, UPLINK_CLASS_DOWN },
		    { WAIT, 0, 14000, UPLINK_UP, UPLINK_LAYER_NONE, UPLINK_CLASS_UP } } },
		{ "provider goes silent",
		  { { FAULT, SILENT, 2500, UPLINK_SUSPECT, UPLINK_LAYER_ISP, UPLINK_CLASS_UP },
		    { WAIT, 0, 4000, UPLINK_DOWN, UPLINK_LAYER_ISP, UPLINK_CLASS_DOWN },
		    { FAULT, NO_FAULT, 9000, UPLINK_HOLDDOWN, UPLINK_LAYER_NONE, UPLINK_CLASS_UP },
		    { FAULT, SILENT, 5000, UPLINK_DOWN, UPLINK_LAYER_ISP, UPLINK_CLASS_DOWN } } },
		{ "router dead behind a switch",
		  { { FAULT, GATEWAY_DEAD, 4000, UPLINK_DOWN, UPLINK_LAYER_GATEWAY,
		      UPLINK_CLASS_DOWN } } },
		{ "a glitch is forgiven",
		  { { FAULT, SILENT, 500, UPLINK_SUSPECT, UPLINK_LAYER_ISP, UPLINK_CLASS_UP },
		    { FAULT, NO_FAULT, 1000, UPLINK_UP, UPLINK_LAYER_NONE, UPLINK_CLASS_UP } } },
		{ "portal, login, through",
		  { { FAULT, PORTAL, 70000, UPLINK_PORTAL, UPLINK_LAYER_PORTAL, UPLINK_CLASS_DOWN },
		    { FAULT, NO_FAULT, 6000, UPLINK_HOLDDOWN, UPLINK_LAYER_NONE, UPLINK_CLASS_UP },
		    { WAIT, 0, 14000, UPLINK_UP, UPLINK_LAYER_NONE, UPLINK_CLASS_UP } } },
		{ "portal turns into silence",
		  { { FAULT, PORTAL, 70000, UPLINK_PORTAL, UPLINK_LAYER_PORTAL, UPLINK_CLASS_DOWN },
		    { FAULT, SILENT, 20000, UPLINK_DOWN, UPLINK_LAYER_ISP, UPLINK_CLASS_DOWN },
		    { FAULT, PORTAL, 14000, UPLINK_PORTAL, UPLINK_LAYER_PORTAL,
		      UPLINK_CLASS_DOWN } } },
		{ "a dead resolver limps, no fall",
		  { { FAULT, RESOLVER_DEAD, 70000, UPLINK_UP, UPLINK_LAYER_RESOLVER,
		      UPLINK_CLASS_UP },
		    { FAULT, NO_FAULT, 61000, UPLINK_UP, UPLINK_LAYER_NONE, UPLINK_CLASS_UP } } },
		{ "the hub's fault is not the line's",
		  { { FAULT, HUB_DOWN, 70000, UPLINK_UP, UPLINK_LAYER_HUB, UPLINK_CLASS_UP },
		    { FAULT, HUB_UNREACHABLE, 70000, UPLINK_UP, UPLINK_LAYER_HUB, UPLINK_CLASS_UP },
		    { FAULT, NO_FAULT, 61000, UPLINK_UP, UPLINK_LAYER_NONE, UPLINK_CLASS_UP } } },
		{ "switched off and on",
		  { { SWITCH_OFF, 0, 5000, UPLINK_OFF, UPLINK_LAYER_NONE, UPLINK_CLASS_UNKNOWN },
		    { SWITCH_ON, 0, 0, UPLINK_PROBING, UPLINK_LAYER_NONE, UPLINK_CLASS_UNKNOWN },
		    { WAIT, 0, 100, UPLINK_UP, UPLINK_LAYER_NONE, UPLINK_CLASS_UP } } },
		{ "quota used up, new month",
		  { { CAP, 0, 5000, UPLINK_CAPPED, UPLINK_LAYER_NONE, UPLINK_CLASS_UP },
		    { FAULT, SILENT, 14000, UPLINK_DOWN, UPLINK_LAYER_ISP, UPLINK_CLASS_DOWN },
		    { FAULT, NO_FAULT, 20000, UPLINK_CAPPED, UPLINK_LAYER_NONE, UPLINK_CLASS_UP },
		    { UNCAP, 0, 0, UPLINK_UP, UPLINK_LAYER_NONE, UPLINK_CLASS_UP } } },
	};
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		struct world w;
		world_of(&w, 1);
		bring_up(&w);
		for (size_t m = 0; m < ARRAY_LEN(rows[r].moves); m++) {
			uint64_t then = w.now_ms + rows[r].moves[m].wait_ms;
			if (m && !rows[r].moves[m].wait_ms && !rows[r].moves[m].kind)
				break;
			switch (rows[r].moves[m].kind) {
			case WAIT:
				break;
			case CABLE_OUT:
			case CABLE_IN:
				plug(&w, 0, rows[r].moves[m].kind == CABLE_IN);
				break;
			case DEVICE_GONE:
				see(&w, (struct core_observation){ .kind = CORE_LINK });
				break;
			case ADDR_GONE:
			case ADDR_ONLY:
			case ADDR_BACK:
				address(&w, 0, rows[r].moves[m].kind != ADDR_GONE,
					rows[r].moves[m].kind == ADDR_BACK);
				break;
			case FAULT:
				w.lines[0].fault = rows[r].moves[m].fault;
				break;
			case SWITCH_OFF:
			case SWITCH_ON:
				see(&w, (struct core_observation){ .kind = CORE_SWITCH,
								   .on = rows[r].moves[m].kind ==
									 SWITCH_ON });
				break;
			case CAP:
			case UNCAP:
				see(&w, (struct core_observation){ .kind = CORE_QUOTA,
								   .on = rows[r].moves[m].kind ==
									 CAP });
				break;
			}
			pass_to(&w, then);
			enum uplink_state got = core_state(&w.core, 0);
			enum uplink_layer layer = w.core.uplinks[0].layer;
			if (got != rows[r].moves[m].want || layer != rows[r].moves[m].layer ||
			    core_class(&w.core, 0) != rows[r].moves[m].class)
				fail_msg("'%s' move %zu: %s/%s class %d; %s", rows[r].story, m,
					 uplink_state_name(got), uplink_layer_name(layer),
					 core_class(&w.core, 0), w.log);
		}
	}
}

static void starts_without_a_cable(void **state)
{
	(void)state;
	struct world w;
	world_of(&w, 2);
	plug(&w, 0, false);
	see(&w, (struct core_observation){ .kind = CORE_LINK, .uplink = 1 });
	assert_int_equal(core_state(&w.core, 0), UPLINK_DOWN);
	assert_int_equal(core_state(&w.core, 1), UPLINK_ABSENT);
	assert_int_equal(core_preferred(&w.core), -1);
	assert_string_equal(w.log, "1000:down=0/cable 1000:down=1/cable ");
	assert_true(w.next_ms == UINT64_MAX);
	assert_int_equal(w.rounds, 0);
}

static void says_each_change_once(void **state)
{
	(void)state;
	struct world w;
	world_of(&w, 2);
	bring_up(&w);
	plug(&w, 0, false);
	pass_to(&w, 3000);
	plug(&w, 0, true);
	pass_to(&w, 60000);
	/* New flows move before the stuck ones are freed; back only after hold-down, and as one move was the start's. */
	assert_string_equal(w.log, "2000:prefer=1 2000:release=0 2000:down=0/cable 13240:up=0 ");
	pass_to(&w, 700000);
	assert_string_equal(w.log + strlen(w.log) - 16, "601040:prefer=0 ");
}

static void uses_a_held_line_when_nothing_else_is_there(void **state)
{
	(void)state;
	struct world w;
	world_of(&w, 1);
	bring_up(&w);
	plug(&w, 0, false);
	assert_int_equal(core_preferred(&w.core), -1);
	plug(&w, 0, true);
	pass_to(&w, w.now_ms + 100);
	assert_int_equal(core_state(&w.core, 0), UPLINK_HOLDDOWN);
	assert_int_equal(core_preferred(&w.core), 0);
}

/* A provider through which no echo passes: the line comes back by its hub alone. */
static void returns_where_echoes_are_filtered(void **state)
{
	(void)state;
	struct world w;
	world_of(&w, 1);
	w.lines[0].fault = ECHOES_FILTERED;
	plug(&w, 0, true);
	address(&w, 0, true, true);
	pass_to(&w, 20000);
	assert_int_equal(core_state(&w.core, 0), UPLINK_UP);
	plug(&w, 0, false);
	w.log[0] = '\0';
	plug(&w, 0, true);
	pass_to(&w, w.now_ms + 600000);
	assert_int_equal(core_state(&w.core, 0), UPLINK_UP);
	assert_null(strstr(w.log, "prefer=-1"));
}

static void suspects_when_bytes_leave_and_none_return(void **state)
{
	(void)state;
	struct world w;
	world_of(&w, 2);
	bring_up(&w);
	uint64_t tx = 1000;
	uint64_t start = w.now_ms;
	w.lines[0].fault = SILENT;
	see(&w, (struct core_observation){ .kind = CORE_TRAFFIC, .rx_bytes = 5, .tx_bytes = tx });
	while (core_preferred(&w.core) == 0 && w.now_ms < start + 10000) {
		pass_to(&w, w.now_ms + 100);
		tx += 1500;
		see(&w, (struct core_observation){
				.kind = CORE_TRAFFIC, .rx_bytes = 5, .tx_bytes = tx });
	}
	assert_int_equal(core_preferred(&w.core), 1);
	assert_in_range(w.now_ms - start, 300, 2000);

	/* Answered traffic raises nothing. */
	size_t rounds = w.rounds;
	uint64_t rx = 5;
	start = w.now_ms;
	while (w.now_ms < start + 5000) {
		pass_to(&w, w.now_ms + 100);
		see(&w, (struct core_observation){ .kind = CORE_TRAFFIC,
						   .uplink = 1,
						   .rx_bytes = rx += 100,
						   .tx_bytes = tx += 1500 });
		assert_int_equal(core_state(&w.core, 1), UPLINK_UP);
	}
	assert_true(w.rounds - rounds < 12);
}

static void leaves_a_lossy_line_and_grades_it(void **state)
{
	(void)state;
	struct world w;
	world_of(&w, 2);
	bring_up(&w);
	w.lines[0].fault = LOSSY;
	pass_to(&w, 300000);
	assert_int_equal(w.core.uplinks[0].grade, UPLINK_DEGRADED);
	assert_int_equal(core_preferred(&w.core), 1);
	w.lines[0].fault = NO_FAULT;
	w.lines[0].rtt_ms = 1800;
	pass_to(&w, 600000);
	assert_int_equal(w.core.uplinks[0].grade, UPLINK_DEGRADED);
	w.lines[0].rtt_ms = 20;
	pass_to(&w, 2000000);
	assert_int_equal(w.core.uplinks[0].grade, UPLINK_GOOD);
	assert_int_equal(core_preferred(&w.core), 0);
}

/* The last move of a window is kept for a fall: a return to the better line has time. */
static void a_return_leaves_a_move_for_a_fall(void **state)
{
	(void)state;
	struct world w;
	world_of(&w, 2);
	plug(&w, 1, true);
	address(&w, 1, true, true);
	pass_to(&w, 1100);
	plug(&w, 0, true);
	address(&w, 0, true, true);
	pass_to(&w, 1900);
	assert_int_equal(core_preferred(&w.core),
			 0); /* one move: the better line was a second slower */
	plug(&w, 0, false);
	plug(&w, 0, true);
	pass_to(&w, 500000);
	assert_int_equal(core_state(&w.core, 0), UPLINK_UP);
	assert_int_equal(core_preferred(&w.core), 1); /* two moves */
	plug(&w, 1, false);
	assert_int_equal(core_preferred(&w.core), 0); /* the third was still there */
}

/* A line that finds no names serves nobody: one on probation is better. */
static void a_held_line_is_better_than_one_without_names(void **state)
{
	(void)state;
	struct world w;
	world_of(&w, 2);
	bring_up(&w);
	for (int i = 0; i < 5; i++) { /* held for five minutes */
		plug(&w, 0, false);
		plug(&w, 0, true);
		pass_to(&w, w.now_ms + 100);
	}
	assert_int_equal(core_state(&w.core, 0), UPLINK_HOLDDOWN);
	assert_int_equal(core_preferred(&w.core), 1);
	w.lines[1].fault = RESOLVER_DEAD;
	pass_to(&w, w.now_ms + 15000);
	assert_int_equal(core_state(&w.core, 0), UPLINK_HOLDDOWN);
	assert_int_equal(core_preferred(&w.core), 0);
}

static size_t most_moves_in(const struct world *w, uint64_t window_ms)
{
	size_t most = 0;
	for (size_t i = 0; i < w->moves; i++) {
		size_t n = 0;
		while (i + n < w->moves && w->moved_ms[i + n] - w->moved_ms[i] < window_ms)
			n++;
		most = n > most ? n : most;
	}
	return most;
}

/* An enemy who pulls the cable right after each return. */
static void never_oscillates(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		struct world w;
		world_of(&w, 2);
		bring_up(&w);
		w.seed = seed;
		bool in = true;
		while (w.now_ms < 4 * 3600 * 1000ull) {
			pass_to(&w, w.now_ms + 500 + roll(&w, seed % 2 ? 2000 : 60000));
			if (in && seed % 3 == 0 && core_preferred(&w.core) != 0)
				continue;
			in = !in;
			if (seed % 5 == 0)
				w.lines[0].fault = in ? NO_FAULT : SILENT;
			else
				plug(&w, 0, in);
		}
		if (most_moves_in(&w, 600000) > 3)
			fail_msg("seed %u: %zu moves in 10 min: %.300s", seed,
				 most_moves_in(&w, 600000), w.log);
		pass_to(&w, w.now_ms + 600000); /* what is left is found again */
		assert_true(core_preferred(&w.core) >= 0);
	}
}

static void falls_make_the_hold_longer_and_quiet_shorter(void **state)
{
	(void)state;
	struct world w;
	world_of(&w, 1);
	bring_up(&w);
	static const uint32_t want[] = { 10000, 20000, 40000, 80000, 160000, 300000, 300000 };
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		plug(&w, 0, false);
		assert_int_equal(w.core.uplinks[0].hold_ms, want[i]);
		pass_to(&w, w.now_ms + 1000);
		plug(&w, 0, true);
		pass_to(&w, w.now_ms + want[i] * 3 / 2);
		assert_int_equal(core_state(&w.core, 0), UPLINK_UP);
	}
	pass_to(&w, w.now_ms + 2 * 600000);
	plug(&w, 0, false);
	assert_int_equal(w.core.uplinks[0].hold_ms, 75000);
}

static void survives_any_order_of_observations(void **state)
{
	(void)state;
	struct world w;
	world_of(&w, 3);
	for (int i = 0; i < 200000; i++) {
		w.log[0] = '\0';
		w.moves = 0;
		struct core_observation seen = { .kind = (enum core_observation_kind)roll(&w, 7),
						 .uplink = roll(&w, 4) };
		bool a = roll(&w, 4) != 0, b = roll(&w, 4) != 0;
		if (seen.kind == CORE_LINK) {
			seen.present = a;
			seen.carrier = b;
		} else if (seen.kind == CORE_ADDRESS) {
			seen.address = a;
			seen.gateway = b;
		} else if (seen.kind == CORE_ROUND) {
			for (int t = 0; t < PROBE_TARGETS; t++)
				seen.round.answer[t] = (enum probe_answer)roll(&w, 5);
			seen.round.rtt_us = roll(&w, 3) ? roll(&w, 3000) * 1000 : UINT32_MAX;
		} else if (seen.kind == CORE_TRAFFIC) {
			seen.rx_bytes = roll(&w, 3);
			seen.tx_bytes = roll(&w, 3);
		} else {
			seen.on = seen.kind == CORE_QUOTA ? !a : a;
		}
		w.now_ms += roll(&w, 400);
		step(&w, &seen);
		int p = core_preferred(&w.core);
		if (p >= 0) {
			enum uplink_state s = core_state(&w.core, (unsigned)p);
			assert_true(s == UPLINK_UP || s == UPLINK_SUSPECT || s == UPLINK_HOLDDOWN);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_every_transition),
		cmocka_unit_test(starts_without_a_cable),
		cmocka_unit_test(says_each_change_once),
		cmocka_unit_test(uses_a_held_line_when_nothing_else_is_there),
		cmocka_unit_test(returns_where_echoes_are_filtered),
		cmocka_unit_test(suspects_when_bytes_leave_and_none_return),
		cmocka_unit_test(leaves_a_lossy_line_and_grades_it),
		cmocka_unit_test(a_return_leaves_a_move_for_a_fall),
		cmocka_unit_test(a_held_line_is_better_than_one_without_names),
		cmocka_unit_test(never_oscillates),
		cmocka_unit_test(falls_make_the_hold_longer_and_quiet_shorter),
		cmocka_unit_test(survives_any_order_of_observations),
	};
	return cmocka_run_group_tests_name("netmgr/core", tests, NULL, NULL);
}
