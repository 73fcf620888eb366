// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/modem/modem.h"

#include <string.h>

#include "netmgr/modem/modem_priv.h"

static const char *const states[MODEM_STATES] = {
	[MODEM_ABSENT] = "absent",         [MODEM_OFF] = "off",
	[MODEM_FAILED] = "failed",         [MODEM_LOCKED] = "locked",
	[MODEM_DISABLED] = "disabled",     [MODEM_SEARCHING] = "searching",
	[MODEM_REGISTERED] = "registered", [MODEM_CONNECTING] = "connecting",
	[MODEM_CONNECTED] = "connected",
};

static const char *const reasons[MODEM_REASONS] = {
	[MODEM_WELL] = "",
	[MODEM_NO_MANAGER] = "no_manager",
	[MODEM_NO_MODEM] = "no_modem",
	[MODEM_NO_SIM] = "no_sim",
	[MODEM_SIM_BROKEN] = "sim_broken",
	[MODEM_PIN_WANTED] = "pin_wanted",
	[MODEM_PIN_WRONG] = "pin_wrong",
	[MODEM_PIN_SPARED] = "pin_spared",
	[MODEM_PUK] = "puk",
	[MODEM_BARRED] = "barred",
	[MODEM_NO_NETWORK] = "no_network",
	[MODEM_DENIED] = "denied",
	[MODEM_ROAMS] = "roams",
	[MODEM_APN] = "apn",
	[MODEM_LOGIN] = "login",
	[MODEM_CREDIT] = "credit",
	[MODEM_REFUSED] = "refused",
	[MODEM_UNPERMITTED] = "unpermitted",
	[MODEM_SILENT] = "silent",
	[MODEM_STUCK] = "stuck",
};

const char *modem_state_name(enum modem_state state)
{
	return state < MODEM_STATES ? states[state] : "absent";
}

const char *modem_reason_name(enum modem_reason reason)
{
	return reason < MODEM_REASONS ? reasons[reason] : "";
}

void modem_rules_of(uint64_t patience_ms, struct modem_rules *out)
{
	enum { LEAST_MS = 500 };
	*out = (struct modem_rules){
		.on = true,
		.patience_ms = patience_ms,
		.patience_max_ms = 4 * 3600000,
		.search_ms = 5 * patience_ms,
		.quiet_ms = 10 * patience_ms,
		.retry_ms = patience_ms / 12 > LEAST_MS ? patience_ms / 12 : LEAST_MS,
		.retry_max_ms = 300000,
		.call_ms = 180000,
		.per_hour = 4,
		.per_day = 12,
	};
}

void modem_init(struct modem *m, const struct modem_rules *rules, const struct modem_memory *memory)
{
	*m = (struct modem){ .rules = *rules,
			     .state = MODEM_ABSENT,
			     .reason = MODEM_NO_MANAGER,
			     .seen = { .pin_tries = -1, .apns = 1 } };
	if (memory)
		m->memory = *memory;
}

/* --- what a step works with --- */

struct modem_action *modempriv_act(struct modem_work *w, enum modem_action_kind kind)
{
	struct modem_action *a = &w->out->list[w->out->count++];
	*a = (struct modem_action){ .kind = kind };
	return a;
}

void modempriv_wake(struct modem_work *w, uint64_t at_ms)
{
	if (at_ms < w->next_ms)
		w->next_ms = at_ms;
}

void modempriv_call(struct modem_work *w, enum modem_call call, enum modem_step step)
{
	struct modem *m = w->m;
	struct modem_action *a = modempriv_act(w, MODEM_CALL);
	a->call = call;
	a->apn = m->apn;
	a->step = step;
	m->call = call;
	m->call_until_ms = w->now_ms + m->rules.call_ms;
	modempriv_wake(w, m->call_until_ms);
}

static void enter(struct modem *m, enum modem_state state, enum modem_reason reason)
{
	m->state = state;
	m->reason = reason;
}

/* --- what is observed --- */

