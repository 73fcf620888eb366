// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/net_conf.h"
#include "netmgr/wall/dnsmasq.h"
#include "netmgr/wall/emergency.h"
#include "netmgr/wall/rules.h"
#include "netmgr/wall/zone.h"
#include "tests/unit/golden.h"

/* --- zones --- */

static void refuses_what_is_no_zone(void **state)
{
	(void)state;
#define LAN "[zone a]\ndevice=lan0\n"
	static const struct {
		const char *text;
		const char *id; /* NULL: good */
	} rows[] = {
		{ "", NULL },
		{ LAN, NULL }, /* wherever the device is */
		{ "[zone a]\n", "wall.device" },
		{ "[zone a]\ndevice=a\" drop; #\n", "wall.device" },
		{ "[zone a]\ndevice=lan*\n",
		  "wall.device" }, /* who is there is not for a name to say */
		{ LAN "[zone b]\ndevice=lan0\n", "wall.device" },
		{ LAN "[zone b]\ndevice=lan1\n", NULL },
		{ "[wall]\npages=80,443\n", "wall.pages" },
		{ "[wall]\npages=0\n", "wall.pages" },
		{ "[wall]\npages=65536\n", "wall.pages" },
		{ "[wall]\npages=1 2 3 4 5 6 7 8 9\n", "wall.pages" },
		{ "[wall]\npages=\n", NULL },
		{ "[wall]\nportal=\n", "wall.portal" },
		{ "[wall]\nportal=a/b\n", "wall.portal" },
		{ "[wall]\ncaptive=ftp://x\n", "wall.captive" },
		{ "[wall]\ncaptive=https://x\" y\n", "wall.captive" },
		{ "[wall]\ncaptive=https://box.example/api/captive\n", NULL },
		{ "[uplink u]\ndevice=lan0\naddress=dhcp\n" LAN, NULL }, /* one port */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct net_conf conf = { 0 };
		struct fault why = { 0 };
		conf_defaults(&net_conf_schema, &conf);
		assert_int_equal(conf_parse(&net_conf_schema, "row", rows[i].text,
					    strlen(rows[i].text), &conf, &why),
				 0);
		int r = net_conf_check(&conf, &why);
		assert_int_equal(r, rows[i].id ? -EINVAL : 0);
		if (rows[i].id)
			assert_string_equal(why.id, rows[i].id);
	}
}

static void is_careful_unless_told_otherwise(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum zone_reach reach;
		bool isolates;
	} rows[] = {
		{ "[zone a]\n", ZONE_REACH_BOX, true },
		{ "[zone a]\nkind=staff\n", ZONE_REACH_INTERNET, false },
		{ "[zone a]\nkind=management\n", ZONE_REACH_ALL, false },
		{ "[zone a]\nreach=web\nisolate=no\n", ZONE_REACH_WEB, false },
		{ "[zone a]\nkind=staff\nreach=box\nisolate=yes\n", ZONE_REACH_BOX, true },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct net_conf conf = { 0 };
		struct fault why;
		assert_int_equal(conf_parse(&net_conf_schema, "row", rows[i].text,
					    strlen(rows[i].text), &conf, &why),
				 0);
		assert_int_equal(zone_reach(&conf.zones.zones[0]), rows[i].reach);
		assert_int_equal(zone_isolates(&conf.zones.zones[0]), rows[i].isolates);
	}
}

/* --- rules --- */

static struct rules_zone zone(enum zone_kind kind, const char *device, const char *address)
{
	const struct zone_conf conf = { .kind = kind };
	struct rules_zone z = { .kind = kind,
				.reach = zone_reach(&conf),
				.isolate = zone_isolates(&conf),
				.dhcp = true,
				.len = address ? 24 : 0 };
	snprintf(z.device, sizeof(z.device), "%s", device);
	if (address)
		inet_pton(AF_INET, address, &z.address);
	return z;
}

static struct rules_spec school(void)
{
	struct rules_spec s = { .zone_count = 3,
				.uplink_count = 2,
				.uplinks = { "wan0", "usb*" },
				.pages = { 80, 443 },
				.page_count = 2 };
	s.zones[0] = zone(ZONE_CLASSROOM, "br0", "10.20.0.1");
	s.zones[1] = zone(ZONE_STAFF, "staff0", "10.30.0.1");
	s.zones[2] = zone(ZONE_MANAGEMENT, "man0", "10.40.0.1");
	return s;
}

