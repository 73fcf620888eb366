// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/kitchen/kitchen.h"
#include "content/transcoder/verdict.h"

struct fault;

/* The whole pipeline on one file, without a daemon: look, plan, cook what is missing, playlists, verdict. */
struct hand_order {
	const char *file, *folder;
	const char *plan;    /* a mezzanine's own (wasl.Plan); NULL: the file is looked at */
	const char *program; /* path of wasl-transcoder */
	enum kitchen_point point;
	uint32_t rungs;   /* allowed ones, 1 << rung */
	uint32_t segment; /* that one only; 0: all */
	unsigned workers; /* 0: one per core */
	unsigned cpu_s;   /* each job; 0: the kitchen's own limit */
	uint64_t memory_bytes;
	void (*progress)(void *data, uint32_t done, uint32_t of); /* may be NULL */
	void *data;
};

struct hand_result {
	struct verdict said;
	char detail
		[528]; /* the first failure on the way, as a log has it; "" when there was none */
	char generation[24];
	char walls[64]; /* what the kernel lacks */
	uint64_t planned_ms, produced_ms;
	uint32_t rung_mask, segments, made; /* `made` in this run */
	uint64_t bytes[RUNG_COUNT];
	struct kitchen_shape shapes[RUNG_COUNT];
	double cpu_s;  /* of all children */
	double rss_mb; /* of the largest */
};

/* 0 also for a file that is refused; a fault when the work could not be done (folder, disk, program). */
int hand_cook(const struct hand_order *order, struct hand_result *out, struct fault *why);
