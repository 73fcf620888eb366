// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wall/dnsmasq.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/sheet.h"

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

static void add_zone(struct sheet *t, const struct dnsmasq_spec *s, size_t i)
{
	const struct rules_zone *z = &s->zones->zones[i];
	char box[INET_ADDRSTRLEN], first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];
	char mask[INET_ADDRSTRLEN];
	struct in_addr from, to;
	if (!z->len)
		return;
	sheet_add(t, "interface=%s\n", z->device);
	/* On a wire with another router it is that one who gives out addresses. */
	if (z->shared || !z->dhcp || dnsmasq_range(z->address, z->len, &from, &to) < 0) {
		sheet_add(t, "no-dhcp-interface=%s\n", z->device);
		return;
	}
	write_address(z->address, box);
	write_address(from, first);
	write_address(to, last);
	write_address((struct in_addr){ htonl(UINT32_MAX << (32 - z->len)) }, mask);
	sheet_add(t, "dhcp-range=set:zone%zu,%s,%s,%s,%" PRId64 "s\n", i, first, last, mask,
		  s->lease_s[i]);
	sheet_add(t,
		  "dhcp-option=tag:zone%zu,option:router,%s\n"
		  "dhcp-option=tag:zone%zu,option:dns-server,%s\n",
		  i, box, i, box);
	if (s->captive[0])
		sheet_add(t, "dhcp-option=tag:zone%zu,114,\"%s\"\n", i, s->captive);
}

/*
 * Hosts that are there for nothing but phones and computers that ask whether a network leads anywhere. The box's web server has
 * what each hopes for (cache/nginx/conf/probes.conf), with and without the Internet, so that they open the portal once and
 * then do not leave for mobile data. Hosts with pages of their own (www.google.com, www.apple.com) stay whose they are.
 */
static const char *const probed[] = {
	"connectivitycheck.gstatic.com",
	"connectivitycheck.android.com",
	"clients3.google.com",
	"connectivitycheck.platform.hicloud.com",
	"connectivitycheck.platform.hihonorcloud.com",
	"connect.rom.miui.com",
	"connectivity.samsung.com.cn",
	"conn1.oppomobile.com",
	"conn2.oppomobile.com",
	"wifi.vivo.com.cn",
	"spectrum.s3.amazonaws.com",
	"captive.apple.com",
	"www.msftconnecttest.com",
	"www.msftncsi.com",
	"detectportal.firefox.com",
	"nmcheck.gnome.org",
	"network-test.debian.org",
	"connectivity-check.ubuntu.com",
	"ping.archlinux.org",
	"networkcheck.kde.org",
};

/* "local": nobody is asked for their other addresses, and for other kinds of records. */
static void add_name(struct sheet *t, const char *name, const char *address)
{
	sheet_add(t, "address=/%s/%s\nlocal=/%s/\n", name, address, name);
}

static void add_names(struct sheet *t, const struct dnsmasq_spec *s, const char *box)
{
	add_name(t, s->portal, box);
	/* In this emergency the portal may be what is wrong: then phones ask whom they mean. */
	if (s->zones->mode == EMERGENCY_OPEN)
		return;
	for (size_t i = 0; i < ARRAY_LEN(probed); i++)
		add_name(t, probed[i], box);
	/* Windows looks up this name, too, and believes this address alone. */
	add_name(t, "dns.msftncsi.com", "131.107.255.255");
}

int dnsmasq_text(const struct dnsmasq_spec *s, char out[static DNSMASQ_ROOM])
{
	struct sheet t = { .at = out, .room = DNSMASQ_ROOM };
	const struct rules_zone *home = home_of(s->zones);
	char box[INET_ADDRSTRLEN];
	sheet_add(&t,
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
		add_names(&t, s, box);
	}
	for (size_t i = 0; i < s->zones->zone_count; i++)
		add_zone(&t, s, i);
	return sheet_end(&t);
}

void dnsmasq_servers(const char *server, const char *device, char out[static DNSMASQ_SERVERS_ROOM])
{
	out[0] = '\0';
	if (server[0] && device[0])
		snprintf(out, DNSMASQ_SERVERS_ROOM, "server=%s@%s\n", server, device);
}
