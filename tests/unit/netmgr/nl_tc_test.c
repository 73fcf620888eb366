// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_tc.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "netmgr/kernel/nl_priv.h"

/* What tests/unit/netmgr/tc.bytes has of iproute2's tc, and what we say in its place. */
static const struct {
	const char *command;
	struct shape_object object;
} rows[] = {
	{ "qdisc replace dev lo root handle 50: cake bandwidth 4Mbit besteffort dual-dsthost nat "
	  "ingress split-gso rtt 100ms raw",
	  { .what = SHAPE_IS_CAKE,
	    .handle = SHAPE_ROOT,
	    .parent = TC_H_ROOT,
	    .rate = 500000,
	    .ingress = true } },
	{ "qdisc replace dev lo parent 50:13 handle 54: cake unlimited besteffort triple-isolate "
	  "nat no-ack-filter split-gso rtt 100ms raw",
	  { .what = SHAPE_IS_CAKE, .handle = 0x540000, .parent = SHAPE_ROOT | 0x13 } },
	{ "qdisc replace dev lo parent 50:13 handle 54: fq_codel limit 1000 target 5ms interval "
	  "100ms ecn",
	  { .what = SHAPE_IS_FQ_CODEL,
	    .handle = 0x540000,
	    .parent = SHAPE_ROOT | 0x13,
	    .limit = 1000 } },
	{ "qdisc replace dev lo parent 50:13 handle 54: pfifo limit 16",
	  { .what = SHAPE_IS_PFIFO,
	    .handle = 0x540000,
	    .parent = SHAPE_ROOT | 0x13,
	    .limit = 16 } },
	{ "qdisc replace dev lo root handle 50: htb default 12",
	  { .what = SHAPE_IS_HTB, .handle = SHAPE_ROOT, .parent = TC_H_ROOT, .fallback = 0x12 } },
	{ "qdisc replace dev lo handle ffff: ingress",
	  { .what = SHAPE_IS_INGRESS, .handle = 0xffff0000, .parent = TC_H_INGRESS } },
	{ "filter replace dev lo parent ffff: protocol all prio 1 handle 800::800 u32 match u32 0 "
	  "0 "
	  "action mirred egress redirect dev lo",
	  { .what = SHAPE_IS_MIRROR,
	    .handle = (uint32_t)SHAPE_FILTER,
	    .parent = 0xffff0000,
	    .to_ifindex = 1 } },
};

enum { LINE = 2048 };

/* The hex of a command in the file. */
static void recorded(const char *command, char out[static LINE])
{
	FILE *file = fopen("tests/unit/netmgr/tc.bytes", "re");
	char line[LINE];
	size_t len = strlen(command);
	assert_non_null(file);
	out[0] = '\0';
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, command, len) == 0 && line[len] == '\t')
			snprintf(out, LINE, "%.*s", (int)strcspn(line + len + 1, "\n"),
				 line + len + 1);
	fclose(file);
	if (!out[0])
		fail_msg("no bytes for: tc %s", command);
}

static void says_what_tc_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct shape_object object = rows[i].object;
		char want[LINE], got[LINE] = "";
		object.ifindex = 1;
		recorded(rows[i].command, want);
		CLEANUP(clean_msg) struct nl_msg *msg = nl_tc_encode(&object, NL_PUT);
		assert_non_null(msg);
		const struct nlmsghdr *header = nlmsg_hdr(msg);
		const uint8_t *bytes = (const uint8_t *)header;
		for (uint32_t at = 0; at < header->nlmsg_len && 2 * at + 3 < LINE; at++)
			snprintf(got + 2 * at, 3, "%02x", at >= 8 && at < 16 ? 0 : bytes[at]);
		if (strcmp(got, want) != 0)
			fail_msg("tc %s\n%s is tc's,\n%s is ours", rows[i].command, want, got);
	}
}

/* The kernel answers in the same form. */
static void reads_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct shape_object object = rows[i].object, found;
		object.ifindex = 1;
		CLEANUP(clean_msg) struct nl_msg *msg = nl_tc_encode(&object, NL_PUT);
		assert_true(nl_tc_decode(msg, &found));
		assert_true(shape_same(&object, &found));
		assert_int_equal(found.ingress, object.ingress);
	}
	const struct shape_object class = { .what = SHAPE_IS_HTB_CLASS,
					    .ifindex = 1,
					    .handle = SHAPE_ROOT | 1,
					    .parent = TC_H_ROOT,
					    .rate = UINT64_C(5000000000),
					    .ceil = UINT64_C(6000000000),
					    .burst = 2000,
					    .prio = 3 };
	struct shape_object found;
	CLEANUP(clean_msg) struct nl_msg *msg = nl_tc_encode(&class, NL_PUT);
	assert_true(nl_tc_decode(msg, &found));
	assert_true(shape_same(&class, &found));
	/* Removals name what they remove and no more. */
	CLEANUP(clean_msg) struct nl_msg *removal = nl_tc_encode(&class, NL_REMOVE);
	assert_int_equal(nlmsg_hdr(removal)->nlmsg_type, RTM_DELTCLASS);
	assert_int_equal(nlmsg_datalen(nlmsg_hdr(removal)), sizeof(struct tcmsg));
	assert_false(nl_tc_decode(removal, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_tc_says),
		cmocka_unit_test(reads_what_it_says),
	};
	return cmocka_run_group_tests_name("netmgr/nl_tc", tests, NULL, NULL);
}
