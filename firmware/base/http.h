// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct sd_event;
struct sockaddr;

/*
 * HTTP client on the caller's sd-event loop: libcurl's multi interface, one per daemon. Only http and
 * https, at most 3 redirects on the same host, nothing decoded. Sends no cookie, no user agent of the machine.
 */
struct http;          /* the client */
struct http_transfer; /* one request under way; freed after `done` */

struct http_order {
	const char *method; /* NULL: GET */
	const char *url;
	const void *body; /* copied */
	size_t body_len;
	const char *content_type;   /* of the body */
	const char *const *headers; /* NULL, or more lines "Wasl-Nonce: 00ff", NULL at the end */
	const char *socket;    /* NULL, or the unix socket that answers instead of the URL's host */
	const char *interface; /* NULL, or "if!eth1" / "host!10.0.0.2" as CURLOPT_INTERFACE */
	uint64_t range_from, range_to; /* asked when to > 0; both included */
	uint64_t limit_bytes;          /* more than this fails with -EFBIG; 0: no body at all */
	unsigned stall_s;              /* no byte for this long fails with -ETIMEDOUT; 0: 20 */
	unsigned total_s;              /* 0: no limit */
	int dscp;                      /* 0 or a DSCP value for the socket */
	const char *pin;               /* NULL, or CURLOPT_PINNEDPUBLICKEY */
	/* NULL, or whether a connection to this address may be made (an address that a stranger chose); refused: -EACCES.
	 * Such transfers share no connections with others. */
	bool (*admit)(const struct sockaddr *to);
};

struct http_result {
	int code;                /* 0, or negative errno of the transport */
	long status;             /* HTTP status, 0 when none came */
	uint64_t received_bytes; /* of the body */
	unsigned retry_after_s;  /* from the header, else 0 */
	const void *
		body; /* whole body when no `data` callback was given, or the start of an error page; borrowed */
	size_t body_len;
	const char *error; /* libcurl's sentence, "" when none */
};

/* What came instead of what was wanted, for a sentence: libcurl's words, or the answer's status. */
struct http_said {
	char text[300];
};
struct http_said http_said(const struct http_result *result);

struct http_calls {
	/* Bytes as they come, `at` counts within the body. Non-zero ends the transfer with that code. NULL: collected.
	 * Called only for 200 and 206; a 206 whose Content-Range does not start at range_from fails (-EPROTO), and so
	 * does a 200 when range_from > 0. */
	int (*data)(void *data, uint64_t at, const void *bytes, size_t len);
	void (*done)(void *data,
		     const struct http_result *result); /* exactly once, unless cancelled */
	void *data_ptr;
};

int http_new(struct sd_event *loop, struct http **out, struct fault *why);
void http_free(struct http *h); /* cancels what is under way; not from inside a callback */
/* `done` is never called from inside http_start(). *out (may be NULL) is for http_cancel(), until `done`. */
int http_start(struct http *h, const struct http_order *order, const struct http_calls *calls,
	       struct http_transfer **out, struct fault *why);
/* NULL is fine; `done` is not called. Also from inside a callback, of this transfer or another; after `done` there is nothing to cancel. */
void http_cancel(struct http_transfer *t);
