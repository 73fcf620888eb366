// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The two modes for the day on which something is wrong, and their end. Open: classrooms reach over the uplinks what the
 * box itself could, also with no portal and no DNS of the box. Closed: nothing but the box's own pages and the
 * management. They last for a time in which the box runs: a clock that lies, or none, cannot make them longer, and
 * what is left is stored, so that a restart does not end them. Pure.
 */
enum emergency_mode { EMERGENCY_NONE, EMERGENCY_OPEN, EMERGENCY_CLOSED, EMERGENCY_MODES };

struct emergency {
	enum emergency_mode mode;
	uint32_t left_s; /* 0 with EMERGENCY_NONE */
};

enum { EMERGENCY_ROOM = 24, EMERGENCY_MOST_S = 10080 * 60 };

const char *emergency_name(enum emergency_mode mode);            /* "none", "open", "closed" */
int emergency_parse(const char *name, enum emergency_mode *out); /* or -EINVAL */

/* Time that passed; true when the mode just ended by it. */
bool emergency_pass(struct emergency *e, uint32_t seconds);

/* As it is stored: "open 3600\n". What cannot be read is no emergency: -EBADMSG, and *out is that. */
size_t emergency_write(const struct emergency *e, char out[static EMERGENCY_ROOM]);
int emergency_read(const void *text, size_t len, struct emergency *out);
