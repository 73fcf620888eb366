// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/lan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"

static const struct range {
	uint32_t first;
	unsigned len;
} ranges[] = {
	{ 0xac100000, 12 }, /* 172.16.0.0: what routers and carriers use least comes first */
	{ 0x0a000000, 8 },
	{ 0xc0a80000, 16 },
};

static uint32_t mask_of(unsigned len)
{
	return len ? UINT32_MAX << (32 - len) : 0;
}

static uint32_t bits_of(const struct lan_net *n)
{
	return ntohl(n->address.s_addr);
}

bool lan_overlap(const struct lan_net *a, const struct lan_net *b)
{
	uint32_t wider = mask_of(a->len < b->len ? a->len : b->len);
	return a->len && b->len && ((bits_of(a) ^ bits_of(b)) & wider) == 0;
}

bool lan_same(const struct lan_net *a, const struct lan_net *b)
{
	return a->len == b->len && a->address.s_addr == b->address.s_addr;
}

bool lan_good(const struct lan_net *n)
{
	uint32_t host = bits_of(n) & ~mask_of(n->len);
	if (n->len < LAN_LEN_MIN || n->len > LAN_LEN_MAX || host == 0 || host == ~mask_of(n->len))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (((bits_of(n) ^ ranges[i].first) & mask_of(ranges[i].len)) == 0)
			return true;
	return false;
}

static bool read_one(const char *word, size_t n, struct lan_net *out)
{
	char text[LAN_NET_ROOM];
	if (n >= sizeof(text))
		return false;
	memcpy(text, word, n);
	text[n] = '\0';
	char *slash = strchr(text, '/');
	if (!slash || strlen(slash + 1) != 2 || strspn(slash + 1, "0123456789") != 2)
		return false;
	*slash = '\0';
	out->len = (unsigned)(slash[1] - '0') * 10 + (unsigned)(slash[2] - '0');
	return inet_pton(AF_INET, text, &out->address) == 1 && lan_good(out);
}

int lan_read_list(const char *text, struct lan_net out[static LAN_WISHES])
{
	int count = 0;
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t n = strcspn(text, " ");
		if (count == LAN_WISHES || !read_one(text, n, &out[count]))
			return -EINVAL;
		count++;
		text += n;
	}
	return count ? count : -EINVAL;
}

void lan_write(const struct lan_net *n, char out[static LAN_NET_ROOM])
{
	char address[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, &n->address, address, sizeof(address));
	snprintf(out, LAN_NET_ROOM, "%s/%u", address, n->len);
}

void lan_write_network(const struct lan_net *n, char out[static LAN_NET_ROOM])
{
	struct lan_net first = { .address.s_addr = n->address.s_addr & htonl(mask_of(n->len)),
				 .len = n->len };
	lan_write(&first, out);
}

/* --- the choice --- */

static bool meets(const struct lan_net *n, const struct lan_net *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lan_overlap(n, &list[i]))
			return true;
	return false;
}

enum shyness { LAN_AVOIDS_LATELY, LAN_AVOIDS_TAKEN };

static bool is_free(const struct lan_net *n, const struct lan_ground *g, enum shyness shyness)
{
	return !meets(n, g->taken, g->taken_count) &&
	       (shyness == LAN_AVOIDS_TAKEN || !meets(n, g->lately, g->lately_count));
}

static bool first_wish(const struct lan_ground *g, enum shyness shyness, struct lan_net *out)
{
	for (size_t i = 0; i < g->wish_count; i++) {
		if (!is_free(&g->wishes[i], g, shyness))
			continue;
		*out = g->wishes[i];
		return true;
	}
	return false;
}

/* Downwards: whoever chooses by hand begins below. */
static bool any_private(const struct lan_ground *g, enum shyness shyness, struct lan_net *out)
{
	const unsigned len = g->wishes[0].len;
	const uint32_t host = bits_of(&g->wishes[0]) & ~mask_of(len);
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		for (uint32_t n = 1u << (len - ranges[i].len); n-- > 0;) {
			struct lan_net net = { .address.s_addr = htonl(ranges[i].first |
								       n << (32 - len) | host),
					       .len = len };
			if (!is_free(&net, g, shyness))
				continue;
			*out = net;
			return true;
		}
	}
	return false;
}

enum lan_choice lan_choose(const struct lan_net *now, const struct lan_ground *ground,
			   struct lan_net *out)
{
	if (now && now->len && !meets(now, ground->taken, ground->taken_count))
		return LAN_STAYS;
	for (enum shyness shyness = LAN_AVOIDS_LATELY; shyness <= LAN_AVOIDS_TAKEN; shyness++)
		if (first_wish(ground, shyness, out) || any_private(ground, shyness, out))
			return LAN_MOVES;
	return LAN_NOWHERE;
}

bool lan_pace_allows(const struct lan_pace *p, uint64_t now_ms)
{
	for (size_t i = 0; i < LAN_PACE; i++)
		if (!p->at_ms[i] || now_ms - p->at_ms[i] >= LAN_PACE_MS)
			return true;
	return false;
}

void lan_pace_note(struct lan_pace *p, uint64_t now_ms)
{
	size_t oldest = 0;
	for (size_t i = 1; i < LAN_PACE; i++)
		if (p->at_ms[i] < p->at_ms[oldest])
			oldest = i;
	p->at_ms[oldest] = now_ms;
}
