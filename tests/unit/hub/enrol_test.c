// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/enrol.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/hub/fakehub.h"

static int setup(void **state)
{
	struct fakehub *h = calloc(1, sizeof(*h));
	assert_non_null(h);
	fakehub_make(h);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	fakehub_remove(*state);
	free(*state);
	return 0;
}

static const uint8_t nonce[32] = { 9, 9 }, later[32] = { 8, 8 };

/* One attempt: what the hub answers to this box with this order. */
static int attempt(struct fakehub *h, struct fakebox *box, const void *order, size_t order_len,
		   const uint8_t n[static 32], struct fault *why)
{
	AUTO_FREE void *request = NULL;
	AUTO_FREE void *grant = NULL;
	size_t len = 0, grant_len = 0;
	fakebox_request(box, order, order_len, n, &request, &len);
	int rc = enrol_serve(&h->hub, request, len, 1000, &grant, &grant_len, why);
	return rc ? rc : fakebox_take_grant(box, h->hub.trust, grant, grant_len, n);
}

static void the_box_of_the_order_gets_a_grant(void **state)
{
	struct fakehub *h = *state;
	struct fakebox box;
	struct device d;
	struct school_status status;
	struct fault why = { 0 };
	AUTO_FREE void *order = NULL;
	size_t len = 0;
	fakebox_make(&box);
	fakehub_order(h, "S-1", box.claim_code, &order, &len);
	assert_int_equal(attempt(h, &box, order, len, nonce, &why), 0);
	assert_string_equal(box.school, "S-1");
	assert_int_equal(box.epoch, 1);
	assert_false(box.provisional);
	assert_int_equal(store_device_get(h->hub.store, box.id, &d, NULL), 0);
	assert_int_equal(d.state, DEVICE_BOUND);
	assert_string_equal(d.board, "fake");
	assert_memory_equal(d.sign_public, box.keys.sign.public_key, 32);
	assert_int_equal(store_status_get(h->hub.store, "S-1", &status, NULL), 0);
	assert_true(status.enrolled);
	/* The answer was lost on the way: the same box asks again, also after the hub came back. */
	assert_int_equal(attempt(h, &box, order, len, later, &why), 0);
	fakehub_reopen(h);
	assert_int_equal(attempt(h, &box, order, len, nonce, &why), 0);
}

/* With the key of its grant a box is answered by whoever has the hub's secret, also after the hub came back; no other box is. */
static void a_grant_brings_the_key_for_echoes(void **state)
{
	struct fakehub *h = *state;
	struct fakebox box, other;
	uint8_t ask[HUBECHO_ASK], answer[HUBECHO_ANSWER];
	fakehub_enrol(h, "S-1", FAKEHUB_CLAIMED, &box);
	fakehub_reopen(h);
	fakehub_enrol(h, "S-2", FAKEHUB_CLAIMED, &other);
	assert_memory_not_equal(box.probe_key, other.probe_key, sizeof(box.probe_key));
	hubecho_ask(box.probe_key, box.id, nonce, ask);
	assert_int_equal(hubecho_reply(ask, sizeof(ask), h->hub.echo_secret, answer), 0);
	assert_int_equal(hubecho_answers(answer, sizeof(answer), box.probe_key, ask), 0);
	hubecho_ask(other.probe_key, box.id, nonce, ask);
	assert_int_equal(hubecho_reply(ask, sizeof(ask), h->hub.echo_secret, answer),
			 -EKEYREJECTED);
}

static void an_order_is_spent_once(void **state)
{
	struct fakehub *h = *state;
	struct fakebox first, second;
	struct fault why = { 0 };
	AUTO_FREE void *order = NULL;
	size_t len = 0;
	fakebox_make(&first);
	fakebox_make(&second);
	fakehub_order(h, "S-1", "", &order, &len);
	assert_int_equal(attempt(h, &first, order, len, nonce, &why), 0);
	assert_true(first.provisional);
	assert_int_equal(attempt(h, &second, order, len, nonce, &why), -EEXIST);
	assert_non_null(strstr(why.text, "another box"));
	struct device d;
	assert_int_equal(store_device_get(h->hub.store, second.id, &d, NULL), -ENOENT);
}

static void a_box_belongs_to_one_school(void **state)
{
	struct fakehub *h = *state;
	struct fakebox box;
	struct fault why = { 0 };
	AUTO_FREE void *order = NULL;
	AUTO_FREE void *other = NULL;
	size_t len = 0, other_len = 0;
	fakebox_make(&box);
	fakehub_order(h, "S-1", "", &order, &len);
	fakehub_order(h, "S-2", "", &other, &other_len);
	assert_int_equal(attempt(h, &box, order, len, nonce, &why), 0);
	assert_int_equal(attempt(h, &box, other, other_len, nonce, &why), -EEXIST);
	assert_non_null(strstr(why.text, "S-1"));
	/* The second order was not spent by that. */
	struct fakebox fresh;
	fakebox_make(&fresh);
	assert_int_equal(attempt(h, &fresh, other, other_len, nonce, &why), 0);
}

