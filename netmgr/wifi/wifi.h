// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/wifi/phy.h"

/*
 * Counts of one wireless network, from what the kernel says of each machine in it: sums, and what they mean in a word.
 * Nobody in particular is in them. Pure.
 */
enum {
	WIFI_STATIONS = 256, /* more of one network are counted, and not followed */
	WIFI_WINDOW = 12,    /* looks that a ratio is of: two minutes */
	WIFI_WEAK_DBM = -75,
};

/* One machine at one moment. It stays inside of who reads it. */
struct wifi_station {
	uint64_t who; /* a keyed hash of this run of the daemon alone: to know its counters again */
	bool signal_known, airtime_known;
	int8_t signal_dbm;
	uint32_t tx_packets, tx_retries, tx_failed;
	uint64_t rx_bytes, tx_bytes;
	uint64_t airtime_us; /* both directions */
};

struct wifi_sums { /* since the daemon began */
	uint64_t rx_bytes, tx_bytes, tx_packets, tx_retries, tx_failed, airtime_us;
};

/* A network as it is followed: memory of the caller, begun with wifi_forget() of zeroes. */
struct wifi_book {
	struct wifi_station before[WIFI_STATIONS], now[WIFI_STATIONS];
	size_t before_count, now_count;
	uint32_t stations, weak; /* of the look that is under way */
	bool airtime_known;
	struct wifi_sums sums;
	struct wifi_step {
		uint64_t packets, retries, busy_ms, own_ms, time_ms;
	} steps[WIFI_WINDOW];
	size_t step;
	struct phy_survey survey; /* of the last look */
	struct wifi_count {       /* of the last whole look */
		uint32_t stations, weak;
		struct wifi_sums sums;
		bool airtime_known, survey_known;
		int retries; /* in a thousand that were sent lately; -1: too few to say */
		int busy;    /* thousandths of the time the channel was taken; -1: not told */
		int others;  /* of it not by this radio's own sending */
	} count;
};

/* A look: begin, each machine in any order, end. `survey` of the channel in use; NULL: not told. */
void wifi_begin(struct wifi_book *b);
void wifi_station(struct wifi_book *b, const struct wifi_station *s);
void wifi_end(struct wifi_book *b, const struct phy_survey *survey);

/* Machines that the kernel knows no more may come back as others: everything is forgotten but the sums. */
void wifi_forget(struct wifi_book *b);

enum wifi_judgement { WIFI_WELL, WIFI_CROWDED, WIFI_FULL, WIFI_FAR };
enum wifi_judgement wifi_judge(const struct wifi_count *c, uint32_t max_stations);
const char *wifi_judgement_name(enum wifi_judgement j); /* "well", "crowded", "full", "far" */
