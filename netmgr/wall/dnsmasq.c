// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wall/dnsmasq.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *at;
	size_t room, used;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(t->at + t->used, t->room - t->used, fmt, args);
	va_end(args);
	t->used = n < 0 || (size_t)n >= t->room - t->used ? t->room - 1 : t->used + (size_t)n;
}

int dnsmasq_range(struct in_addr box, unsigned len, struct in_addr *from, struct in_addr *to)
{
	if (len < 1 || len > 30)
		return -EINVAL;
	const uint32_t own = ntohl(box.s_addr), mask = UINT32_MAX << (32 - len);
	const uint32_t first = (own & mask) + 1, last = (own | ~mask) - 1;
	if (own < first || own > last)
		return -EINVAL;
	const bool above = last - own >= own - first;
	from->s_addr = htonl(above ? own + 1 : first);
	to->s_addr = htonl(above ? last : own - 1);
	return 0;
}

/* The pages are at the first classroom's address; a box without one, at that of whoever it has. */
static const struct rules_zone *home_of(const struct rules_spec *s)
{
	const struct rules_zone *home = NULL;
	for (size_t i = 0; i < s->zone_count; i++) {
		const struct rules_zone *z = &s->zones[i];
		if (z->len &&
		    (!home || (z->kind == ZONE_CLASSROOM && home->kind != ZONE_CLASSROOM)))
			home = z;
	}
	return home;
}

static void write_address(struct in_addr address, char out[static INET_ADDRSTRLEN])
{
	inet_ntop(AF_INET, &address, out, INET_ADDRSTRLEN);
}

static void add_zone(struct text *t, const struct dnsmasq_spec *s, size_t i)
{
	const struct rules_zone *z = &s->zones->zones[i];
	char box[INET_ADDRSTRLEN], first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];
	char mask[INET_ADDRSTRLEN];
	struct in_addr from, to;
	if (!z->len)
		return;
	add(t, "interface=%s\n", z->device);
	/* On a wire with another router it is that one who gives out addresses. */
	if (z->shared || !z->dhcp || dnsmasq_range(z->address, z->len, &from, &to) < 0) {
		add(t, "no-dhcp-interface=%s\n", z->device);
		return;
	}
	write_address(z->address, box);
	write_address(from, first);
	write_address(to, last);
	write_address((struct in_addr){ htonl(UINT32_MAX << (32 - z->len)) }, mask);
	add(t, "dhcp-range=set:zone%zu,%s,%s,%s,%" PRId64 "s\n", i, first, last, mask,
	    s->lease_s[i]);
	add(t,
	    "dhcp-option=tag:zone%zu,option:router,%s\n"
	    "dhcp-option=tag:zone%zu,option:dns-server,%s\n",
	    i, box, i, box);
	if (s->captive[0])
		add(t, "dhcp-option=tag:zone%zu,114,\"%s\"\n", i, s->captive);
}

int dnsmasq_text(const struct dnsmasq_spec *s, char out[static DNSMASQ_ROOM])
{
	struct text t = { .at = out, .room = DNSMASQ_ROOM };
	const struct rules_zone *home = home_of(s->zones);
	char box[INET_ADDRSTRLEN];
	add(&t,
	    "# Written by wasl-netmgrd; what is changed here is lost.\n"
	    "no-resolv\nno-poll\nno-hosts\n"
	    "servers-file=%s\n"
	    "bind-dynamic\nexcept-interface=lo\n"
	    "domain-needed\nbogus-priv\nstop-dns-rebind\n"
	    "cache-size=2000\ndns-forward-max=500\n"
	    "dhcp-leasefile=%s\n"
	    "dhcp-authoritative\ndhcp-lease-max=1000\n"
	    "quiet-dhcp\nquiet-dhcp6\nquiet-ra\n",
	    s->servers, s->leases);
	if (home) {
		write_address(home->address, box);
		add(&t, "address=/%s/%s\nlocal=/%s/\n", s->portal, box, s->portal);
	}
	for (size_t i = 0; i < s->zones->zone_count; i++)
		add_zone(&t, s, i);
	return t.used + 1 >= t.room ? -ENOSPC : (int)t.used;
}

void dnsmasq_servers(struct in_addr server, const char *device,
		     char out[static DNSMASQ_SERVERS_ROOM])
{
	char address[INET_ADDRSTRLEN];
	out[0] = '\0';
	if (!server.s_addr || !device[0])
		return;
	write_address(server, address);
	snprintf(out, DNSMASQ_SERVERS_ROOM, "server=%s@%s\n", address, device);
}
