// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/agent/outbox_scene.h"

static void moves_on_with_receipts(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	for (int i = 0; i < 4; i++) {
		minute(s, i, "adsl");
		seal(s, OUTBOX_ALL);
	}
	uint8_t hash[32];
	assert_int_equal(hash_of(s, 2, hash), 0);
	wasl_Receipt r = receipt_of(s, 1, 2, hash, 1);
	assert_int_equal(answer(s, &r), CHAIN_ADVANCE);
	assert_int_equal(answer(s, &r), CHAIN_SAME);
	assert_int_equal(counts(s).waiting_rows, 2);
	assert_int_equal(counts(s).last_receipt_s, NOW);
	s->through = 2;
	memcpy(s->head, hash, 32);
	reopen(s);
	assert_int_equal(deliver(s), 2);
	wasl_Receipt all = receipt_of(s, 1, 4, s->head, 1);
	assert_int_equal(answer(s, &all), CHAIN_ADVANCE);
	assert_int_equal(answer(s, &r), CHAIN_STALE); /* a late answer */
	assert_int_equal(deliver(s), 0);
	/* The hub comes back from a backup of last week. */
	r.ledger = 2;
	assert_int_equal(answer(s, &r), CHAIN_REFILL);
	assert_int_equal(deliver(s), 2);
	assert_int_equal(s->up_s, 120);
}

static void list_one(void *data, const struct outbox_receipt_row *row)
{
	uint64_t *seen = data;
	*seen = *seen * 10 + row->through_seq;
	assert_int_equal(row->stored_s, NOW);
	assert_int_equal(row->epoch, 1);
}

static void lists_receipts(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	for (int i = 0; i < 3; i++) {
		uint8_t hash[32];
		seal(s, OUTBOX_ALL);
		assert_int_equal(hash_of(s, (uint64_t)i + 1, hash), 0);
		wasl_Receipt r = receipt_of(s, 1, (uint64_t)i + 1, hash, 1);
		assert_int_equal(answer(s, &r), CHAIN_ADVANCE);
	}
	uint64_t seen = 0;
	assert_int_equal(outbox_receipts(s->o, 0, 100, list_one, &seen, NULL), 0);
	assert_int_equal(seen, 123);
	seen = 0;
	assert_int_equal(outbox_receipts(s->o, 1, 1, list_one, &seen, NULL), 0);
	assert_int_equal(seen, 2);
}

struct pile {
	struct scene *s;
	char said
		[128]; /* number of the last minute of each envelope, with a star where it has a receipt */
	int64_t cursor;
};

static void pile_up(void *data, const struct outbox_proof *p)
{
	struct pile *to = data;
	struct envelope_header h;
	size_t n = strlen(to->said);
	assert_int_equal(envelope_verify(p->envelope, p->envelope_len, to->s->key.public_key, &h,
					 NULL),
			 0);
	assert_int_equal(h.minutes_head[0], h.minutes_through ? 0xa0 + h.minutes_through : 0);
	assert_true(p->cursor > to->cursor);
	to->cursor = p->cursor;
	snprintf(to->said + n, sizeof(to->said) - n, "%llu%s ",
		 (unsigned long long)h.minutes_through, p->record ? "*" : "");
}

static void proves_what_stood_in_the_chain_of_minutes(void **state)
{
	static const struct {
		int64_t from, until;
		const char *want;
	} rows[] = {
		{ 1, 1, "2* " },  { 1, 2, "2* " },    { 2, 3, "2* 3 4* " },
		{ 3, 3, "4* " },  { 3, 5, "4* 5* " }, { 5, 9, "5* 7 8* " },
		{ 7, 99, "8* " }, { 9, 99, "" },      { 1, 99, "2* 3 4* 5* 7 8* " },
	};
	/* Heads of ten envelopes; which get a receipt of their own, and when the epoch changes. */
	static const struct {
		uint64_t through;
		int receipt;
	} steps[] = {
		{ 0, 1 }, { 2, 1 }, { 3, 0 }, { 4, 1 }, { 5, 1 }, { 7, 0 }, { 8, 1 }, { 9, 0 }
	};
	struct scene *s = *state;
	enrol(s, 1);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		uint8_t hash[32];
		struct outbox_minutes m = { .through = steps[i].through }, back;
		if (m.through)
			memset(m.head, 0xa0 + (int)m.through, sizeof(m.head));
		assert_int_equal(outbox_set_minutes(s->o, &m, NULL), 0);
		reopen(s);
		assert_int_equal(outbox_minutes(s->o, &back, NULL), 0);
		assert_memory_equal(&m, &back, sizeof(m));
		minute(s, (int64_t)i, "adsl");
		seal(s, OUTBOX_ALL);
		if (!steps[i].receipt)
			continue;
		assert_int_equal(hash_of(s, i + 1, hash), 0);
		wasl_Receipt r = receipt_of(s, 1, i + 1, hash, 1);
		assert_int_equal(answer(s, &r), CHAIN_ADVANCE);
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pile all = { .s = s }, paged = { .s = s };
		assert_true(outbox_proofs(s->o, rows[i].from, rows[i].until, 0, 100, 1 << 20,
					  pile_up, &all, NULL) >= 0);
		assert_string_equal(all.said, rows[i].want);
		/* One by one, by number and by size. */
		while (outbox_proofs(s->o, rows[i].from, rows[i].until, paged.cursor, i % 2 ? 1 : 9,
				     i % 2 ? 1 << 20 : 1, pile_up, &paged, NULL) > 0)
			continue;
		assert_string_equal(paged.said, rows[i].want);
	}
}

