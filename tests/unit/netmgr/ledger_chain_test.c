// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/netmgr/account_kit.h"

/* Runs over midnight, lines that begin at midnight, and whatever else is out of order, by the days that it touches. */
static void finds_the_rows_of_a_day(void **state)
{
	(void)state;
	static struct shelf s;
	struct box b;
	struct ledger_chain chain;
	box_init(&b);
	box_start(&b);
	int32_t day = (int32_t)(noon / 86400);
	box_pass(&b, 600);
	account_drop(b.account);
	new_boot(&b, 3 * 86400); /* dark for three days: one run of each line */
	box_start(&b);
	box_pass(&b, 86400);
	for (int committed = 0; committed < 2; committed++) {
		read_all(&b, &s);
		struct ledger *l = account_ledger(b.account);
		for (int32_t from = day - 1; from <= day + 5; from++) {
			for (int32_t until = from; until <= day + 5; until++) {
				int64_t first = 0, last = 0;
				for (size_t i = 0; i < s.count; i++) {
					int64_t its = s.rows[i].row.minute / 1440;
					if (its < from || its > until)
						continue;
					first = first ? first : s.rows[i].cursor;
					last = s.rows[i].cursor;
				}
				assert_int_equal(ledger_chain(l, from, until, &chain, &b.why), 0);
				/* What stands is runs: the bounds are those of whole ones, and of whole spans. */
				assert_int_equal(chain.first != 0, first != 0);
				assert_true(chain.first <= first && chain.last >= last);
				assert_true(first - chain.first <= 3 * 1440 &&
					    chain.last - last <= 3 * 1440);
			}
		}
		assert_int_equal(ledger_commit(l, 0, &b.why), 0);
	}
	/* What is forgotten is found no more, and what is left begins with a head. */
	assert_int_equal(ledger_commit(account_ledger(b.account), (day + 4) * 1440, &b.why), 0);
	assert_int_equal(ledger_chain(account_ledger(b.account), day, day, &chain, &b.why), 0);
	assert_int_equal(chain.first, 0);
	assert_true(chain_is_whole(&b) > 1);
	account_drop(b.account);
	box_done(&b);
}

/* As the book looked before it had a chain. */
static void unchain(const struct box *b)
{
	enum { CHAIN = 2 * EVIDENCE_HEAD_BYTES, RATES = 12 * MINUTES_LINES };
	static const char form[] =
		"ALTER TABLE minutes DROP COLUMN before; DROP TABLE span; PRAGMA user_version=1;"
		"UPDATE state SET mark = x'0100' || substr(mark, 3, length(mark) - %d);";
	char path[96], sql[sizeof(form) + 16];
	snprintf(sql, sizeof(sql), form, 2 + CHAIN + RATES);
	sqlite3 *db = NULL;
	snprintf(path, sizeof(path), "%s/minutes.db", b->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	snprintf(path, sizeof(path), "%s/minutes.slots", b->folder);
	unlink(path);
}

static void begins_a_chain_in_an_old_book(void **state)
{
	(void)state;
	static struct shelf s;
	struct box b;
	struct ledger_chain chain;
	box_init(&b);
	box_start(&b);
	box_pass(&b, 600);
	account_close(b.account, GAP_STOPPED, &b.now);
	unchain(&b);
	box_start(&b);
	assert_false(b.start.first);
	int64_t old = ledger_last_minute(account_ledger(b.account));
	assert_true(old >= 2 * 10);
	assert_int_equal(ledger_chain(account_ledger(b.account), 0, INT32_MAX, &chain, &b.why), 0);
	assert_int_equal(chain.through, 0);
	assert_int_equal(chain.first, 0);
	box_pass(&b, 600);
	assert_int_equal(chain_is_whole(&b), old + 1);
	account_drop(b.account);
	box_start(&b);
	assert_int_equal(chain_is_whole(&b), old + 1);
	read_all(&b, &s);
	rows_are_whole(&s);
	account_drop(b.account);
	box_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_rows_of_a_day),
		cmocka_unit_test(begins_a_chain_in_an_old_book),
	};
	return cmocka_run_group_tests_name("netmgr/ledger_chain", tests, NULL, NULL);
}
