// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/book/gap.h"
#include "netmgr/line/uplink.h"

struct fault;
struct ledger;

/*
 * The book of a running daemon: turns what is seen into minutes, events and meters and stores them. Puts the
 * pure parts (minutes, gap, meter) and the ledger together; all times are given, so tests run
 * it in virtual time.
 */
struct account;

struct account_uplink {
	char name[UPLINK_NAME_ROOM];
	enum uplink_kind kind;
	int quota_day; /* 1-28: the day of the month on which its quota begins anew */
	bool has_quota;
};

struct account_spec {
	const char *folder;
	const struct account_uplink *uplinks;
	size_t count;
	uint8_t boot_id[16];
	uint64_t uptime_ms; /* of the machine, at account_open() */
	bool watchdog_reset;
	bool died; /* the service manager saw the last run die */
	int keep_days;
};

struct account_time {
	uint64_t mono_ms;
	int64_t wall_s;
	bool synced; /* the wall clock is disciplined */
};

/* What the start found, for the log. */
struct account_start {
	bool first;
	bool power_return;
	int64_t away_s;
	enum uplink_class away_class;
	unsigned replayed, torn;
};

int account_open(const struct account_spec *spec, const struct account_time *now,
		 struct account **out, struct account_start *start, struct fault *why);

/* Stores everything, with the reason why the daemon ends. NULL is fine. */
void account_close(struct account *a, enum gap_ending ending, const struct account_time *now);

/* Lets go without storing anything, as a kill would. */
void account_drop(struct account *a);

void account_see(struct account *a, unsigned uplink, enum uplink_class class,
		 enum uplink_layer layer, uint64_t mono_ms);
void account_rtt(struct account *a, unsigned uplink, uint32_t rtt_us);
void account_counters(struct account *a, unsigned uplink, uint64_t raw_rx, uint64_t raw_tx);
void account_event(struct account *a, const char *kind, const char *subject, const char *reason);

/* Whether account_flush() is due now: what a power cut may take from the uplink's count is nearly used up. */
bool account_must_flush(const struct account *a, unsigned uplink);

/* Bytes of this quota period. */
void account_used(const struct account *a, unsigned uplink, uint64_t *rx_bytes, uint64_t *tx_bytes);

/* The newest measured speed, from real transfers; 0 none yet. */
uint32_t account_kbps(const struct account *a, unsigned uplink);

/*
 * What the line was learned to carry upward, kept with the next entry that is written anyway. `kbps` 0 forgets it. The age is of
 * named time, so that a box that lay in a cupboard knows it is old; a line whose kind became another one is a new line.
 */
struct account_rate {
	uint32_t up_kbps; /* 0: not known */
	int64_t age_s;
};
void account_learned(struct account *a, unsigned uplink, uint32_t up_kbps);
struct account_rate account_rate(const struct account *a, unsigned uplink);
uint32_t account_boots(const struct account *a); /* boots of the machine that this book has seen */

/* About once a second. On failure nothing is lost yet: it is tried again at the next call. */
int account_tick(struct account *a, const struct account_time *now, struct fault *why);

/* Stores what waits: after an event that people should see at once. */
int account_flush(struct account *a, struct fault *why);

struct ledger *account_ledger(struct account *a); /* for reading; borrowed */
