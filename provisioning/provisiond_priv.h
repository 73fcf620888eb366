// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "firmware/base/http.h"
#include "provisioning/claim.h"
#include "provisioning/provisiond.h"

/*
 * Between the files of wasl-provisiond: provisiond.c (life, claim file, agentd), provisiond_steps.c (what the
 * claim asks to be done), provisiond_serve.c (the control socket).
 */
struct ctl;
struct ctl_request;
struct ctl_route;

#define PROVISIOND_AGENT_MS 3000 /* agentd answers from memory; longer means that it hangs */

struct waiter { /* a request that is answered when the attempt ends; lives in its scratch memory */
	struct ctl_request *req;
	struct provisiond *p;
	struct waiter *next;
};

struct provisiond {
	sd_event *loop;
	sd_event_source *timer;
	const struct provisiond_conf *conf;
	struct http *http;
	struct ctl *ctl;
	struct claim claim;
	struct enrol_identity me;
	bool reconciled; /* agentd has said at least once who this box is */
	struct waiter *waiters;
	uint64_t start_ms, asked_ms;
	bool leaves;       /* systemd holds the socket, so going away loses nobody */
	uint8_t nonce[32]; /* of the request under way */
	char url[300];
};

int provisiond_save(struct provisiond *p, struct fault *why);
/* For steps that may be repeated: what is on disk only makes the box do the last one again. */
void provisiond_save_or_log(struct provisiond *p);
/* Reads who this box is, and puts the claim right by it. */
int provisiond_ask_agent(struct provisiond *p, struct fault *why);

/* Does what the claim asks for now, and sets the timer for what it asks for later. */
void provisiond_advance(struct provisiond *p);
int provisiond_timer(sd_event_source *source, uint64_t usec, void *data);

/* An attempt has ended: tells those who wait for it. */
void provisiond_answer_waiters(struct provisiond *p);
const struct ctl_route *provisiond_routes(size_t *count);
