// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/chain.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/record/report.pb.h"

/*
 * A box in epoch 2 with envelopes 1 to 9 (1 to 3 no longer kept), 5 receipted. Envelope n has the
 * hash n, n, n…
 */
static const struct chain_state own = {
	.device = { 7 }, .epoch = 2, .sealed_seq = 9, .through_seq = 5, .ledger = 3
};
static const uint8_t nonce[4] = { 1, 2, 3, 4 };

static int hash_of(void *data, uint64_t seq, uint8_t out[static 32])
{
	(void)data;
	if (seq < 4 || seq > 9)
		return -ENOENT;
	memset(out, (int)seq, 32);
	return 0;
}

static const struct {
	const char *what;
	uint8_t device;
	uint32_t epoch;
	uint64_t through;
	uint8_t hash;
	uint8_t nonce_at_0;
	uint32_t ledger;
	enum chain_verdict want;
} rows[] = {
	{ "further", 7, 2, 7, 7, 1, 3, CHAIN_ADVANCE },
	{ "all", 7, 2, 9, 9, 1, 3, CHAIN_ADVANCE },
	{ "nothing new", 7, 2, 5, 5, 1, 3, CHAIN_SAME },
	{ "further, under a new ledger", 7, 2, 7, 7, 1, 4, CHAIN_ADVANCE },
	{ "another box", 8, 2, 7, 7, 1, 3, CHAIN_STRANGER },
	{ "the epoch before", 7, 1, 7, 7, 1, 3, CHAIN_STRANGER },
	{ "an epoch to come", 7, 3, 7, 7, 1, 3, CHAIN_STRANGER },
	{ "another nonce", 7, 2, 7, 7, 9, 3, CHAIN_REPLAY },
	{ "more than there is", 7, 2, 10, 10, 1, 3, CHAIN_ROLLBACK },
	{ "far more", 7, 2, UINT64_MAX, 1, 1, 3, CHAIN_ROLLBACK },
	{ "another past", 7, 2, 7, 8, 1, 3, CHAIN_FORK },
	{ "another past, long receipted", 7, 2, 4, 8, 1, 3, CHAIN_FORK },
	{ "back, same ledger: late", 7, 2, 4, 4, 1, 3, CHAIN_STALE },
	{ "back, higher ledger: restored", 7, 2, 4, 4, 1, 4, CHAIN_REFILL },
	{ "back to what is no longer kept", 7, 2, 2, 2, 1, 4, CHAIN_REFILL },
	{ "back to nothing", 7, 2, 0, 0, 1, 4, CHAIN_REFILL },
	{ "nothing, with a hash", 7, 2, 0, 1, 1, 4, CHAIN_FORK },
	{ "a ledger that was replaced", 7, 2, 9, 9, 1, 2, CHAIN_STALE },
};

static void judges_receipts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		wasl_Receipt r = { .device = { rows[i].device },
				   .epoch = rows[i].epoch,
				   .through_seq = rows[i].through,
				   .ledger = rows[i].ledger,
				   .nonce = { 4, { rows[i].nonce_at_0, 2, 3, 4 } } };
		memset(r.head_hash, rows[i].hash, sizeof(r.head_hash));
		enum chain_verdict got = chain_judge(&own, &r, nonce, sizeof(nonce), hash_of, NULL);
		if (got != rows[i].want)
			fail_msg("%s: %s", rows[i].what, chain_verdict_text(got));
		assert_true(chain_verdict_text(got)[0]);
	}
}

static void wants_the_whole_nonce(void **state)
{
	(void)state;
	wasl_Receipt r = { .device = { 7 },
			   .epoch = 2,
			   .through_seq = 7,
			   .ledger = 3,
			   .nonce = { 3, { 1, 2, 3, 4 } } };
	memset(r.head_hash, 7, sizeof(r.head_hash));
	assert_int_equal(chain_judge(&own, &r, nonce, 4, hash_of, NULL), CHAIN_REPLAY);
	r.nonce.size = 0;
	assert_int_equal(chain_judge(&own, &r, nonce, 4, hash_of, NULL), CHAIN_REPLAY);
	assert_int_equal(chain_judge(&own, &r, NULL, 0, hash_of, NULL),
			 CHAIN_ADVANCE); /* by stick */
}

static void judges_ends_of_epochs(void **state)
{
	(void)state;
	static const struct {
		uint8_t device;
		uint32_t epoch;
		uint64_t through;
		uint8_t hash;
		uint32_t new_epoch;
		enum chain_verdict want;
	} closes[] = {
		{ 7, 2, 5, 5, 3, CHAIN_ADVANCE },
		{ 7, 2, 9, 9, 8, CHAIN_ADVANCE },
		{ 7, 2, 0, 0, 3, CHAIN_ADVANCE },
		/* less than was receipted: what comes after counts again in the new epoch */
		{ 7, 2, 4, 4, 3, CHAIN_ADVANCE },
		{ 8, 2, 5, 5, 3, CHAIN_STRANGER },
		{ 7, 1, 5, 5, 3, CHAIN_STRANGER },
		{ 7, 2, 5, 5, 2, CHAIN_STALE },
		{ 7, 2, 5, 5, 1, CHAIN_STALE },
		{ 7, 2, 10, 5, 3, CHAIN_ROLLBACK },
		{ 7, 2, 5, 6, 3, CHAIN_FORK },
	};
	for (size_t i = 0; i < ARRAY_LEN(closes); i++) {
		wasl_Close c = { .device = { closes[i].device },
				 .epoch = closes[i].epoch,
				 .through_seq = closes[i].through,
				 .new_epoch = closes[i].new_epoch };
		memset(c.head_hash, closes[i].hash, sizeof(c.head_hash));
		assert_int_equal(chain_judge_close(&own, &c, hash_of, NULL), closes[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_receipts),
		cmocka_unit_test(wants_the_whole_nonce),
		cmocka_unit_test(judges_ends_of_epochs),
	};
	return cmocka_run_group_tests_name("agent/chain", tests, NULL, NULL);
}
