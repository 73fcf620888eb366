// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/core.h"

#include <string.h>

/* One step: what it works on. */
struct step {
	struct core *c;
	uint64_t now_ms;
	struct core_actions *out;
};

static uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct core_action *act(struct step *s, enum core_action_kind kind, int uplink)
{
	struct core_action *a = &s->out->list[s->out->count++];
	*a = (struct core_action){ .kind = kind, .uplink = uplink };
	return a;
}

/* States in which bytes went both ways when we last looked. */
static bool carries(enum uplink_state state)
{
	return state == UPLINK_UP || state == UPLINK_SUSPECT || state == UPLINK_HOLDDOWN;
}

static bool is_down_for_people(enum uplink_state state)
{
	return state == UPLINK_DOWN || state == UPLINK_ABSENT || state == UPLINK_PORTAL;
}

/* The hold-down of a line that falls again soon doubles; quiet time halves it. */
static void note_fall(const struct core_rules *rules, struct core_uplink *u, uint64_t now_ms)
{
	uint64_t quiet = u->hold_ms ? (now_ms - u->fell_ms) / rules->quiet_ms : 0;
	if (!u->hold_ms)
		u->hold_ms = rules->hold_ms;
	else if (quiet == 0)
		u->hold_ms = (uint32_t)min64((uint64_t)u->hold_ms * 2, rules->hold_max_ms);
	else
		u->hold_ms = quiet > 31 ? rules->hold_ms
					: (uint32_t)max64(u->hold_ms >> quiet, rules->hold_ms);
	u->fell = true;
	u->fell_ms = now_ms;
}

static void say(struct step *s, unsigned i)
{
	struct core_uplink *u = &s->c->uplinks[i];
	bool down = is_down_for_people(u->state) ||
		    (u->said_up && !carries(u->state) && u->state != UPLINK_OFF);
	if (u->state == UPLINK_UP && !(u->said_any && u->said_up)) {
		act(s, CORE_SAY_UP, (int)i);
		u->said_any = u->said_up = true;
	} else if (down && !(u->said_any && !u->said_up)) {
		act(s, CORE_SAY_DOWN, (int)i)->layer = u->layer;
		u->said_any = true;
		u->said_up = false;
	}
}

/* When each target is asked next while all is well. What limps is asked sooner, so that its return is seen. */
static void plan_questions(const struct core_line *line, struct core_uplink *u, unsigned targets,
			   uint64_t now_ms)
{
	uint64_t longest = u->layer == UPLINK_LAYER_NONE ? UINT64_MAX : line->retry_ms;
	for (int t = 0; t < PROBE_TARGETS; t++)
		if (targets & PROBE_BIT(t))
			u->due_ms[t] = now_ms + min64(line->idle_ms[t], longest);
}

static void enter(struct step *s, unsigned i, enum uplink_state state, enum uplink_layer layer)
{
	struct core_uplink *u = &s->c->uplinks[i];
	u->layer = layer;
	if (u->state == state) {
		say(s, i); /* the first word about a line that was never there */
		return;
	}
	bool stops = carries(u->state) && !carries(state);
	if (stops && state != UPLINK_OFF)
		note_fall(&s->c->rules, u, s->now_ms);
	if (stops)
		act(s, CORE_RELEASE, (int)i);
	u->state = state;
	u->since_ms = s->now_ms;
	u->fails = 0;
	u->round_due_ms = s->now_ms;
	u->tx_unanswered_since_ms = 0;
	if (state == UPLINK_UP)
		plan_questions(&s->c->lines[i], u, PROBE_ALL, s->now_ms);
	if (state == UPLINK_HOLDDOWN)
		u->hold_until_ms = s->now_ms + u->hold_ms;
	/* What was lost before and during the fall is no mark of the line that came back. */
	if (state == UPLINK_HOLDDOWN || state == UPLINK_PROBING)
		u->history = 0;
	say(s, i);
}

