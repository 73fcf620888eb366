// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/probe/check.h"

#include <stdio.h>
#include <string.h>

size_t check_request(const struct net_check *check, const char *nonce,
		     char out[static CHECK_REQUEST_ROOM])
{
	char port[8] = "";
	if (check->port != 80)
		snprintf(port, sizeof(port), ":%u", check->port);
	/* 1.0: the reply comes in one piece, neither chunked nor kept open. */
	int len = snprintf(out, CHECK_REQUEST_ROOM,
			   "GET %s%s HTTP/1.0\r\nHost: %s%s\r\nCache-Control: "
			   "no-store\r\nConnection: close\r\n\r\n",
			   check->path, nonce, check->host, port);
	return len < CHECK_REQUEST_ROOM ? (size_t)len : CHECK_REQUEST_ROOM - 1;
}

/* "HTTP/1.1 200" -> 200; 0 while it is too short to say, -1 when it is no HTTP. */
static int status_of(const char *bytes, size_t len)
{
	static const char shape[] = "HTTP/1.# ###";
	int status = 0;
	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (i == len)
			return 0;
		bool digit = bytes[i] >= '0' && bytes[i] <= '9';
		if (shape[i] == '#' ? !digit : bytes[i] != shape[i])
			return -1;
		if (shape[i] == '#' && i > 8)
			status = status * 10 + (bytes[i] - '0');
	}
	return status ? status : -1;
}

static enum probe_answer body_of(const char *body, size_t len, enum check_end end,
				 const char *nonce)
{
	char want[CHECK_NONCE_ROOM + 8];
	size_t want_len = (size_t)snprintf(want, sizeof(want), "wasl %s\n", nonce);
	size_t n = len < want_len ? len : want_len;
	if (memcmp(body, want, n) != 0)
		return PROBE_FOREIGN;
	if (n == want_len)
		return PROBE_OK;
	return end == CHECK_ENDED ? PROBE_FOREIGN : PROBE_SKIPPED;
}

enum probe_answer check_reply(const char *bytes, size_t len, enum check_end end, const char *nonce)
{
	if (len == 0)
		return end == CHECK_ENDED ? PROBE_REFUSED : PROBE_SKIPPED;
	int status = status_of(bytes, len);
	if (status < 0 || len > CHECK_REPLY_MAX)
		return PROBE_FOREIGN;
	if (status >= 500 && status != 511)
		return PROBE_REFUSED;
	if (status != 0 && status != 200)
		return PROBE_FOREIGN;
	const char *body = memmem(bytes, len, "\r\n\r\n", 4);
	if (body)
		return body_of(body + 4, len - (size_t)(body + 4 - bytes), end, nonce);
	/* Cut off in the middle of the headers: it proves nothing but that bytes come back. */
	if (end == CHECK_ENDED)
		return PROBE_REFUSED;
	return len == CHECK_REPLY_MAX ? PROBE_FOREIGN : PROBE_SKIPPED;
}
