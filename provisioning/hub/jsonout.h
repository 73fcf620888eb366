// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * JSON written straight into a growing text, for answers with ten thousand rows (a tree of objects took a second of a busy core).
 * A failed allocation sticks: check `bad` once, at the end.
 */
struct jsonout {
	char *text; /* malloc'ed, terminated */
	size_t len, room;
	int bad;
};

void jsonout_raw(struct jsonout *j, const char *text);    /* punctuation and keys: "{\"code\":" */
void jsonout_string(struct jsonout *j, const char *utf8); /* quoted and escaped */
void jsonout_int(struct jsonout *j, int64_t value);
void jsonout_e6(struct jsonout *j, int32_t millionths); /* 36806500 -> 36.8065 */
void jsonout_time(struct jsonout *j, int64_t unix_s);   /* "2026-11-22T08:15:00Z", or null for 0 */
void jsonout_done(struct jsonout *j);
