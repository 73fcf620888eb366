// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "netmgr/line/core.h"

/* --- a world of uplinks in virtual time --- */

enum fault_kind {
	NO_FAULT,
	SILENT,
	GATEWAY_DEAD,
	PORTAL,
	RESOLVER_DEAD,
	HUB_DOWN,
	HUB_UNREACHABLE,
	ECHOES_FILTERED,
	LOSSY
};

struct world {
	struct core core;
	uint64_t now_ms, next_ms;
	struct {
		enum fault_kind fault;
		uint32_t rtt_ms;
		bool asked;
		uint64_t answer_ms;
		struct probe_round answer;
	} lines[UPLINK_MAX];
	char log[8192]; /* "12000:prefer=1 12000:down=0/ISP …" */
	size_t moves;   /* from one uplink to another, also by way of none */
	uint64_t moved_ms[512];
	int last;
	unsigned seed;
	size_t rounds;
};

static const struct core_rules rules = { .burst_ms = 50,
					 .repeats = 3,
					 .fails = 3,
					 .patience_ms = 150,
					 .patience_max_ms = 3000,
					 .silence_ms = 300,
					 .stream_ms = 150,
					 .last_ms = 100,
					 .hold_ms = 10000,
					 .hold_max_ms = 300000,
					 .quiet_ms = 600000,
					 .choose = { 60000, 20000, 600000, 3600000, 600000 } };

static const struct core_line fast_line = {
	.rank = 1,
	.possible = PROBE_ALL,
	.idle_ms = { 1000, 10000, 3000, 30000, 30000, 60000 },
	.retry_ms = 5000,
	.limp_ms = 5000,
	.watch_ms = 1000,
	.doubt_ms = 10000,
	.slow_ms = 1000,
};

static unsigned roll(struct world *w, unsigned sides)
{
	w->seed = w->seed * 1103515245u + 12345u;
	return (w->seed >> 16) % sides;
}

static void note(struct world *w, const char *what, int uplink, const char *more)
{
	size_t used = strlen(w->log);
	snprintf(w->log + used, sizeof(w->log) - used, "%llu:%s=%d%s ",
		 (unsigned long long)w->now_ms, what, uplink, more);
}

static struct probe_round answers_of(struct world *w, unsigned i, unsigned targets)
{
	enum fault_kind fault = w->lines[i].fault;
	bool nothing = fault == SILENT || fault == GATEWAY_DEAD;
	uint32_t rtt_us = nothing ? 0 : w->lines[i].rtt_ms * 1000;
	struct probe_round r = { .rtt_us = rtt_us, .beyond_us = rtt_us };
	if (targets & PROBE_BIT(PROBE_GATEWAY))
		r.answer[PROBE_GATEWAY] = fault == GATEWAY_DEAD ? PROBE_SILENT : PROBE_OK;
	if (targets & PROBE_BIT(PROBE_RESOLVER))
		r.answer[PROBE_RESOLVER] =
			nothing || fault == RESOLVER_DEAD ? PROBE_SILENT : PROBE_OK;
	for (int t = PROBE_ECHO; t <= PROBE_FAR_B; t++) {
		bool away = t == PROBE_ECHO && (fault == HUB_UNREACHABLE || fault == HUB_DOWN);
		if (targets & PROBE_BIT(t))
			r.answer[t] = nothing || away || fault == PORTAL || fault == ECHOES_FILTERED
					      ? PROBE_SILENT
					      : PROBE_OK;
	}
	if (targets & PROBE_BIT(PROBE_HUB))
		r.answer[PROBE_HUB] = nothing || fault == HUB_UNREACHABLE ? PROBE_SILENT
				      : fault == PORTAL                   ? PROBE_FOREIGN
				      : fault == HUB_DOWN                 ? PROBE_REFUSED
									  : PROBE_OK;
	for (int t = PROBE_RESOLVER; t < PROBE_HUB && fault == LOSSY; t++)
		if (r.answer[t] == PROBE_OK && roll(w, 4) == 0)
			r.answer[t] = PROBE_SILENT;
	return r;
}

