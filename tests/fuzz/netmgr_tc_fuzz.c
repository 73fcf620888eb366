// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/netlink.h>
#include <netlink/msg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netmgr/kernel/nl_priv.h"
#include "netmgr/kernel/nl_tc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What the kernel says of its queues: one message, of any bytes, at the end of its memory. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	enum { ROOM = 4096 };
	struct shape_object object;
	if (len < sizeof(struct nlmsghdr) || len > ROOM)
		return 0;
	struct nlmsghdr *datagram = malloc(len);
	if (!datagram)
		return 0;
	memcpy(datagram, bytes, len);
	datagram->nlmsg_len = (uint32_t)len;
	CLEANUP(clean_msg) struct nl_msg *msg = nlmsg_convert(datagram);
	free(datagram);
	if (msg && nl_tc_decode(msg, &object) && !shape_kind(object.what)[0])
		abort();
	return 0;
}
