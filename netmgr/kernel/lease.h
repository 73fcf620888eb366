// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * What a DHCP client was given, as the hook netmgr/kernel/udhcpc-hook writes it: lines of key=value with ip, mask (bits),
 * router, dns (the first of each counts). Pure.
 */
struct lease {
	struct in_addr address, gateway, resolver; /* resolver 0: none */
	unsigned prefix_len;
};

enum { LEASE_BYTES_MAX = 2048 };

/* -EBADMSG without a usable address and gateway: addresses of this machine, of nobody and of everybody are not. */
int lease_parse(const char *text, size_t len, struct lease *out);
