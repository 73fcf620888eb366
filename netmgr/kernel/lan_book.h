// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/kernel/lan_conf.h"
#include "netmgr/line/uplink.h"

/*
 * What the box remembers of networks: which its own are, why they are not others, and what its uplinks had last.
 * JSON in /var/lib/wasl/netmgr/networks.json, written when something of it changes.
 */
struct lan_entry {
	char name[32];
	char device[16];               /* "" none */
	struct lan_net net, wish;      /* wish: the first of the list when it was chosen */
	struct lan_net from;           /* where it was before; len 0: nowhere */
	char uplink[UPLINK_NAME_ROOM]; /* for which it moved */
	int64_t moved_s;               /* Unix seconds, 0 unknown */
};

struct lan_book {
	struct lan_entry lans[LAN_MAX];
	size_t lan_count;
	struct lan_seen {
		char name[UPLINK_NAME_ROOM];
		struct lan_net net;
	} seen[UPLINK_MAX];
	size_t seen_count;
};

enum { LAN_BOOK_BYTES_MAX = 8192 };

/* -EBADMSG for anything but a book; what is odd in one entry is left out with it. */
int lan_book_parse(const void *text, size_t len, struct lan_book *out);

/* malloc'ed, NULL when memory is out. */
char *lan_book_text(const struct lan_book *book);
