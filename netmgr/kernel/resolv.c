// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/resolv.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

int resolv_put(const char *server, struct fault *why)
{
	char text[96] = "";
	struct path folder = paths_at("/run/wasl/netmgr"),
		    file = paths_at("/run/wasl/netmgr/resolv.conf");
	if (server[0])
		snprintf(text, sizeof(text), "nameserver %s\n", server);
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
