// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/enrol.h"

#include <errno.h>

#include "tests/unit/provisioning/orders.h"

static const unsigned by_enrol[] = { 140, 0 }, by_receipt[] = { 160, 0 }, by_nobody[] = { 99, 0 };

static int read_order(const wasl_Order *order, const unsigned *signers, const char *school,
		      struct enrol_order *out, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *trust = kit_trust();
	struct enrol_identity me = orders_me();
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	orders_sign(SIGNED_ORDER, wasl_Order_fields, order, signers, &bytes, &len);
	return enrol_read_order(trust, bytes, len, &me, school, out, why);
}

static void a_good_order(void **state)
{
	(void)state;
	struct enrol_identity me = orders_me();
	struct fault why = { 0 };
	struct enrol_order got;
	wasl_Order order = orders_order();
	assert_int_equal(read_order(&order, by_enrol, "", &got, &why), 0);
	assert_string_equal(got.school_code, "TN0001");
	assert_string_equal(got.school_name, "مدرسة النور");
	assert_string_equal(got.hub_url, "https://hub.example/");
	assert_int_equal(got.epoch, 1);
	assert_memory_equal(got.ticket, order.ticket, 16);
	assert_int_equal(read_order(&order, by_enrol, "TN0001", &got, &why), 0);

	/* the claim code as people write it, and as the record has it: without dashes */
	snprintf(order.claim_code, sizeof(order.claim_code), "%s", me.claim_code);
	assert_int_equal(read_order(&order, by_enrol, "", &got, &why), 0);
	char bare[17];
	snprintf(bare, sizeof(bare), "%.4s%.4s%.4s%.4s", me.claim_code, me.claim_code + 5,
		 me.claim_code + 10, me.claim_code + 15);
	snprintf(order.claim_code, sizeof(order.claim_code), "%s", bare);
	assert_int_equal(read_order(&order, by_enrol, "", &got, &why), 0);
}

