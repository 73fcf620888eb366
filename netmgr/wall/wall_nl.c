// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wall/wall_kernel.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/kernel/nft.h"

struct wall_kernel {
	struct nft *nft;
};

void wall_kernel_close(struct wall_kernel *k)
{
	if (!k)
		return;
	nft_close(k->nft);
	free(k);
}

int wall_kernel_open(struct wall_kernel **out, struct fault *why)
{
	struct wall_kernel *k = calloc(1, sizeof(*k));
	if (!k)
		return fault_set(why, -ENOMEM, "wall.open", "no memory for the wall");
	int r = nft_open(&k->nft, why);
	if (r < 0) {
		free(k);
		return r;
	}
	*out = k;
	return 0;
}

int wall_kernel_put(struct wall_kernel *k, const char *text, struct fault *why)
{
	return nft_run(k->nft, text, "wall.refused", why);
}

bool wall_kernel_is_there(struct wall_kernel *k)
{
	return nft_has(k->nft, "chain inet wasl_wall input");
}

int wall_kernel_network(struct wall_kernel *k, const char *device, struct in_addr *address,
			unsigned *len)
{
	struct ifaddrs *all = NULL;
	int r = -ENOENT;
	(void)k;
	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *a = all; a && r < 0; a = a->ifa_next) {
		struct sockaddr_in at, mask;
		if (strcmp(a->ifa_name, device) != 0 || !a->ifa_addr || !a->ifa_netmask ||
		    a->ifa_addr->sa_family != AF_INET)
			continue;
		memcpy(&at, a->ifa_addr, sizeof(at));
		memcpy(&mask, a->ifa_netmask, sizeof(mask));
		*address = at.sin_addr;
		*len = (unsigned)__builtin_popcount(mask.sin_addr.s_addr);
		r = 0;
	}
	freeifaddrs(all);
	return r;
}

size_t wall_kernel_ports(struct wall_kernel *k, const char *bridge,
			 char out[static RULES_PORTS][ZONE_DEVICE_ROOM])
{
	char folder[64];
	size_t count = 0;
	(void)k;
	snprintf(folder, sizeof(folder), "/sys/class/net/%s/brif", bridge);
	DIR *dir = opendir(folder);
	for (const struct dirent *e; dir && count < RULES_PORTS && (e = readdir(dir));)
		if (e->d_name[0] != '.' && strlen(e->d_name) < ZONE_DEVICE_ROOM)
			memcpy(out[count++], e->d_name, strlen(e->d_name) + 1);
	if (dir)
		closedir(dir);
	return count;
}
