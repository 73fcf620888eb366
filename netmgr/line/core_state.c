// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/core_priv.h"

struct core_action *core_act(struct core_work *s, enum core_action_kind kind, int uplink)
{
	struct core_action *a = &s->out->list[s->out->count++];
	*a = (struct core_action){ .kind = kind, .uplink = uplink };
	return a;
}

/* States in which bytes went both ways when we last looked. */
bool core_carries(enum uplink_state state)
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
		u->hold_ms = (uint32_t)core_earlier((uint64_t)u->hold_ms * 2, rules->hold_max_ms);
	else
		u->hold_ms = quiet > 31 ? rules->hold_ms
					: (uint32_t)core_later(u->hold_ms >> quiet, rules->hold_ms);
	u->fell = true;
	u->fell_ms = now_ms;
}

static void say(struct core_work *s, unsigned i)
{
	struct core_uplink *u = &s->c->uplinks[i];
	bool down = is_down_for_people(u->state) ||
		    (u->said_up && !core_carries(u->state) && u->state != UPLINK_OFF);
	if (u->state == UPLINK_UP && !(u->said_any && u->said_up)) {
		core_act(s, CORE_SAY_UP, (int)i);
		u->said_any = u->said_up = true;
	} else if (down && !(u->said_any && !u->said_up)) {
		core_act(s, CORE_SAY_DOWN, (int)i)->layer = u->layer;
		u->said_any = true;
		u->said_up = false;
	}
}

/* When each target is asked next while all is well. What limps is asked sooner, so that its return is seen. */
void core_plan_questions(const struct core_line *line, struct core_uplink *u, unsigned targets,
			 uint64_t now_ms)
{
	enum { KNOWN = 4, YOUNG_MS = 250 };
	uint64_t longest = u->layer == UPLINK_LAYER_NONE ? UINT64_MAX : line->limp_ms;
	for (int t = 0; t < PROBE_TARGETS; t++) {
		uint64_t wait =
			core_earlier(line->idle_ms[t] ? line->idle_ms[t] : UINT64_MAX, longest);
		if ((u->watch || u->loss) && (CORE_WATCHED & PROBE_BIT(t)))
			wait = u->watch || !line->frugal ? line->watch_ms : line->limp_ms;
		/* The first round trip had an "who has" in it: what patience comes from is soon known better. */
		if (u->rtt.samples < KNOWN && !line->frugal && (CORE_WATCHED & PROBE_BIT(t)))
			wait = core_earlier(wait, YOUNG_MS);
		if (targets & PROBE_BIT(t))
			u->due_ms[t] = wait == UINT64_MAX ? wait : now_ms + wait;
	}
}

/* Fast questions until it is known; an idle question still out would answer too slowly for that. */
void core_suspect(struct core_work *s, unsigned i, enum uplink_layer layer)
{
	core_enter(s, i, UPLINK_SUSPECT, layer);
	s->c->uplinks[i].asking = false;
	s->c->uplinks[i].waited_for = false;
}

void core_enter(struct core_work *s, unsigned i, enum uplink_state state, enum uplink_layer layer)
{
	struct core_uplink *u = &s->c->uplinks[i];
	u->layer = layer;
	if (u->state == state) {
		say(s, i); /* the first word about a line that was never there */
		return;
	}
	if (state != UPLINK_SUSPECT)
		u->waited_for = false;
	bool stops = core_carries(u->state) && !core_carries(state);
	if (stops && state != UPLINK_OFF)
		note_fall(&s->c->rules, u, s->now_ms);
	if (stops)
		core_act(s, CORE_RELEASE, (int)i);
	u->state = state;
	u->since_ms = s->now_ms;
	u->fails = 0;
	u->round_due_ms = s->now_ms;
	if (state != UPLINK_SUSPECT)
		traffic_forget_waiting(&u->traffic);
	if (state == UPLINK_UP)
		core_plan_questions(&s->c->lines[i], u, PROBE_ALL, s->now_ms);
	if (state == UPLINK_HOLDDOWN)
		u->hold_until_ms = s->now_ms + u->hold_ms;
	/* What was lost before and during the fall is no mark of the line that came back. */
	if (state == UPLINK_HOLDDOWN || state == UPLINK_PROBING) {
		u->lost = 0;
		u->lost_of = u->watch = 0;
		u->loss = CORE_LOSS_NONE;
		u->hub_bad_ms = 0;
	}
	say(s, i);
}

bool core_set_by_facts(const struct core_uplink *u)
{
	return u->state == UPLINK_OFF || u->state == UPLINK_ABSENT || u->state == UPLINK_LINK ||
	       u->state == UPLINK_ADDRESSED ||
	       (u->state == UPLINK_DOWN && u->layer == UPLINK_LAYER_CABLE);
}
