// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wall/zone.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "netmgr/net_conf.h"

const char *const zone_kind_words[] = { "classroom", "staff", "management", NULL };
const char *const zone_reach_words[] = { "auto", "box", "web", "internet", "all", NULL };
static const char *const choice_words[] = { "auto", "yes", "no", NULL };

const struct conf_key zone_conf_keys[ZONE_CONF_KEYS] = {
	CONF_WORD(struct zone_conf, kind, "kind", "classroom", zone_kind_words, "who is there"),
	CONF_STR(struct zone_conf, device, "device", "",
		 "network device: eth1, or the bridge that has the ports and the access point"),
	CONF_WORD(struct zone_conf, reach, "reach", "auto", zone_reach_words,
		  "what is reached over the uplinks: nothing (box), web pages (web), everything "
		  "public (internet), or also the private networks on the uplinks' side (all); "
		  "auto: box for classrooms, internet for staff, all for management"),
	CONF_WORD(struct zone_conf, isolate, "isolate", "auto", choice_words,
		  "whether machines in it are kept from each other; auto: in classrooms"),
	CONF_BOOL(struct zone_conf, dhcp, "dhcp", "yes", "whether the box gives out addresses"),
	CONF_INT(struct zone_conf, lease_s, "lease_s", "600", 120, 86400,
		 "for how long: a machine is without the box as long, at most, when the network "
		 "moves to other addresses"),
};

enum zone_reach zone_reach(const struct zone_conf *z)
{
	static const enum zone_reach usual[] = { [ZONE_CLASSROOM] = ZONE_REACH_BOX,
						 [ZONE_STAFF] = ZONE_REACH_INTERNET,
						 [ZONE_MANAGEMENT] = ZONE_REACH_ALL };
	return z->reach == ZONE_REACH_AUTO ? usual[z->kind] : (enum zone_reach)z->reach;
}

bool zone_isolates(const struct zone_conf *z)
{
	return z->isolate == ZONE_YES || (z->isolate == ZONE_AUTO && z->kind == ZONE_CLASSROOM);
}

int zone_ports(const char *text, uint16_t out[static ZONE_PORTS])
{
	int count = 0;
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		char *end;
		long port = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
		if (port < 1 || port > UINT16_MAX || (*end && *end != ' ') || count == ZONE_PORTS)
			return -EINVAL;
		out[count++] = (uint16_t)port;
		text = end;
	}
	return count;
}

/* It goes into another program's configuration file: one word, and nothing that means something there. */
static bool good_url(const char *url)
{
	return (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0) &&
	       strpbrk(url, " ,\t\r\n\"\\#") == NULL;
}

static int check_wall(const struct wall_conf *w, struct fault *why)
{
	uint16_t ports[ZONE_PORTS];
	if (zone_ports(w->pages, ports) < 0)
		return fault_set(why, -EINVAL, "wall.pages",
				 "[wall] pages = '%s': write up to %d port numbers: 80 443",
				 w->pages, ZONE_PORTS);
	int r = wall_conf_check_portal(w, why);
	if (r < 0)
		return r;
	if (w->captive[0] && !good_url(w->captive))
		return fault_set(
			why, -EINVAL, "wall.captive",
			"[wall] captive = '%s' is no address; write https://NAME/api/captive",
			w->captive);
	return 0;
}

static int check_zone(const struct zones_conf *conf, const struct zone_conf *z, struct fault *why)
{
	if (!z->device[0] || !net_conf_good_device(z->device))
		return fault_set(
			why, -EINVAL, "wall.device",
			"[zone %s] device '%s' is no name of a network device; write eth1, "
			"or the name of a bridge",
			z->name, z->device);
	for (const struct zone_conf *other = conf->zones; other < z; other++)
		if (strcmp(other->device, z->device) == 0)
			return fault_set(
				why, -EINVAL, "wall.device",
				"[zone %s] and [zone %s] are both on device '%s'; give each "
				"its own",
				other->name, z->name, z->device);
	return 0;
}

int zone_check(const struct zones_conf *conf, struct fault *why)
{
	int r = check_wall(&conf->wall, why);
	for (size_t i = 0; r == 0 && i < conf->count; i++)
		r = check_zone(conf, &conf->zones[i], why);
	return r;
}
