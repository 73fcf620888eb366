// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "firmware/base/conf.h"

/* [measure]: what measuring lines may cost. */
struct measure_conf {
	int64_t a_day, port;
	uint64_t metered_bytes, metered_most;
	char program[256];
};

enum { MEASURE_CONF_KEYS = 5 };
extern const struct conf_key measure_conf_keys[MEASURE_CONF_KEYS];

#define MEASURE_CONF_SECTION(type, field)                                                        \
	{                                                                                        \
		.name = "measure", .keys = measure_conf_keys, .key_count = MEASURE_CONF_KEYS,    \
		.at = offsetof(type, field),                                                     \
		.help = "How often lines are measured against the hub, and what that may cost.", \
	}
