// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Text that grows within a given room: configuration for other programs, metrics. What does not fit is left out
 * whole, and nothing comes after it. Always ends with NUL once something was added.
 *
 *	struct sheet s = { .at = out, .room = sizeof(out) };
 *	sheet_add(&s, "port=%u\n", port);
 *	return sheet_end(&s);
 */
struct sheet {
	char *at;         /* caller's, `room` bytes */
	size_t room, len; /* len: without the NUL, < room */
	bool full;        /* something was left out */
};

void sheet_add(struct sheet *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Its length, or -ENOSPC when something was left out. */
int sheet_end(const struct sheet *s);
