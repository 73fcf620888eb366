// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/core_priv.h"

/* As RFC 6298: smoothed round trip and its variation; but the first of all weighs no more than those that follow it. */
static void note_rtt(struct core_rtt *r, uint32_t rtt_us)
{
	enum { MOST = 8 };
	if (!rtt_us)
		return;
	r->samples += r->samples < MOST;
	if (r->samples == 1) {
		r->smooth_us = rtt_us;
		r->var_us = rtt_us / 4;
		return;
	}
	uint32_t off = rtt_us > r->smooth_us ? rtt_us - r->smooth_us : r->smooth_us - rtt_us;
	r->var_us = (uint32_t)(((uint64_t)r->var_us * 3 + off) / 4);
	/* A queue that has gone is believed sooner than one that begins. */
	unsigned weight = rtt_us < r->smooth_us / 2 ? 2 : r->samples;
	r->smooth_us = (uint32_t)(((uint64_t)r->smooth_us * (weight - 1) + rtt_us) / weight);
}

/* Each question asked once is one draw of the line's loss; the gateway's says nothing about what lies behind it. */
static void note_loss(struct core_work *s, unsigned i, const struct probe_round *round)
{
	enum { KEPT = 64, CLOSE_WATCH = 12 };
	struct core_uplink *u = &s->c->uplinks[i];
	bool any = false, lost = false;
	for (int t = 0; t < PROBE_TARGETS; t++)
		any |= (PROBE_REMOTE & PROBE_BIT(t)) && round->answer[t] == PROBE_OK;
	for (int t = 0; t < PROBE_TARGETS; t++) {
		bool silent = round->answer[t] == PROBE_SILENT;
		if (round->answer[t] == PROBE_SKIPPED)
			continue;
		if (!silent)
			u->silent_run[t] = 0;
		else if (any && u->silent_run[t] < CORE_NEVER_ANSWERS)
			u->silent_run[t]++;
		/* The second silence in a row is rather the machine's than the line's. */
		/* Perhaps somebody lets echoes of others pass and wants a login: the hub's check tells. */
		if (t == PROBE_ECHO && u->silent_run[t] == 2)
			u->due_ms[PROBE_HUB] = s->now_ms;
		bool counts = u->asked_once && u->silent_run[t] < 2;
		if (!counts || !(CORE_WATCHED & PROBE_BIT(t)))
			continue;
		lost |= silent;
		u->lost = u->lost << 1 | silent;
		u->lost_of += u->lost_of < KEPT;
	}
	if (lost && u->watch < CLOSE_WATCH / 2) {
		u->watch = CLOSE_WATCH;
		core_plan_questions(&s->c->lines[i], u, CORE_WATCHED, s->now_ms);
	} else if (u->watch && any) {
		u->watch--;
	}
}

/* Is it the hub, or the way to it? Those that do not know the same yet are asked at once. */
static void ask_others(struct core *c, unsigned i, uint64_t now_ms, bool silent)
{
	for (size_t j = 0; j < c->count; j++) {
		struct core_uplink *other = &c->uplinks[j];
		bool knows = silent ? other->hub_bad_ms != 0 : other->hub_bad_ms == 0;
		if (j != i && other->state == UPLINK_UP && !knows)
			other->due_ms[PROBE_HUB] = now_ms;
	}
}

static void note_hub(struct core_work *s, unsigned i, enum probe_answer hub)
{
	struct core_uplink *u = &s->c->uplinks[i];
	if (hub == PROBE_SKIPPED)
		return;
	bool was_well = u->hub_bad_ms == 0;
	if (hub == PROBE_OK) {
		u->hub_ok_ms = s->now_ms;
		u->hub_bad_ms = 0;
	} else if (was_well) {
		u->hub_bad_ms = s->now_ms;
	}
	if (was_well != (hub == PROBE_OK))
		ask_others(s->c, i, s->now_ms, hub != PROBE_OK);
}

/* Seen soon, in half of what is kept; believed to be over only by all of it, as a lossy line has lucky moments. */
static enum core_loss loss_of(const struct core_uplink *u)
{
	enum {
		SOON = 32,
		ALL = 64,
		ENOUGH = 16,
		HEAVY = 17,
		HEAVY_OVER = 10,
		MANY = 48,
		SOME = 10,
		SOME_OVER = 3
	};
	unsigned soon_of = u->lost_of < SOON ? u->lost_of : SOON;
	unsigned soon = (unsigned)__builtin_popcount((uint32_t)u->lost) * 100;
	unsigned all = (unsigned)__builtin_popcountll(u->lost) * 100;
	if (u->lost_of < ENOUGH)
		return u->loss;
	if (soon >= HEAVY * soon_of)
		return CORE_LOSS_HEAVY;
	if (u->loss == CORE_LOSS_HEAVY && (u->lost_of < ALL || all > HEAVY_OVER * u->lost_of))
		return CORE_LOSS_HEAVY;
	if (u->loss == CORE_LOSS_HEAVY || (u->lost_of >= MANY && all >= SOME * u->lost_of))
		return CORE_LOSS_SOME;
	if (u->loss == CORE_LOSS_SOME && (u->lost_of < ALL || all > SOME_OVER * u->lost_of))
		return CORE_LOSS_SOME;
	return CORE_LOSS_NONE;
}