static void step(struct world *w, const struct core_observation *seen)
{
	struct core_actions out;
	w->next_ms = core_step(&w->core, seen, w->now_ms, &out);
	assert_true(w->next_ms > w->now_ms);
	assert_true(out.count <= CORE_ACTIONS_MAX);
	for (size_t i = 0; i < out.count; i++) {
		const struct core_action *a = &out.list[i];
		switch (a->kind) {
		case CORE_ASK:
			assert_true(a->targets != 0);
			assert_in_range(a->within_ms, 1, 3200);
			assert_in_range(a->repeats, 1, 3);
			w->rounds++;
			w->lines[a->uplink].asked = true;
			w->lines[a->uplink].answer = answers_of(w, (unsigned)a->uplink, a->targets);
			/* A round ends when its last question is answered or given up. */
			bool waits = false;
			for (int t = 0; t < PROBE_TARGETS; t++)
				waits |= w->lines[a->uplink].answer.answer[t] == PROBE_SILENT;
			w->lines[a->uplink].answer_ms =
				w->now_ms + (waits ? a->within_ms : w->lines[a->uplink].rtt_ms);
			break;
		case CORE_PREFER:
			assert_int_equal(i, 0);
			note(w, "prefer", a->uplink, "");
			assert_true(w->moves < ARRAY_LEN(w->moved_ms));
			if (a->uplink >= 0 && a->uplink != w->last)
				w->moved_ms[w->moves++] = w->now_ms;
			if (a->uplink >= 0)
				w->last = a->uplink;
			break;
		case CORE_RELEASE:
			note(w, "release", a->uplink, "");
			break;
		case CORE_SAY_UP:
			note(w, "up", a->uplink, "");
			break;
		case CORE_SAY_DOWN: {
			char more[32];
			snprintf(more, sizeof(more), "/%s", uplink_layer_name(a->layer));
			note(w, "down", a->uplink, more);
			break;
		}
		}
	}
}

static void see(struct world *w, struct core_observation seen)
{
	step(w, &seen);
}

/* Lets virtual time pass, answering what was asked. */
static void pass_to(struct world *w, uint64_t until_ms)
{
	for (;;) {
		uint64_t at = w->next_ms;
		int who = -1;
		for (unsigned i = 0; i < w->core.count; i++) {
			if (w->lines[i].asked && w->lines[i].answer_ms <= at) {
				at = w->lines[i].answer_ms;
				who = (int)i;
			}
		}
		if (at > until_ms)
			break;
		w->now_ms = at;
		struct core_observation seen = { .kind = CORE_TICK };
		if (who >= 0) {
			seen = (struct core_observation){ .kind = CORE_ROUND,
							  .uplink = (unsigned)who,
							  .round = w->lines[who].answer };
			w->lines[who].asked = false;
		}
		step(w, &seen);
	}
	w->now_ms = until_ms;
}

static void plug(struct world *w, unsigned i, bool carrier)
{
	see(w, (struct core_observation){
		       .kind = CORE_LINK, .uplink = i, .present = true, .carrier = carrier });
}

static void address(struct world *w, unsigned i, bool has, bool gateway)
{
	see(w, (struct core_observation){
		       .kind = CORE_ADDRESS, .uplink = i, .address = has, .gateway = gateway });
}

static void world_of(struct world *w, size_t count)
{
	struct core_line lines[UPLINK_MAX] = { 0 };
	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < count; i++) {
		lines[i] = fast_line;
		lines[i].rank = (unsigned)i;
		w->lines[i].rtt_ms = 20;
	}
	w->now_ms = 1000;
	w->seed = 1;
	core_init(&w->core, &rules, lines, count, w->now_ms);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(core_class(&w->core, i), UPLINK_CLASS_UNKNOWN);
}

static void bring_up(struct world *w)
{
	for (unsigned i = 0; i < w->core.count; i++) {
		plug(w, i, true);
		address(w, i, true, true);
	}
	pass_to(w, 2000);
	for (unsigned i = 0; i < w->core.count; i++)
		assert_int_equal(core_state(&w->core, i), UPLINK_UP);
	assert_int_equal(core_preferred(&w->core), 0);
	w->log[0] = '\0';
	w->moves = 0;
}
