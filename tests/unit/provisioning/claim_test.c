// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/claim.h"

#include <errno.h>

#include "tests/unit/provisioning/orders.h"

CLEAN_FN(json, json_t, json_decref)

static struct enrol_order order_of(uint8_t ticket, const char *school, uint32_t epoch)
{
	struct enrol_order o = { .epoch = epoch };
	memset(o.ticket, ticket, sizeof(o.ticket));
	snprintf(o.school_code, sizeof(o.school_code), "%s", school);
	return o;
}

static int offer(struct claim *c, const struct enrol_identity *me, uint8_t ticket,
		 const char *school, uint32_t epoch, enum claim_outcome *out, struct fault *why)
{
	struct enrol_order o = order_of(ticket, school, epoch);
	return claim_offer(c, me, &o, "ORDER", 5, out, why);
}

static const uint8_t nonce[32] = { 9 };

static void get_grant(struct claim *c)
{
	const struct enrol_grant grant = { .school_code = "TN0001",
					   .school_name = "N",
					   .epoch = 1 };
	assert_int_equal(claim_grant(c, &grant, "GRANT", 5, nonce), 0);
}

static void from_carton_to_school(void **state)
{
	(void)state;
	struct claim c = { 0 };
	struct enrol_identity me = orders_me();
	enum claim_outcome outcome;
	uint64_t wake;
	assert_int_equal(claim_next(&c, 0, &wake), CLAIM_STEP_NONE);
	assert_true(wake == UINT64_MAX);
	assert_int_equal(offer(&c, &me, 1, "TN0001", 1, &outcome, NULL), 0);
	assert_int_equal(outcome, CLAIM_SAVE_AND_GO);
	assert_string_equal(claim_state_name(&c), "ordered");
	assert_memory_equal(c.order_bytes, "ORDER", 5);
	assert_int_equal(claim_next(&c, 0, &wake), CLAIM_STEP_ENROL);
	claim_begin(&c);
	assert_int_equal(claim_next(&c, 0, &wake), CLAIM_STEP_NONE);
	get_grant(&c);
	assert_int_equal(claim_next(&c, 0, &wake), CLAIM_STEP_HAND_OVER);
	assert_string_equal(claim_state_name(&c), "ordered");
	assert_memory_equal(c.nonce, nonce, 32);
	claim_begin(&c);
	claim_keep(&c);
	assert_string_equal(claim_state_name(&c), "enrolled");
	assert_null(c.order_bytes);
	assert_null(c.grant_bytes);
	assert_int_equal(claim_next(&c, 0, &wake), CLAIM_STEP_NONE);
	/* the technician presses the button again */
	assert_int_equal(offer(&c, &me, 1, "TN0001", 1, &outcome, NULL), 0);
	assert_int_equal(outcome, CLAIM_ALREADY);
	claim_done(&c);
}

static void waits_grow_and_end(void **state)
{
	(void)state;
	struct claim c = { 0 };
	struct enrol_identity me = orders_me();
	enum claim_outcome outcome;
	struct fault why = { 0 };
	fault_set(&why, -ECONNREFUSED, "claim.unreachable", "no");
	assert_int_equal(offer(&c, &me, 1, "TN0001", 1, &outcome, NULL), 0);
	static const unsigned want_s[] = { 5, 15, 30, 60, 120, 300, 600, 600, 600 };
	uint64_t now = 1000, wake;
	for (size_t i = 0; i < ARRAY_LEN(want_s); i++) {
		claim_begin(&c);
		claim_later(&c, &why, 0, now);
		assert_int_equal(claim_next(&c, now, &wake), CLAIM_STEP_NONE);
		assert_int_equal(wake, now + 1000 * want_s[i]);
		assert_int_equal(claim_next(&c, wake - 1, &wake), CLAIM_STEP_NONE);
		now = wake;
		assert_int_equal(claim_next(&c, now, &wake), CLAIM_STEP_ENROL);
	}
	claim_later(&c, &why, 900, now); /* Retry-After */
	claim_next(&c, now, &wake);
	assert_int_equal(wake, now + 900000);
	claim_later(&c, &why, 86400, now); /* within reason */
	claim_next(&c, now, &wake);
	assert_int_equal(wake, now + 3600000);
	assert_string_equal(c.last.id, "claim.unreachable");
	/* the same order again means: now */
	assert_int_equal(offer(&c, &me, 1, "TN0001", 1, &outcome, NULL), 0);
	assert_int_equal(outcome, CLAIM_SAVE_AND_GO);
	assert_int_equal(claim_next(&c, now, &wake), CLAIM_STEP_ENROL);
	claim_done(&c);
}

