// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/enrol.h"

#include <errno.h>
#include <pb_decode.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/device.h"
#include "firmware/record/enrol.pb.h"

int enrol_plain_claim(const char *text, char out[static 17])
{
	uint8_t bits[10];
	if (text_uncrockford(text, bits, 80))
		return -EINVAL;
	text_crockford(bits, 80, out);
	return 0;
}

static void clean_request(wasl_EnrolRequest *request)
{
	pb_release(wasl_EnrolRequest_fields, request);
}

static void clean_grant(wasl_Grant *grant)
{
	sodium_memzero(grant->probe_key.bytes, sizeof(grant->probe_key.bytes));
	pb_release(wasl_Grant_fields, grant);
}

/* The request carries the key that it is signed with: it proves that the sender holds it, and nothing else yet. */
static int read_request(const void *bytes, size_t len, wasl_EnrolRequest *out, struct fault *why)
{
	struct signed_view view;
	int rc = signed_open(bytes, len, SIGNED_ENROL_REQUEST, &view, why);
	if (rc == 0)
		rc = codec_decode(wasl_EnrolRequest_fields, view.body, view.body_len, out, why);
	if (rc)
		return rc;
	if (signed_count_good(&view, (const uint8_t(*)[32])out->sign_public, 1) != 1 ||
	    !out->order) {
		pb_release(wasl_EnrolRequest_fields, out);
		return fault_set(why, -EBADMSG, "enrol.signature",
				 "the enrol request is not signed by the keys it names; start the "
				 "enrolment again");
	}
	return 0;
}

static int read_order(const struct hub *hub, const wasl_EnrolRequest *request, wasl_Order *out,
		      struct fault *why)
{
	const void *body = NULL;
	size_t len = 0;
	int rc = trust_check(hub->trust, SIGNED_ORDER, request->order->bytes, request->order->size,
			     &body, &len, why);
	if (rc == 0)
		rc = codec_decode(wasl_Order_fields, body, len, out, why);
	return rc ? fault_within(why, "the order in the request") : 0;
}

/* The keys decide who a box is; what it says about itself does not. */
static int check_claim(const wasl_EnrolRequest *request, const wasl_Order *order, struct fault *why)
{
	char shown[20], plain[17], asked[17];
	device_claim_code(request->sign_public, request->box_public, shown);
	if (!*order->claim_code)
		return 0;
	if (enrol_plain_claim(shown, plain) || enrol_plain_claim(order->claim_code, asked) ||
	    strcmp(plain, asked) != 0)
		return fault_set(why, -EPERM, "enrol.claim",
				 "this order is for the box with the claim code %s, this box has "
				 "%s; ask for an order for it",
				 order->claim_code, shown);
	return 0;
}

static void describe(const wasl_EnrolRequest *request, const wasl_Order *order, int64_t now_s,
		     struct device *out)
{
	*out = (struct device){
		.epoch = order->epoch ? order->epoch : 1,
		.state = *order->claim_code ? DEVICE_BOUND : DEVICE_PROVISIONAL,
		.enrolled_s = now_s,
	};
	device_id(request->sign_public, request->box_public, out->id);
	memcpy(out->sign_public, request->sign_public, sizeof(out->sign_public));
	memcpy(out->box_public, request->box_public, sizeof(out->box_public));
	memcpy(out->ticket, order->ticket, sizeof(out->ticket));
	snprintf(out->school, sizeof(out->school), "%s", order->school_code);
	snprintf(out->image_version, sizeof(out->image_version), "%s", request->image_version);
	snprintf(out->board, sizeof(out->board), "%s", request->board);
}

static int mark_enrolled(struct store *s, const char *school, struct fault *why)
{
	struct school_status status = { 0 };
	int rc = store_status_get(s, school, &status, why);
	if (rc && rc != -ENOENT)
		return rc;
	status.enrolled = true;
	return store_status_put(s, school, &status, why);
}

