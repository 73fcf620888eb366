// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/nl_batch.h"

#include <errno.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "netmgr/kernel/nl_priv.h"

/* Asks for a device by a number that none has: refused, and nobody needs a right for it. */
static void add_refused(struct nl_batch *b)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = INT_MAX };
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_ACK);
	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO), 0);
	assert_int_equal(nl_batch_add(b, msg), 0);
}

/* NLMSG_NOOP is passed over by the kernel without a word. */
static void add_accepted(struct nl_batch *b)
{
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_alloc_simple(NLMSG_NOOP, 0);
	assert_non_null(msg);
	assert_int_equal(nl_batch_add(b, msg), 0);
}

static void counts_what_was_carried_out(void **state)
{
	(void)state;
	static const struct {
		unsigned accepted, refused;
		int tolerated, result;
	} rows[] = {
		{ 0, 0, 0, 0 },           { 1, 0, 0, 0 },           { 0, 1, 0, -ENODEV },
		{ 0, 1, ENODEV, 0 },      { 1, 1, ESRCH, -ENODEV }, { 99, 1, ENODEV, 0 },
		{ 1000, 0, 0, 0 },        { 0, 1000, ENODEV, 0 },   { 150, 151, ENODEV, 0 },
		{ 150, 151, 0, -ENODEV },
	};
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		CLEANUP(nl_batch_clear) struct nl_batch b = { 0 };
		unsigned done = 7;
		for (unsigned k = 0; k < rows[r].accepted || k < rows[r].refused; k++) {
			if (k < rows[r].refused)
				add_refused(&b);
			if (k < rows[r].accepted)
				add_accepted(&b);
		}
		assert_int_equal(nl_batch_send(&b, NETLINK_ROUTE, rows[r].tolerated, NULL, &done),
				 rows[r].result);
		assert_int_equal(done, rows[r].accepted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_what_was_carried_out),
	};
	return cmocka_run_group_tests_name("netmgr/nl_batch", tests, NULL, NULL);
}
