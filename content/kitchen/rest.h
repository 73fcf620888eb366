// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether the box has to rest: (what was seen, time) -> may something be cooked for nobody now, and if not, why not. Pure.
 * Pupils' own segments are always cooked. What begins to rest rests for a while, so that nothing flickers at a limit.
 */
enum rest_reason {
	REST_NOT,
	REST_PUPILS,  /* somebody waits for a segment that is being made */
	REST_LATE,    /* the box comes late to what is due: it has other things to do */
	REST_HOT,     /* it is too warm */
	REST_BATTERY, /* there is no mains power */
};
const char *rest_name(enum rest_reason reason); /* "pupils"; REST_NOT: "" */

struct rest_limits {
	unsigned late_ms; /* of twenty looks the second latest; 0: never too late */
	int hot_c;        /* 0: never too warm */
	/* Of better versions: without anybody who waits before one is made, 0 never; room that they leave to lessons. */
	unsigned quiet_ms;
	uint64_t reserve_bytes;
};

enum { REST_UNKNOWN_C = -1000, REST_LOOKS = 20 };
enum rest_power { REST_POWER_UNKNOWN, REST_MAINS, REST_ON_BATTERY };

struct rest_seen { /* once a second */
	uint64_t now_ms;
	unsigned late_ms; /* how much later than it was due this look comes */
	int warm_c;       /* the warmest part; REST_UNKNOWN_C where nothing says */
	enum rest_power power;
	bool pupils_wait; /* for what is being made */
	bool wanted;      /* somebody waits for anything */
	uint64_t room_bytes;
};

struct rest {
	unsigned late_ms[REST_LOOKS];
	size_t looks;
	enum rest_reason reason;
	uint64_t since_ms, pupils_ms;
	uint64_t wanted_ms; /* when somebody waited last, or the first look */
	bool roomy;
};

struct rest_verdict {
	enum rest_reason reason; /* REST_NOT: what is missing may be made */
	bool roomy;              /* and there is room to spare: previews, too */
	bool better;             /* and then what is better than what is there */
};

struct rest_verdict rest_look(struct rest *r, const struct rest_limits *limits,
			      const struct rest_seen *seen);
