// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct fault;
struct sockaddr;

/*
 * Where a stranger's playlist may send the box. An address that a person configured is taken as it is, whatever host it names
 * (an encoder in the school). What a playlist names is taken when it is on that host and port, or somewhere on the
 * public Internet: never the box itself, never the school's own network.
 */
#define LIVE_URL_BYTES 1024u

/* http or https, a host, no user or password; -EINVAL else. */
int live_url_check(const char *url, struct fault *why);
/*
 * `reference` as a playlist at `base` means it (RFC 3986). -EINVAL: no address of http or https, or too long. A fragment is
 * dropped.
 */
int live_url_resolve(const char *base, const char *reference, char out[static LIVE_URL_BYTES],
		     struct fault *why);
/* "stream.example" or "10.0.0.7:8080", as [relay] allow has it. -EINVAL: no address of the web. */
int live_url_host(const char *url, char out[static LIVE_URL_BYTES]);
/* Same scheme, host and port. */
bool live_url_same_host(const char *a, const char *b);

/* Whether the address is one of the public Internet. Pure; the box's own addresses are asked for apart. */
bool live_url_public(const struct sockaddr *to);
/* Public, and not one of the box's own: for http_order.admit. */
bool live_url_admit(const struct sockaddr *to);
