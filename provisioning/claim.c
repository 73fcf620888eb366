// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/claim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/text.h"

/* Waits between attempts: short while a technician stands there, long when the line is down for days. */
static const unsigned waits_s[] = { 5, 15, 30, 60, 120, 300, 600 };
#define LONGEST_WAIT_S 3600u

static void drop_bytes(struct claim *c)
{
	free(c->order_bytes);
	free(c->grant_bytes);
	c->order_bytes = c->grant_bytes = NULL;
	c->order_len = c->grant_len = 0;
	memset(c->nonce, 0, sizeof(c->nonce));
}

static void stand_still(struct claim *c)
{
	c->busy = false;
	c->failures = 0;
	c->retry_at_ms = 0;
}

void claim_done(struct claim *c)
{
	drop_bytes(c);
}

const char *claim_state_name(const struct claim *c)
{
	switch (c->state) {
	case CLAIM_UNCLAIMED:
		return "unclaimed";
	case CLAIM_ORDERED:
	case CLAIM_GRANTED:
		return "ordered";
	case CLAIM_ENROLLED:
		return "enrolled";
	case CLAIM_REFUSED:
		return "refused";
	}
	return "unclaimed";
}

static void take_school(struct claim *c, const struct enrol_identity *me)
{
	snprintf(c->order.school_code, sizeof(c->order.school_code), "%s", me->school_code);
	snprintf(c->order.school_name, sizeof(c->order.school_name), "%s", me->school_name);
	c->order.epoch = me->epoch;
}

/* agentd has the last word on whether this box is enrolled: it holds keys and grant. */
bool claim_reconcile(struct claim *c, const struct enrol_identity *me)
{
	switch (c->state) {
	case CLAIM_ORDERED:
	case CLAIM_GRANTED:
		return false; /* the step under way is repeated and ends in the right state */
	case CLAIM_UNCLAIMED:
	case CLAIM_REFUSED:
		if (!me->enrolled)
			return false;
		c->state = CLAIM_ENROLLED;
		c->last = (struct fault){ 0 };
		take_school(c, me);
		return true;
	case CLAIM_ENROLLED:
		if (me->enrolled && strcmp(me->school_code, c->order.school_code) == 0)
			return false;
		if (me->enrolled) {
			take_school(c, me);
			return true;
		}
		/* keys and grant are gone: another box now, with another claim code */
		drop_bytes(c);
		*c = (struct claim){ .state = CLAIM_UNCLAIMED };
		return true;
	}
	return false;
}

/* What an enrolled box thinks of another order: only a later epoch of the same school may follow. */
static int check_follows(const struct enrol_identity *me, const struct enrol_order *order,
			 struct fault *why)
{
	if (strcmp(me->school_code, order->school_code) != 0)
		return fault_set(why, -EEXIST, "claim.other_school",
				 "this box belongs to the school %s, the order is for %s; ask the "
				 "ministry for an order for %s, or use a new box",
				 me->school_code, order->school_code, me->school_code);
	if (order->epoch <= me->epoch)
		return fault_set(why, -EEXIST, "claim.spent",
				 "this box is already enrolled as %s with epoch %u, the order is "
				 "for epoch %u; nothing is left to do",
				 me->school_code, me->epoch, order->epoch);
	return 0;
}

int claim_offer(struct claim *c, const struct enrol_identity *me, const struct enrol_order *order,
		const void *bytes, size_t len, enum claim_outcome *out, struct fault *why)
{
	bool same = c->state != CLAIM_UNCLAIMED &&
		    memcmp(c->order.ticket, order->ticket, sizeof(order->ticket)) == 0;
	if (same && c->state == CLAIM_ENROLLED) {
		*out = CLAIM_ALREADY;
		return 0;
	}
	if (c->busy && same) {
		*out = CLAIM_JOIN;
		return 0;
	}
	if (c->busy)
		return fault_set(why, -EAGAIN, "claim.busy",
				 "another order, for the school %s, is being carried out; wait a "
				 "minute, then try again",
				 c->order.school_code);
	if (same && c->state == CLAIM_GRANTED) {
		c->retry_at_ms = 0;
		*out = CLAIM_SAVE_AND_GO;
		return 0;
	}
	int r = me->enrolled ? check_follows(me, order, why) : 0;
	if (r < 0)
		return r;
	void *copy = malloc(len ? len : 1);
	if (!copy)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	memcpy(copy, bytes, len);
	drop_bytes(c);
	*c = (struct claim){
		.state = CLAIM_ORDERED, .order = *order, .order_bytes = copy, .order_len = len
	};
	*out = CLAIM_SAVE_AND_GO;
	return 0;
}

