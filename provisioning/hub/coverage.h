// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Arithmetic of connectivity, without I/O. A day of a school is up + down + unpowered + unknown = 86,400 seconds
 * exactly: a power cut is not a link fault, and silence is not downtime. What no report speaks of is unknown.
 */
#define COVERAGE_HOUR_S 3600u
#define COVERAGE_DAY_S 86400u
#define COVERAGE_WEEK 7

struct coverage_s {
	uint32_t up, down, unpowered, unknown;
};

/* One uplink in one hour, as the hub has it after all reports so far. */
struct coverage_hour {
	int32_t day;  /* since 1970 */
	uint8_t hour; /* 0..23, UTC */
	char uplink[32];
	uint8_t kind;        /* 1 fibre, 2 DSL, 3 mobile, 4 satellite, 5 other */
	struct coverage_s s; /* adds up to at most an hour; the rest is not reported yet */
	uint64_t rx_bytes, tx_bytes;
	uint32_t rtt_us, down_kbps, up_kbps; /* 0 none */
	uint32_t samples;
};

/*
 * Adds a reported row to what is there: boxes report increments, so an hour may come in several pieces. Speeds and
 * round trips are means weighted by samples. Answers true when the pieces add up to more than an hour: then seconds
 * are cut (unknown first, then unpowered, down, up), bytes are kept, and the caller raises an alert.
 */
bool coverage_hour_add(struct coverage_hour *have, const struct coverage_hour *more);

/*
 * One day of a school from the hours of all its uplinks (any order, one day). In each hour, up is at least that of the
 * best uplink, and that is what is counted: reports carry sums, not overlaps, so this never overstates. Unpowered is
 * of the box, so the largest figure counts; down is what the best informed uplink knows of the rest.
 */
struct coverage_s coverage_day(const struct coverage_hour *hours, size_t count);

/* up / (up + down) in parts per million; -1 when neither is known. */
int64_t coverage_uptime_ppm(const struct coverage_s *s);

/* Median of `count` numbers (sorts them); 0 for none. The lower middle of an even count. */
uint32_t coverage_median(uint32_t *values, size_t count);

/* What is kept of a day for the 7-day window of a school. */
struct coverage_week_day {
	struct coverage_s s; /* all zero: no report of that day */
	uint32_t starts;
	uint64_t watched_s;
};

/* Seven days, last[6] is `last_day`. */
struct coverage_week {
	int32_t last_day;
	struct coverage_week_day day[COVERAGE_WEEK];
};

/* Moves the window so that it ends at `last_day`; days that leave are forgotten, new ones are empty. */
void coverage_week_shift(struct coverage_week *w, int32_t last_day);

/* The sums of the window, and of how many days something is known. Days without a report count as unknown. */
struct coverage_week_sum {
	struct coverage_s s; /* adds up to 7 days */
	uint32_t days, starts;
	uint64_t watched_s;
};
struct coverage_week_sum coverage_week_total(const struct coverage_week *w);
