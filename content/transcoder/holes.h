// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * Stretches of a file of which no packet came: its clock steps ahead. That alone is no loss (a screen that stands still has no pictures,
 * a microphone that sleeps no sound); bytes in between that belong to nobody are. Pure.
 */
#define HOLES_MAX 64u
struct holes { /* of one stream; zero before its first packet */
	struct hole {
		int64_t from_us, to_us;     /* on the lesson's clock */
		int64_t from_byte, to_byte; /* between the packets before and after */
	} at[HOLES_MAX];
	uint32_t count; /* later ones are not kept */
	uint32_t begun;
	int64_t end_us, end_byte;
};

/* The next packet in the order of the file: when it begins and ends, and its bytes. A negative `byte`: the container does not say. */
void holes_step(struct holes *h, int64_t begin_us, int64_t end_us, int64_t byte, int64_t bytes);

/* How much was lost, in microseconds: where both streams have a hole; `b` NULL when the file has but one. */
int64_t holes_lost_us(const struct holes *a, const struct holes *b);
