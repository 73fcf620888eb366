// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/resolv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

int resolv_put(struct in_addr server, struct fault *why)
{
	char text[64] = "", address[INET_ADDRSTRLEN];
	struct path folder = paths_at("/run/wasl/netmgr"),
		    file = paths_at("/run/wasl/netmgr/resolv.conf");
	if (server.s_addr && inet_ntop(AF_INET, &server, address, sizeof(address)))
		snprintf(text, sizeof(text), "nameserver %s\n", address);
	AUTO_FREE void *there = NULL;
	size_t len;
	struct fault none;
	/* Two lines with the same resolver: whoever waits for the move does not wait for a file. */
	if (fileio_read(file.at, sizeof(text), &there, &len, &none) == 0 && len == strlen(text) &&
	    memcmp(there, text, len) == 0)
		return 0;
	int r = paths_mkdir(folder.at, 0755, why);
	return r < 0 ? r : fileio_replace(file.at, text, strlen(text), 0644, why);
}
