// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/line/uplink.h"

/*
 * What each second of each uplink was. Pure accounting: every second of named time gets exactly one
 * class, so a minute's seconds add up to 60 and a day's to 86,400.
 *
 * Named time is the wall clock behind a floor: it only moves forward. A clock set back is caught up with
 * by counting every other second until it agrees again; a clock set forward leaves a gap that is
 * unknown, or unpowered where a power cut is proved. A forward step beyond MINUTES_BELIEVE_S
 * is believed only from a synchronised clock.
 */
enum {
	MINUTES_LINES =
		2 * UPLINK_MAX, /* uplinks of now, and those taken out of the configuration today */
	MINUTES_STRETCH_S = 5,  /* a smaller step forward belongs to what was going on */
	MINUTES_STALL_MS = 5000, /* a longer time between two looks was not looked at */
	MINUTES_BELIEVE_S = 400 * 86400,
	MINUTES_RTTS = 31,
};

/* One finished minute, or `count` equal ones in a row (gaps). */
struct minute_row {
	int64_t minute; /* Unix minute of the first */
	uint32_t count;
	uint8_t line;
	uint8_t seconds[UPLINK_CLASSES]; /* of each minute; add up to 60 */
	uint64_t rx_bytes, tx_bytes;     /* of each minute */
	uint32_t rtt_us, down_kbps;      /* median of samples, 0 none */
	uint8_t layer; /* enum uplink_layer: who was at fault in the down seconds */
};

struct minutes_line {
	bool used, retired; /* retired: no longer configured, unknown until its day ends */
	int64_t ends_s;
	uint8_t class, layer, down_layer;
	uint8_t seconds[UPLINK_CLASSES]; /* of the open minute; add up to named_s % 60 */
	int64_t credit_ms
		[UPLINK_CLASSES];    /* observed minus counted: adds up to less than a second */
	uint64_t rx_bytes, tx_bytes; /* of the open minute */
	uint64_t second_bytes;       /* received since the last second was counted */
	uint32_t rtts[MINUTES_RTTS], rtt_count;
	uint32_t kbps[60], kbps_count, last_kbps;
};

struct minutes {
	int64_t named_s;   /* Unix second: all before it is accounted for */
	uint64_t mono_ms;  /* of the last look */
	uint64_t carry_ms; /* observed part of a second */
	uint32_t half;     /* odd second left over while catching up with a clock set back */
	bool proved_cut;   /* steps forward are power cuts until the clock is synchronised */
	bool ever_synced;
	struct minutes_line lines[MINUTES_LINES];
	void (*emit)(void *data, const struct minute_row *row);
	void *data;
};

/* `emit` is called for each finished row, line by line, minutes in order. */
void minutes_init(struct minutes *m, int64_t named_s, uint64_t mono_ms,
		  void (*emit)(void *data, const struct minute_row *row), void *data);

/* A line that has been counted before: `seconds` of its open minute must add up to named_s % 60, else -EINVAL. */
int minutes_resume_line(struct minutes *m, unsigned line,
			const uint8_t seconds[static UPLINK_CLASSES]);

/* A line nobody has counted yet: unknown since its day began (UTC). */
void minutes_begin_line(struct minutes *m, unsigned line);

/* A line that is no longer configured: unknown until its day ends, then forgotten. */
void minutes_retire_line(struct minutes *m, unsigned line);

/* Gives every line `class` up to `until_s`; nothing when that is past. */
void minutes_fill(struct minutes *m, enum uplink_class class, int64_t until_s);

/* Named time goes on at the beginning of until_s's day; the day left behind is completed as unknown. */
void minutes_restart(struct minutes *m, int64_t until_s);

/* From now on the line is of that class. */
void minutes_see(struct minutes *m, unsigned line, enum uplink_class class, enum uplink_layer layer,
		 uint64_t mono_ms);
void minutes_rtt(struct minutes *m, unsigned line, uint32_t rtt_us);
void minutes_bytes(struct minutes *m, unsigned line, uint64_t rx,
		   uint64_t tx); /* since the last call */

/* Turns observed time into seconds; call about once a second. */
void minutes_advance(struct minutes *m, uint64_t mono_ms, int64_t wall_s, bool synced);