/* Whatever stands, what does another order lead to? */
static void another_order(void **state)
{
	(void)state;
	enum standing { FRESH, UNDER_WAY, WAITING, GRANTED, REFUSED, ENROLLED };
	static const struct {
		enum standing standing;
		uint8_t ticket;
		const char *school;
		uint32_t epoch;
		int want;
		enum claim_outcome outcome;
		const char *id;
	} rows[] = {
		{ FRESH, 2, "TN0001", 1, 0, CLAIM_SAVE_AND_GO, "" },
		{ UNDER_WAY, 1, "TN0001", 1, 0, CLAIM_JOIN, "" },
		{ UNDER_WAY, 2, "TN0001", 1, -EAGAIN, 0, "claim.busy" },
		{ WAITING, 1, "TN0001", 1, 0, CLAIM_SAVE_AND_GO, "" },
		{ WAITING, 2, "TN0002", 1, 0, CLAIM_SAVE_AND_GO, "" }, /* with another hub, say */
		{ GRANTED, 1, "TN0001", 1, 0, CLAIM_SAVE_AND_GO, "" },
		{ REFUSED, 1, "TN0001", 1, 0, CLAIM_SAVE_AND_GO, "" }, /* the hub may have learnt */
		{ REFUSED, 2, "TN0001", 1, 0, CLAIM_SAVE_AND_GO, "" },
		{ ENROLLED, 1, "TN0001", 1, 0, CLAIM_ALREADY, "" },
		{ ENROLLED, 2, "TN0002", 2, -EEXIST, 0, "claim.other_school" },
		{ ENROLLED, 2, "TN0001", 1, -EEXIST, 0, "claim.spent" },
		{ ENROLLED, 2, "TN0001", 2, 0, CLAIM_SAVE_AND_GO, "" }, /* a new epoch */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct claim c = { 0 };
		struct enrol_identity me = orders_me();
		enum claim_outcome outcome;
		struct fault why = { 0 }, no = { 0 };
		fault_set(&no, -EPERM, "x", "no");
		if (rows[i].standing != FRESH)
			assert_int_equal(offer(&c, &me, 1, "TN0001", 1, &outcome, NULL), 0);
		switch (rows[i].standing) {
		case FRESH:
			break;
		case UNDER_WAY:
			claim_begin(&c);
			break;
		case WAITING:
			claim_later(&c, &no, 0, 0);
			break;
		case GRANTED:
			get_grant(&c);
			break;
		case REFUSED:
			claim_refuse(&c, &no);
			break;
		case ENROLLED:
			claim_keep(&c);
			me.enrolled = true;
			me.epoch = 1;
			snprintf(me.school_code, sizeof(me.school_code), "TN0001");
			break;
		}
		enum claim_state before = c.state;
		int r = offer(&c, &me, rows[i].ticket, rows[i].school, rows[i].epoch, &outcome,
			      &why);
		assert_int_equal(r, rows[i].want);
		assert_string_equal(why.id, rows[i].id);
		if (r == 0)
			assert_int_equal(outcome, rows[i].outcome);
		if (r < 0 || outcome != CLAIM_SAVE_AND_GO || rows[i].standing == GRANTED)
			assert_int_equal(c.state, before);
		else
			assert_int_equal(c.state, CLAIM_ORDERED);
		claim_done(&c);
	}
}

static void agentd_has_the_last_word(void **state)
{
	(void)state;
	static const struct {
		enum claim_state before;
		const char *agent_school; /* NULL: not enrolled */
		enum claim_state after;
		bool save;
	} rows[] = {
		{ CLAIM_UNCLAIMED, NULL, CLAIM_UNCLAIMED, false },
		{ CLAIM_UNCLAIMED, "TN0001", CLAIM_ENROLLED, true }, /* the claim file was lost */
		{ CLAIM_REFUSED, NULL, CLAIM_REFUSED, false },
		{ CLAIM_REFUSED, "TN0001", CLAIM_ENROLLED, true },
		{ CLAIM_ORDERED, "TN0001", CLAIM_ORDERED, false },
		{ CLAIM_GRANTED, "TN0001", CLAIM_GRANTED, false },
		{ CLAIM_ENROLLED, "TN0001", CLAIM_ENROLLED, false },
		{ CLAIM_ENROLLED, "TN0002", CLAIM_ENROLLED, true },
		{ CLAIM_ENROLLED, NULL, CLAIM_UNCLAIMED, true }, /* agentd's keys were lost */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct claim c = { .state = rows[i].before,
				   .order = order_of(1, "TN0001", 1),
				   .order_bytes = strdup("o") };
		struct enrol_identity me = orders_me();
		if (rows[i].agent_school) {
			me.enrolled = true;
			snprintf(me.school_code, sizeof(me.school_code), "%s",
				 rows[i].agent_school);
		}
		assert_int_equal(claim_reconcile(&c, &me), rows[i].save);
		assert_int_equal(c.state, rows[i].after);
		if (rows[i].after == CLAIM_ENROLLED)
			assert_string_equal(c.order.school_code, rows[i].agent_school);
		assert_false(claim_reconcile(&c, &me));
		claim_done(&c);
	}
}

