// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/core_priv.h"

/* RFC 6298: smoothed round trip and its variation. */
static void note_rtt(struct core_uplink *u, uint32_t rtt_us)
{
	if (!rtt_us)
		return;
	if (!u->srtt_us) {
		u->srtt_us = rtt_us;
		u->rttvar_us = rtt_us / 2;
		return;
	}
	uint32_t off = rtt_us > u->srtt_us ? rtt_us - u->srtt_us : u->srtt_us - rtt_us;
	u->rttvar_us = (uint32_t)(((uint64_t)u->rttvar_us * 3 + off) / 4);
	u->srtt_us = (uint32_t)(((uint64_t)u->srtt_us * 7 + rtt_us) / 8);
}

/* A gateway that answers each second must not hide what is lost behind it. */
static void note_loss(struct core_uplink *u, const struct probe_round *round)
{
	bool failed = false;
	for (int t = 0; t < PROBE_TARGETS; t++)
		failed |= round->answer[t] == PROBE_SILENT;
	bool beyond = round->answer[PROBE_RESOLVER] != PROBE_SKIPPED ||
		      round->answer[PROBE_HUB] != PROBE_SKIPPED;
	if (failed || beyond)
		u->history = u->history << 1 | failed;
}

/* Two thresholds, so that a line on the edge does not change its grade every second. */
static void regrade(const struct core_line *line, struct core_uplink *u)
{
	int failed = __builtin_popcount(u->history);
	uint64_t slow_us = (uint64_t)line->slow_ms * 1000;
	bool limps = u->layer != UPLINK_LAYER_NONE;
	if (u->grade == UPLINK_GOOD && (limps || failed >= 4 || u->srtt_us > slow_us))
		u->grade = UPLINK_DEGRADED;
	else if (u->grade == UPLINK_DEGRADED && !limps && failed <= 1 &&
		 u->srtt_us < slow_us / 5 * 4)
		u->grade = UPLINK_GOOD;
}

static void round_while_up(struct core_work *s, unsigned i, const struct probe_round *round,
			   struct verdict v)
{
	struct core_uplink *u = &s->c->uplinks[i];
	bool only_resolver = round->answer[PROBE_HUB] == PROBE_SKIPPED;
	switch (v.word) {
	case VERDICT_ONLINE:
		if (!only_resolver || u->layer == UPLINK_LAYER_RESOLVER)
			u->layer = v.layer;
		break;
	case VERDICT_NOTHING:
		break;
	case VERDICT_PORTAL:
	case VERDICT_DEAD:
		/* A resolver known to be dead tells nothing new. */
		if (only_resolver && u->layer == UPLINK_LAYER_RESOLVER &&
		    v.layer != UPLINK_LAYER_GATEWAY)
			break;
		core_enter(s, i, UPLINK_SUSPECT, v.layer);
		break;
	}
}

static void round_while_suspect(struct core_work *s, unsigned i, struct verdict v)
{
	struct core_uplink *u = &s->c->uplinks[i];
	switch (v.word) {
	case VERDICT_ONLINE:
		core_enter(s, i, UPLINK_UP, v.layer);
		break;
	case VERDICT_NOTHING:
		/* We could not even ask: no proof of a fault. */
		core_enter(s, i, UPLINK_UP, UPLINK_LAYER_NONE);
		break;
	case VERDICT_PORTAL:
		core_enter(s, i, UPLINK_PORTAL, UPLINK_LAYER_PORTAL);
		break;
	case VERDICT_DEAD:
		u->layer = v.layer;
		if (++u->fails >= s->c->rules.fails)
			core_enter(s, i, UPLINK_DOWN, v.layer);
		else
			u->round_due_ms = s->now_ms + s->c->rules.burst_ms;
		break;
	}
}

/* Not up yet: PROBING, DOWN, HOLDDOWN, PORTAL. */
static void round_while_not_up(struct core_work *s, unsigned i, struct verdict v)
{
	struct core_uplink *u = &s->c->uplinks[i];
	const struct core_rules *rules = &s->c->rules;
	bool held = u->state == UPLINK_HOLDDOWN;
	uint32_t retry = s->c->lines[i].retry_ms;
	u->round_due_ms = s->now_ms + (held ? core_earlier(retry, u->hold_ms / 4) : retry);
	switch (v.word) {
	case VERDICT_ONLINE:
		if (held && s->now_ms < u->hold_until_ms)
			u->layer = v.layer;
		else
			core_enter(s, i, u->fell && !held ? UPLINK_HOLDDOWN : UPLINK_UP, v.layer);
		break;
	case VERDICT_NOTHING:
		break;
	case VERDICT_PORTAL:
		core_enter(s, i, UPLINK_PORTAL, UPLINK_LAYER_PORTAL);
		u->round_due_ms = s->now_ms + retry;
		break;
	case VERDICT_DEAD:
		if (u->state != UPLINK_DOWN && !held && ++u->fails < rules->fails) {
			u->round_due_ms = s->now_ms + rules->burst_ms;
			break;
		}
		core_enter(s, i, UPLINK_DOWN, v.layer);
		u->round_due_ms = s->now_ms + retry;
		break;
	}
}

void core_take_round(struct core_work *s, unsigned i, const struct probe_round *round)
{
	struct core_uplink *u = &s->c->uplinks[i];
	if (!u->asking)
		return; /* too late, or the cable went meanwhile */
	u->asking = false;
	note_rtt(u, round->rtt_us);
	note_loss(u, round);
	struct verdict v = verdict_of(round, s->c->lines[i].possible);
	if (u->state == UPLINK_UP)
		round_while_up(s, i, round, v);
	else if (u->state == UPLINK_SUSPECT)
		round_while_suspect(s, i, v);
	else if (!core_set_by_facts(u))
		round_while_not_up(s, i, v);
	if (u->state == UPLINK_UP)
		regrade(&s->c->lines[i], u);
}