/* What the kernel's facts alone decide; UPLINK_STATES when they leave it to the probes. */
static enum uplink_state by_facts(const struct core_uplink *u, enum uplink_layer *layer)
{
	*layer = UPLINK_LAYER_CABLE;
	if (u->off) {
		*layer = UPLINK_LAYER_NONE;
		return UPLINK_OFF;
	}
	if (!u->present)
		return UPLINK_ABSENT;
	if (!u->carrier)
		return UPLINK_DOWN;
	*layer = UPLINK_LAYER_ADDRESS;
	if (!u->address)
		return UPLINK_LINK;
	*layer = UPLINK_LAYER_GATEWAY;
	if (!u->gateway)
		return UPLINK_ADDRESSED;
	return UPLINK_STATES;
}

static bool set_by_facts(const struct core_uplink *u)
{
	return u->state == UPLINK_OFF || u->state == UPLINK_ABSENT || u->state == UPLINK_LINK ||
	       u->state == UPLINK_ADDRESSED ||
	       (u->state == UPLINK_DOWN && u->layer == UPLINK_LAYER_CABLE);
}

static void settle_facts(struct step *s, unsigned i)
{
	struct core_uplink *u = &s->c->uplinks[i];
	if (!u->seen && !u->off)
		return;
	enum uplink_layer layer;
	enum uplink_state state = by_facts(u, &layer);
	if (state != UPLINK_STATES) {
		enter(s, i, state, layer);
		u->asking = false;
	} else if (set_by_facts(u)) {
		enter(s, i, UPLINK_PROBING, UPLINK_LAYER_NONE);
	}
}

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

static uint32_t round_patience_ms(const struct core_rules *rules, const struct core_uplink *u)
{
	uint64_t wait = u->srtt_us ? ((uint64_t)u->srtt_us + 4 * (uint64_t)u->rttvar_us) / 1000
				   : rules->patience_max_ms / 2;
	return (uint32_t)min64(max64(wait, rules->patience_ms), rules->patience_max_ms);
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

static void round_while_up(struct step *s, unsigned i, const struct probe_round *round,
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
		enter(s, i, UPLINK_SUSPECT, v.layer);
		break;
	}
}

static void round_while_suspect(struct step *s, unsigned i, struct verdict v)
{
	struct core_uplink *u = &s->c->uplinks[i];
	switch (v.word) {
	case VERDICT_ONLINE:
		enter(s, i, UPLINK_UP, v.layer);
		break;
	case VERDICT_NOTHING:
		/* We could not even ask: no proof of a fault. */
		enter(s, i, UPLINK_UP, UPLINK_LAYER_NONE);
		break;
	case VERDICT_PORTAL:
		enter(s, i, UPLINK_PORTAL, UPLINK_LAYER_PORTAL);
		break;
	case VERDICT_DEAD:
		u->layer = v.layer;
		if (++u->fails >= s->c->rules.fails)
			enter(s, i, UPLINK_DOWN, v.layer);
		else
			u->round_due_ms = s->now_ms + s->c->rules.burst_ms;
		break;
	}
}

/* Not up yet: PROBING, DOWN, HOLDDOWN, PORTAL. */
static void round_while_not_up(struct step *s, unsigned i, struct verdict v)
{
	struct core_uplink *u = &s->c->uplinks[i];
	const struct core_rules *rules = &s->c->rules;
	bool held = u->state == UPLINK_HOLDDOWN;
	uint32_t retry = s->c->lines[i].retry_ms;
	u->round_due_ms = s->now_ms + (held ? min64(retry, u->hold_ms / 4) : retry);
	switch (v.word) {
	case VERDICT_ONLINE:
		if (held && s->now_ms < u->hold_until_ms)
			u->layer = v.layer;
		else
			enter(s, i, u->fell && !held ? UPLINK_HOLDDOWN : UPLINK_UP, v.layer);
		break;
	case VERDICT_NOTHING:
		break;
	case VERDICT_PORTAL:
		enter(s, i, UPLINK_PORTAL, UPLINK_LAYER_PORTAL);
		u->round_due_ms = s->now_ms + retry;
		break;
	case VERDICT_DEAD:
		if (u->state != UPLINK_DOWN && !held && ++u->fails < rules->fails) {
			u->round_due_ms = s->now_ms + rules->burst_ms;
			break;
		}
		enter(s, i, UPLINK_DOWN, v.layer);
		u->round_due_ms = s->now_ms + retry;
		break;
	}
}

