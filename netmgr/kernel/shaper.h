// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "netmgr/kernel/lan.h"

struct fault;

/*
 * Keeps the queues of the lines as shape.h plans them. The build gives each daemon one of two: shaper_nl.c speaks to the
 * kernel, shaper_sim.c has no queues, as a simulated line has a rate of its own.
 */
struct shaper;

int shaper_new(struct shaper **out, struct fault *why);

enum shaper_end { SHAPER_LEAVES, SHAPER_REMOVES };
void shaper_free(struct shaper *s, enum shaper_end end); /* NULL is fine */

struct shaper_line {
	int ifindex;                 /* 0: the device is not there */
	uint32_t up_kbps, down_kbps; /* 0: that direction is left alone */
	bool shared; /* a zone's people are on its wire: what they and the box say to each other passes by */
	struct lan_net wire; /* with shared: their network; len 0: not known */
};

/* About once a second: carries out what changed, and looks once a minute whether somebody meddled. */
void shaper_keep(struct shaper *s, unsigned uplink, const struct shaper_line *line);

struct shaper_view {
	uint32_t up_kbps, down_kbps; /* in force; 0: left alone */
	const char *queue;           /* "cake", "fq_codel" or "pfifo"; "" */
	char reason[128];            /* why something that was wished for is not; "" */
};

void shaper_look(const struct shaper *s, unsigned uplink, struct shaper_view *out);
