// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/base/text.h"
#include "firmware/record/device.h"
#include "firmware/record/enrol.pb.h"
#include "provisioning/enrol.h"
#include "tests/unit/record/kit.h"

/* A box, and orders and grants for it, the same at every run. */
static inline struct enrol_identity orders_me(void)
{
	struct enrol_identity me = { 0 };
	struct signed_key key = kit_key(7);
	memcpy(me.sign_public, key.public_key, 32);
	memset(me.box_public, 8, 32);
	device_id(me.sign_public, me.box_public, me.device);
	device_claim_code(me.sign_public, me.box_public, me.claim_code);
	return me;
}

static inline wasl_Order orders_order(void)
{
	wasl_Order order = { .epoch = 1,
			     .school_code = "TN0001",
			     .school_name = "مدرسة النور",
			     .technician = "t-9",
			     .hub_url = "https://hub.example/" };
	memset(order.ticket, 5, sizeof(order.ticket));
	return order;
}

static inline wasl_Grant orders_grant(const struct enrol_identity *me, const uint8_t nonce[32])
{
	wasl_Grant grant = { .epoch = 1, .school_code = "TN0001", .school_name = "مدرسة النور" };
	memcpy(grant.device, me->device, 16);
	memcpy(grant.sign_public, me->sign_public, 32);
	memcpy(grant.nonce, nonce, 32);
	return grant;
}

static inline void orders_sign(enum signed_kind kind, const pb_msgdesc_t *fields, const void *msg,
			       const unsigned *signers, void **out, size_t *len)
{
	void *body = NULL;
	size_t body_len = 0;
	assert_int_equal(codec_encode(fields, msg, &body, &body_len, NULL), 0);
	kit_sign(kind, body, body_len, signers, out, len);
	free(body);
}
