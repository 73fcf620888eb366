// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wall/wall_kernel.h"

#include <errno.h>

int wall_kernel_open(struct wall_kernel **out, struct fault *why)
{
	(void)why;
	*out = NULL;
	return 0;
}

void wall_kernel_close(struct wall_kernel *k)
{
	(void)k;
}

int wall_kernel_put(struct wall_kernel *k, const char *text, struct fault *why)
{
	(void)k;
	(void)text;
	(void)why;
	return 0;
}

bool wall_kernel_is_there(struct wall_kernel *k)
{
	(void)k;
	return true;
}

int wall_kernel_network(struct wall_kernel *k, const char *device, struct in_addr *address,
			unsigned *len)
{
	(void)k;
	(void)device;
	(void)address;
	(void)len;
	return -ENOENT;
}

size_t wall_kernel_ports(struct wall_kernel *k, const char *bridge,
			 char out[static RULES_PORTS][ZONE_DEVICE_ROOM])
{
	(void)k;
	(void)bridge;
	(void)out;
	return 0;
}