static void the_claim_code_decides(void **state)
{
	struct fakehub *h = *state;
	struct fakebox meant, other;
	struct fault why = { 0 };
	AUTO_FREE void *order = NULL;
	size_t len = 0;
	fakebox_make(&meant);
	fakebox_make(&other);
	fakehub_order(h, "S-1", meant.claim_code, &order, &len);
	assert_int_equal(attempt(h, &other, order, len, nonce, &why), -EPERM);
	assert_non_null(strstr(why.text, other.claim_code));
	assert_int_equal(attempt(h, &meant, order, len, nonce, &why), 0);
}

static void an_order_of_another_ministry_is_refused(void **state)
{
	struct fakehub *h = *state;
	struct fakehub other;
	struct fakebox box;
	struct fault why = { 0 };
	AUTO_FREE void *order = NULL;
	size_t len = 0;
	fakehub_make(&other);
	fakebox_make(&box);
	fakehub_order(&other, "S-1", "", &order, &len);
	assert_int_equal(attempt(h, &box, order, len, nonce, &why), -EKEYREJECTED);
	fakehub_remove(&other);
}

static void a_ticket_that_nobody_gave_is_refused(void **state)
{
	struct fakehub *h = *state;
	struct fakehub twin =
		*h; /* same keys, another database: as a hub put back from an old backup */
	struct fakebox box;
	struct fault why = { 0 };
	AUTO_FREE void *order = NULL;
	size_t len = 0;
	char path[128];
	snprintf(path, sizeof(path), "%s/other.db", h->folder);
	assert_int_equal(store_open(path, &twin.hub.store, &why), 0);
	fakehub_order(h, "S-1", "", &order, &len);
	fakebox_make(&box);
	assert_int_equal(attempt(&twin, &box, order, len, nonce, &why), -EPERM);
	store_close(twin.hub.store);
}

/* Every bit of a request counts: none flipped is accepted, and the honest one still is. */
static void no_flipped_bit_is_accepted(void **state)
{
	struct fakehub *h = *state;
	struct fakebox box;
	struct device d;
	AUTO_FREE void *order = NULL;
	AUTO_FREE void *request = NULL;
	size_t order_len = 0, len = 0;
	fakebox_make(&box);
	fakehub_order(h, "S-1", box.claim_code, &order, &order_len);
	fakebox_request(&box, order, order_len, nonce, &request, &len);
	uint8_t *bytes = request;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		AUTO_FREE void *grant = NULL;
		size_t grant_len = 0;
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		/* The signature's key id is a hint beside the signature, not part of it. */
		int rc = enrol_serve(&h->hub, request, len, 1000, &grant, &grant_len, NULL);
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		if (rc == 0)
			fail_msg("bit %zu of %zu may be flipped", bit, 8 * len);
	}
	for (size_t cut = 0; cut < len; cut++) {
		AUTO_FREE void *grant = NULL;
		size_t grant_len = 0;
		assert_int_not_equal(enrol_serve(&h->hub, request, cut, 1000, &grant, &grant_len,
						 NULL),
				     0);
	}
	assert_int_equal(store_device_get(h->hub.store, box.id, &d, NULL), -ENOENT);
	struct fault why = { 0 };
	assert_int_equal(attempt(h, &box, order, order_len, nonce, &why), 0);
}

static void claim_codes_are_forgiven_their_form(void **state)
{
	(void)state;
	char plain[17];
	assert_int_equal(enrol_plain_claim("ABCD-EFGH-JKMN-PQRS", plain), 0);
	assert_string_equal(plain, "ABCDEFGHJKMNPQRS");
	assert_int_equal(enrol_plain_claim("abcdefghjkmnpqrs", plain), 0);
	assert_string_equal(plain, "ABCDEFGHJKMNPQRS");
	assert_int_equal(enrol_plain_claim("ABCD", plain), -EINVAL);
	assert_int_equal(enrol_plain_claim("", plain), -EINVAL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_box_of_the_order_gets_a_grant),
		CASE(a_grant_brings_the_key_for_echoes),
		CASE(an_order_is_spent_once),
		CASE(a_box_belongs_to_one_school),
		CASE(the_claim_code_decides),
		CASE(an_order_of_another_ministry_is_refused),
		CASE(a_ticket_that_nobody_gave_is_refused),
		CASE(no_flipped_bit_is_accepted),
		cmocka_unit_test(claim_codes_are_forgiven_their_form),
	};
	return cmocka_run_group_tests_name("hub/enrol", tests, NULL, NULL);
}
