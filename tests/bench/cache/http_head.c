// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/cache/http_head.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The value of a header as terminated text; false when it is not there. */
static bool value_of(const char *head, size_t len, const char *name, char *out, size_t room)
{
	const size_t name_len = strlen(name);
	const char *end = head + len;
	for (const char *at = memchr(head, '\n', len); at && at + 1 < end;
	     at = memchr(at + 1, '\n', (size_t)(end - at - 1))) {
		const char *field = at + 1;
		if ((size_t)(end - field) <= name_len || strncasecmp(field, name, name_len) ||
		    field[name_len] != ':')
			continue;
		const char *from = field + name_len + 1;
		while (from < end && *from == ' ')
			from++;
		size_t n = 0;
		while (from + n < end && from[n] != '\r' && n < room - 1)
			n++;
		memcpy(out, from, n);
		out[n] = '\0';
		return true;
	}
	return false;
}

static size_t head_length(const char *bytes, size_t len)
{
	const char *end = memmem(bytes, len, "\r\n\r\n", 4);
	return end ? (size_t)(end - bytes) + 4 : 0;
}

int http_head_parse(const char *bytes, size_t len, struct http_head_request *out)
{
	const size_t head = head_length(bytes, len);
	char method[8], value[80];
	if (!head)
		return 0;
	*out = (struct http_head_request){ .to = UINT64_MAX };
	if (sscanf(bytes, "%7s %511s HTTP/1.", method, out->path) != 2 || out->path[0] != '/')
		return -1;
	out->head_only = !strcmp(method, "HEAD");
	out->close = value_of(bytes, head, "Connection", value, sizeof(value)) &&
		     !strcasecmp(value, "close");
	if (value_of(bytes, head, "Range", value, sizeof(value))) {
		uint64_t to = 0;
		const int got = sscanf(value, "bytes=%" SCNu64 "-%" SCNu64, &out->from, &to);
		out->has_range = got >= 1;
		if (got == 2)
			out->to = to + 1;
	}
	return (int)head;
}

int http_head_reply(const char *bytes, size_t len, struct http_head_reply *out)
{
	const size_t head = head_length(bytes, len);
	char value[32];
	if (!head)
		return 0;
	*out = (struct http_head_reply){ 0 };
	if (sscanf(bytes, "HTTP/1.%*c %d", &out->status) != 1)
		return -1;
	out->closes = value_of(bytes, head, "Connection", value, sizeof(value)) &&
		      !strcasecmp(value, "close");
	out->has_length = value_of(bytes, head, "Content-Length", value, sizeof(value));
	if (out->has_length)
		out->length = strtoull(value, NULL, 10);
	return (int)head;
}

double http_head_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}