static void tells_again_what_an_ended_epoch_lost(void **state)
{
	struct scene *s = *state;
	enrol(s, 1);
	for (int i = 0; i < 4; i++) {
		minute(s, i, "adsl");
		use(s, DAY, 6);
		event(s, NOW);
		seal(s, OUTBOX_ALL);
	}
	uint8_t hash[32];
	assert_int_equal(hash_of(s, 1, hash), 0);
	wasl_Close c = { .epoch = 1, .through_seq = 1, .new_epoch = 2 };
	memcpy(c.device, s->device, 16);
	memcpy(c.head_hash, hash, 32);
	/* Three of four are told again, in the new epoch, from number 1. */
	uint64_t reopened = 0;
	assert_int_equal(outbox_end_epoch(s->o, &c, &reopened, NULL), 0);
	assert_int_equal(reopened, 9);
	assert_int_equal(counts(s).open_rows, 9);
	assert_int_equal(deliver(s), 0);
	assert_int_equal(seal(s, OUTBOX_ALL), 9);
	assert_int_equal(deliver(s), 1);
	assert_int_equal(s->up_s, 180);
	assert_int_equal(s->events, 3);
	assert_int_equal(s->devices, 18);
}

static void parks_rows_of_an_epoch_whose_end_is_not_known(void **state)
{
	struct scene *s = *state;
	uint8_t hash[32];
	uint64_t reopened = 0;
	enrol(s, 1);
	minute(s, 0, "adsl");
	seal(s, OUTBOX_ALL);
	assert_int_equal(hash_of(s, 1, hash), 0);
	enrol(s, 3);
	minute(s, 1, "adsl");
	seal(s, OUTBOX_ALL);
	assert_int_equal(counts(s).parked_rows, 1);
	assert_int_equal(counts(s).waiting_rows, 1);
	assert_int_equal(deliver(s), 1);
	assert_int_equal(outbox_enrol(s->o, 1, "old", 3, NULL), -ESTALE);
	/* The hub says that it had counted the first one. */
	wasl_Close c = { .epoch = 1, .through_seq = 1, .new_epoch = 3 };
	memcpy(c.head_hash, hash, 32);
	assert_int_equal(outbox_end_epoch(s->o, &c, &reopened, NULL), 0);
	assert_int_equal(reopened, 0);
	assert_int_equal(counts(s).parked_rows, 0);
	uint32_t epoch = 0;
	assert_int_equal(outbox_epoch(s->o, &epoch, NULL), 0);
	assert_int_equal(epoch, 3);
}

static void forgets_only_old_receipted_envelopes(void **state)
{
	struct scene *s = *state;
	uint8_t hash[32];
	enrol(s, 1);
	for (int i = 0; i < 6; i++) {
		minute(s, i, "adsl");
		seal(s, OUTBOX_ALL);
	}
	uint64_t one = counts(s).kept_bytes / 6;
	assert_int_equal(outbox_prune(s->o, NOW + 9000 * INT64_C(86400), 1, 0, NULL), 0);
	assert_int_equal(counts(s).kept_bytes, 6 * one); /* nothing is receipted */
	assert_int_equal(hash_of(s, 4, hash), 0);
	wasl_Receipt r = receipt_of(s, 1, 4, hash, 1);
	assert_int_equal(answer(s, &r), CHAIN_ADVANCE);
	assert_int_equal(outbox_prune(s->o, NOW + 399 * 86400, 400, 100 * one, NULL), 0);
	assert_int_equal(counts(s).kept_bytes, 6 * one);
	assert_int_equal(outbox_prune(s->o, NOW, 400, 4 * one, NULL), 0);
	assert_int_equal(counts(s).kept_bytes, 4 * one);
	assert_int_equal(hash_of(s, 2, hash), -ENOENT);
	assert_int_equal(hash_of(s, 3, hash), 0);
	assert_int_equal(outbox_prune(s->o, NOW + 401 * 86400, 400, 100 * one, NULL), 0);
	assert_int_equal(counts(s).kept_bytes, 2 * one);
	assert_int_equal(counts(s).waiting_rows, 2);
}

static void count_one(void *data, const struct outbox_receipt_row *row)
{
	uint64_t *count = data;
	(*count)++;
	assert_true(row->cursor > 5);
}

static void keeps_the_latest_receipts(void **state)
{
	struct scene *s = *state;
	static const char many[] =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10005)"
		" INSERT INTO receipt(epoch, through_seq, head_hash, hub_s, stored_s, record)"
		" SELECT 1, i, x'00', 0, 0, x'00' FROM n";
	assert_int_equal(sqlite3_exec(db_handle(s->o->db), many, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(outbox_prune(s->o, NOW, 400, UINT64_MAX, NULL), 0);
	uint64_t count = 0;
	assert_int_equal(outbox_receipts(s->o, 0, 20000, count_one, &count, NULL), 0);
	assert_int_equal(count, OUTBOX_RECEIPTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(proves_what_stood_in_the_chain_of_minutes),
		IN_SCENE(moves_on_with_receipts),
		IN_SCENE(lists_receipts),
		IN_SCENE(tells_again_what_an_ended_epoch_lost),
		IN_SCENE(parks_rows_of_an_epoch_whose_end_is_not_known),
		IN_SCENE(forgets_only_old_receipted_envelopes),
		IN_SCENE(keeps_the_latest_receipts),
	};
	return cmocka_run_group_tests_name("agent/outbox_receipt", tests, NULL, NULL);
}
