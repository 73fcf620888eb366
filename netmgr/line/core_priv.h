// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/line/core.h"

/* Shared by core.c, core_state.c and core_round.c: one step, what it works on. */
struct core_work {
	struct core *c;
	uint64_t now_ms;
	struct core_actions *out;
};

static inline uint64_t core_later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t core_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* core_state.c: an action more; states in which bytes went both ways when we last looked; the way into a state. */
struct core_action *core_act(struct core_work *s, enum core_action_kind kind, int uplink);
bool core_carries(enum uplink_state state);
bool core_set_by_facts(const struct core_uplink *u); /* by the kernel's facts, not by answers */
void core_enter(struct core_work *s, unsigned i, enum uplink_state state, enum uplink_layer layer);
void core_plan_questions(const struct core_line *line, struct core_uplink *u, unsigned targets,
			 uint64_t now_ms);

/* Asked often while something was lost: cheap, and by way of several machines. */
enum { CORE_NEVER_ANSWERS = 4 }; /* in a row, while others do */
#define CORE_WATCHED (PROBE_BIT(PROBE_RESOLVER) | PROBE_BIT(PROBE_ECHO) | PROBE_FAR)
void core_suspect(struct core_work *s, unsigned i, enum uplink_layer layer);

/* core_round.c: what the answers to one round change. */
void core_take_round(struct core_work *s, unsigned i, const struct probe_round *round);
