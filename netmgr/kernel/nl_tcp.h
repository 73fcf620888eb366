// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <linux/inet_diag.h>
#include <stddef.h>

#include "netmgr/line/passive.h"

/* A connection of this machine as the kernel's sock_diag tells of it. */
struct nl_tcp {
	struct passive_flow flow; /* .line is not set */
	int family;               /* AF_INET or AF_INET6, and then not one of IPv4 in its clothes */
	struct inet_diag_sockid id;
};

/* One answer to a dump, with or without TCP_INFO of whatever length: 0, or -EBADMSG, -ENODATA where it tells nothing. */
int nl_tcp_read(const void *bytes, size_t len, struct nl_tcp *out);
