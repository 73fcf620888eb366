// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/core_priv.h"

#include <string.h>

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

static void settle_facts(struct core_work *s, unsigned i)
{
	struct core_uplink *u = &s->c->uplinks[i];
	if (!u->seen && !u->off)
		return;
	enum uplink_layer layer;
	enum uplink_state state = by_facts(u, &layer);
	if (state != UPLINK_STATES) {
		core_enter(s, i, state, layer);
		u->asking = false;
	} else if (core_set_by_facts(u)) {
		core_enter(s, i, UPLINK_PROBING, UPLINK_LAYER_NONE);
	}
}

/*
 * Bytes that came in since the last doubt have paid for another one, and the stream's pauses are known better now. Bytes
 * that leave and never ask for an answer raise doubts ever more rarely.
 */
static uint32_t doubts_apart_ms(const struct core_line *line, const struct core_uplink *u)
{
	enum { BURST_BYTES = 1500, PAID_MS = 500, MOST = 3 };
	bool heard = u->traffic.heard_ms > u->doubted_ms;
	if (u->traffic.credit < BURST_BYTES && (line->frugal || !heard))
		return line->doubt_ms;
	return heard ? PAID_MS : PAID_MS * (1u << core_earlier(u->vain_doubts, MOST));
}

/* Somebody waits in vain: ask at once instead of waiting for the next idle round. */
static void take_traffic(struct core_work *s, unsigned i, uint64_t rx_bytes, uint64_t tx_bytes)
{
	struct core_uplink *u = &s->c->uplinks[i];
	const struct core_rules *rules = &s->c->rules;
	const struct core_line *line = &s->c->lines[i];
	uint64_t rtt_ms = u->rtt.smooth_us / 1000;
	struct traffic_limits limits = {
		.silence_ms = (uint32_t)core_later(rules->silence_ms, 3 * rtt_ms),
		.stream_ms = (uint32_t)core_later(core_later(rules->stream_ms, line->stall_ms),
						  2 * rtt_ms),
	};
	bool in_vain = traffic_see(&u->traffic, rx_bytes, tx_bytes, &limits, s->now_ms);
	if (u->state == UPLINK_SUSPECT && !u->waited_for && in_vain) {
		/* Asked with the patience of one whom nobody waits for: anew. */
		core_suspect(s, i, u->layer);
		u->fails = 0;
		u->round_due_ms = s->now_ms;
		u->waited_for = true;
	}
	if (u->state != UPLINK_UP) {
		if (u->state != UPLINK_SUSPECT || u->waited_for)
			traffic_forget_waiting(&u->traffic);
		return;
	}
	if (!in_vain || (u->doubted_ms && s->now_ms - u->doubted_ms < doubts_apart_ms(line, u)))
		return;
	u->vain_doubts = u->traffic.heard_ms > u->doubted_ms ? 0 : u->vain_doubts + 1;
	u->doubted_ms = s->now_ms;
	core_suspect(s, i, u->layer);
	u->waited_for = true;
}

static void take(struct core_work *s, const struct core_observation *seen)
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
		core_take_round(s, seen->uplink, &seen->round);
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

static uint32_t patience_ms(const struct core_rules *rules, const struct core_uplink *u)
{
	/* Slow is not dead: whoever is not waited for gets all the time there is. */
	if (u->state != UPLINK_UP && !(u->state == UPLINK_SUSPECT && u->fails == 0))
		return rules->patience_max_ms;
	/* Two round trips: the hub's check is TCP. */
	uint64_t wait =
		u->rtt.samples
			? (2 * (uint64_t)u->rtt.smooth_us + 4 * (uint64_t)u->rtt.var_us) / 1000
			: rules->patience_max_ms / 2;
	return (uint32_t)core_earlier(core_later(wait, rules->patience_ms), rules->patience_max_ms);
}

/* Somebody waits: the last repeat to whoever answers first has a round trip's time, and what that varies by. */
static uint32_t dead_ms(const struct core_rules *rules, const struct core_line *line,
			const struct core_uplink *u, const struct core_action *a)
{
	uint64_t repeats_ms = (uint64_t)(a->repeats - 1) * a->every_ms;
	uint64_t trip_ms = ((uint64_t)u->beyond.smooth_us + 4 * (uint64_t)u->beyond.var_us) / 1000;
	if (!u->waited_for || u->fails || !u->beyond.samples)
		return 0;
	uint64_t dead =
		repeats_ms + core_later(trip_ms, core_later(rules->last_ms, line->stall_ms));
	return dead < a->within_ms ? (uint32_t)dead : 0;
}

/* What a question and its answer cost, about; the gateway's bytes are free. */
static const uint32_t cost_bytes[PROBE_TARGETS] = { [PROBE_RESOLVER] = 220,
						    [PROBE_ECHO] = 120,
						    [PROBE_FAR_A] = 120,
						    [PROBE_FAR_B] = 120,
						    [PROBE_HUB] = 1000 };

