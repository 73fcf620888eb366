// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct http;
struct sd_event;

/*
 * What time it is, as far as somebody vouches for it: wasl-agentd, who heard it signed from the hub. The box's own clock
 * may have died with its battery.
 */
struct boxtime_now {
	bool trusted;
	int64_t unix_s; /* not trusted: what the wall clock shows */
};

/* Reads the answer to agentd's GET /v1/status: -EBADMSG for anything else. *trusted false: nobody has vouched yet. Pure. */
int boxtime_parse(const char *json, size_t len, bool *trusted, int64_t *unix_s);

struct boxtime;
int boxtime_new(struct sd_event *loop, struct http *http, void (*changed)(void *data), void *data,
		struct boxtime **out, struct fault *why);
void boxtime_free(struct boxtime *b); /* NULL is fine */
struct boxtime_now boxtime_now(const struct boxtime *b);
/* Seconds that the school's clocks are ahead of UTC at that time. */
int64_t boxtime_zone(int64_t unix_s);
