// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * What contentd tells nginx workers of crowd control (cache/air.h): which air there is, and what a lesson's rungs take of it.
 * Text in names.idx, out of reach of any address; the index is verified, but texts are parsed as if it were not.
 */
#define AIR_PLAN_PATH "/air" /* the plan; "/air" before a playlist's path: its rungs */
#define AIR_CAPPED_PATH \
	"/cap" /* "/cap/RUNG" before a playlist's path: the same without the rungs above RUNG */

enum {
	AIR_ROOMS = 8,
	AIR_RUNGS = 8,
	AIR_NAME_ROOM = 32,
	AIR_TEXT_BYTES = 1024, /* of a plan or of rungs, the terminator included */
};

struct air_room {
	char name[AIR_NAME_ROOM];
	uint32_t kbps;
	uint8_t family; /* 4, 6; 0: every address */
	uint8_t bits;
	uint8_t address[16];
};

struct air_plan { /* no room: the air is not watched */
	struct air_room rooms[AIR_ROOMS];
	size_t count;
};

/* "192.168.1.0/24", "fd00::/64"; "" for every address. -EINVAL. */
int air_prefix(const char *text, struct air_room *out);
/* Lines "NAME KBPS PREFIX", "-" for every address. -EBADMSG: nothing is taken of it. */
int air_plan_parse(const char *text, size_t len, struct air_plan *out);
/* Its length without the terminator; 0 when it does not fit. */
size_t air_plan_text(const struct air_plan *plan, char *out, size_t room);
/* The longest prefix that holds the address (4 or 16 bytes); AIR_ROOMS when none does. */
size_t air_room_of(const struct air_plan *plan, const void *address, size_t len);

struct air_rungs { /* of one lesson, the pictures from small to large; with the sound that is played along */
	struct air_rung {
		char name[AIR_NAME_ROOM];
		uint32_t kbps;
	} all[AIR_RUNGS];
	size_t count;
};

/* Lines "NAME KBPS". -EBADMSG. */
int air_rungs_parse(const char *text, size_t len, struct air_rungs *out);
size_t air_rungs_text(const struct air_rungs *rungs, char *out, size_t room);