static void ask(struct core_work *s, unsigned i, unsigned targets)
{
	enum { ROUTER_BYTES = 60 }; /* an echo, or its answer to "who has" */
	struct core_uplink *u = &s->c->uplinks[i];
	const struct core_line *line = &s->c->lines[i];
	const struct core_rules *rules = &s->c->rules;
	struct core_action *a = core_act(s, CORE_ASK, (int)i);
	a->targets = targets & line->possible;
	a->within_ms = patience_ms(rules, u);
	a->repeats = 1;
	if (u->state == UPLINK_UP) {
		/* A lost segment of TCP comes again after a second. */
		a->within_ms = targets & PROBE_BIT(PROBE_HUB)
				       ? rules->patience_max_ms
				       : (uint32_t)core_earlier(2 * (uint64_t)a->within_ms,
								rules->patience_max_ms);
	} else if (u->state == UPLINK_SUSPECT) {
		a->repeats = rules->repeats;
		a->every_ms = rules->burst_ms;
		a->within_ms += rules->repeats * rules->burst_ms;
		a->dead_ms = dead_ms(rules, line, u, a);
	}
	if (a->targets & PROBE_BIT(PROBE_GATEWAY))
		u->traffic.own = ROUTER_BYTES * (a->repeats + 1);
	/* Whether they are answered is seen by the answers; "who has" goes with them. */
	u->traffic.asked = ROUTER_BYTES * (a->repeats + 1);
	for (int t = 0; t < PROBE_TARGETS; t++) {
		if (!(a->targets & PROBE_BIT(t)))
			continue;
		u->traffic.asked += cost_bytes[t] / 2 * a->repeats;
		u->asked_ms[t] = s->now_ms;
		u->traffic.credit -= (uint32_t)core_earlier(u->traffic.credit, cost_bytes[t]);
	}
	/* Where losses are counted each question has its time; where a verdict is waited for it has not. */
	a->settle = u->state != UPLINK_UP && u->state != UPLINK_HOLDDOWN;
	u->asking = true;
	u->asked_once = a->repeats == 1;
	u->answer_by_ms = s->now_ms + a->within_ms + 1000;
	u->traffic.asked_until_ms = u->answer_by_ms;
	core_plan_questions(line, u, targets, s->now_ms);
}

/*
 * Where each question costs money: as often as elsewhere while the line carries a hundred times as much; else bytes that
 * came in lately are answers, too.
 */
static uint64_t due_ms(const struct core_line *line, const struct core_uplink *u, int target)
{
	uint64_t due = u->due_ms[target];
	if (!line->frugal || !u->traffic.heard_ms)
		return due;
	if (u->traffic.credit >= 2 * cost_bytes[target])
		return core_earlier(due, u->asked_ms[target] + line->busy_ms[target]);
	bool stands_in = PROBE_BIT(target) & (PROBE_BIT(PROBE_ECHO) | PROBE_FAR);
	return stands_in ? core_later(due, u->traffic.heard_ms + line->idle_ms[target]) : due;
}

/* The hub's check goes with all others, so that its silence can be told from the line's. */
static unsigned targets_due(const struct core_line *line, const struct core_uplink *u,
			    uint64_t now_ms, uint64_t *next)
{
	unsigned due = 0;
	for (int t = 0; t < PROBE_TARGETS; t++) {
		bool watched = (u->watch || u->loss) && (CORE_WATCHED & PROBE_BIT(t));
		if (!(line->possible & PROBE_BIT(t)) || (!line->idle_ms[t] && !watched))
			continue;
		uint64_t at = watched ? u->due_ms[t] : due_ms(line, u, t);
		if (now_ms >= at)
			due |= PROBE_BIT(t);
		else
			*next = core_earlier(*next, at);
	}
	return due & PROBE_BIT(PROBE_HUB) ? line->possible : due;
}

/* Some providers let no echo pass. */
static bool far_answers(const struct core_line *line, const struct core_uplink *u)
{
	for (int t = 0; t < PROBE_TARGETS; t++)
		if ((line->possible & PROBE_BIT(t) & (PROBE_BIT(PROBE_ECHO) | PROBE_FAR)) &&
		    u->silent_run[t] == 0)
			return true;
	return false;
}

/* Asks what is due; returns when this uplink needs the next look. */
static uint64_t ask_due(struct core_work *s, unsigned i)
{
	struct core_uplink *u = &s->c->uplinks[i];
	const struct core_line *line = &s->c->lines[i];
	uint64_t next = UINT64_MAX;
	if (!u->seen || core_set_by_facts(u))
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
	/* A line on probation is asked often, so its hub less so, if anybody else as far away answers here. */
	bool all =
		u->state != UPLINK_HOLDDOWN || !far_answers(line, u) || u->held_rounds++ % 4 == 0;
	ask(s, i, all ? line->possible : line->possible & ~PROBE_BIT(PROBE_HUB));
	return u->answer_by_ms;
}

