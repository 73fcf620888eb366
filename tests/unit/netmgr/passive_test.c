// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/passive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { LOOK_MS = PASSIVE_LOOK_S * 1000 };

/* What happens to one connection between two looks. */
struct step {
	uint64_t acked, received, resent;
	uint32_t busy_percent, held_percent, rtt_ms, quiet_ms;
};

static uint64_t live(struct passive *p, struct passive_flow *f, const struct step *s, int looks,
		     uint64_t at_ms)
{
	for (int i = 0; i < looks; i++, at_ms += LOOK_MS) {
		passive_take(p, f, 1, at_ms);
		f->acked_bytes += s->acked;
		f->received_bytes += s->received;
		f->sent_bytes += s->acked + s->resent;
		f->resent_bytes += s->resent;
		f->busy_us += (uint64_t)LOOK_MS * 10 * s->busy_percent;
		f->held_us += (uint64_t)LOOK_MS * 10 * s->held_percent;
		f->rtt_us = s->rtt_ms * 1000;
		f->heard_ms_ago = s->quiet_ms;
	}
	return at_ms - LOOK_MS;
}

static void a_rate_counts_where_the_line_was_the_limit(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		struct step step;
		uint32_t up_kbps, down_kbps, rtt_us, late_us, ppm;
	} rows[] = {
		{ "an upload", { 1000000, 0, 0, 100, 0, 50, 0 }, 4000, 0, 50000, 30000, 0 },
		{ "its program pauses", { 1000000, 0, 0, 50, 0, 50, 0 }, 0, 0, 50000, 30000, 0 },
		{ "the far side holds back",
		  { 1000000, 0, 0, 100, 40, 50, 0 },
		  0,
		  0,
		  50000,
		  30000,
		  0 },
		{ "one in ten is lost",
		  { 900000, 0, 100000, 100, 0, 20, 0 },
		  3600,
		  0,
		  20000,
		  0,
		  100000 },
		{ "a download", { 0, 2500000, 0, 0, 0, 0, 10 }, 0, 10000, 0, 0, 0 },
		{ "that stopped", { 0, 2500000, 0, 0, 0, 0, 900 }, 0, 0, 0, 0, 0 },
		{ "a page", { 500, 9000, 0, 5, 0, 30, 10 }, 0, 0, 30000, 0, 0 },
		{ "nothing at all", { 0, 0, 0, 0, 0, 90, 0 }, 0, 0, 0, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct passive p = { 0 };
		struct passive_view v;
		struct passive_flow f = { .id = 7, .line = 1, .least_rtt_us = 20000 };
		uint64_t now = live(&p, &f, &rows[i].step, 5, 1000000);
		passive_look(&p, 1, now, &v);
		if (v.up_kbps != rows[i].up_kbps || v.down_kbps != rows[i].down_kbps ||
		    v.rtt_us != rows[i].rtt_us || v.late_us != rows[i].late_us ||
		    v.resent_ppm != rows[i].ppm || v.floor_us != (v.known ? 20000 : 0))
			fail_msg("%s: up %u down %u rtt %u late %u floor %u resent %u",
				 rows[i].what, v.up_kbps, v.down_kbps, v.rtt_us, v.late_us,
				 v.floor_us, v.resent_ppm);
		passive_look(&p, 0, now, &v);
		assert_false(v.known);
	}
}

static void several_share_a_line(void **state)
{
	(void)state;
	struct passive p = { 0 };
	struct passive_view v;
	struct passive_flow two[2] = { { .id = 1, .line = 0 }, { .id = 2, .line = 0 } };
	for (int i = 0; i < 3; i++) {
		passive_take(&p, two, 2, 5000 + (uint64_t)i * LOOK_MS);
		for (int f = 0; f < 2; f++) {
			two[f].acked_bytes += 250000;
			two[f].busy_us += (uint64_t)LOOK_MS * 1000;
		}
	}
	passive_look(&p, 0, 5000 + 2 * LOOK_MS, &v);
	assert_int_equal(v.up_kbps, 2000);
	assert_int_equal(v.flows, 2);
}

static void what_is_not_known_is_not_said(void **state)
{
	(void)state;
	static const struct step full = { 1000000, 0, 0, 100, 0, 40, 0 };
	struct passive p = { 0 };
	struct passive_view v;
	/* A connection that goes nowhere; a line that is none; a number that begins anew; a long pause. */
	struct passive_flow f = { .id = 3, .line = PASSIVE_NOWHERE };
	uint64_t now = live(&p, &f, &full, 3, 1000);
	assert_int_equal(passive_line_of(&p, 3), PASSIVE_NOWHERE);
	assert_int_equal(passive_line_of(&p, 4), PASSIVE_NEW);
	f = (struct passive_flow){ .id = 4, .line = UPLINK_MAX };
	now = live(&p, &f, &full, 3, now + LOOK_MS);
	for (unsigned i = 0; i < UPLINK_MAX; i++) {
		passive_look(&p, i, now, &v);
		assert_false(v.known);
	}
	f = (struct passive_flow){ .id = 5, .line = 0, .acked_bytes = 5000000 };
	passive_take(&p, &f, 1, now + LOOK_MS);
	f.acked_bytes = 10;
	passive_take(&p, &f, 1, now + 2 * LOOK_MS);
	f.acked_bytes = 5000000;
	f.busy_us = UINT32_MAX;
	passive_take(&p, &f, 1, now + 60 * LOOK_MS);
	passive_look(&p, 0, now + 60 * LOOK_MS, &v);
	assert_false(v.known);
}

static void the_best_is_forgotten_in_time(void **state)
{
	(void)state;
	static const struct step fast = { 2000000, 0, 0, 100, 0, 60, 0 },
				 slow = { 500000, 0, 0, 100, 0, 60, 0 };
	struct passive p = { 0 };
	struct passive_view v;
	struct passive_flow f = { .id = 9, .line = 2, .least_rtt_us = 10000 };
	uint64_t now = live(&p, &f, &fast, 5, 1000);
	f.least_rtt_us = 55000; /* another way */
	now = live(&p, &f, &slow, 5, now + LOOK_MS);
	passive_look(&p, 2, now, &v);
	assert_int_equal(v.up_kbps, 8000);
	assert_int_equal(v.floor_us, 10000);
	now = live(&p, &f, &slow, 2 * PASSIVE_SLOT_MS / LOOK_MS + 5, now + LOOK_MS);
	passive_look(&p, 2, now, &v);
	assert_true(v.fresh);
	assert_int_equal(v.up_kbps, 2000);
	assert_int_equal(v.floor_us, 55000);
	/* Nobody looked for a day: the round trip of then is said with its age. */
	passive_look(&p, 2, now + 86400000, &v);
	assert_false(v.fresh);
	assert_int_equal(v.age_ms, 86400000);
	assert_int_equal(v.up_kbps | v.late_us | v.flows | v.floor_us, 0);
	assert_int_equal(v.rtt_us, 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_counts_where_the_line_was_the_limit),
		cmocka_unit_test(several_share_a_line),
		cmocka_unit_test(what_is_not_known_is_not_said),
		cmocka_unit_test(the_best_is_forgotten_in_time),
	};
	return cmocka_run_group_tests_name("netmgr/passive", tests, NULL, NULL);
}
