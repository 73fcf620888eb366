// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What browsers send: the fields of a form (application/x-www-form-urlencoded, WHATWG URL section 5) and cookies (RFC 6265,
 * section 5.4). Foreign bytes: limits, and whatever is not UTF-8 without control characters (but line ends and tabs) is refused.
 */
#define FORM_FIELDS 32u

struct form {
	char *text; /* decoded names and values, each terminated */
	struct {
		const char *name, *value;
	} fields[FORM_FIELDS];
	size_t count;
};

/* -EINVAL: too many fields, a broken escape, no text; -ENOMEM. Release with form_done(). */
int form_parse(const void *body, size_t len, struct form *out);
void form_done(struct form *f);
const char *form_get(const struct form *f, const char *name); /* "" : there is none */

/* The cookie's value: false when there is none, or when it does not fit. */
bool form_cookie(const char *header, const char *name, char *out, size_t room);

/* Text as a person typed it, without spaces at its ends, line ends as spaces; false when longer than `room` - 1. */
bool form_line(const char *text, char *out, size_t room);
