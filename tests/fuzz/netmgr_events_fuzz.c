// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netmgr/kernel/nl_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What the kernel says by itself: one datagram, of any bytes, at the end of its memory. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	enum { ROOM = 4096 };
	const unsigned all = NL_NEWS_LINK | NL_NEWS_LOST;
	if (!len || len > ROOM)
		return 0;
	void *datagram = malloc(len);
	if (!datagram)
		return 0;
	memcpy(datagram, bytes, len);
	unsigned news = nl_events_parse(datagram, len, 1);
	/* More of a datagram never says less, and nothing but what there is to say. */
	if ((news & ~all) || (nl_events_parse(datagram, len / 2, 1) & ~news))
		abort();
	free(datagram);
	return 0;
}
