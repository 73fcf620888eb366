// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/net/link/frame.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	TYPE_AT = 12,
	TYPE_IP4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_IP6 = 0x86dd,
	IP4_HEADER = 20,
	IP4_SUM_AT = 10,
	IP4_FROM_AT = 12,
	IP4_TO_AT = 16,
	IP6_HEADER = 40,
	ND_FIRST = 133, /* router solicitation ... */
	ND_LAST = 137,  /* ... to redirect */
	TCP_SUM_AT = 16,
	UDP_SUM_AT = 6,
};

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static bool is_discovery(const uint8_t *ip, size_t len)
{
	return len > IP6_HEADER && ip[6] == IPPROTO_ICMPV6 && ip[IP6_HEADER] >= ND_FIRST &&
	       ip[IP6_HEADER] <= ND_LAST;
}

static void read_ip4(const uint8_t *ip, size_t len, struct frame *out)
{
	const size_t header = (ip[0] & 15u) * 4u;
	if (ip[0] >> 4 != 4 || header < IP4_HEADER || header > len)
		return;
	out->kind = FRAME_IP4;
	out->protocol = ip[9];
	out->header_at = FRAME_ETHERNET + header;
	memcpy(&out->from, ip + IP4_FROM_AT, sizeof(out->from));
	memcpy(&out->to, ip + IP4_TO_AT, sizeof(out->to));
	const bool first = (get16(ip + 6) & 0x1fff) == 0;
	const bool ports = out->protocol == IPPROTO_TCP || out->protocol == IPPROTO_UDP;
	if (!first || !ports || len < header + 4)
		return;
	out->has_ports = true;
	out->from_port = get16(ip + header);
	out->to_port = get16(ip + header + 2);
}

void frame_read(const uint8_t *bytes, size_t len, struct frame *out)
{
	*out = (struct frame){ .kind = FRAME_OTHER };
	if (len < FRAME_ETHERNET)
		return;
	const uint16_t type = get16(bytes + TYPE_AT);
	const uint8_t *ip = bytes + FRAME_ETHERNET;
	len -= FRAME_ETHERNET;
	if (type == TYPE_ARP || (type == TYPE_IP6 && is_discovery(ip, len)))
		out->kind = FRAME_LOCAL;
	else if (type == TYPE_IP4 && len >= IP4_HEADER)
		read_ip4(ip, len, out);
}

/* RFC 1624: the sum follows from what was there before and what is there now. */
static void mend_sum(uint8_t *sum, const uint8_t *was, const uint8_t *is)
{
	uint32_t s = (uint16_t)~get16(sum);
	for (int i = 0; i < 4; i += 2)
		s += (uint32_t)(uint16_t)~get16(was + i) + get16(is + i);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	const uint16_t now = (uint16_t)~s;
	sum[0] = (uint8_t)(now >> 8);
	sum[1] = (uint8_t)now;
}

void frame_readdress(uint8_t *bytes, size_t len, const struct frame *f, enum frame_end end,
		     struct in_addr address)
{
	uint8_t *ip = bytes + FRAME_ETHERNET, was[4], is[4];
	uint8_t *at = ip + (end == FRAME_FROM ? IP4_FROM_AT : IP4_TO_AT);
	memcpy(was, at, sizeof(was));
	memcpy(is, &address, sizeof(is));
	memcpy(at, is, sizeof(is));
	mend_sum(ip + IP4_SUM_AT, was, is);
	if (!f->has_ports)
		return;
	const size_t sum_at = f->header_at + (f->protocol == IPPROTO_TCP ? TCP_SUM_AT : UDP_SUM_AT);
	if (sum_at + 2 > len)
		return;
	/* A datagram without a sum keeps none. */
	if (f->protocol == IPPROTO_TCP || get16(bytes + sum_at))
		mend_sum(bytes + sum_at, was, is);
}
