// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Bytes that an uplink carried in its quota period. Pure. What is stored never says less than what was
 * carried: with each stored state goes an allowance that is charged when the next start finds that the
 * counter's source is gone (power cut), and a new state is due before the allowance is used up.
 *
 * Whoever reads the counters calls meter_read() at each look and stores at once when meter_must_store() says so. What a
 * line carries until the next look, and while the disk is busy after it, must fit into what is left.
 */
enum {
	METER_ALLOWANCE_MIN = 1000000,
	METER_ALLOWANCE_QUOTA =
		METER_ALLOWANCE_MIN, /* most, where a quota is counted: what a power cut may overcharge */
	METER_ALLOWANCE_FREE = 256 << 20, /* most elsewhere: fewer writes */
	METER_STEP =
		250000, /* least, until a line was seen to carry more: 40 Mbit/s, 20 looks a second */
};

struct meter {
	int32_t period;              /* months since 1970 by the quota day */
	uint64_t rx_bytes, tx_bytes; /* in this period */
	uint64_t raw_rx, raw_tx;     /* the source's counters when last read */
	uint64_t allowance_bytes;    /* that may be carried before the state must be stored again */
	uint64_t allowance_max_bytes;
	uint64_t since_bytes; /* carried since it was stored */
	uint64_t step_bytes;  /* most that was carried between two looks, of late */
	bool charge; /* the source may have lost bytes: charge when it proves to have restarted */
};

struct meter_change {
	uint64_t rx_bytes, tx_bytes; /* carried since the last reading */
};

/* How the source of the counters got here since the state was stored. */
enum meter_start {
	METER_SAME,       /* ended cleanly, the machine ran on: the source still counts */
	METER_KILLED,     /* ended uncleanly, the machine ran on */
	METER_ANEW,       /* ended cleanly, the machine was restarted: the source began at zero */
	METER_POWER_LOST, /* neither: charge */
};
void meter_resume(struct meter *m, enum meter_start how, uint64_t allowance_max_bytes);

/* Takes the source's counters; a period is never left backwards. */
struct meter_change meter_read(struct meter *m, uint64_t raw_rx, uint64_t raw_tx, int32_t period);

bool meter_must_store(const struct meter *m);
void meter_stored(
	struct meter *m); /* sets the next allowance by what was carried since the last one */

/* Months since 1970 in which a month begins on `first_day` (1-28) of the calendar month. */
int32_t meter_period(int32_t day, int first_day);
