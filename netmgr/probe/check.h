// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "netmgr/net_conf.h"
#include "netmgr/line/verdict.h"

/*
 * The question to the hub over plain HTTP: a random word goes out and must come back, so that neither a
 * portal nor a cache can pass for the hub. Pure.
 */
enum {
	CHECK_NONCE_ROOM = 33, /* 32 hexadecimal digits and the end */
	CHECK_REQUEST_ROOM = 640,
	CHECK_REPLY_MAX = 4096,
};

/* Returns the length of the request. */
size_t check_request(const struct net_check *check, const char *nonce,
		     char out[static CHECK_REQUEST_ROOM]);

/*
 * What the reply so far means; `ended`: nothing more will come. PROBE_SKIPPED while more must be read.
 * A 5xx is the hub's own trouble (PROBE_REFUSED); any other answer without the word is somebody else's.
 */
enum check_end { CHECK_OPEN, CHECK_ENDED };
enum probe_answer check_reply(const char *bytes, size_t len, enum check_end end, const char *nonce);
