// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/checks_book.h"
#include "tests/unit/netmgr/account_kit.h"

static void tells_a_stop_from_a_power_cut(void **state)
{
	(void)state;
	static struct shelf s;
	struct box b;
	box_init(&b);
	box_start(&b);
	assert_true(b.start.first);
	account_see(b.account, 0, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.now.mono_ms);
	account_see(b.account, 1, UPLINK_CLASS_DOWN, UPLINK_LAYER_CABLE, b.now.mono_ms);
	box_pass(&b, 605);
	account_close(b.account, GAP_STOPPED, &b.now);

	box_skip(&b, 300);
	box_start(&b);
	assert_false(b.start.first);
	assert_false(b.start.power_return);
	assert_int_equal(b.start.away_s, 300);
	account_see(b.account, 0, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.now.mono_ms);
	account_see(b.account, 1, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.now.mono_ms);
	box_pass(&b, 595); /* to a whole minute: 12:25 */
	account_drop(b.account);

	new_boot(&b, 3600);
	box_start(&b);
	assert_true(b.start.power_return);
	box_pass(&b, 60);
	read_all(&b, &s);
	rows_are_whole(&s);
	/* Two minutes' seconds may be lost with the power, and ten seconds of starting are nobody's. */
	assert_int_equal(seconds_of(&s, "adsl", UPLINK_CLASS_UNPOWERED), 3600 - 120 - 10);
	assert_int_equal(seconds_of(&s, "adsl", UPLINK_CLASS_UP), 605 + 595);
	assert_int_equal(seconds_of(&s, "lte", UPLINK_CLASS_DOWN), 605);
	assert_int_equal(s.event_count, 1);
	assert_string_equal(s.events[0].kind, "power.return");
	account_drop(b.account);
	box_done(&b);
}

static void keeps_quota_over_a_power_cut(void **state)
{
	(void)state;
	struct box b;
	uint64_t rx, tx;
	box_init(&b);
	box_start(&b);
	account_counters(b.account, 1, 0, 0);
	for (uint64_t carried = 200000; carried <= 3000000; carried += 200000) {
		account_counters(b.account, 1, carried, 1000);
		/* Ten looks a second: waiting for the next tick would be too late. */
		if (account_must_flush(b.account, 1))
			assert_int_equal(account_flush(b.account, &b.why), 0);
	}
	box_pass(&b, 5);
	account_counters(b.account, 1, 3000500, 1000);
	account_drop(b.account); /* 500 bytes were not stored */
	new_boot(&b, 60);
	box_start(&b);
	account_used(b.account, 1, &rx, &tx);
	assert_in_range(rx, 3000500, 3000500 + METER_ALLOWANCE_QUOTA);
	assert_int_equal(tx, 1000);
	account_close(b.account, GAP_POWEROFF, &b.now);
	uint64_t before = rx;
	new_boot(&b, 60);
	box_start(&b);
	account_used(b.account, 1, &rx, &tx);
	assert_int_equal(rx, before);
	/* A box that wakes up in 1970 is in the period that it was in. */
	account_drop(b.account);
	new_boot(&b, 60);
	b.now.wall_s = 5;
	b.now.synced = false;
	box_start(&b);
	account_counters(b.account, 1, 100, 0);
	account_used(b.account, 1, &rx, &tx);
	assert_in_range(rx, before + 100, before + 100 + METER_ALLOWANCE_QUOTA);
	account_drop(b.account);
	box_done(&b);
}

