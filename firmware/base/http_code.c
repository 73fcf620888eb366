// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/http_code.h"

#include <errno.h>

#include "firmware/base/clean.h"

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
