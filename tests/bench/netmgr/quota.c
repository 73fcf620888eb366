// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-quota FOLDER [CUTS [SEED]]: power cuts (1,000) of a box that counts a quota, with the book that the daemon keeps, in
 * virtual time: 20 looks a second at a line of up to 50 Mbit/s whose rate changes, stored when the daemon would, on a disk that
 * takes up to 40 ms. At a cut the kernel's counters are lost, and so is a state that was on its way to the disk; after one in
 * four the box wakes up in 1970. One line of JSON: what was counted too little and too much, and what was written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/book/account.h"

enum { LOOK_MS = 50, LOOKS_MOST = 1200, DISK_MS = 40, SLOT_BYTES = 4096 };

struct box {
	uint64_t luck, truth, raw, rate_bps, carried, stores, wrong_clocks;
	struct account_uplink uplink;
	struct account_spec spec;
	struct account_time now;
	struct account *account;
};

static uint64_t draw(struct box *b, uint64_t below)
{
	b->luck = b->luck * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (b->luck >> 33) % below;
}

static void carry(struct box *b, uint64_t ms)
{
	const uint64_t bytes = b->rate_bps / 8 * ms / 1000;
	b->truth += bytes;
	b->raw += bytes;
	b->carried += bytes;
	b->now.mono_ms += ms;
	b->spec.uptime_ms += ms;
}

static int start(struct box *b)
{
	struct account_start found;
	struct fault why;
	const int r = account_open(&b->spec, &b->now, &b->account, &found, &why);
	if (r < 0)
		fprintf(stderr, "bench-quota: %s\n", why.text);
	return r;
}

static int store(struct box *b)
{
	struct fault why;
	b->stores++;
	const int r = account_flush(b->account, &why);
	if (r < 0)
		fprintf(stderr, "bench-quota: %s\n", why.text);
	return r;
}

/* Until the power fails: at any moment, also while the disk is busy. */
static int live(struct box *b)
{
	struct fault why;
	for (uint64_t left = 1 + draw(b, LOOKS_MOST); left > 0; left--) {
		if (draw(b, 100) == 0) {
			const uint64_t kbps[] = { 0, 20, 500, 4000, 20000, 50000 };
			b->rate_bps = kbps[draw(b, ARRAY_LEN(kbps))] * 1000;
		}
		carry(b, left > 1 ? LOOK_MS : draw(b, LOOK_MS));
		if (left == 1 && draw(b, 2))
			break;
		account_counters(b->account, 0, b->raw, 0);
		if (account_must_flush(b->account, 0)) {
			carry(b, draw(b, DISK_MS));
			if (left == 1)
				break;
			if (store(b) < 0)
				return -1;
		}
		if (left % 20 == 0) {
			b->now.wall_s++;
			if (account_tick(b->account, &b->now, &why) < 0)
				return -1;
		}
	}
	return 0;
}

static void cut(struct box *b)
{
	account_drop(b->account);
	b->account = NULL;
	b->raw = 0;
	b->spec.uptime_ms = 10000;
	const uint32_t boot = (uint32_t)draw(b, UINT32_MAX);
	memcpy(b->spec.boot_id, &boot, sizeof(boot));
	/* One in four boxes has no clock that runs without power: it hears of the time later, or not before the next cut. */
	b->now.synced = draw(b, 4) > 0;
	b->wrong_clocks += !b->now.synced;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	const unsigned cuts = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
	const int64_t noon = 1795608000;
	struct box b = { .luck = argc > 3 ? strtoul(argv[3], NULL, 10) : 1,
			 .uplink = { "lte", UPLINK_MOBILE, 1, true },
			 .now = { .mono_ms = 10000, .wall_s = noon, .synced = true } };
	b.spec = (struct account_spec){ .folder = argv[1],
					.uplinks = &b.uplink,
					.count = 1,
					.boot_id = { 1 },
					.uptime_ms = 10000,
					.keep_days = 30 };
	uint64_t under = 0, over = 0, over_sum = 0, under_cuts = 0;
	if (start(&b) < 0)
		return 1;
	for (unsigned i = 0; i < cuts; i++) {
		if (live(&b) < 0)
			return 1;
		const int64_t wall_s = b.now.wall_s;
		cut(&b);
		if (!b.now.synced)
			b.now.wall_s = 0;
		if (start(&b) < 0)
			return 1;
		b.now.wall_s = wall_s + 5;
		uint64_t rx, tx;
		account_used(b.account, 0, &rx, &tx);
		if (rx + tx < b.truth) {
			under_cuts++;
			under = b.truth - rx - tx > under ? b.truth - rx - tx : under;
		} else {
			over = rx + tx - b.truth > over ? rx + tx - b.truth : over;
			over_sum += rx + tx - b.truth;
		}
		b.truth = rx + tx;
	}
	account_drop(b.account);
	printf("{\"quota_cuts\":%u,\"quota_cuts_without_clock\":%llu,\"quota_under_cuts\":%llu,"
	       "\"quota_under_bytes_max\":%llu,\"quota_over_bytes_max\":%llu,"
	       "\"quota_over_bytes_mean\":%llu,\"quota_carried_mb\":%.0f,"
	       "\"quota_written_mb_per_20_gb\":%.1f}\n",
	       cuts, (unsigned long long)b.wrong_clocks, (unsigned long long)under_cuts,
	       (unsigned long long)under, (unsigned long long)over,
	       (unsigned long long)(over_sum / (cuts ? cuts : 1)), (double)b.carried / 1e6,
	       (double)b.stores * SLOT_BYTES / (double)b.carried * 20e9 / 1e6);
	return 0;
}
