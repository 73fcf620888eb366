// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "firmware/record/trust.h"
#include "firmware/record/trust_dir.h"
#include "provisioning/enrol.h"
#include "provisioning/provisiond_priv.h"

CLEAN_FN(trust, struct trust, trust_free)

static void reply_outcome(struct provisiond *p, struct ctl_request *req)
{
	const struct claim *c = &p->claim;
	if (c->state != CLAIM_ENROLLED && c->last.code) {
		/* Kept and tried again, whatever the reason; only a refusal is the order's own. */
		ctl_reply_fault(req, c->state == CLAIM_REFUSED ? ctl_status_of(c->last.code) : 503,
				&c->last);
		return;
	}
	ctl_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:s, s:b}", "state", claim_state_name(c),
				 "school_code", c->order.school_code, "school_name",
				 c->order.school_name, "provisional", c->provisional));
}

void provisiond_answer_waiters(struct provisiond *p)
{
	while (p->waiters) {
		struct waiter *w = p->waiters;
		p->waiters = w->next;
		reply_outcome(p, w->req);
	}
}

static void waiter_gone(void *data)
{
	struct waiter *w = data;
	for (struct waiter **at = &w->p->waiters; *at; at = &(*at)->next) {
		if (*at != w)
			continue;
		*at = w->next;
		return;
	}
}

static void wait_for_end(struct provisiond *p, struct ctl_request *req)
{
	struct waiter *w = ctl_scratch(req, sizeof(*w));
	if (!w) {
		struct fault why;
		fault_set(&why, -ENOMEM, "memory", "out of memory");
		ctl_reply_fault(req, 500, &why);
		return;
	}
	*w = (struct waiter){ .req = req, .p = p, .next = p->waiters };
	p->waiters = w;
	ctl_on_gone(req, waiter_gone, w);
}

static void serve_claim(struct ctl_request *req, void *data)
{
	struct provisiond *p = data;
	p->asked_ms = clock_mono_ms();
	struct fault why = { 0 };
	int r = provisiond_ask_agent(p, &why);
	if (r < 0 && !p->reconciled) {
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	ctl_reply_json(req, 200, claim_json(&p->claim, &p->me, clock_mono_ms()));
}

static void serve_status(struct ctl_request *req, void *data)
{
	struct provisiond *p = data;
	p->asked_ms = clock_mono_ms();
	uint64_t now_ms = clock_mono_ms();
	json_t *body = claim_json(&p->claim, p->reconciled ? &p->me : NULL, now_ms);
	if (body) {
		json_object_set_new(body, "name", json_string("provisiond"));
		json_object_set_new(body, "version", json_string(WASL_VERSION));
		json_object_set_new(body, "since_s",
				    json_integer((json_int_t)((now_ms - p->start_ms) / 1000)));
	}
	ctl_reply_json(req, 200, body);
}

static int accept_order(struct provisiond *p, const void *bytes, size_t len,
			enum claim_outcome *out, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *trust = NULL;
	struct enrol_order order;
	char url[sizeof(p->url)];
	int r = provisiond_ask_agent(p, why);
	if (r == 0)
		r = trust_dir_open(&trust, why);
	if (r == 0)
		r = enrol_read_order(trust, bytes, len, &p->me, p->conf->setup.school, &order, why);
	if (r == 0 && !order.hub_url[0] && !p->conf->setup.hub_url[0])
		r = fault_set(why, -EINVAL, "claim.hub_url",
			      "this order names no hub; ask for one that does, or write hub_url "
			      "below [setup]");
	if (r == 0 && !p->conf->setup.hub_url[0])
		r = enrol_url(order.hub_url, url, sizeof(url), why);
	if (r == 0)
		r = claim_offer(&p->claim, &p->me, &order, bytes, len, out, why);
	if (r == 0)
		log_info("event=claim.order school=%s", order.school_code);
	return r;
}

static void serve_order(struct ctl_request *req, void *data)
{
	struct provisiond *p = data;
	p->asked_ms = clock_mono_ms();
	struct fault why = { 0 };
	enum claim_outcome outcome = CLAIM_ALREADY;
	size_t len = 0;
	const void *bytes = ctl_body(req, &len);
	int r = accept_order(p, bytes, len, &outcome, &why);
	if (r == 0 && outcome == CLAIM_SAVE_AND_GO) {
		r = provisiond_save(p, &why);
		if (r < 0)
			claim_refuse(&p->claim, &why);
	}
	if (r < 0) {
		log_fault(LOG_LEVEL_WARN, "claim.order", &why);
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	if (outcome == CLAIM_ALREADY) {
		reply_outcome(p, req);
		return;
	}
	wait_for_end(p, req);
	provisiond_advance(p);
}

const struct ctl_route *provisiond_routes(size_t *count)
{
	static const struct ctl_route routes[] = {
		{ "GET", "/v1/claim", serve_claim, 0 },
		{ "GET", "/v1/status", serve_status, 0 },
		{ "POST", "/v1/order", serve_order, ENROL_ORDER_LIMIT_BYTES },
	};
	*count = ARRAY_LEN(routes);
	return routes;
}