static int bind_new(struct store *s, const struct device *d, struct fault *why)
{
	struct device other;
	int rc = store_device_get(s, d->id, &other, why);
	if (rc == 0)
		return fault_set(why, -EEXIST, "enrol.bound",
				 "this box is enrolled at school %s already; a box goes to another "
				 "school after a factory reset",
				 other.school);
	if (rc == -ENOENT)
		rc = store_device_add(s, d, why);
	if (rc == 0)
		rc = store_ticket_spend(s, d->ticket, d->id, d->enrolled_s, why);
	if (rc == 0)
		rc = mark_enrolled(s, d->school, why);
	return rc;
}

/* In one transaction, so that of two boxes with one order one wins and the other is told. */
static int bind_in_transaction(struct store *s, struct device *d, struct fault *why)
{
	struct ticket ticket;
	int rc = store_ticket_get(s, d->ticket, &ticket, why);
	if (rc == -ENOENT)
		return fault_set(why, -EPERM, "enrol.ticket",
				 "this hub has no such order; ask the ministry for a new one");
	if (rc)
		return rc;
	if (!ticket.spent)
		return bind_new(s, d, why);
	if (memcmp(ticket.spent_by, d->id, sizeof(d->id)) != 0)
		return fault_set(why, -EEXIST, "enrol.spent",
				 "another box has used this order; ask the ministry for a new one "
				 "for school %s",
				 d->school);
	return store_device_get(s, d->id, d, why);
}

static int bind_device(struct store *s, struct device *d, struct fault *why)
{
	int rc = store_begin(s, why);
	if (rc)
		return rc;
	rc = bind_in_transaction(s, d, why);
	if (rc == 0)
		rc = store_commit(s, why);
	if (rc)
		store_rollback(s);
	return rc;
}

static int write_grant(const struct hub *hub, const wasl_EnrolRequest *request,
		       const wasl_Order *order, const struct device *d, int64_t now_s, void **out,
		       size_t *out_len, struct fault *why)
{
	CLEANUP(clean_grant) wasl_Grant grant = wasl_Grant_init_zero;
	memcpy(grant.device, d->id, sizeof(grant.device));
	memcpy(grant.sign_public, request->sign_public, sizeof(grant.sign_public));
	memcpy(grant.nonce, request->nonce, sizeof(grant.nonce));
	hubecho_key(hub->echo_secret, d->id, grant.probe_key.bytes);
	grant.probe_key.size = HUBECHO_KEY;
	snprintf(grant.school_code, sizeof(grant.school_code), "%s", d->school);
	snprintf(grant.school_name, sizeof(grant.school_name), "%s", order->school_name);
	grant.epoch = d->epoch;
	grant.first_seq = 1;
	grant.hub_unix_s = now_s;
	grant.provisional = d->state == DEVICE_PROVISIONAL;
	snprintf(grant.hub_url, sizeof(grant.hub_url), "%s", order->hub_url);
	snprintf(grant.origin_url, sizeof(grant.origin_url), "%s", order->origin_url);
	int rc = codec_bytes(hub->sealing_keys, hub->sealing_keys_len, &grant.sealing_keys, why);
	AUTO_FREE void *body = NULL;
	size_t len = 0;
	if (rc == 0)
		rc = codec_encode(wasl_Grant_fields, &grant, &body, &len, why);
	if (rc == 0)
		rc = signed_make(SIGNED_GRANT, body, len, &hub->enrol_key, 1, out, out_len, why);
	return rc;
}

int enrol_serve(struct hub *hub, const void *request, size_t len, int64_t now_s, void **out,
		size_t *out_len, struct fault *why)
{
	if (len > ENROL_LIMIT_BYTES)
		return fault_set(why, -EFBIG, "enrol.big", "an enrol request has at most %u bytes",
				 ENROL_LIMIT_BYTES);
	CLEANUP(clean_request) wasl_EnrolRequest asked = wasl_EnrolRequest_init_zero;
	wasl_Order order = wasl_Order_init_zero;
	struct device d;
	int rc = read_request(request, len, &asked, why);
	if (rc == 0)
		rc = read_order(hub, &asked, &order, why);
	if (rc == 0)
		rc = check_claim(&asked, &order, why);
	if (rc)
		return rc;
	describe(&asked, &order, now_s, &d);
	rc = bind_device(hub->store, &d, why);
	return rc ? rc : write_grant(hub, &asked, &order, &d, now_s, out, out_len, why);
}