static void orders_that_are_not_for_this_box(void **state)
{
	(void)state;
	static const struct {
		const char *what, *value, *school;
		const unsigned *signers;
		int want;
		const char *id, *words;
	} rows[] = {
		{ "none", "", "", by_nobody, -EKEYREJECTED, "claim.signature",
		  "Ministry of tests" },
		{ "none", "", "", by_receipt, -EKEYREJECTED, "claim.signature", "not signed" },
		{ "claim", "0000-0000-0000-0000", "", by_enrol, -EPERM, "claim.other_box",
		  "is for the box with the claim code 0000-0000-0000-0000" },
		{ "claim", "rubbish", "", by_enrol, -EPERM, "claim.other_box", "rubbish" },
		{ "school", "TN0002", "TN0001", by_enrol, -EPERM, "claim.other_school",
		  "is for the school TN0002, this box is set up for TN0001" },
		{ "school", "", "", by_enrol, -EBADMSG, "claim.order", "names no school" },
		{ "school", "../x", "", by_enrol, -EBADMSG, "claim.order", "names no school" },
		{ "epoch", "", "", by_enrol, -EBADMSG, "claim.order", "no epoch" },
		{ "hub", "ftp://x", "", by_enrol, -EINVAL, "claim.hub_url", "'ftp://x'" },
		{ "hub", "http://x/ y", "", by_enrol, -EINVAL, "claim.hub_url", "https://HOST" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		wasl_Order order = orders_order();
		if (strcmp(rows[i].what, "claim") == 0)
			snprintf(order.claim_code, sizeof(order.claim_code), "%s", rows[i].value);
		if (strcmp(rows[i].what, "school") == 0)
			snprintf(order.school_code, sizeof(order.school_code), "%s", rows[i].value);
		if (strcmp(rows[i].what, "hub") == 0)
			snprintf(order.hub_url, sizeof(order.hub_url), "%s", rows[i].value);
		if (strcmp(rows[i].what, "epoch") == 0)
			order.epoch = 0;
		struct fault why = { 0 };
		struct enrol_order got = { .epoch = 77 };
		assert_int_equal(read_order(&order, rows[i].signers, rows[i].school, &got, &why),
				 rows[i].want);
		assert_string_equal(why.id, rows[i].id);
		assert_non_null(strstr(why.text, rows[i].words));
		assert_int_equal(got.epoch, 77);
	}
}

static void every_tampered_byte_of_an_order_is_refused(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *trust = kit_trust();
	struct enrol_identity me = orders_me();
	wasl_Order order = orders_order();
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	orders_sign(SIGNED_ORDER, wasl_Order_fields, &order, by_enrol, &bytes, &len);
	struct enrol_order got;
	for (size_t i = 0; i < len; i++) {
		((uint8_t *)bytes)[i] ^= 0x10;
		assert_true(enrol_read_order(trust, bytes, len, &me, "", &got, NULL) < 0);
		((uint8_t *)bytes)[i] ^= 0x10;
	}
	for (size_t cut = 0; cut < len; cut++) {
		AUTO_FREE void *exact = malloc(cut ? cut : 1);
		memcpy(exact, bytes, cut);
		assert_true(enrol_read_order(trust, exact, cut, &me, "", &got, NULL) < 0);
	}
	assert_int_equal(enrol_read_order(trust, bytes, len, &me, "", &got, NULL), 0);
	AUTO_FREE void *big = calloc(1, ENROL_ORDER_LIMIT_BYTES + 1);
	assert_int_equal(enrol_read_order(trust, big, ENROL_ORDER_LIMIT_BYTES + 1, &me, "", &got,
					  NULL),
			 -EFBIG);
}

static void the_request_carries_keys_nonce_and_order(void **state)
{
	(void)state;
	CLEANUP(clean_trust) struct trust *trust = kit_trust();
	struct enrol_identity me = orders_me();
	struct signed_key mine = kit_key(7), other = kit_key(8);
	uint8_t nonce[32], signature[64];
	memset(nonce, 3, sizeof(nonce));
	const struct enrol_about about = { "1.2.3", "qemu-x86_64" };
	AUTO_FREE void *body = NULL;
	size_t body_len = 0;
	assert_int_equal(enrol_make_request(trust, "ORDER", 5, &me, nonce, &about, &body, &body_len,
					    NULL),
			 0);
	assert_int_equal(signed_sign_raw(SIGNED_ENROL_REQUEST, body, body_len, &other, signature),
			 0);
	AUTO_FREE void *record = NULL;
	size_t len = 0;
	struct fault why = { 0 };
	assert_int_equal(enrol_seal_request(body, body_len, signature, &me, &record, &len, &why),
			 -EPROTO);
	assert_null(record);
	assert_int_equal(signed_sign_raw(SIGNED_ENROL_REQUEST, body, body_len, &mine, signature),
			 0);
	assert_int_equal(enrol_seal_request(body, body_len, signature, &me, &record, &len, &why),
			 0);

	struct signed_view view;
	wasl_EnrolRequest got;
	assert_int_equal(signed_open(record, len, SIGNED_ENROL_REQUEST, &view, &why), 0);
	assert_int_equal(codec_decode(wasl_EnrolRequest_fields, view.body, view.body_len, &got,
				      &why),
			 0);
	assert_memory_equal(got.sign_public, me.sign_public, 32);
	assert_memory_equal(got.box_public, me.box_public, 32);
	assert_memory_equal(got.nonce, nonce, 32);
	assert_int_equal(got.order->size, 5);
	assert_memory_equal(got.order->bytes, "ORDER", 5);
	assert_int_equal(got.root_version, 1);
	assert_string_equal(got.image_version, "1.2.3");
	assert_string_equal(got.board, "qemu-x86_64");
	pb_release(wasl_EnrolRequest_fields, &got);
}

static void grants(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		const unsigned *signers;
		int want;
		const char *id;
	} rows[] = {
		{ "good", by_enrol, 0, "" },
		{ "provisional", by_enrol, 0, "" },
		{ "good", by_receipt, -EKEYREJECTED, "trust.signatures" },
		{ "nonce", by_enrol, -EPROTO, "claim.replay" },
		{ "key", by_enrol, -EPROTO, "claim.grant_box" },
		{ "device", by_enrol, -EPROTO, "claim.grant_box" },
		{ "school", by_enrol, -EPROTO, "claim.grant_school" },
		{ "epoch", by_enrol, -EPROTO, "claim.grant_epoch" },
	};
	CLEANUP(clean_trust) struct trust *trust = kit_trust();
	struct enrol_identity me = orders_me();
	struct enrol_order order = { .epoch = 1, .school_code = "TN0001" };
	uint8_t nonce[32];
	memset(nonce, 3, sizeof(nonce));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		wasl_Grant grant = orders_grant(&me, nonce);
		grant.provisional = strcmp(rows[i].what, "provisional") == 0;
		grant.nonce[31] ^= strcmp(rows[i].what, "nonce") == 0;
		grant.sign_public[0] ^= strcmp(rows[i].what, "key") == 0;
		grant.device[0] ^= strcmp(rows[i].what, "device") == 0;
		grant.school_code[5] ^= strcmp(rows[i].what, "school") == 0;
		grant.epoch -= strcmp(rows[i].what, "epoch") == 0;
		AUTO_FREE void *bytes = NULL;
		size_t len = 0;
		orders_sign(SIGNED_GRANT, wasl_Grant_fields, &grant, rows[i].signers, &bytes, &len);
		struct enrol_grant got = { 0 };
		struct fault why = { 0 };
		assert_int_equal(enrol_read_grant(trust, bytes, len, &me, &order, nonce, &got,
						  &why),
				 rows[i].want);
		assert_string_equal(why.id, rows[i].id);
		if (rows[i].want < 0)
			continue;
		assert_string_equal(got.school_name, "مدرسة النور");
		assert_int_equal(got.provisional, grant.provisional);
		for (size_t b = 0; b < len; b++) {
			((uint8_t *)bytes)[b] ^= 1;
			assert_true(enrol_read_grant(trust, bytes, len, &me, &order, nonce, &got,
						     NULL) < 0);
			((uint8_t *)bytes)[b] ^= 1;
		}
	}
}

