// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

/* Hashes are written as one letter: "a" stands for 32 times 'a', "" for zero. */
static void hash_of(const char *letter, uint8_t out[static 32])
{
	memset(out, letter[0], 32);
}

static const struct {
	const char *why;
	uint64_t through;
	const char *head;
	uint32_t held;
	uint64_t held_bytes;
	uint64_t seq;
	const char *hash, *previous, *known; /* known NULL: the hub has none of that number */
	enum account_verdict want;
} rows[] = {
	{ "the first", 0, "", 0, 0, 1, "a", "", NULL, ACCOUNT_STORE },
	{ "the first with a past", 0, "", 0, 0, 1, "a", "x", NULL, ACCOUNT_FORK },
	{ "next", 5, "e", 0, 0, 6, "f", "e", NULL, ACCOUNT_STORE },
	{ "next on another past", 5, "e", 0, 0, 6, "f", "x", NULL, ACCOUNT_FORK },
	{ "the last again", 5, "e", 0, 0, 5, "e", "d", "e", ACCOUNT_AGAIN },
	{ "an old one again", 5, "e", 0, 0, 2, "b", "a", "b", ACCOUNT_AGAIN },
	{ "an old number, other bytes", 5, "e", 0, 0, 2, "x", "a", "b", ACCOUNT_FORK },
	{ "the last number, other bytes", 5, "e", 0, 0, 5, "x", "d", "e", ACCOUNT_FORK },
	{ "an old number that nobody kept", 5, "e", 0, 0, 3, "c", "b", NULL, ACCOUNT_FORK },
	{ "one is missing", 5, "e", 0, 0, 7, "g", "f", NULL, ACCOUNT_HOLD },
	{ "many are missing", 5, "e", 0, 0, 5000, "g", "f", NULL, ACCOUNT_HOLD },
	{ "a held one again", 5, "e", 1, 100, 7, "g", "f", "g", ACCOUNT_AGAIN },
	{ "a held number, other bytes", 5, "e", 1, 100, 7, "x", "f", "g", ACCOUNT_FORK },
	{ "too many held", 5, "e", ACCOUNT_HELD_MAX, 100, 9, "g", "f", NULL, ACCOUNT_FULL },
	{ "too much held", 5, "e", 1, ACCOUNT_HELD_BYTES - 50, 9, "g", "f", NULL, ACCOUNT_FULL },
	{ "just fits", 5, "e", 1, ACCOUNT_HELD_BYTES - 100, 9, "g", "f", NULL, ACCOUNT_HOLD },
	{ "next in line when nothing more can be held", 5, "e", ACCOUNT_HELD_MAX,
	  ACCOUNT_HELD_BYTES, 6, "f", "e", NULL, ACCOUNT_STORE },
	{ "number nought", 5, "e", 0, 0, 0, "f", "e", NULL, ACCOUNT_INVALID },
	{ "a number that cannot be", 5, "e", 0, 0, UINT64_MAX, "f", "e", NULL, ACCOUNT_INVALID },
	{ "the last number that SQL can hold", 5, "e", 0, 0, INT64_MAX, "f", "e", NULL,
	  ACCOUNT_INVALID },
};

static void decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct account_head head = { .through_seq = rows[i].through,
					     .held = rows[i].held,
					     .held_bytes = rows[i].held_bytes };
		struct account_input in = { .seq = rows[i].seq,
					    .bytes = 100,
					    .known = rows[i].known != NULL };
		hash_of(rows[i].head, head.hash);
		hash_of(rows[i].hash, in.hash);
		hash_of(rows[i].previous, in.previous);
		if (rows[i].known)
			hash_of(rows[i].known, in.known_hash);
		if (account_decide(&head, &in) != rows[i].want)
			fail_msg("%s: %d, wanted %d", rows[i].why, account_decide(&head, &in),
				 rows[i].want);
	}
}

static void goes_on_behind_a_gap(void **state)
{
	(void)state;
	struct account_head head = { .through_seq = 3 };
	uint8_t past[32];
	hash_of("c", head.hash);
	hash_of("c", past);
	assert_int_equal(account_resume(&head, past), ACCOUNT_STORE);
	past[31] ^= 1;
	assert_int_equal(account_resume(&head, past), ACCOUNT_FORK);
}

/* Eight envelopes in every order of arrival, each twice: each is stored once, and in the end nothing is held. */
static void every_order_counts_each_once(void **state)
{
	(void)state;
	enum { N = 8 };
	int order[N];
	for (int i = 0; i < N; i++)
		order[i] = i + 1;
	for (unsigned perm = 0; perm < 40320; perm += 7) {
		unsigned left = perm;
		int hand[N], deal[N];
		memcpy(hand, order, sizeof(hand));
		for (int i = 0; i < N; i++) {
			int pick = (int)(left % (unsigned)(N - i));
			left /= (unsigned)(N - i);
			deal[i] = hand[pick];
			memmove(hand + pick, hand + pick + 1,
				(size_t)(N - i - 1 - pick) * sizeof(int));
		}
		struct account_head head = { 0 };
		int stored[N + 1] = { 0 }, held[N + 1] = { 0 };
		for (int k = 0; k < 2 * N; k++) {
			uint64_t seq = (uint64_t)deal[k / 2];
			struct account_input in = { .seq = seq,
						    .bytes = 10,
						    .known = stored[seq] || held[seq] };
			memset(in.hash, (int)seq, 32);
			memset(in.previous, (int)seq - 1, 32);
			memset(in.known_hash, (int)seq, 32);
			enum account_verdict v = account_decide(&head, &in);
			if (v == ACCOUNT_HOLD) {
				held[seq] = 1;
				head.held++;
			}
			while (v == ACCOUNT_STORE) {
				stored[seq]++;
				head.through_seq = seq;
				memset(head.hash, (int)seq, 32);
				if (seq == N || !held[++seq])
					break;
				held[seq] = 0;
				head.held--;
				memset(in.previous, (int)seq - 1, 32);
				v = account_resume(&head, in.previous);
			}
			assert_true(v == ACCOUNT_STORE || v == ACCOUNT_HOLD || v == ACCOUNT_AGAIN);
		}
		assert_int_equal(head.through_seq, N);
		assert_int_equal(head.held, 0);
		for (int s = 1; s <= N; s++)
			assert_int_equal(stored[s], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(goes_on_behind_a_gap),
		cmocka_unit_test(every_order_counts_each_once),
	};
	return cmocka_run_group_tests_name("hub/account", tests, NULL, NULL);
}