/* The first wait is short, each further one twice as long; what the operator decides is asked more seldom. */
static uint64_t retry_wait(const struct modem *m)
{
	const bool decided = m->error == MODEM_ERROR_DENIED || m->error == MODEM_ERROR_CREDIT ||
			     m->error == MODEM_ERROR_UNPERMITTED;
	uint64_t wait_ms = m->rules.retry_ms * (decided ? 12 : 1);
	const uint64_t most_ms = m->rules.retry_max_ms * (decided ? 3 : 1);
	for (unsigned i = 1; i < m->fails && wait_ms < most_ms; i++)
		wait_ms *= 2;
	return wait_ms < most_ms ? wait_ms : most_ms;
}

/* Another access point name may be the right one; when all were tried, the wait grows. */
static void try_next_apn(struct modem *m)
{
	m->apn = (m->apn + 1) % m->seen.apns;
	m->apns_tried++;
	if (m->apns_tried < m->seen.apns)
		m->fails = 0;
	else
		m->apns_tried = 0;
}

static void take_failure(struct modem_work *w, enum modem_call call, enum modem_error error)
{
	struct modem *m = w->m;
	m->error = error;
	m->fails++;
	m->retry_at_ms = w->now_ms + retry_wait(m);
	if (call == MODEM_CALL_CONNECT && (error == MODEM_ERROR_APN || error == MODEM_ERROR_LOGIN))
		try_next_apn(m);
	/* The SIM has not seen it: it may be asked again. */
	if (call == MODEM_CALL_PIN && (error == MODEM_ERROR_UNPERMITTED ||
				       error == MODEM_ERROR_STATE || error == MODEM_ERROR_GONE)) {
		m->memory.pin_tried = m->pin_sent = false;
		(void)modempriv_act(w, MODEM_SAVE);
	}
	if (call == MODEM_CALL_PIN && error == MODEM_ERROR_PIN) {
		m->memory.pin_wrong = true;
		(void)modempriv_act(w, MODEM_SAVE);
	}
}

static void take_done(struct modem_work *w, enum modem_error error)
{
	struct modem *m = w->m;
	const enum modem_call call = m->call;
	if (call == MODEM_CALL_NONE)
		return; /* too late: it was given up */
	m->call = MODEM_CALL_NONE;
	if (error != MODEM_ERROR_NONE) {
		take_failure(w, call, error);
		return;
	}
	/* What it says of itself comes a moment later: nothing is asked for on the ground of what it said before. */
	m->error = MODEM_ERROR_NONE;
	m->retry_at_ms = w->now_ms + m->rules.retry_ms;
}

static void take_seen(struct modem_work *w, const struct modem_seen *seen)
{
	struct modem *m = w->m;
	const bool anew = seen->life != m->seen.life || seen->present != m->seen.present;
	if (anew || seen->state != m->seen.state) {
		m->mm_since_ms = w->now_ms;
		if (m->error == MODEM_ERROR_NONE)
			m->retry_at_ms = 0;
	}
	if (anew) {
		m->call = MODEM_CALL_NONE;
		m->fails = 0;
		m->error = MODEM_ERROR_NONE;
		m->retry_at_ms = 0;
		m->line = MODEM_LINE_UNKNOWN;
		m->pin_sent = false;
	}
	m->seen = *seen;
	if (!m->seen.apns)
		m->seen.apns = 1;
	if (m->apn >= m->seen.apns)
		m->apn = m->apns_tried = 0;
	/* Unlocked, by us as far as anybody knows; one that was wrong stays so, though somebody unlocked it with another one. */
	if (m->memory.pin_tried && !m->memory.pin_wrong && seen->present &&
	    seen->lock == MODEM_LOCK_NONE && seen->state >= MODEM_MM_DISABLED) {
		m->memory.pin_tried = false;
		(void)modempriv_act(w, MODEM_SAVE);
	}
}

static void observe(struct modem_work *w, const struct modem_observation *o)
{
	struct modem *m = w->m;
	switch (o->kind) {
	case MODEM_SEEN:
		take_seen(w, &o->seen);
		break;
	case MODEM_DONE:
		take_done(w, o->error);
		break;
	case MODEM_LINE:
		m->line = o->line;
		break;
	case MODEM_TICK:
		break;
	}
	if (m->call != MODEM_CALL_NONE && w->now_ms >= m->call_until_ms)
		take_done(w, MODEM_ERROR_LATE);
}

