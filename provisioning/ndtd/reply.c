// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/ndtd/reply.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

void reply_init(struct reply *r, const uint8_t secret[static HUBECHO_KEY], uint32_t per_box,
		uint32_t per_net, const struct reply_seeds *seeds)
{
	memcpy(r->secret, secret, sizeof(r->secret));
	limit_init(&r->boxes, per_box, seeds->boxes);
	limit_init(&r->nets, per_net, seeds->nets);
}

/* A host has a whole /64 of IPv6 to itself. */
size_t reply_net_bytes(const struct in6_addr *from)
{
	return IN6_IS_ADDR_V4MAPPED(from) ? sizeof(from->s6_addr) : 8;
}

struct in6_addr reply_asker(const struct sockaddr_storage *from)
{
	struct in6_addr out = { 0 };
	if (from->ss_family == AF_INET6)
		return ((const struct sockaddr_in6 *)from)->sin6_addr;
	out.s6_addr[10] = out.s6_addr[11] = 0xff;
	memcpy(out.s6_addr + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
	return out;
}

enum reply_end reply_to(struct reply *r, const uint8_t *bytes, size_t len,
			const struct in6_addr *from, uint64_t now_ms,
			uint8_t out[static HUBECHO_ANSWER])
{
	uint8_t answer[HUBECHO_ANSWER];
	int e = hubecho_reply(bytes, len, r->secret, answer);
	if (e)
		return e == -EBADMSG ? REPLY_NO_ASK : REPLY_NO_KEY;
	if (!limit_take(&r->boxes, bytes, HUBECHO_DEVICE, now_ms))
		return REPLY_BOX_OFTEN;
	if (!limit_take(&r->nets, from->s6_addr, reply_net_bytes(from), now_ms))
		return REPLY_NET_OFTEN;
	memcpy(out, answer, sizeof(answer));
	return REPLY_SEND;
}

const char *reply_end_name(enum reply_end end)
{
	static const char *const names[REPLY_ENDS] = {
		[REPLY_SEND] = "answered",           [REPLY_NO_ASK] = "no_question",
		[REPLY_NO_KEY] = "without_key",      [REPLY_BOX_OFTEN] = "box_too_often",
		[REPLY_NET_OFTEN] = "net_too_often",
	};
	return names[end];
}
