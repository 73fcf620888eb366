// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/* An ICMP echo (RFC 792) that is known again by the random bytes in it. Pure. */
enum { ECHO_TOKEN = 16, ECHO_BYTES = 8 + ECHO_TOKEN };

void echo_request(uint16_t id, uint16_t seq, const uint8_t token[static ECHO_TOKEN],
		  uint8_t out[static ECHO_BYTES]);

/* The same for ICMPv6 (RFC 4443), whose sum the kernel makes. */
void echo_request6(uint16_t id, uint16_t seq, const uint8_t token[static ECHO_TOKEN],
		   uint8_t out[static ECHO_BYTES]);

/* 0 when `bytes` (with or without its IPv4 header) answers the request with this token, of either kind, else -EAGAIN. */
int echo_reply(const uint8_t *bytes, size_t len, const uint8_t token[static ECHO_TOKEN]);