/* --- what is done --- */

/* A call that is not one of the ladder: none while another is out, nor sooner than the last failure allows. */
static bool may_call(struct modem_work *w)
{
	const struct modem *m = w->m;
	if (m->call != MODEM_CALL_NONE)
		return false;
	if (w->now_ms < m->retry_at_ms) {
		modempriv_wake(w, m->retry_at_ms);
		return false;
	}
	return true;
}

/*
 * A SIM that has three tries left is asked: should the PIN be wrong, two are left, and then it is never asked by us
 * again. That it was asked is on disk before it is. Where the power went before the answer, a SIM that has three tries
 * after the next start was not asked in vain: it is asked once more, and that is all.
 */
static void unlock(struct modem_work *w)
{
	enum { ALL_TRIES = 3 };
	struct modem *m = w->m;
	const struct modem_seen *s = &m->seen;
	modempriv_rest(w);
	const bool asked =
		m->memory.pin_tried && m->error == MODEM_ERROR_NONE && w->now_ms < m->retry_at_ms;
	if (asked)
		modempriv_wake(w, m->retry_at_ms);
	if (asked || m->call == MODEM_CALL_PIN) {
		enter(m, MODEM_LOCKED, MODEM_WELL);
		return;
	}
	const bool same = m->memory.pin_tried && s->pin &&
			  memcmp(m->memory.pin_tag, s->pin_tag, sizeof(s->pin_tag)) == 0;
	const bool enough = m->pin_sent || m->memory.pin_times >= MODEM_PIN_TIMES;
	if (!s->pin)
		enter(m, MODEM_LOCKED, MODEM_PIN_WANTED);
	else if (same && m->memory.pin_wrong)
		enter(m, MODEM_LOCKED, MODEM_PIN_WRONG);
	else if (same && enough)
		enter(m, MODEM_LOCKED, MODEM_STUCK);
	else if (s->pin_tries < ALL_TRIES)
		enter(m, MODEM_LOCKED, MODEM_PIN_SPARED);
	else if (m->error == MODEM_ERROR_UNPERMITTED && w->now_ms < m->retry_at_ms)
		enter(m, MODEM_LOCKED, MODEM_UNPERMITTED);
	else
		enter(m, MODEM_LOCKED, MODEM_WELL);
	if (m->reason != MODEM_WELL) {
		if (m->reason == MODEM_UNPERMITTED)
			modempriv_wake(w, m->retry_at_ms);
		return;
	}
	if (!may_call(w))
		return;
	m->memory.pin_times = same ? m->memory.pin_times + 1 : 1;
	m->memory.pin_wrong = false;
	m->memory.pin_tried = m->pin_sent = true;
	memcpy(m->memory.pin_tag, s->pin_tag, sizeof(s->pin_tag));
	(void)modempriv_act(w, MODEM_SAVE);
	modempriv_call(w, MODEM_CALL_PIN, MODEM_STEP_NONE);
}

static enum modem_reason reason_of(enum modem_error error)
{
	static const enum modem_reason of[MODEM_ERRORS] = {
		[MODEM_ERROR_NONE] = MODEM_WELL,
		[MODEM_ERROR_LATE] = MODEM_STUCK,
		[MODEM_ERROR_GONE] = MODEM_WELL,
		[MODEM_ERROR_STATE] = MODEM_WELL,
		[MODEM_ERROR_UNPERMITTED] = MODEM_UNPERMITTED,
		[MODEM_ERROR_PIN] = MODEM_PIN_WRONG,
		[MODEM_ERROR_NETWORK] = MODEM_NO_NETWORK,
		[MODEM_ERROR_DENIED] = MODEM_DENIED,
		[MODEM_ERROR_ROAMS] = MODEM_ROAMS,
		[MODEM_ERROR_APN] = MODEM_APN,
		[MODEM_ERROR_LOGIN] = MODEM_LOGIN,
		[MODEM_ERROR_CREDIT] = MODEM_CREDIT,
		[MODEM_ERROR_OTHER] = MODEM_REFUSED,
	};
	return of[error];
}

