// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-flash FOLDER: what the book of three lines writes in a day, in virtual time: twenty looks a second, eight school hours in
 * which all of them carry, a line that falls or comes back each hour. Once without a quota, once with one of 20 GB a month on the third
 * line, of which a thirtieth is used. Whole pages of 4 KiB are counted, as often as they are synced. One line of JSON.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/book/account.h"

enum {
	LINES = 3,
	LTE = 2,
	LOOKS = 20,
	DAY_S = 86400,
	SCHOOL_FROM_S = 8 * 3600,
	SCHOOL_S = 8 * 3600
};
static const uint64_t school_bytes[LINES] = { 12000000000, 3000000000, 20000000000 / 30 };

struct box {
	uint64_t luck, raw[LINES], stores;
	struct account_time now;
	struct account *account;
};

static uint64_t draw(struct box *b, uint64_t below)
{
	b->luck = b->luck * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (b->luck >> 33) % below;
}

/* --- what goes to the disk: pages of 4 KiB that were written to since the file was last synced --- */

enum { FILES = 64, PAGE = 4096, PAGES = 4096 };
static struct {
	uint64_t pages_written;
	bool dirty[FILES][PAGES];
} disk;

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	const long n = syscall(SYS_pwrite64, fd, bytes, len, at);
	for (off_t page = at / PAGE; n > 0 && fd < FILES && page <= (at + n - 1) / PAGE; page++)
		if (page < PAGES)
			disk.dirty[fd][page] = true;
	return n;
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
	return pwrite(fd, bytes, len, at);
}

static int count(int fd)
{
	for (unsigned page = 0; fd < FILES && page < PAGES; page++) {
		disk.pages_written += disk.dirty[fd][page];
		disk.dirty[fd][page] = false;
	}
	return 0;
}

int fdatasync(int fd)
{
	const long r = syscall(SYS_fdatasync, fd);
	return r < 0 ? -1 : count(fd);
}

int fsync(int fd)
{
	const long r = syscall(SYS_fsync, fd);
	return r < 0 ? -1 : count(fd);
}

/* Traffic comes in bursts: one look in five carries, five times as much. */
static void carry(struct box *b, unsigned second)
{
	const bool school = second - SCHOOL_FROM_S < SCHOOL_S;
	for (unsigned i = 0; i < LINES; i++)
		if (school && draw(b, 5) == 0)
			b->raw[i] += school_bytes[i] / SCHOOL_S / LOOKS * 5;
}

static int live_second(struct box *b, unsigned second, struct fault *why)
{
	for (unsigned look = 0; look < LOOKS; look++) {
		bool due = false;
		carry(b, second);
		for (unsigned i = 0; i < LINES; i++) {
			account_counters(b->account, i, b->raw[i], 0);
			due |= account_must_flush(b->account, i);
		}
		b->stores += due;
		if (due && account_flush(b->account, why) < 0)
			return -1;
		b->now.mono_ms += 1000 / LOOKS;
	}
	b->now.wall_s++;
	if (second % 3600 == 1800) {
		const bool down = second / 3600 % 2;
		account_see(b->account, 1, down ? UPLINK_CLASS_DOWN : UPLINK_CLASS_UP,
			    UPLINK_LAYER_ISP, b->now.mono_ms);
		account_event(b->account, down ? "uplink.down" : "uplink.up", "adsl", "isp");
	}
	return account_tick(b->account, &b->now, why);
}

static int live_day(const char *folder, bool has_quota, struct box *b)
{
	const struct account_uplink lines[LINES] = { { "fibre", UPLINK_FIBRE, 1, false },
						     { "adsl", UPLINK_DSL, 1, false },
						     { "lte", UPLINK_MOBILE, 1, has_quota } };
	const struct account_spec spec = { .folder = folder,
					   .uplinks = lines,
					   .count = LINES,
					   .boot_id = { 1 },
					   .uptime_ms = 10000,
					   .keep_days = 30 };
	struct account_start found;
	struct fault why;
	*b = (struct box){ .luck = 1,
			   .now = { .mono_ms = 10000, .wall_s = 1795564800, .synced = true } };
	int r = account_open(&spec, &b->now, &b->account, &found, &why);
	disk.pages_written = 0;
	for (unsigned i = 0; r == 0 && i < LINES; i++)
		account_see(b->account, i, UPLINK_CLASS_UP, UPLINK_LAYER_NONE, b->now.mono_ms);
	for (unsigned second = 0; r == 0 && second < DAY_S; second++)
		r = live_second(b, second, &why);
	account_drop(b->account);
	if (r < 0)
		fprintf(stderr, "bench-flash: %s\n", why.text);
	return r;
}

int main(int argc, char **argv)
{
	static const char *const name[] = { "flash_mb_day", "flash_quota_mb_day" };
	struct box b;
	if (argc != 2)
		return 2;
	for (int with = 0; with < 2; with++) {
		char folder[PATH_MAX];
		snprintf(folder, sizeof(folder), "%s/%d", argv[1], with);
		if (live_day(folder, with, &b) < 0)
			return 1;
		printf("%c\"%s\":%.2f", with ? ',' : '{', name[with],
		       (double)disk.pages_written * PAGE / 1e6);
	}
	printf(",\"flash_quota_used_mb_day\":%.0f,\"flash_quota_stores\":%" PRIu64 "}\n",
	       (double)b.raw[LTE] / 1e6, b.stores);
	return 0;
}
