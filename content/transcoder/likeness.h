// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/catalogue.pb.h"

struct fault;

/*
 * How like its source a mezzanine is: SSIM of luma (Wang, Bovik, Sheikh, Simoncelli 2004) in windows of 8x8 pixels, four apart, of the
 * pictures as the encoder was given them (size, pace, upright, 8 bit) beside those that a player gets.
 */
struct likeness {
	double mean;  /* of all pictures that were compared */
	double worst; /* the segment's that is least like it */
	uint64_t pictures;
};

/* Of two planes of the same size; at least 8x8. 1: the same. Pure. */
double likeness_plane(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride,
		      unsigned width, unsigned height);

/* Every nth segment of so many is compared, so that it takes a few minutes of film at most. Pure. */
#define LIKENESS_MOST_MS 180000u
unsigned likeness_step(uint64_t duration_ms);

/* Reads both files; `plan` is the mezzanine's. `done` (may be NULL) hears 0 to 1. */
int likeness_measure(int source_fd, int made_fd, const wasl_Plan *plan, uint64_t duration_ms,
		     void (*done)(void *data, double part), void *data, struct likeness *out,
		     struct fault *why);
