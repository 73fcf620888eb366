// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What reaches wasl-provisiond from outside: the first byte says where the rest goes.
 *	o an order   O an order's body, signed here so that what lies behind the signature is reached
 *	g a grant    G a grant's body, signed here
 *	c the claim file    h the hub's error page
 */
#include <pb_decode.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/device.h"
#include "firmware/record/root.pb.h"
#include "firmware/record/signed.h"
#include "firmware/record/trust.h"
#include "provisioning/claim.h"
#include "provisioning/enrol.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const uint8_t nonce[32] = { 3 };

static struct bench {
	struct trust *trust;
	struct signed_key key;
	struct enrol_identity me;
} bench;

static void need(int good)
{
	if (!good)
		abort();
}

/* One key in every role. */
static void make_bench(struct bench *b)
{
	static const uint8_t seed[32] = { 1 };
	crypto_sign_seed_keypair(b->key.public_key, b->key.secret_key, seed);
	wasl_Root root = { .version = 1, .roles_count = TRUST_ROLE_COUNT };
	for (unsigned r = 0; r < TRUST_ROLE_COUNT; r++) {
		root.roles[r].role = r;
		root.roles[r].threshold = 1;
		root.roles[r].public_keys = calloc(1, sizeof(*root.roles[r].public_keys));
		need(root.roles[r].public_keys != NULL);
		root.roles[r].public_keys_count = 1;
		need(codec_bytes(b->key.public_key, 32, root.roles[r].public_keys, NULL) == 0);
	}
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *record = NULL;
	size_t body_len = 0, len = 0;
	need(codec_encode(wasl_Root_fields, &root, &body, &body_len, NULL) == 0);
	pb_release(wasl_Root_fields, &root);
	need(signed_make(SIGNED_ROOT, body, body_len, &b->key, 1, &record, &len, NULL) == 0);
	need(trust_open(record, len, &b->trust, NULL) == 0);
	memset(b->me.sign_public, 7, 32);
	memset(b->me.box_public, 8, 32);
	device_id(b->me.sign_public, b->me.box_public, b->me.device);
	device_claim_code(b->me.sign_public, b->me.box_public, b->me.claim_code);
}

static void try_order(const uint8_t *bytes, size_t len)
{
	struct enrol_order order;
	struct fault why = { 0 };
	int r = enrol_read_order(bench.trust, bytes, len, &bench.me, "", &order, &why);
	need(r <= 0 && (r == 0 || (why.code == r && text_is_utf8(why.text, strlen(why.text)))));
	if (r < 0)
		return;
	/* what was read must survive the claim file */
	struct claim c = { 0 }, back = { 0 };
	enum claim_outcome outcome;
	AUTO_FREE char *text = NULL;
	size_t text_len = 0;
	need(claim_offer(&c, &bench.me, &order, bytes, len, &outcome, NULL) == 0);
	need(claim_encode(&c, &text, &text_len) == 0);
	need(claim_decode(text, text_len, &back, NULL) == 0);
	need(strcmp(back.order.school_name, order.school_name) == 0);
	claim_done(&c);
	claim_done(&back);
}

static void try_grant(const uint8_t *bytes, size_t len)
{
	const struct enrol_order order = { .school_code = "TN0001" };
	struct enrol_grant grant;
	need(enrol_read_grant(bench.trust, bytes, len, &bench.me, &order, nonce, &grant, NULL) <=
	     0);
}

static void try_file(const uint8_t *bytes, size_t len)
{
	struct claim c = { 0 };
	if (claim_decode(bytes, len, &c, NULL) < 0)
		return;
	json_t *shown = claim_json(&c, &bench.me, 0);
	need(shown != NULL);
	json_decref(shown);
	claim_done(&c);
}

static void try_hub(const uint8_t *bytes, size_t len)
{
	struct fault why = { 0 };
	const struct enrol_answer answer = {
		.status = 409, .error = "", .body = bytes, .body_len = len, .url = "http://h"
	};
	need(enrol_judge(&answer, &why) != ENROL_ANSWERED);
	need(why.text[0] && text_is_utf8(why.text, strlen(why.text)));
}

static void with_signature(enum signed_kind kind, const uint8_t *body, size_t len,
			   void (*try)(const uint8_t *, size_t))
{
	void *record = NULL;
	size_t record_len = 0;
	if (signed_make(kind, body, len, &bench.key, 1, &record, &record_len, NULL) == 0)
		try(record, record_len);
	free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (!bench.trust)
		make_bench(&bench);
	if (len == 0)
		return 0;
	switch (bytes[0]) {
	case 'o':
		try_order(bytes + 1, len - 1);
		break;
	case 'O':
		with_signature(SIGNED_ORDER, bytes + 1, len - 1, try_order);
		break;
	case 'g':
		try_grant(bytes + 1, len - 1);
		break;
	case 'G':
		with_signature(SIGNED_GRANT, bytes + 1, len - 1, try_grant);
		break;
	case 'c':
		try_file(bytes + 1, len - 1);
		break;
	default:
		try_hub(bytes + 1, len - 1);
		break;
	}
	return 0;
}