static void keeps_what_a_line_carries(void **state)
{
	(void)state;
	struct box b;
	box_init(&b);
	box_start(&b);
	assert_int_equal(account_rate(b.account, 1).up_kbps, 0);
	box_pass(&b, 300);
	account_learned(b.account, 1, 4800);
	box_pass(&b, 120);
	account_drop(b.account); /* killed, and nine days in a cupboard */
	new_boot(&b, 9 * 86400);
	box_start(&b);
	assert_int_equal(account_rate(b.account, 1).up_kbps, 4800);
	assert_in_range(account_rate(b.account, 1).age_s, 9 * 86400, 9 * 86400 + 300);
	assert_int_equal(account_rate(b.account, 0).up_kbps, 0);
	account_drop(b.account);
	/* Another line under the same name. */
	b.uplinks[1].kind = UPLINK_SATELLITE;
	box_start(&b);
	assert_int_equal(account_rate(b.account, 1).up_kbps, 0);
	account_drop(b.account);
	box_done(&b);
}

/* A day with a fault of an hour on the line that carries all, one of twenty minutes on both, a kill, and an hour in the dark. */
static void was_there_internet_every_five_minutes(void **state)
{
	(void)state;
	enum { HOUR = 3600 };
	struct box b;
	struct checks c;
	unsigned connected = 0, blamed = 0, made = 0;
	box_init(&b);
	b.now.wall_s = noon - noon % 86400;
	box_start(&b);
	for (unsigned i = 0; i < 2; i++)
		account_see(b.account, i, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.now.mono_ms);
	box_pass(&b, 4 * HOUR);
	account_see(b.account, 0, UPLINK_CLASS_DOWN, UPLINK_LAYER_ISP, b.now.mono_ms);
	box_pass(&b, HOUR);
	account_see(b.account, 1, UPLINK_CLASS_DOWN, UPLINK_LAYER_CABLE, b.now.mono_ms);
	box_pass(&b, HOUR / 3);
	account_see(b.account, 1, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.now.mono_ms);
	box_pass(&b, 5 * HOUR);
	account_drop(b.account);
	new_boot(&b, HOUR);
	box_start(&b);
	account_see(b.account, 1, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.now.mono_ms);
	box_pass(&b, 20 * HOUR);
	checks_begin(&c, (int32_t)(noon / 86400));
	assert_int_equal(checks_book_read(account_ledger(b.account), &c, &b.why), 0);
	for (size_t i = 0; i < CHECKS_DAY; i++) {
		made += c.list[i].made;
		connected += c.list[i].connected;
		blamed += c.list[i].layer == UPLINK_LAYER_ISP;
	}
	/* An hour without power has twelve, of which nobody knows anything; a minute at its edge may be either. */
	assert_in_range(made, CHECKS_DAY - 13, CHECKS_DAY - 11);
	assert_int_equal(made - connected, 4);
	assert_int_equal(blamed, 4);
	checks_begin(&c, (int32_t)(noon / 86400) - 1);
	assert_int_equal(checks_book_read(account_ledger(b.account), &c, &b.why), 0);
	for (size_t i = 0; i < CHECKS_DAY; i++)
		assert_false(c.list[i].made);
	account_drop(b.account);
	box_done(&b);
}

static void ends_the_day_of_an_uplink_taken_out(void **state)
{
	(void)state;
	static struct shelf s;
	struct box b;
	box_init(&b);
	box_start(&b);
	box_pass(&b, 300);
	account_close(b.account, GAP_STOPPED, &b.now);
	b.spec.count = 1;
	box_start(&b);
	box_pass(&b, 600);
	account_drop(b.account); /* the retired line is remembered by the mark alone */
	box_start(&b);
	box_skip(&b, 2 * 86400);
	box_pass(&b, 5);
	read_all(&b, &s);
	assert_int_equal(seconds_of(&s, "lte", UPLINK_CLASS_UNKNOWN), 86400);
	/* It may come back later, its new day whole again. */
	account_close(b.account, GAP_STOPPED, &b.now);
	b.spec.count = 2;
	box_start(&b);
	box_pass(&b, 60);
	assert_int_equal(account_flush(b.account, &b.why), 0);
	read_all(&b, &s);
	assert_int_equal(seconds_of(&s, "lte", UPLINK_CLASS_UNKNOWN) % 86400,
			 (b.now.wall_s % 86400) / 60 * 60);
	account_drop(b.account);
	box_done(&b);
}

