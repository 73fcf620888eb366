// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits.h>
#include <systemd/sd-event.h>

#include "netmgr/engine.h"
#include "netmgr/measure/measure.h"
#include "netmgr/measure/measure_book.h"

/* Shared by measure.c and measure_api.c only. */
struct measure {
	struct engine *engine;
	struct measure_book *book;
	struct measure_rules rules;
	char program[PATH_MAX];
	struct measure_of_line {
		uint64_t due_ms; /* UINT64_MAX: never by itself */
		uint64_t spent_bytes;
		struct measure_quiet quiet;
		bool is_quiet;
	} lines[UPLINK_MAX];

	/* what is under way */
	bool runs;
	unsigned uplink;
	enum measure_how how;
	enum ndt_way way;
	struct measure_row row;
	int64_t last_cursor;
	uint64_t until_ms;
	pid_t child;
	int out; /* what it says; -1 */
	sd_event_source *said, *ended;
	uint8_t ask[HUBECHO_ASK];
	char text[NDT_SAID_MAX + 1];
	size_t len;
};
