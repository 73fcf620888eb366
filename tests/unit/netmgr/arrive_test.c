// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/arrive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SET(class, number, address)                                                           \
	"\tset " class number                                                                 \
		" {\n\t\ttype inet_proto . " address                                          \
		" . inet_service . inet_service\n\t\tsize 16384\n\t\tflags dynamic,timeout\n" \
		"\t\ttimeout 30s\n\t}\n"
#define SETS(class) SET(class, "4", "ipv4_addr") SET(class, "6", "ipv6_addr")
#define NOTE(handle, class, number, family)                                            \
	"\t\tmeta priority " handle " meta l4proto { tcp, udp } update @" class number \
		" { meta l4proto . " family " daddr . th dport . th sport }\n"
#define NOTES(handle, class) NOTE(handle, class, "4", "ip") NOTE(handle, class, "6", "ip6")
#define TRY(handle) "\t\tmeta priority set " handle "\n"
#define FLOW(class, number, family)                            \
	"\t\tmeta l4proto { tcp, udp } meta l4proto . " family \
	" saddr . th sport . th dport @" class number " fwd to \"waslin1\"\n"
#define FLOWS(class) FLOW(class, "4", "ip") FLOW(class, "6", "ip6")
#define NEEDED(what, rate, burst)                                                       \
	"\t\t" what " limit rate " rate " kbytes/second burst " burst " kbytes fwd to " \
	"\"waslin1\"\n"

static const char body[] = "table netdev waslin1 {\n" SETS("control") SETS("live") SETS("sync")
	SETS("firmware") "\tchain leave_7 {\n"
			 "\t\ttype filter hook egress device \"usb0\" priority filter\n"
			 "\t\tmeta l4proto { tcp, udp } th dport { 53, 123 } accept\n" NOTES(
				 "50:10", "control") NOTES("50:11", "live") NOTES("50:13", "sync")
				 NOTES("50:14",
				       "firmware") "\t}\n"
						   "\tchain arrive_7 {\n"
						   "\t\ttype filter hook ingress device \"usb0\" "
						   "priority filter\n" TRY("50:10") NEEDED(
							   "meta protocol arp", "4",
							   "8") NEEDED("icmp type echo-reply", "8",
								       "16") NEEDED("icmpv6 type "
										    "echo-reply",
										    "8", "16")
							   NEEDED("icmpv6 type { "
								  "nd-neighbor-solicit, "
								  "nd-neighbor-advert, "
								  "nd-router-advert }",
								  "4",
								  "8") NEEDED("udp sport { 53, 123 "
									      "}",
									      "16",
									      "32") FLOWS("control")
								   TRY("50:11") FLOWS("live") TRY(
									   "50:13") FLOWS("sync")
									   TRY("50:14") FLOWS(
										   "firmware")
										   TRY("50:12") "\t"
												"\t"
												"fw"
												"d "
												"to"
												" "
												"\""
												"wa"
												"sl"
												"in"
												"1"
												"\""
												"\n"
												"\t"
												"}"
												"\n"
												"}"
												"\n";

static const struct arrive line = { .device = "usb0", .ifindex = 7, .ifb = "waslin1" };

/* Each class is tried in its order, browsing is what is left; the far side's port is the destination of what leaves. */
static void tells_flows_apart(void **state)
{
	(void)state;
	static const char keep[] = "add table netdev waslin1\nflush table netdev waslin1\n";
	static const char anew[] = "add table netdev waslin1\ndelete table netdev waslin1\n";
	char text[ARRIVE_ROOM];
	int len = arrive_nft(&line, ARRIVE_KEEP, text);
	assert_int_equal(len, strlen(keep) + strlen(body));
	assert_memory_equal(text, keep, strlen(keep));
	assert_string_equal(text + strlen(keep), body);
	len = arrive_nft(&line, ARRIVE_ANEW, text);
	assert_int_equal(len, strlen(anew) + strlen(body));
	assert_memory_equal(text, anew, strlen(anew));
	assert_string_equal(text + strlen(anew), body);
}

/* What people on the line's own wire send is let by before anything is looked for. */
static void lets_by_who_is_on_the_wire(void **state)
{
	(void)state;
	struct arrive shared = line;
	char text[ARRIVE_ROOM];
	shared.shared = true;
	assert_true(arrive_nft(&shared, ARRIVE_KEEP, text) > 0);
	assert_non_null(strstr(text, "priority filter\n\t\tmeta protocol arp accept\n"
				     "\t\tip6 saddr fe80::/10 accept\n\t\tmeta priority"));
	shared.wire.address.s_addr = htonl(0xc0a80102);
	shared.wire.len = 24;
	assert_true(arrive_nft(&shared, ARRIVE_KEEP, text) > 0);
	assert_non_null(strstr(text, "\t\tip6 saddr fe80::/10 accept\n"
				     "\t\tip saddr 192.168.1.0/24 accept\n\t\tmeta priority"));
}

/* The chain that shows whose rules stand there is one of those. */
static void knows_its_own(void **state)
{
	(void)state;
	char text[ARRIVE_ROOM];
	assert_true(arrive_chain(&line, text) > 0);
	assert_string_equal(text, "chain netdev waslin1 arrive_7");
	assert_true(arrive_nft_none("waslin1", text) > 0);
	assert_string_equal(text, "add table netdev waslin1\ndelete table netdev waslin1\n");
}

static void fits_the_longest_name(void **state)
{
	(void)state;
	const struct arrive longest = { .device = "abcdefghijklmno",
					.ifindex = 2147483647,
					.ifb = "abcdefghijklmno",
					.shared = true,
					.wire = { .address.s_addr = UINT32_MAX, .len = 29 } };
	char text[ARRIVE_ROOM];
	const int len = arrive_nft(&longest, ARRIVE_ANEW, text);
	assert_int_equal(len, strlen(text));
	assert_string_equal(text + len - 5, "\t}\n}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_flows_apart),
		cmocka_unit_test(lets_by_who_is_on_the_wire),
		cmocka_unit_test(knows_its_own),
		cmocka_unit_test(fits_the_longest_name),
	};
	return cmocka_run_group_tests_name("netmgr/arrive", tests, NULL, NULL);
}
