// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/http_code.h"

#include <errno.h>
#include <stdio.h>

#include "firmware/base/clean.h"
#include "firmware/base/http.h"

int http_code(CURLcode rc)
{
	static const struct {
		CURLcode curl;
		int code;
	} rows[] = {
		{ CURLE_OK, 0 },
		{ CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
		{ CURLE_COULDNT_CONNECT, -ECONNREFUSED },
		{ CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
		{ CURLE_PARTIAL_FILE, -ECONNRESET },
		{ CURLE_GOT_NOTHING, -ECONNRESET },
		{ CURLE_RECV_ERROR, -ECONNRESET },
		{ CURLE_SEND_ERROR, -ECONNRESET },
		{ CURLE_SSL_CONNECT_ERROR, -ECONNRESET },
		{ CURLE_PEER_FAILED_VERIFICATION, -EPERM },
		{ CURLE_SSL_PINNEDPUBKEYNOTMATCH, -EPERM },
		{ CURLE_OUT_OF_MEMORY, -ENOMEM },
		{ CURLE_URL_MALFORMAT, -EINVAL },
		{ CURLE_UNSUPPORTED_PROTOCOL, -EINVAL },
		{ CURLE_INTERFACE_FAILED, -ENODEV },
		{ CURLE_WEIRD_SERVER_REPLY, -EPROTO },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].curl == rc)
			return rows[i].code;
	}
	return -EIO;
}

struct http_said http_said(const struct http_result *result)
{
	struct http_said out;
	if (result->error[0])
		snprintf(out.text, sizeof(out.text), "%s", result->error);
	else if (result->status && (result->status < 200 || result->status > 299))
		snprintf(out.text, sizeof(out.text), "its status is %ld", result->status);
	else
		snprintf(out.text, sizeof(out.text), "its answer is empty");
	return out;
}