static void what_an_answer_means(void **state)
{
	(void)state;
	static const struct {
		int code;
		long status;
		const char *error, *body;
		enum enrol_verdict want;
		const char *id, *words;
	} rows[] = {
		{ 0, 200, "", "grant", ENROL_ANSWERED, "", "" },
		{ -ECONNREFUSED, 0, "Failed to connect", "", ENROL_LATER, "claim.unreachable",
		  "https://h/v1/enrol cannot be reached (Failed to connect)" },
		{ -ETIMEDOUT, 0, "", "", ENROL_LATER, "claim.unreachable", "timed out" },
		{ -EFBIG, 200, "", "", ENROL_LATER, "claim.unreachable", "large" },
		{ 0, 302, "", "<html>log in", ENROL_LATER, "claim.no_hub", "login page" },
		{ 0, 403, "", "<html>log in", ENROL_LATER, "claim.no_hub", "403" },
		{ 0, 404, "", "{\"text\":\"x\"}", ENROL_LATER, "claim.no_hub", "404" },
		{ 0, 502, "", "bad gateway", ENROL_LATER, "claim.no_hub", "502" },
		{ 0, 503, "", "{\"error\":\"a\",\"text\":\"full\"}", ENROL_LATER, "claim.hub_busy",
		  "cannot enrol now: full" },
		{ 0, 429, "", "{\"error\":\"a\",\"text\":\"slow\"}", ENROL_LATER, "claim.hub_busy",
		  "slow" },
		{ 0, 409, "", "{\"error\":\"a\",\"text\":\"used\\nby\"}", ENROL_REFUSED,
		  "claim.spent", "the hub says: used by. This order is spent" },
		{ 0, 400, "", "{\"error\":\"a\",\"text\":\"no school\"}", ENROL_REFUSED,
		  "claim.refused", "refused this order: no school" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault why = { 0 };
		const struct enrol_answer answer = {
			.code = rows[i].code,
			.status = rows[i].status,
			.error = rows[i].error,
			.body = rows[i].body,
			.body_len = strlen(rows[i].body),
			.url = "https://h/v1/enrol",
		};
		assert_int_equal(enrol_judge(&answer, &why), rows[i].want);
		assert_string_equal(why.id, rows[i].id);
		assert_non_null(strstr(why.text, rows[i].words));
	}
}

static void hub_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *hub, *want;
	} rows[] = {
		{ "http://127.0.0.1:8081", "http://127.0.0.1:8081/v1/enrol" },
		{ "https://hub.example/api//", "https://hub.example/api/v1/enrol" },
		{ "http://", NULL },
		{ "https:///", NULL },
		{ "", NULL },
		{ "hub.example", NULL },
		{ "file:///etc/passwd", NULL },
		{ "http://x\ny", NULL },
		{ "http://\xd8\xaf", NULL },
		{ "http://01234567890123456789012345678901234567890", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char url[48];
		int r = enrol_url(rows[i].hub, url, sizeof(url), NULL);
		assert_int_equal(r, rows[i].want ? 0 : -EINVAL);
		if (rows[i].want)
			assert_string_equal(url, rows[i].want);
	}
}

static void what_agentd_says(void **state)
{
	(void)state;
	struct enrol_identity me = orders_me(), got;
	char device[33], sign_public[65], box_public[65];
	text_hex(me.device, 16, device);
	text_hex(me.sign_public, 32, sign_public);
	text_hex(me.box_public, 32, box_public);
	json_t *answer = json_pack("{s:s, s:s, s:s, s:s, s:i, s:b, s:s, s:s}", "device", device,
				   "sign_public", sign_public, "box_public", box_public,
				   "claim_code", "ignored", "epoch", 4, "enrolled", 1,
				   "school_code", "TN0001", "school_name", "N");
	assert_int_equal(enrol_read_identity(answer, &got, NULL), 0);
	assert_memory_equal(got.device, me.device, 16);
	assert_string_equal(got.claim_code, me.claim_code);
	assert_true(got.enrolled);
	assert_int_equal(got.epoch, 4);
	json_object_set_new(answer, "device", json_string("00112233445566778899aabbccddeeff"));
	struct fault why = { 0 };
	assert_int_equal(enrol_read_identity(answer, &got, &why), -EBADMSG);
	assert_non_null(strstr(why.text, "does not belong to its keys"));
	json_object_del(answer, "box_public");
	assert_int_equal(enrol_read_identity(answer, &got, &why), -EBADMSG);
	json_decref(answer);
	json_t *empty = json_array();
	assert_int_equal(enrol_read_identity(empty, &got, &why), -EBADMSG);
	json_decref(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_order),
		cmocka_unit_test(orders_that_are_not_for_this_box),
		cmocka_unit_test(every_tampered_byte_of_an_order_is_refused),
		cmocka_unit_test(the_request_carries_keys_nonce_and_order),
		cmocka_unit_test(grants),
		cmocka_unit_test(what_an_answer_means),
		cmocka_unit_test(hub_addresses),
		cmocka_unit_test(what_agentd_says),
	};
	return cmocka_run_group_tests_name("provisioning/enrol", tests, NULL, NULL);
}
