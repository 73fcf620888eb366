// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stddef.h>

struct fault;

/* Questions to the daemons' control sockets. `program` is the short name: "agentd". */
#define ASK_TIMEOUT_MS 5000
#define ASK_LONG_MS 120000 /* for what waits for the hub or the origin */

int ask_json(const char *program, const char *method, const char *target, int timeout_ms,
	     json_t **out, struct fault *why);

/* Raw bytes in, JSON out: signed records. */
int ask_bytes(const char *program, const char *target, const void *bytes, size_t len,
	      int timeout_ms, json_t **out, struct fault *why);

/* All rows of a list that is given out in pages. *out is a JSON array. */
int ask_rows(const char *program, const char *target, json_t **out, struct fault *why);

/*
 * {"agentd": …, "netmgrd": …, "contentd": …, "provisiond": …}: what each says of itself, or
 * {"error", "text"} where one does not answer. *answered (may be NULL): how many did.
 */
json_t *ask_all(size_t *answered);