/* Two thresholds, so that a line on the edge does not change its grade every second. */
static void regrade(const struct core_line *line, struct core_uplink *u)
{
	uint64_t slow_us = (uint64_t)line->slow_ms * 1000;
	u->loss = loss_of(u);
	bool limps = (u->layer != UPLINK_LAYER_NONE && u->layer != UPLINK_LAYER_HUB) || u->loss;
	if (u->grade == UPLINK_GOOD && (limps || u->rtt.smooth_us > slow_us))
		u->grade = UPLINK_DEGRADED;
	else if (u->grade == UPLINK_DEGRADED && !limps && u->rtt.smooth_us < slow_us / 5 * 4)
		u->grade = UPLINK_GOOD;
}

static void round_while_up(struct core_work *s, unsigned i, const struct probe_round *round,
			   struct verdict v)
{
	struct core_uplink *u = &s->c->uplinks[i];
	bool asked_names = round->answer[PROBE_RESOLVER] != PROBE_SKIPPED;
	bool asked_hub = round->answer[PROBE_HUB] != PROBE_SKIPPED;
	switch (v.word) {
	case VERDICT_ONLINE:
		/* One lost question is no dead resolver: a burst tells. */
		if (v.layer == UPLINK_LAYER_RESOLVER && u->layer != UPLINK_LAYER_RESOLVER)
			core_suspect(s, i, u->layer);
		else if (u->layer == UPLINK_LAYER_RESOLVER ? asked_names : asked_hub)
			u->layer = v.layer;
		break;
	case VERDICT_NOTHING:
		break;
	case VERDICT_PORTAL:
	case VERDICT_DEAD:
		/* A resolver known to be dead tells nothing new. */
		if (u->layer == UPLINK_LAYER_RESOLVER && asked_names && !asked_hub &&
		    v.layer != UPLINK_LAYER_GATEWAY)
			break;
		core_suspect(s, i, v.layer);
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
		/* Nobody waits, or bytes came in during the burst: a queue of seconds, perhaps. Once more, with patience. */
		if (u->fails++ == 0 && (!u->waited_for || u->traffic.heard_ms > u->since_ms))
			u->round_due_ms = s->now_ms;
		else
			core_enter(s, i, UPLINK_DOWN, v.layer);
		break;
	}
}

/* Quiet again, or known so well that its losses can be told. */
static bool has_proved_itself(const struct core_uplink *u)
{
	enum { ENOUGH = 16, ALL = 64, FEW = 8 };
	if (!u->lost || u->lost_of >= ALL)
		return true;
	return u->lost_of >= ENOUGH &&
	       (unsigned)__builtin_popcountll(u->lost) * 100 <= FEW * u->lost_of;
}

/* Not up yet: PROBING, DOWN, HOLDDOWN, PORTAL. */
static void round_while_not_up(struct core_work *s, unsigned i, struct verdict v)
{
	struct core_uplink *u = &s->c->uplinks[i];
	const struct core_rules *rules = &s->c->rules;
	bool held = u->state == UPLINK_HOLDDOWN;
	uint32_t retry = s->c->lines[i].retry_ms;
	u->round_due_ms = s->now_ms + (held ? core_earlier(retry, s->c->lines[i].watch_ms) : retry);
	switch (v.word) {
	case VERDICT_ONLINE:
		if (held && (s->now_ms < u->hold_until_ms || !has_proved_itself(u)))
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

static bool was_whole(const struct core_work *s, unsigned i, const struct probe_round *round)
{
	bool hub = s->c->lines[i].possible & PROBE_BIT(PROBE_HUB);
	bool names = s->c->lines[i].possible & PROBE_BIT(PROBE_RESOLVER);
	return (!hub || round->answer[PROBE_HUB] != PROBE_SKIPPED) &&
	       (!names || round->answer[PROBE_RESOLVER] != PROBE_SKIPPED);
}

void core_take_round(struct core_work *s, unsigned i, const struct probe_round *round)
{
	struct core_uplink *u = &s->c->uplinks[i];
	if (!u->asking)
		return; /* too late, or the cable went meanwhile */
	u->asking = false;
	traffic_told(&u->traffic, s->now_ms);
	note_rtt(&u->rtt, round->rtt_us);
	note_rtt(&u->beyond, round->beyond_us);
	note_loss(s, i, round);
	note_hub(s, i, round->answer[PROBE_HUB]);
	struct verdict v = verdict_of(round, s->c->lines[i].possible);
	if (v.word == VERDICT_ONLINE && v.layer != UPLINK_LAYER_RESOLVER && was_whole(s, i, round))
		u->checked_ms = s->now_ms;
	if (u->state == UPLINK_UP)
		round_while_up(s, i, round, v);
	else if (u->state == UPLINK_SUSPECT)
		round_while_suspect(s, i, v);
	else if (!core_set_by_facts(u))
		round_while_not_up(s, i, v);
	if (u->state == UPLINK_UP)
		regrade(&s->c->lines[i], u);
}
