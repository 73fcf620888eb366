// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct _wasl_UplinkHour;
struct _wasl_LessonUse;

/*
 * Minutes become hours, uses become days. Pure arithmetic: counts in, counts out.
 *
 * An hour may leave the box in several pieces (a report sent before the hour was over, minutes
 * that came late); the hub adds pieces up, so each minute is in exactly one of them and sums stay
 * exact. A piece that was sealed is never touched again.
 */
#define AGGREGATE_SAMPLES 60u /* minutes of an hour */

struct aggregate_minute {
	int64_t minute; /* Unix time / 60 */
	char uplink[32];
	uint32_t kind; /* enum uplink_kind: 1 to 5 */
	uint32_t up_s, down_s, unpowered_s, unknown_s;
	uint64_t rx_bytes, tx_bytes;
	uint32_t rtt_us, down_kbps; /* 0 none */
};

struct aggregate_hour {
	int32_t day;
	uint32_t hour;
	char uplink[32];
	uint32_t kind;
	uint32_t up_s, down_s, unpowered_s, unknown_s;
	uint64_t rx_bytes, tx_bytes;
	uint32_t rtts[AGGREGATE_SAMPLES], rtt_count;
	uint32_t kbps[AGGREGATE_SAMPLES], kbps_count;
};

struct aggregate_use {
	int32_t day;
	char lesson[64], rung[24];
	uint64_t starts, completions, watched_s, sent_bytes, devices;
};

/* The four classes add up to 60, the time is one that a report can name, the uplink has a name. */
bool aggregate_minute_ok(const struct aggregate_minute *m);

/* The piece that a first minute begins. */
void aggregate_begin(const struct aggregate_minute *m, struct aggregate_hour *out);

/*
 * -ERANGE when the minute belongs to another hour or uplink, or the piece would be longer than an
 * hour: it is untouched then.
 */
int aggregate_add(struct aggregate_hour *h, const struct aggregate_minute *m);

uint32_t aggregate_seconds(const struct aggregate_hour *h);

/* Counts do not wrap: they stop at the largest number. */
void aggregate_use_add(struct aggregate_use *have, const struct aggregate_use *more);

/* As the ministry gets them: medians of the samples; fewer than 5 devices become "1-4". */
void aggregate_hour_report(const struct aggregate_hour *h, struct _wasl_UplinkHour *out);
void aggregate_use_report(const struct aggregate_use *u, struct _wasl_LessonUse *out);