static void writes_what_was_looked_at(void **state)
{
	(void)state;
	char text[RULES_ROOM];
	struct rules_spec s = school();
	assert_true(rules_text(&s, text) > 0);
	golden_check("tests/unit/netmgr/golden/wall.nft", text);
	s.mode = EMERGENCY_OPEN;
	s.zones[0].reach = ZONE_REACH_WEB;
	s.bridge = RULES_BY_PORT;
	snprintf(s.zones[0].ports[s.zones[0].port_count++], ZONE_DEVICE_ROOM, "lan1");
	snprintf(s.zones[0].ports[s.zones[0].port_count++], ZONE_DEVICE_ROOM, "wlan0");
	assert_true(rules_text(&s, text) > 0);
	golden_check("tests/unit/netmgr/golden/wall-open.nft", text);
	s.mode = EMERGENCY_CLOSED;
	s.bridge = RULES_NO_BRIDGE;
	assert_true(rules_text(&s, text) > 0);
	golden_check("tests/unit/netmgr/golden/wall-closed.nft", text);
	/* One port: pupils and router on the same wire. */
	struct rules_spec one = { .zone_count = 1, .uplink_count = 1, .uplinks = { "eth0" } };
	one.zones[0] = zone(ZONE_CLASSROOM, "eth0", "192.168.1.7");
	one.zones[0].shared = true;
	assert_true(rules_text(&one, text) > 0);
	golden_check("tests/unit/netmgr/golden/wall-one-port.nft", text);
}

/* What must hold of every set of rules, whatever is configured. */
static void holds_in_every_case(void **state)
{
	(void)state;
	static const char *const always[] = {
		"hook input priority filter; policy drop",
		"hook forward priority filter + 10; policy drop",
		"add table inet wasl_wall\ndelete table inet wasl_wall\ntable inet wasl_wall {",
	};
	char text[RULES_ROOM];
	for (int bits = 0; bits < 1 << 7; bits++) {
		struct rules_spec s = school();
		s.zone_count = (size_t)(bits & 3);
		s.uplink_count = bits & 4 ? 2 : 0;
		s.mode = (enum emergency_mode)(bits >> 3 & 1 ? bits >> 4 & 1 : 2);
		s.zones[0].shared = bits & 32;
		if (bits & 64)
			s.zones[0].len = 0;
		assert_true(rules_text(&s, text) > 0);
		for (size_t i = 0; i < ARRAY_LEN(always); i++)
			assert_non_null(strstr(text, always[i]));
		/* A door for technicians only on their own device. */
		const char *door = strstr(text, "dport 22");
		assert_int_equal(door != NULL, s.zone_count == 3);
		if (door)
			assert_non_null(strstr(text, "iifname \"man0\" tcp dport 22 accept"));
		/* Whoever shares his wire with strangers, or is nowhere yet, is let through to nobody. */
		if (s.zones[0].shared || !s.zones[0].len)
			assert_null(strstr(text, "iifname \"br0\" goto"));
		if (!s.zones[0].len)
			assert_null(strstr(text, "\"br0\" jump serve"));
		if (s.mode == EMERGENCY_CLOSED)
			assert_null(strstr(text, "\n\t\tct direction reply ct state established "
						 "accept\n\t\tmeta l4proto { icmp, icmpv6 } ct "
						 "state related accept\n\t\tiifname \"br0\" goto"));
	}
}

/* The largest configuration that can be written finds room. */
static void has_room(void **state)
{
	(void)state;
	char text[RULES_ROOM];
	struct rules_spec s = { .zone_count = ZONE_MAX,
				.uplink_count = UPLINK_MAX,
				.page_count = ZONE_PORTS,
				.bridge = RULES_BY_PORT };
	for (size_t i = 0; i < ZONE_MAX; i++) {
		s.zones[i] = zone(ZONE_CLASSROOM, "device-of-fiftn", "192.168.100.100");
		s.zones[i].reach = ZONE_REACH_INTERNET;
		s.zones[i].port_count = RULES_PORTS;
		for (size_t p = 0; p < RULES_PORTS; p++)
			snprintf(s.zones[i].ports[p], ZONE_DEVICE_ROOM, "port-of-fifteen");
	}
	for (size_t i = 0; i < UPLINK_MAX; i++)
		snprintf(s.uplinks[i], ZONE_DEVICE_ROOM, "uplink-of-fifte");
	for (size_t i = 0; i < ZONE_PORTS; i++)
		s.pages[i] = (uint16_t)(60000 + i);
	assert_true(rules_text(&s, text) > 0);
	s.mode = EMERGENCY_CLOSED;
	assert_true(rules_text(&s, text) > 0);
}

/* --- names and addresses --- */

