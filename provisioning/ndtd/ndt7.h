// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdint.h>

struct fault;

/*
 * The hub's end of ndt7 (firmware/record/ndtmsg.h), over libwebsockets in a thread of its own: its loop is not ours. Plain WebSocket;
 * who comes from this very machine with X-Real-IP is a web server in front, which adds TLS where that is wanted.
 */
struct ndt7;

struct ndt7_spec {
	const char *address;                            /* "": all */
	uint16_t port;                                  /* 0: whichever is free */
	uint32_t in_all, per_address, per_box, per_net; /* at once, and begun a minute */
	enum { NDT7_BOXES, NDT7_ANYBODY } whom;
	const uint8_t *secret; /* of the hub's echo; borrowed */
};

int ndt7_open(const struct ndt7_spec *spec, struct ndt7 **out, struct fault *why);
void ndt7_close(struct ndt7 *n); /* NULL is fine; what is under way breaks off */

uint16_t ndt7_port(const struct ndt7 *n);
json_t *ndt7_json(const struct ndt7 *n); /* what was served, and what was not and why */