static void take_round(struct step *s, unsigned i, const struct probe_round *round)
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
	else if (!set_by_facts(u))
		round_while_not_up(s, i, v);
	if (u->state == UPLINK_UP)
		regrade(&s->c->lines[i], u);
}

/* Bytes leave and none return: ask at once instead of waiting for the next idle round. */
static void take_traffic(struct step *s, unsigned i, uint64_t rx_bytes, uint64_t tx_bytes)
{
	struct core_uplink *u = &s->c->uplinks[i];
	const struct core_rules *rules = &s->c->rules;
	bool received = rx_bytes != u->rx_bytes;
	bool sent = tx_bytes != u->tx_bytes;
	u->rx_bytes = rx_bytes;
	u->tx_bytes = tx_bytes;
	if (!u->counted || received || u->state != UPLINK_UP) {
		u->counted = true;
		u->tx_unanswered_since_ms = 0;
		return;
	}
	if (sent && !u->tx_unanswered_since_ms)
		u->tx_unanswered_since_ms = s->now_ms;
	if (!u->tx_unanswered_since_ms)
		return;
	uint64_t limit = max64(rules->silence_ms, 3 * (uint64_t)u->srtt_us / 1000);
	if (s->now_ms - u->tx_unanswered_since_ms < limit)
		return;
	if (u->doubted_ms && s->now_ms - u->doubted_ms < s->c->lines[i].doubt_ms)
		return;
	u->doubted_ms = s->now_ms;
	enter(s, i, UPLINK_SUSPECT, u->layer);
	/* An idle question still out would answer too slowly for a burst. */
	u->asking = false;
}

static void take(struct step *s, const struct core_observation *seen)
{
	if (seen->uplink >= s->c->count)
		return;
	struct core_uplink *u = &s->c->uplinks[seen->uplink];
	switch (seen->kind) {
	case CORE_TICK:
		break;
	case CORE_LINK:
		u->seen = true;
		u->present = seen->present;
		u->carrier = seen->carrier;
		break;
	case CORE_ADDRESS:
		u->address = seen->address;
		u->gateway = seen->gateway;
		break;
	case CORE_ROUND:
		take_round(s, seen->uplink, &seen->round);
		break;
	case CORE_TRAFFIC:
		take_traffic(s, seen->uplink, seen->rx_bytes, seen->tx_bytes);
		break;
	case CORE_SWITCH:
		u->off = !seen->on;
		break;
	case CORE_QUOTA:
		u->capped = seen->on;
		break;
	}
}

static void ask(struct step *s, unsigned i, unsigned targets)
{
	struct core_uplink *u = &s->c->uplinks[i];
	const struct core_line *line = &s->c->lines[i];
	struct core_action *a = act(s, CORE_ASK, (int)i);
	a->targets = targets & line->possible;
	a->within_ms = round_patience_ms(&s->c->rules, u);
	if (u->state == UPLINK_UP)
		a->within_ms =
			(uint32_t)min64(2 * (uint64_t)a->within_ms, s->c->rules.patience_max_ms);
	u->asking = true;
	u->answer_by_ms = s->now_ms + a->within_ms + 1000;
	plan_questions(line, u, targets, s->now_ms);
}

/* The hub's question goes with all others, so that its silence can be told from the line's. */
static unsigned targets_due(const struct core_line *line, const struct core_uplink *u,
			    uint64_t now_ms, uint64_t *next)
{
	unsigned due = 0;
	for (int t = 0; t < PROBE_TARGETS; t++) {
		if (!(line->possible & PROBE_BIT(t)) || !line->idle_ms[t])
			continue;
		if (now_ms >= u->due_ms[t])
			due |= PROBE_BIT(t);
		else
			*next = min64(*next, u->due_ms[t]);
	}
	return due & PROBE_BIT(PROBE_HUB) ? line->possible : due;
}