static void gives_out_the_larger_part(void **state)
{
	(void)state;
	static const struct {
		const char *box;
		unsigned len;
		const char *from, *to; /* NULL: none */
	} rows[] = {
		{ "10.20.0.1", 24, "10.20.0.2", "10.20.0.254" },
		{ "10.20.0.254", 24, "10.20.0.1", "10.20.0.253" },
		{ "10.20.0.100", 24, "10.20.0.101", "10.20.0.254" },
		{ "10.20.0.200", 24, "10.20.0.1", "10.20.0.199" },
		{ "172.27.203.1", 16, "172.27.0.1", "172.27.203.0" },
		{ "10.20.0.1", 30, "10.20.0.2", "10.20.0.2" },
		{ "10.20.0.0", 24, NULL, NULL },
		{ "10.20.0.255", 24, NULL, NULL },
		{ "10.20.0.1", 31, NULL, NULL },
		{ "10.20.0.1", 0, NULL, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct in_addr box, from, to;
		char text[INET_ADDRSTRLEN];
		inet_pton(AF_INET, rows[i].box, &box);
		int r = dnsmasq_range(box, rows[i].len, &from, &to);
		assert_int_equal(r, rows[i].from ? 0 : -EINVAL);
		if (r < 0)
			continue;
		assert_string_equal(inet_ntop(AF_INET, &from, text, sizeof(text)), rows[i].from);
		assert_string_equal(inet_ntop(AF_INET, &to, text, sizeof(text)), rows[i].to);
	}
}

static void tells_dnsmasq(void **state)
{
	(void)state;
	char text[DNSMASQ_ROOM], servers[DNSMASQ_SERVERS_ROOM];
	struct rules_spec s = school();
	struct dnsmasq_spec d = { .zones = &s,
				  .lease_s = { 600, 300, 600 },
				  .portal = "madrasa",
				  .captive = "https://box.example/api/captive",
				  .servers = "/run/servers",
				  .leases = "/run/leases" };
	s.zones[1].dhcp = false;
	s.zones[2].shared = true;
	assert_true(dnsmasq_text(&d, text) > 0);
	golden_check("tests/unit/netmgr/golden/dnsmasq.conf", text);
	/* Opened in an emergency, which may be that nobody serves pages: phones hear whom they ask. */
	assert_non_null(
		strstr(text, "address=/captive.apple.com/10.20.0.1\nlocal=/captive.apple.com/\n"));
	s.mode = EMERGENCY_OPEN;
	assert_true(dnsmasq_text(&d, text) > 0);
	assert_non_null(strstr(text, "address=/madrasa/10.20.0.1\n"));
	assert_null(strstr(text, "captive.apple.com"));
	s.mode = EMERGENCY_CLOSED;
	assert_true(dnsmasq_text(&d, text) > 0);
	assert_non_null(strstr(text, "captive.apple.com"));
	/* A classroom is nowhere yet: the pages are where somebody is. */
	s.zones[0].len = 0;
	assert_true(dnsmasq_text(&d, text) > 0);
	assert_null(strstr(text, "interface=br0"));
	assert_non_null(strstr(text, "address=/madrasa/10.30.0.1\n"));
	s.zone_count = 1;
	assert_true(dnsmasq_text(&d, text) > 0);
	assert_null(strstr(text, "address="));

	dnsmasq_servers("192.168.1.1", "wan0", servers);
	assert_string_equal(servers, "server=192.168.1.1@wan0\n");
	dnsmasq_servers("fe80::1%wan0", "wan0", servers);
	assert_string_equal(servers, "server=fe80::1%wan0@wan0\n");
	dnsmasq_servers("192.168.1.1", "", servers);
	assert_string_equal(servers, "");
	dnsmasq_servers("", "wan0", servers);
	assert_string_equal(servers, "");
}

/* --- emergencies --- */

static void ends_after_its_time(void **state)
{
	(void)state;
	struct emergency e = { EMERGENCY_OPEN, 100 };
	assert_false(emergency_pass(&e, 0));
	assert_false(emergency_pass(&e, 99));
	assert_int_equal(e.left_s, 1);
	assert_true(emergency_pass(&e, 1000000));
	assert_int_equal(e.mode, EMERGENCY_NONE);
	assert_false(emergency_pass(&e, 1));
}

static void reads_what_it_wrote_and_nothing_else(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
		struct emergency e;
	} rows[] = {
		{ "none 0\n", 0, { EMERGENCY_NONE, 0 } },
		{ "open 1\n", 0, { EMERGENCY_OPEN, 1 } },
		{ "closed 604800\n", 0, { EMERGENCY_CLOSED, 604800 } },
		{ "closed 604801\n", -EBADMSG, { 0 } },
		{ "open 0\n", -EBADMSG, { 0 } },
		{ "none 7\n", -EBADMSG, { 0 } },
		{ "open 7", -EBADMSG, { 0 } }, /* cut short */
		{ "open 7\n\n", -EBADMSG, { 0 } },
		{ "open -7\n", -EBADMSG, { 0 } },
		{ "open 7 \n", -EBADMSG, { 0 } },
		{ "ajar 7\n", -EBADMSG, { 0 } },
		{ "", -EBADMSG, { 0 } },
		{ "open 99999999999999999999999\n", -EBADMSG, { 0 } },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct emergency e = { EMERGENCY_OPEN, 9 };
		char text[EMERGENCY_ROOM];
		assert_int_equal(emergency_read(rows[i].text, strlen(rows[i].text), &e),
				 rows[i].want);
		assert_int_equal(e.mode, rows[i].e.mode);
		assert_int_equal(e.left_s, rows[i].e.left_s);
		if (rows[i].want)
			continue;
		assert_int_equal(emergency_write(&e, text), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_zone),
		cmocka_unit_test(is_careful_unless_told_otherwise),
		cmocka_unit_test(writes_what_was_looked_at),
		cmocka_unit_test(holds_in_every_case),
		cmocka_unit_test(has_room),
		cmocka_unit_test(gives_out_the_larger_part),
		cmocka_unit_test(tells_dnsmasq),
		cmocka_unit_test(ends_after_its_time),
		cmocka_unit_test(reads_what_it_wrote_and_nothing_else),
	};
	return cmocka_run_group_tests_name("netmgr/wall", tests, NULL, NULL);
}