/* Whether a modem that is begun anew may do better: the operator's own no is the operator's. */
static bool curable(enum modem_error error)
{
	return error == MODEM_ERROR_OTHER || error == MODEM_ERROR_LATE ||
	       error == MODEM_ERROR_NETWORK || error == MODEM_ERROR_STATE;
}

/* After three tries that failed for a reason that may be the modem's own. */
static void climb_if_it_helps(struct modem_work *w)
{
	enum { TRIES = 3 };
	if (w->m->call == MODEM_CALL_NONE && w->m->fails >= TRIES && curable(w->m->error))
		modempriv_climb(w, MODEM_STEP_CYCLE, w->m->rules.patience_ms);
	else if (w->m->fails < TRIES)
		modempriv_rest(w);
}

static void enable(struct modem_work *w)
{
	struct modem *m = w->m;
	enter(m, MODEM_DISABLED, reason_of(m->error));
	climb_if_it_helps(w);
	if (may_call(w))
		modempriv_call(w, MODEM_CALL_ENABLE, MODEM_STEP_NONE);
}

static void search(struct modem_work *w)
{
	struct modem *m = w->m;
	const uint64_t long_ms = m->mm_since_ms + m->rules.search_ms;
	enter(m, MODEM_SEARCHING, MODEM_WELL);
	if (m->seen.net == MODEM_NET_DENIED)
		m->reason = MODEM_DENIED;
	else if (w->now_ms >= long_ms)
		m->reason = MODEM_NO_NETWORK;
	else
		modempriv_wake(w, long_ms);
	if (m->reason == MODEM_NO_NETWORK && m->call == MODEM_CALL_NONE)
		modempriv_climb(w, MODEM_STEP_CYCLE, m->rules.search_ms);
	else
		modempriv_rest(w);
}

static void dial(struct modem_work *w)
{
	struct modem *m = w->m;
	if (m->seen.net == MODEM_NET_ROAMING && !m->rules.roaming) {
		modempriv_rest(w);
		enter(m, MODEM_REGISTERED, MODEM_ROAMS);
		return;
	}
	enter(m, MODEM_REGISTERED, reason_of(m->error));
	climb_if_it_helps(w);
	if (may_call(w))
		modempriv_call(w, MODEM_CALL_CONNECT, MODEM_STEP_NONE);
	if (m->call == MODEM_CALL_CONNECT)
		enter(m, MODEM_CONNECTING, reason_of(m->error));
}

static void note_well(struct modem_work *w)
{
	struct modem *m = w->m;
	if (!m->well_ms)
		m->well_ms = w->now_ms;
	if (!m->memory.climbed)
		return;
	if (w->now_ms < m->well_ms + m->rules.quiet_ms) {
		modempriv_wake(w, m->well_ms + m->rules.quiet_ms);
		return;
	}
	m->memory.climbed = 0;
	(void)modempriv_act(w, MODEM_SAVE);
}

static void watch(struct modem_work *w)
{
	struct modem *m = w->m;
	m->fails = 0;
	m->error = MODEM_ERROR_NONE;
	m->apns_tried = 0;
	enter(m, MODEM_CONNECTED, MODEM_WELL);
	if (m->seen.foreign) {
		modempriv_rest(w);
		if (may_call(w))
			modempriv_call(w, MODEM_CALL_DISCONNECT, MODEM_STEP_NONE);
	} else if (m->line == MODEM_LINE_SILENT) {
		m->reason = MODEM_SILENT;
		if (m->call == MODEM_CALL_NONE)
			modempriv_climb(w, MODEM_STEP_RECONNECT, m->rules.patience_ms);
	} else {
		modempriv_rest(w);
		if (m->line == MODEM_LINE_WELL)
			note_well(w);
	}
}

