// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "content/transcoder/probe.h"
#include "firmware/record/catalogue.pb.h"

struct fault;

/* From any lesson file to a mezzanine: AV1 and Opus, or Opus alone where there is no picture, in one MP4, cut for the segment grid, with its plan. */
struct mezz_options {
	int preset, crf; /* of SVT-AV1 */
	uint32_t sound_bps;
	bool thrifty; /* with less memory: in one thread, and nothing ahead */
	void (*progress)(void *data, double done); /* 0 to 1; may be NULL */
	void *data;
};

struct mezz_made {
	struct probe probe;
	wasl_Plan plan; /* mezz_made_done() releases it */
	double lufs;    /* of the source; -HUGE_VAL: silent, or no sound */
	uint64_t duration_ms;
};

/*
 * Reads in_fd, writes the MP4 to out_fd (empty, read-write) and a JPEG to poster_fd (-1: none). A refused file is a fault with
 * the probe's reason as id; made->probe is filled then too.
 */
int mezz_make(int in_fd, int out_fd, int poster_fd, const struct mezz_options *options,
	      struct mezz_made *made, struct fault *why);
void mezz_made_done(struct mezz_made *made);

/* The plan's grid for a lesson of `frames` pictures, without bytes and classes: pure. 0 or -ENOMEM. */
int mezz_grid(wasl_Plan *plan, uint64_t frames);
