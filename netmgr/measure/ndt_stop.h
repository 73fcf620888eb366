// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * When a measurement of a line has seen enough. Pure: told how many bytes have crossed by when, it says whether to go on. What it
 * stops before ten seconds are over is no ndt7 measurement any more, and is to be called truncated.
 */
enum ndt_stop_verdict {
	NDT_STOP_NOT_YET,
	NDT_STOP_STABLE,   /* the rate has not changed for a while */
	NDT_STOP_CAP,      /* as many bytes as it may cost */
	NDT_STOP_DEADLINE, /* as long as it may last */
};

struct ndt_stop_rules {
	uint64_t most_bytes;      /* 0: no bound */
	uint32_t most_ms;         /* 0: no bound */
	uint32_t least_ms;        /* never stable before */
	uint32_t window_ms;       /* stable for so long; 0: is not looked for */
	uint32_t half_permille;   /* its halves differ by this at most ... */
	uint32_t fourth_permille; /* ... and none of its fourths from their mean by this */
};
extern const struct ndt_stop_rules
	ndt_stop_early; /* with no bound; rules as they were tried on lines of 0.5 to 50 Mbit/s */

enum { NDT_STOP_SAMPLES = 512, NDT_STOP_APART_US = 10000 };

struct ndt_stop {
	struct ndt_stop_rules rules;
	uint32_t rtt_us;
	struct {
		uint64_t us, bytes;
	} samples[NDT_STOP_SAMPLES]; /* a ring */
	size_t count;
	uint64_t rate_bps; /* the best that is known */
};

void ndt_stop_init(struct ndt_stop *s, const struct ndt_stop_rules *rules);
/* A long way takes its time to be filled: windows follow it. 0: not known. */
void ndt_stop_rtt(struct ndt_stop *s, uint32_t rtt_us);

/* `us` since the beginning, `bytes` in all; what goes backwards is taken as standing still. */
enum ndt_stop_verdict ndt_stop_see(struct ndt_stop *s, uint64_t us, uint64_t bytes);
/* Of the window, as soon as there was a whole one; of all before that. */
uint64_t ndt_stop_bps(const struct ndt_stop *s);
