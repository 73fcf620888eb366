// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

struct sd_event;
struct sd_event_source;

/*
 * Runs somebody's plan again: once when the events at hand are dealt with, however often it was asked for, or at a moment. Zeroed
 * memory is valid and runs nothing.
 */
struct replan {
	struct sd_event_source *soon, *timer;
	void (*plan)(void *data);
	void *data;
};

/* Runs the plan a first time when the loop turns. `r` must stay where it is. -ENOMEM. */
int replan_init(struct replan *r, struct sd_event *loop, void (*plan)(void *data), void *data);
void replan_done(struct replan *r);
void replan_soon(struct replan *r);
/* At that moment of clock_mono_ms() instead of any moment named before; 0: at none. */
void replan_at(struct replan *r, uint64_t ms);