static void reports_damage(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		off_t at;
		const char *bytes;
		int code;
	} rows[] = {
		{ "minutes.db", 0, "this is no database at all, it is a text", -EBADMSG },
		{ "minutes.slots", 100, "rot", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct box b;
		char path[128];
		box_init(&b);
		box_start(&b);
		box_pass(&b, 120);
		account_drop(b.account);
		for (int slot = 0; slot < LEDGER_SLOTS; slot++) {
			snprintf(path, sizeof(path), "%s/%s", b.folder, rows[i].file);
			AUTO_FD int fd = open(path, O_WRONLY);
			assert_int_equal(pwrite(fd, rows[i].bytes, strlen(rows[i].bytes),
						rows[i].at + (rows[i].code ? 0 : slot * 4096)),
					 (ssize_t)strlen(rows[i].bytes));
		}
		int r = account_open(&b.spec, &b.now, &b.account, &b.start, &b.why);
		assert_int_equal(r, rows[i].code);
		if (r == 0) {
			assert_true(b.start.torn >= 2);
			account_drop(b.account);
		} else {
			assert_non_null(strstr(b.why.text, rows[i].file));
		}
		box_done(&b);
	}
}

/* --- kill -9 at any moment --- */

/* --- a full disk --- */

/* Single bytes find room: SQLite extends the index of its log by them, in what it has just freed. */
static ssize_t no_room(int fd, const void *bytes, size_t len, off_t at)
{
	if (len == 1)
		return pwrite(fd, bytes, len, at);
	errno = ENOSPC;
	return -1;
}

/* SQLite's own writes fail from here, or work again. The slots stand already and need no room. */
static void disk_is_full(int full)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	sqlite3_syscall_ptr at = (sqlite3_syscall_ptr)no_room;
	vfs->xSetSystemCall(vfs, "pwrite", full ? at : NULL);
	vfs->xSetSystemCall(vfs, "pwrite64", full ? at : NULL);
}

/* Lines must come up on a full disk, too: over them it is told, and what stands in the slots waits. */
static void starts_on_a_full_disk(void **state)
{
	(void)state;
	static struct shelf s;
	struct box b;
	box_init(&b);
	box_start(&b);
	account_see(b.account, 0, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b.now.mono_ms);
	box_pass(&b, 300);
	account_drop(b.account);
	for (int round = 0; round < 2; round++) {
		disk_is_full(1);
		box_skip(&b, 120);
		int r = account_open(&b.spec, &b.now, &b.account, &b.start, &b.why);
		if (r == 0) {
			account_see(b.account, 0, UPLINK_CLASS_UP, UPLINK_LAYER_NONE,
				    b.now.mono_ms);
			box_pass(&b, 300);
			account_drop(b.account);
		}
		disk_is_full(0);
		if (r < 0)
			fail_msg("round %d: %s", round, b.why.text);
	}
	box_start(&b);
	read_all(&b, &s);
	rows_are_whole(&s);
	assert_in_range(seconds_of(&s, "adsl", UPLINK_CLASS_UP), 3 * (300 - 60), 3 * 300 + 60);
	account_close(b.account, GAP_STOPPED, &b.now);
	box_done(&b);
}

static void same_row(const struct ledger_row *a, const struct ledger_row *b)
{
	assert_int_equal(a->cursor, b->cursor);
	assert_string_equal(a->uplink, b->uplink);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->row.minute, b->row.minute);
	assert_memory_equal(a->row.seconds, b->row.seconds, sizeof(a->row.seconds));
	assert_int_equal(a->row.rx_bytes, b->row.rx_bytes);
	assert_int_equal(a->row.tx_bytes, b->row.tx_bytes);
	assert_int_equal(a->row.rtt_us, b->row.rtt_us);
	assert_int_equal(a->row.down_kbps, b->row.down_kbps);
	assert_int_equal(a->row.layer, b->row.layer);
	assert_memory_equal(a->before, b->before, sizeof(a->before));
}