static enum choose_fitness fitness_of(const struct core *c, size_t i)
{
	enum { STILL_LOSES = 2 }; /* of the last 32 */
	const struct core_uplink *u = &c->uplinks[i];
	bool only_loss = u->loss == CORE_LOSS_SOME && u->layer == UPLINK_LAYER_NONE &&
			 u->rtt.smooth_us < (uint64_t)c->lines[i].slow_ms * 1000;
	if (u->capped || u->off)
		return CHOOSE_UNFIT;
	if (u->state == UPLINK_UP && u->layer == UPLINK_LAYER_RESOLVER)
		return CHOOSE_NAMELESS;
	if (u->state == UPLINK_UP && u->loss == CORE_LOSS_HEAVY)
		return CHOOSE_LAME;
	/* One is slow to come to a lossy line, and slow to leave one that has recovered. */
	if (u->state == UPLINK_UP && only_loss && c->choose.preferred == (int)i &&
	    __builtin_popcount((uint32_t)u->lost) < STILL_LOSES)
		return CHOOSE_FIT;
	if (u->state == UPLINK_UP)
		return u->grade == UPLINK_GOOD ? CHOOSE_FIT : CHOOSE_LIMPING;
	if (u->state == UPLINK_SUSPECT)
		return u->fitness == CHOOSE_NAMELESS || u->fitness == CHOOSE_LAME ? u->fitness
										  : CHOOSE_LIMPING;
	return u->state == UPLINK_HOLDDOWN ? CHOOSE_LAST_RESORT : CHOOSE_UNFIT;
}

/* The hub is silent here: is it the hub, or the way to it? Only another line can tell. */
static bool hub_answers_elsewhere(const struct core *c, size_t i)
{
	for (size_t j = 0; j < c->count; j++)
		if (j != i && core_carries(c->uplinks[j].state) && !c->uplinks[j].hub_bad_ms &&
		    c->uplinks[j].hub_ok_ms > c->uplinks[i].hub_bad_ms)
			return c->uplinks[i].silent_run[PROBE_HUB] >= CORE_NEVER_ANSWERS;
	return false;
}

/* Before traffic leaves a line that works, the other is asked everything once more. */
static bool is_fresh(struct core_work *s, unsigned i)
{
	enum { FRESH_MS = 3000 };
	struct core_uplink *u = &s->c->uplinks[i];
	if (u->checked_ms && s->now_ms - u->checked_ms <= FRESH_MS)
		return true;
	for (int t = 0; t < PROBE_TARGETS; t++)
		u->due_ms[t] = s->now_ms;
	return false;
}

static uint64_t prefer(struct core_work *s)
{
	struct core *c = s->c;
	struct choose_candidate all[UPLINK_MAX];
	for (size_t i = 0; i < c->count; i++) {
		struct core_uplink *u = &c->uplinks[i];
		enum choose_fitness fitness = fitness_of(c, i);
		if (fitness == CHOOSE_FIT && u->layer == UPLINK_LAYER_HUB &&
		    hub_answers_elsewhere(c, i))
			fitness = CHOOSE_LIMPING;
		if (fitness != u->fitness)
			u->fit_since_ms = s->now_ms;
		u->fitness = fitness;
		all[i] = (struct choose_candidate){ fitness, c->lines[i].rank, u->fit_since_ms };
	}
	int before = c->choose.preferred;
	uint64_t next;
	struct choose tried = c->choose;
	int after = choose_step(&tried, &c->rules.choose, all, c->count, s->now_ms, &next);
	if (after != before && before >= 0 && all[before].fitness > CHOOSE_LAME &&
	    !is_fresh(s, (unsigned)after))
		return core_earlier(next, ask_due(s, (unsigned)after));
	c->choose = tried;
	if (after == before)
		return next;
	/* First in the list: new flows move before those stuck on a dead line are freed. */
	core_act(s, CORE_PREFER, after);
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
	struct core_work s = { c, now_ms, out };
	out->count = 0;
	take(&s, seen);
	uint64_t next = UINT64_MAX;
	for (unsigned i = 0; i < c->count; i++)
		settle_facts(&s, i);
	for (unsigned i = 0; i < c->count; i++)
		next = core_earlier(next, ask_due(&s, i));
	return core_earlier(next, prefer(&s));
}

enum uplink_state core_state(const struct core *c, unsigned uplink)
{
	const struct core_uplink *u = &c->uplinks[uplink];
	return u->capped && core_carries(u->state) ? UPLINK_CAPPED : u->state;
}

enum uplink_class core_class(const struct core *c, unsigned uplink)
{
	const struct core_uplink *u = &c->uplinks[uplink];
	if (!u->seen || u->state == UPLINK_OFF || (u->state == UPLINK_PROBING && !u->fell))
		return UPLINK_CLASS_UNKNOWN;
	return core_carries(u->state) ? UPLINK_CLASS_UP : UPLINK_CLASS_DOWN;
}

int core_preferred(const struct core *c)
{
	return c->choose.preferred;
}