enum claim_step claim_next(const struct claim *c, uint64_t now_ms, uint64_t *wake_ms)
{
	*wake_ms = UINT64_MAX;
	bool open = c->state == CLAIM_ORDERED || c->state == CLAIM_GRANTED;
	if (!open || c->busy)
		return CLAIM_STEP_NONE;
	if (now_ms < c->retry_at_ms) {
		*wake_ms = c->retry_at_ms;
		return CLAIM_STEP_NONE;
	}
	return c->state == CLAIM_ORDERED ? CLAIM_STEP_ENROL : CLAIM_STEP_HAND_OVER;
}

void claim_begin(struct claim *c)
{
	c->busy = true;
}

void claim_later(struct claim *c, const struct fault *why, unsigned after_s, uint64_t now_ms)
{
	unsigned wait_s =
		waits_s[c->failures < ARRAY_LEN(waits_s) ? c->failures : ARRAY_LEN(waits_s) - 1];
	if (after_s > wait_s)
		wait_s = after_s < LONGEST_WAIT_S ? after_s : LONGEST_WAIT_S;
	c->busy = false;
	c->failures++;
	c->retry_at_ms = now_ms + UINT64_C(1000) * wait_s;
	c->last = *why;
}

void claim_refuse(struct claim *c, const struct fault *why)
{
	drop_bytes(c);
	stand_still(c);
	c->state = CLAIM_REFUSED;
	c->last = *why;
}

int claim_grant(struct claim *c, const struct enrol_grant *grant, const void *bytes, size_t len,
		const uint8_t nonce[static 32])
{
	void *copy = malloc(len ? len : 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, len);
	free(c->grant_bytes);
	c->grant_bytes = copy;
	c->grant_len = len;
	memcpy(c->nonce, nonce, sizeof(c->nonce));
	c->provisional = grant->provisional;
	snprintf(c->order.school_name, sizeof(c->order.school_name), "%s", grant->school_name);
	c->state = CLAIM_GRANTED;
	c->last = (struct fault){ 0 };
	stand_still(c);
	return 0;
}

void claim_keep(struct claim *c)
{
	drop_bytes(c);
	stand_still(c);
	c->state = CLAIM_ENROLLED;
	c->last = (struct fault){ 0 };
}

/* One English sentence for logs and command lines; pages translate `id`. */
static void describe(const struct claim *c, const struct enrol_identity *me, struct fault *out)
{
	const char *code = me ? me->claim_code : "?";
	switch (c->state) {
	case CLAIM_UNCLAIMED:
		fault_set(out, 0, "claim.unclaimed",
			  "This box belongs to no school yet. Give the ministry the claim code %s, "
			  "then bring the order: wasl claim ORDERFILE",
			  code);
		return;
	case CLAIM_ORDERED:
	case CLAIM_GRANTED:
		fault_set(out, 0, "claim.ordered", "Enrolling as the school %s.",
			  c->order.school_code);
		return;
	case CLAIM_ENROLLED:
		fault_set(out, 0, c->provisional ? "claim.provisional" : "claim.enrolled",
			  "This box belongs to the school %s, %s.%s", c->order.school_code,
			  c->order.school_name,
			  c->provisional ? " Its reports count once a second officer has compared "
					   "the claim code."
					 : "");
		return;
	case CLAIM_REFUSED:
		fault_set(out, 0, "claim.refused", "The order was refused.");
		return;
	}
}

json_t *claim_json(const struct claim *c, const struct enrol_identity *me, uint64_t now_ms)
{
	struct fault said = { 0 };
	describe(c, me, &said);
	const struct fault *shown = c->last.code ? &c->last : &said;
	char device[33] = "";
	if (me)
		text_hex(me->device, 16, device);
	bool waits = !c->busy && c->retry_at_ms > now_ms;
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:I}", "claim_code",
			 me ? me->claim_code : "", "device", device, "state", claim_state_name(c),
			 "school_code", c->order.school_code, "school_name", c->order.school_name,
			 "provisional", c->provisional, "id", shown->id, "text", shown->text,
			 "retry_s",
			 waits ? (json_int_t)((c->retry_at_ms - now_ms + 999) / 1000) : 0);
}
