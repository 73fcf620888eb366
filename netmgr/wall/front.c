// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wall/front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "netmgr/wall/dnsmasq.h"

static int put(const char *path, const char *text, struct fault *why)
{
	AUTO_FREE void *there = NULL;
	const size_t want = strlen(text);
	size_t len;
	if (fileio_read(path, DNSMASQ_ROOM, &there, &len, NULL) == 0 && len == want &&
	    memcmp(there, text, len) == 0)
		return 0;
	int r = paths_mkdir(paths_at("/run/wasl/netmgr").at, 0755, why);
	return r < 0 ? r : fileio_replace(path, text, want, 0644, why);
}

int front_zones(const struct net_conf *conf, const struct rules_spec *zones, struct fault *why)
{
	const struct path servers = paths_at("/run/wasl/netmgr/dnsmasq.servers"),
			  leases = paths_at("/run/wasl-dnsmasq/leases"),
			  file = paths_at("/run/wasl/netmgr/dnsmasq.conf");
	struct dnsmasq_spec spec = { .zones = zones,
				     .portal = conf->zones.wall.portal,
				     .captive = conf->zones.wall.captive,
				     .servers = servers.at,
				     .leases = leases.at };
	char text[DNSMASQ_ROOM];
	for (size_t i = 0; i < zones->zone_count; i++)
		spec.lease_s[i] = conf->zones.zones[i].lease_s;
	int r = dnsmasq_text(&spec, text);
	return r < 0 ? fault_set(why, r, "front.text", "dnsmasq's configuration finds no room")
		     : put(file.at, text, why);
}

int front_upstream(const char *server, const char *device, struct fault *why)
{
	char text[DNSMASQ_SERVERS_ROOM];
	dnsmasq_servers(server, device, text);
	return put(paths_at("/run/wasl/netmgr/dnsmasq.servers").at, text, why);
}
