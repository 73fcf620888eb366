// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/six/ra.h"

#include <errno.h>
#include <string.h>

enum {
	HEADER = 16, /* up to the options */
	TYPE_SOLICIT = 133,
	TYPE_ADVERT = 134,
	OPTION_SOURCE = 1,
	OPTION_PREFIX = 3,
	OPTION_MTU = 5,
	OPTION_SERVERS = 25,
	FLAG_ON_LINK = 0x80,
	FLAG_AUTONOMOUS = 0x40,
	MAC_BYTES = 6,
};

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void clear_rest(struct in6_addr *prefix, unsigned len)
{
	for (unsigned bit = len; bit < 128; bit++)
		prefix->s6_addr[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

/* Something that a machine beyond this one may have: neither the wire's own, nor everybody's, nor nobody's. */
static bool is_wide(const struct in6_addr *a)
{
	return (a->s6_addr[0] & 0xe0) == 0x20 || (a->s6_addr[0] & 0xfe) == 0xfc;
}

static int take_prefix(const uint8_t *o, size_t len, struct ra *ra)
{
	struct ra_prefix p = { .len = o[2],
			       .on_link = o[3] & FLAG_ON_LINK,
			       .autonomous = o[3] & FLAG_AUTONOMOUS };
	if (len != 32 || p.len > 128)
		return -EBADMSG;
	p.valid_s = get32(o + 4);
	p.preferred_s = get32(o + 8);
	memcpy(&p.prefix, o + 16, sizeof(p.prefix));
	clear_rest(&p.prefix, p.len);
	/* RFC 4862 5.5.3: the wire's own prefix is nobody's to announce; what is preferred for longer than valid is a mistake. */
	if (p.len < 8 || !is_wide(&p.prefix) || p.preferred_s > p.valid_s ||
	    ra->prefix_count == RA_PREFIXES)
		return 0;
	if (p.len != 64)
		p.autonomous = false;
	ra->prefixes[ra->prefix_count++] = p;
	return 0;
}

static int take_servers(const uint8_t *o, size_t len, struct ra *ra)
{
	if (len < 24 || len % 16 != 8)
		return -EBADMSG;
	for (size_t at = 8; at < len && ra->server_count < RA_SERVERS; at += 16) {
		struct ra_server s = { .life_s = get32(o + 4) };
		memcpy(&s.address, o + at, sizeof(s.address));
		if (is_wide(&s.address) || IN6_IS_ADDR_LINKLOCAL(&s.address))
			ra->servers[ra->server_count++] = s;
	}
	return 0;
}

static int take_mtu(const uint8_t *o, size_t len, struct ra *ra)
{
	enum { MOST = 65535 };
	if (len != 8)
		return -EBADMSG;
	uint32_t mtu = get32(o + 4);
	if (mtu >= RA_MTU_MIN && mtu <= MOST)
		ra->mtu = mtu;
	return 0;
}

static int take_option(const uint8_t *o, size_t len, struct ra *ra)
{
	switch (o[0]) {
	case OPTION_PREFIX:
		return take_prefix(o, len, ra);
	case OPTION_MTU:
		return take_mtu(o, len, ra);
	case OPTION_SERVERS:
		return take_servers(o, len, ra);
	default:
		return 0; /* what others may want to know */
	}
}

int ra_parse(const uint8_t *bytes, size_t len, struct ra *out)
{
	static const int preferences[] = { 0, 1, 0, -1 }; /* RFC 4191: 2 is read as 0 */
	struct ra ra = { 0 };
	if (len < HEADER || len > RA_BYTES_MAX || bytes[0] != TYPE_ADVERT || bytes[1] != 0)
		return -EBADMSG;
	ra.preference = preferences[bytes[5] >> 3 & 3];
	ra.router_s = (uint32_t)bytes[6] << 8 | bytes[7];
	for (size_t at = HEADER; at < len;) {
		size_t option = at + 2 <= len ? (size_t)bytes[at + 1] * 8 : 0;
		if (!option || option > len - at)
			return -EBADMSG;
		int r = take_option(bytes + at, option, &ra);
		if (r < 0)
			return r;
		at += option;
	}
	*out = ra;
	return 0;
}

bool ra_is_near(const struct in6_addr *from, int hop_limit)
{
	return hop_limit == RA_HOPS && IN6_IS_ADDR_LINKLOCAL(from);
}

size_t ra_solicit(const uint8_t *mac, size_t mac_len, uint8_t out[static RA_SOLICIT_ROOM])
{
	enum { BARE = 8 };
	memset(out, 0, RA_SOLICIT_ROOM);
	out[0] = TYPE_SOLICIT;
	if (mac_len != MAC_BYTES)
		return BARE;
	out[BARE] = OPTION_SOURCE;
	out[BARE + 1] = 1;
	memcpy(out + BARE + 2, mac, MAC_BYTES);
	return RA_SOLICIT_ROOM;
}

uint32_t ra_wait_ms(uint32_t before_ms, uint32_t random)
{
	enum { FIRST_MS = 4000, MOST_MS = 3600000 };
	uint32_t wait = !before_ms ? FIRST_MS : before_ms > MOST_MS / 2 ? MOST_MS : 2 * before_ms;
	const uint32_t tenth = wait / 10;
	return wait - tenth + random % (2 * tenth + 1);
}