/* Between two states: it passes, or does not. */
static void await(struct modem_work *w)
{
	struct modem *m = w->m;
	const uint64_t long_ms = m->mm_since_ms + m->rules.call_ms;
	static const enum modem_state shown[] = {
		MODEM_DISABLED,   MODEM_DISABLED,   MODEM_LOCKED,     MODEM_DISABLED,
		MODEM_DISABLED,   MODEM_DISABLED,   MODEM_SEARCHING,  MODEM_SEARCHING,
		MODEM_REGISTERED, MODEM_REGISTERED, MODEM_CONNECTING, MODEM_CONNECTED,
	};
	const int at = m->seen.state;
	enter(m,
	      at >= 0 && at < (int)(sizeof(shown) / sizeof(shown[0])) ? shown[at] : MODEM_DISABLED,
	      MODEM_WELL);
	if (w->now_ms < long_ms) {
		modempriv_wake(w, long_ms);
		modempriv_rest(w);
		return;
	}
	m->reason = MODEM_STUCK;
	if (m->call == MODEM_CALL_NONE)
		modempriv_climb(w, MODEM_STEP_RESET, m->rules.patience_ms);
}

static void rest_as(struct modem_work *w, enum modem_state state, enum modem_reason reason)
{
	modempriv_rest(w);
	w->m->well_ms = 0;
	enter(w->m, state, reason);
}

static void failed(struct modem_work *w)
{
	struct modem *m = w->m;
	if (m->seen.sim_missing) {
		rest_as(w, MODEM_FAILED, MODEM_NO_SIM);
	} else if (m->seen.sim_broken) {
		rest_as(w, MODEM_FAILED, MODEM_SIM_BROKEN);
	} else {
		enter(m, MODEM_FAILED, MODEM_STUCK);
		if (m->call == MODEM_CALL_NONE)
			modempriv_climb(w, MODEM_STEP_RESET, m->rules.patience_ms);
	}
}

static void switched_off(struct modem_work *w)
{
	rest_as(w, MODEM_OFF, MODEM_WELL);
	if (w->m->seen.bearer && may_call(w))
		modempriv_call(w, MODEM_CALL_DISCONNECT, MODEM_STEP_NONE);
}

static void decide(struct modem_work *w)
{
	struct modem *m = w->m;
	const struct modem_seen *s = &m->seen;
	if (!s->manager)
		rest_as(w, MODEM_ABSENT, MODEM_NO_MANAGER);
	else if (!s->present)
		rest_as(w, MODEM_ABSENT, MODEM_NO_MODEM);
	else if (!m->rules.on)
		switched_off(w);
	else if (s->lock == MODEM_LOCK_PUK)
		rest_as(w, MODEM_LOCKED, MODEM_PUK);
	else if (s->lock == MODEM_LOCK_OTHER)
		rest_as(w, MODEM_LOCKED, MODEM_BARRED);
	else if (s->lock == MODEM_LOCK_PIN)
		unlock(w);
	else if (s->state == MODEM_MM_FAILED)
		failed(w);
	else if (s->state == MODEM_MM_DISABLED)
		enable(w);
	else if (s->state == MODEM_MM_ENABLED || s->state == MODEM_MM_SEARCHING)
		search(w);
	else if (s->state == MODEM_MM_CONNECTED && s->bearer)
		watch(w);
	else if (s->state == MODEM_MM_REGISTERED || s->state == MODEM_MM_CONNECTED)
		dial(w);
	else
		await(w);
	if (m->state != MODEM_CONNECTED)
		m->well_ms = 0;
}

uint64_t modem_step(struct modem *m, const struct modem_observation *seen, uint64_t now_ms,
		    struct modem_actions *out)
{
	struct modem_work w = { .m = m, .now_ms = now_ms, .next_ms = UINT64_MAX, .out = out };
	const enum modem_state state = m->state;
	const enum modem_reason reason = m->reason;
	out->count = 0;
	observe(&w, seen);
	decide(&w);
	if (m->state != state || m->reason != reason) {
		m->since_ms = now_ms;
		(void)modempriv_act(&w, MODEM_SAY);
	}
	if (m->call != MODEM_CALL_NONE)
		modempriv_wake(&w, m->call_until_ms);
	return w.next_ms;
}
