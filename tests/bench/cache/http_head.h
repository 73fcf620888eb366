// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As much of HTTP/1.1 as the benchmark's own client and origin need; neither ever meets a stranger. */
struct http_head_request {
	char path[512];
	bool head_only, close, has_range;
	uint64_t from, to; /* bytes [from, to) */
};

/* Length of the request's head, 0 when it is not here in full, -1 when it is none. */
int http_head_parse(const char *bytes, size_t len, struct http_head_request *out);

struct http_head_reply {
	int status;
	bool has_length, closes; /* closes: the connection ends after the body */
	uint64_t length;         /* of the body */
};

/* Length of the reply's head, 0 when it is not here in full, -1 when it is none. */
int http_head_reply(const char *bytes, size_t len, struct http_head_reply *out);

double http_head_now_ms(void); /* CLOCK_MONOTONIC */
