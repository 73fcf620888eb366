// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/lan_conf.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/fault.h"
#include "netmgr/net_conf.h"

const struct conf_key lan_conf_keys[LAN_CONF_KEYS] = {
	CONF_STR(struct lan_conf, device, "device", "",
		 "network device (an access point, a bridge, a socket) that this daemon gives an "
		 "address; no uplink's"),
	CONF_STR(struct lan_conf, networks, "networks",
		 "172.27.203.1/24 10.203.77.1/24 192.168.203.1/24",
		 "the box's address and the length of the network, in order of liking: the first "
		 "that no uplink has; when all are taken, any private network that is free"),
};

int lan_conf_check(const struct lan_conf *first, const struct lan_conf *c, struct fault *why)
{
	struct lan_net nets[LAN_WISHES];
	if (!net_conf_good_device(c->device))
		return fault_set(why, -EINVAL, "lan.device",
				 "[lan %s] device '%s' is no name of a network device; write wlan0",
				 c->name, c->device);
	if (lan_read_list(c->networks, nets) < 0)
		return fault_set(why, -EINVAL, "lan.networks",
				 "[lan %s] networks '%s': write one to %d private addresses with "
				 "lengths %d to %d, as 172.27.203.1/24 10.203.77.1/24",
				 c->name, c->networks, LAN_WISHES, LAN_LEN_MIN, LAN_LEN_MAX);
	for (const struct lan_conf *other = first; other < c; other++)
		if (c->device[0] && strcmp(c->device, other->device) == 0)
			return fault_set(why, -EINVAL, "lan.device",
					 "[lan %s] and [lan %s] both use device '%s'; give each "
					 "its own",
					 other->name, c->name, c->device);
	return 0;
}