/* Asks what is due; returns when this uplink needs the next look. */
static uint64_t ask_due(struct step *s, unsigned i)
{
	struct core_uplink *u = &s->c->uplinks[i];
	const struct core_line *line = &s->c->lines[i];
	uint64_t next = UINT64_MAX;
	if (!u->seen || set_by_facts(u))
		return next;
	if (u->asking && s->now_ms < u->answer_by_ms)
		return u->answer_by_ms;
	u->asking = false;
	if (u->state == UPLINK_UP) {
		unsigned due = targets_due(line, u, s->now_ms, &next);
		if (!due)
			return next;
		ask(s, i, due);
		return u->answer_by_ms;
	}
	if (s->now_ms < u->round_due_ms)
		return u->round_due_ms;
	ask(s, i, line->possible);
	return u->answer_by_ms;
}

static enum choose_fitness fitness_of(const struct core_uplink *u)
{
	if (u->capped || u->off)
		return CHOOSE_UNFIT;
	if (u->state == UPLINK_UP)
		return u->grade == UPLINK_GOOD ? CHOOSE_FIT : CHOOSE_LIMPING;
	if (u->state == UPLINK_SUSPECT)
		return CHOOSE_LIMPING;
	return u->state == UPLINK_HOLDDOWN ? CHOOSE_LAST_RESORT : CHOOSE_UNFIT;
}

static uint64_t prefer(struct step *s)
{
	struct core *c = s->c;
	struct choose_candidate all[UPLINK_MAX];
	for (size_t i = 0; i < c->count; i++) {
		struct core_uplink *u = &c->uplinks[i];
		enum choose_fitness fitness = fitness_of(u);
		if (fitness != u->fitness)
			u->fit_since_ms = s->now_ms;
		u->fitness = fitness;
		all[i] = (struct choose_candidate){ fitness, c->lines[i].rank, u->fit_since_ms };
	}
	int before = c->choose.preferred;
	uint64_t next;
	int after = choose_step(&c->choose, &c->rules.choose, all, c->count, s->now_ms, &next);
	if (after == before)
		return next;
	/* First in the list: new flows move before those stuck on a dead line are freed. */
	act(s, CORE_PREFER, after);
	struct core_action move = s->out->list[s->out->count - 1];
	memmove(&s->out->list[1], &s->out->list[0], (s->out->count - 1) * sizeof(move));
	s->out->list[0] = move;
	return next;
}

void core_init(struct core *c, const struct core_rules *rules, const struct core_line *lines,
	       size_t count, uint64_t now_ms)
{
	memset(c, 0, sizeof(*c));
	c->rules = *rules;
	c->count = count < UPLINK_MAX ? count : UPLINK_MAX;
	memcpy(c->lines, lines, c->count * sizeof(*lines));
	choose_init(&c->choose);
	for (size_t i = 0; i < c->count; i++)
		c->uplinks[i].since_ms = now_ms;
}

uint64_t core_step(struct core *c, const struct core_observation *seen, uint64_t now_ms,
		   struct core_actions *out)
{
	struct step s = { c, now_ms, out };
	out->count = 0;
	take(&s, seen);
	uint64_t next = UINT64_MAX;
	for (unsigned i = 0; i < c->count; i++)
		settle_facts(&s, i);
	for (unsigned i = 0; i < c->count; i++)
		next = min64(next, ask_due(&s, i));
	return min64(next, prefer(&s));
}

enum uplink_state core_state(const struct core *c, unsigned uplink)
{
	const struct core_uplink *u = &c->uplinks[uplink];
	return u->capped && carries(u->state) ? UPLINK_CAPPED : u->state;
}

enum uplink_class core_class(const struct core *c, unsigned uplink)
{
	const struct core_uplink *u = &c->uplinks[uplink];
	if (!u->seen || u->state == UPLINK_OFF || (u->state == UPLINK_PROBING && !u->fell))
		return UPLINK_CLASS_UNKNOWN;
	return carries(u->state) ? UPLINK_CLASS_UP : UPLINK_CLASS_DOWN;
}

int core_preferred(const struct core *c)
{
	return c->choose.preferred;
}
