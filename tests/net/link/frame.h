// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an Ethernet frame carries, as far as a line that fails in part must know. */
enum frame_kind {
	FRAME_LOCAL, /* ARP and IPv6 neighbour discovery: goes no further than the router */
	FRAME_IP4,
	FRAME_OTHER,
};

struct frame {
	enum frame_kind kind;
	struct in_addr from, to;
	uint8_t protocol;
	bool has_ports; /* UDP or TCP, first fragment */
	uint16_t from_port, to_port;
	size_t header_at; /* of what IPv4 carries */
};

enum { FRAME_ETHERNET = 14 };

/* Every sequence of bytes is some frame; what is cut short is FRAME_OTHER. */
void frame_read(const uint8_t *bytes, size_t len, struct frame *out);

enum frame_end { FRAME_FROM, FRAME_TO };

/* Another address in a frame that is FRAME_IP4, with the checksums made good. */
void frame_readdress(uint8_t *bytes, size_t len, const struct frame *f, enum frame_end end,
		     struct in_addr address);
