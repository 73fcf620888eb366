// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/probe/echo.h"

#include <errno.h>
#include <string.h>

enum { TYPE_REPLY = 0, TYPE_REQUEST = 8, TYPE_REQUEST6 = 128, TYPE_REPLY6 = 129 };

static uint16_t checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void echo_request(uint16_t id, uint16_t seq, const uint8_t token[static ECHO_TOKEN],
		  uint8_t out[static ECHO_BYTES])
{
	memset(out, 0, ECHO_BYTES);
	out[0] = TYPE_REQUEST;
	out[4] = (uint8_t)(id >> 8);
	out[5] = (uint8_t)id;
	out[6] = (uint8_t)(seq >> 8);
	out[7] = (uint8_t)seq;
	memcpy(out + 8, token, ECHO_TOKEN);
	uint16_t sum = checksum(out, ECHO_BYTES);
	out[2] = (uint8_t)(sum >> 8);
	out[3] = (uint8_t)sum;
}

void echo_request6(uint16_t id, uint16_t seq, const uint8_t token[static ECHO_TOKEN],
		   uint8_t out[static ECHO_BYTES])
{
	echo_request(id, seq, token, out);
	out[0] = TYPE_REQUEST6;
	out[2] = out[3] = 0;
}

int echo_reply(const uint8_t *bytes, size_t len, const uint8_t token[static ECHO_TOKEN])
{
	/* A raw socket delivers the IPv4 header too; an echo reply begins with 0. */
	if (len > 0 && bytes[0] >> 4 == 4) {
		size_t header = (size_t)(bytes[0] & 0x0f) * 4;
		if (header < 20 || len < header)
			return -EAGAIN;
		bytes += header;
		len -= header;
	}
	if (len < ECHO_BYTES || (bytes[0] != TYPE_REPLY && bytes[0] != TYPE_REPLY6) ||
	    memcmp(bytes + 8, token, ECHO_TOKEN) != 0)
		return -EAGAIN;
	return 0;
}
