// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

struct fault;

/* Named values, and texts in which @NAME@ stands for one of them. */
enum { VARS_MAX = 48 };
struct vars {
	struct {
		char *name, *value;
	} items[VARS_MAX];
	size_t count;
};

void vars_done(struct vars *v);

/* Copies both; a name set before gets the new value. Names are capitals, digits and '_'. */
int vars_set(struct vars *v, const char *name, const char *value, struct fault *why);
int vars_set_int(struct vars *v, const char *name, long value, struct fault *why);

/* "" when it was never set. */
const char *vars_get(const struct vars *v, const char *name);

/*
 * Replaces every @NAME@ in `text`; a name that was never set fails (-ENOENT). An '@' that does not begin such a
 * word stays. *out is malloc'ed.
 */
int vars_expand(const struct vars *v, const char *text, char **out, struct fault *why);