static void the_file_brings_everything_back(void **state)
{
	(void)state;
	static const enum claim_state states[] = { CLAIM_UNCLAIMED, CLAIM_ORDERED, CLAIM_GRANTED,
						   CLAIM_ENROLLED, CLAIM_REFUSED };
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		struct claim c = { .state = states[i],
				   .order = order_of(1, "TN0001", 4000000000u),
				   .provisional = i == 3 };
		snprintf(c.order.school_name, sizeof(c.order.school_name), "مدرسة \"النور\"\n");
		snprintf(c.order.hub_url, sizeof(c.order.hub_url), "https://h");
		snprintf(c.order.technician, sizeof(c.order.technician), "t");
		if (states[i] == CLAIM_ORDERED || states[i] == CLAIM_GRANTED) {
			c.order_bytes = calloc(1, 5); /* zeros too */
			c.order_len = 5;
		}
		if (states[i] == CLAIM_GRANTED)
			get_grant(&c);
		if (states[i] == CLAIM_REFUSED)
			fault_set(&c.last, -EPERM, "claim.refused", "no: %s", "لا");
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		assert_int_equal(claim_encode(&c, &text, &len), 0);
		struct claim back = { 0 };
		struct fault why = { 0 };
		assert_int_equal(claim_decode(text, len, &back, &why), 0);
		assert_int_equal(back.state, c.state);
		assert_memory_equal(back.order.ticket, c.order.ticket, 16);
		assert_int_equal(back.order.epoch, c.order.epoch);
		assert_string_equal(back.order.school_code, c.order.school_code);
		assert_string_equal(back.order.school_name, c.order.school_name);
		assert_string_equal(back.order.technician, c.order.technician);
		assert_string_equal(back.order.hub_url, c.order.hub_url);
		assert_int_equal(back.provisional, c.provisional);
		assert_int_equal(back.order_len, c.order_len);
		assert_int_equal(back.grant_len, c.grant_len);
		assert_memory_equal(back.nonce, c.nonce, 32);
		assert_int_equal(back.last.code, c.last.code);
		assert_string_equal(back.last.text, c.last.text);
		/* a torn file is told, and leaves what is there alone */
		for (size_t cut = 0; cut < len; cut += 7) {
			struct claim kept = { .failures = 42 };
			assert_int_equal(claim_decode(text, cut, &kept, &why), -EBADMSG);
			assert_int_equal(kept.failures, 42);
		}
		claim_done(&back);
		claim_done(&c);
	}
}

static void files_that_cannot_be_right(void **state)
{
	(void)state;
	struct claim c = { .state = CLAIM_ORDERED, .order_bytes = strdup("O"), .order_len = 1 };
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	assert_int_equal(claim_encode(&c, &text, &len), 0);
	claim_done(&c);
	static const struct {
		const char *key, *value;
	} rows[] = {
		{ "format", "2" },
		{ "state", "\"lost\"" },
		{ "ticket", "\"00\"" },
		{ "epoch", "-1" },
		{ "epoch", "4294967296" },
		{ "order", "\"\"" },
		{ "order", "\"?\"" },
		{ "grant", "5" },
		{ "nonce", "\"\"" },
		{ "state", "\"granted\"" },
		{ "fault_code", "1" },
		{ "school_code", "null" },
		{ "fault_code", "-999999" },
		{ "school_code", "\"0123456789012345678901234567890123\"" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_json) json_t *file = json_loadb(text, len, 0, NULL);
		json_object_set_new(file, rows[i].key,
				    json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		AUTO_FREE char *bad = json_dumps(file, 0);
		struct claim kept = { 0 };
		struct fault why = { 0 };
		assert_int_equal(claim_decode(bad, strlen(bad), &kept, &why), -EBADMSG);
	}
}

static void what_it_tells(void **state)
{
	(void)state;
	struct claim c = { 0 };
	struct enrol_identity me = orders_me();
	CLEANUP(clean_json) json_t *fresh = claim_json(&c, &me, 0);
	assert_string_equal(json_string_value(json_object_get(fresh, "state")), "unclaimed");
	assert_string_equal(json_string_value(json_object_get(fresh, "claim_code")), me.claim_code);
	assert_string_equal(json_string_value(json_object_get(fresh, "id")), "claim.unclaimed");
	assert_non_null(strstr(json_string_value(json_object_get(fresh, "text")), me.claim_code));
	enum claim_outcome outcome;
	struct fault why = { 0 };
	fault_set(&why, -ECONNREFUSED, "claim.unreachable", "no line");
	assert_int_equal(offer(&c, &me, 1, "TN0001", 1, &outcome, NULL), 0);
	claim_later(&c, &why, 0, 10000);
	CLEANUP(clean_json) json_t *later = claim_json(&c, NULL, 10001);
	assert_string_equal(json_string_value(json_object_get(later, "text")), "no line");
	assert_string_equal(json_string_value(json_object_get(later, "device")), "");
	assert_int_equal(json_integer_value(json_object_get(later, "retry_s")), 5);
	claim_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_carton_to_school),
		cmocka_unit_test(waits_grow_and_end),
		cmocka_unit_test(another_order),
		cmocka_unit_test(agentd_has_the_last_word),
		cmocka_unit_test(the_file_brings_everything_back),
		cmocka_unit_test(files_that_cannot_be_right),
		cmocka_unit_test(what_it_tells),
	};
	return cmocka_run_group_tests_name("provisioning/claim", tests, NULL, NULL);
}
