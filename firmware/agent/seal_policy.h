// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/agent/outbox.h"

/*
 * When rows are sealed. Pure. Rows stay open, and are added to, until a carrier is ready: as long
 * as an envelope waits for its receipt nothing is sealed, but once a day all the same, so that a
 * stick finds something to take away. With nothing to tell, a report of the box's health goes out
 * now and then: it says "this school is there".
 */
#define SEAL_DAY_MS UINT64_C(86400000)
#define SEAL_HOUR_MS UINT64_C(3600000)
#define SEAL_START_MS \
	UINT64_C(120000) /* after a start, so that a box that is often off reports too */

struct seal_view {
	uint64_t now_ms, last_ms; /* monotonic; last_ms: seal_policy_begin(), then the last seal */
	uint64_t interval_ms;
	bool enrolled;
	bool waiting;        /* an envelope has no receipt yet */
	uint64_t ready_rows; /* as outbox_ready() counts */
};

enum seal_decision { SEAL_NOT_YET, SEAL_ROWS, SEAL_HEALTH };
enum seal_decision seal_policy(const struct seal_view *v);

/*
 * `last_ms` for a program that has just started. May wrap below zero; differences come out right.
 */
uint64_t seal_policy_begin(uint64_t now_ms, uint64_t interval_ms);

/* Whoever wants reports more often than hourly wants hours in pieces. */
enum outbox_which seal_policy_which(uint64_t interval_ms);
