// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stddef.h>

/* HTTP over a unix socket, for tests of the running hub. */
struct hubcall_reply {
	long status; /* 0: no answer (connection refused or lost) */
	char *body;  /* malloc'ed, terminated */
	size_t len;
};
void hubcall_done(struct hubcall_reply *r);

/* `header` (may be NULL) is one "Name: value". `body` NULL: GET. */
void hubcall(const char *socket, const char *target, const char *header, const void *body,
	     size_t len, struct hubcall_reply *out);

/* The answer as JSON (to be released), NULL when it is none or the status is not 200. */
json_t *hubcall_json(const char *socket, const char *target, const char *header);