/* Lives until it is killed; each row that it has given out goes down the pipe. */
static void live(struct box *b, int to, unsigned seed)
{
	static struct shelf s;
	int64_t after = 0;
	box_start(b);
	for (unsigned i = 0;; i++) {
		account_see(b->account, i % 2, i % 7 ? UPLINK_CLASS_UP : UPLINK_CLASS_DOWN,
			    UPLINK_LAYER_ISP, b->now.mono_ms);
		account_counters(b->account, i % 2, i * 1000, i * 100);
		if ((i + seed) % 50 == 0) {
			account_event(b->account, "uplink.down", "adsl", "ISP");
			if (account_flush(b->account, &b->why) < 0)
				_exit(1);
		}
		box_pass(b, 5);
		s.count = 0;
		int n = ledger_minutes(account_ledger(b->account), after, 1000, shelve, &s,
				       &b->why);
		if (n < 0 || write(to, s.rows, (size_t)n * sizeof(s.rows[0])) !=
				     (ssize_t)((size_t)n * sizeof(s.rows[0])))
			_exit(2);
		after = n ? s.rows[n - 1].cursor : after;
	}
}

static void loses_nothing_given_out(void **state)
{
	(void)state;
	enum { KILLS = 25 };
	static struct shelf given, s;
	struct box b;
	box_init(&b);
	unsigned seed = 11;
	given.count = 0;
	for (int k = 0; k < KILLS; k++) {
		int pipes[2];
		assert_int_equal(pipe(pipes), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			close(pipes[0]);
			live(&b, pipes[1], (unsigned)k);
		}
		close(pipes[1]);
		seed = seed * 1103515245u + 12345u;
		size_t want = 4 + (seed >> 16) % 60;
		struct ledger_row row;
		size_t got = 0;
		size_t before = given.count;
		ssize_t r;
		while ((r = read(pipes[0], &row, sizeof(row))) > 0) {
			while ((size_t)r < sizeof(row)) {
				ssize_t more =
					read(pipes[0], (char *)&row + r, sizeof(row) - (size_t)r);
				if (more <= 0)
					break;
				r += more;
			}
			if ((size_t)r < sizeof(row))
				break; /* killed in mid-write */
			/* Each life tells the story from the beginning: the same rows, then new ones. */
			if ((size_t)row.cursor <= given.count)
				same_row(&given.rows[row.cursor - 1], &row);
			else
				shelve(&given, &row);
			assert_int_equal(given.rows[given.count - 1].cursor, (int64_t)given.count);
			got += given.count > before;
			if (got == want)
				kill(child, SIGKILL);
		}
		int status;
		waitpid(child, &status, 0);
		close(pipes[0]);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		/* Time goes on by more than the child can have lived. */
		box_skip(&b, 86400 / KILLS);
		if (k % 3 == 2)
			new_boot(&b, 700);
	}
	box_start(&b);
	read_all(&b, &s);
	assert_true(s.count >= given.count);
	for (size_t i = 0; i < given.count; i++)
		same_row(&given.rows[i], &s.rows[i]);
	rows_are_whole(&s);
	account_drop(b.account);
	box_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_a_stop_from_a_power_cut),
		cmocka_unit_test(keeps_quota_over_a_power_cut),
		cmocka_unit_test(was_there_internet_every_five_minutes),
		cmocka_unit_test(keeps_what_a_line_carries),
		cmocka_unit_test(ends_the_day_of_an_uplink_taken_out),
		cmocka_unit_test(reports_damage),
		cmocka_unit_test(starts_on_a_full_disk),
		cmocka_unit_test(loses_nothing_given_out),
	};
	return cmocka_run_group_tests_name("netmgr/account", tests, NULL, NULL);
}
