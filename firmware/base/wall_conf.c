// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/wall_conf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/fault.h"

const struct conf_key wall_conf_keys[WALL_CONF_KEYS] = {
	CONF_STR(struct wall_conf, pages, "pages", "80 443",
		 "TCP ports of the box's own pages, open to every zone"),
	CONF_INT(struct wall_conf, emergency_min, "emergency_min", "240", 1, 10080,
		 "how many minutes of running time 'wasl net open' and 'wasl net close' last, "
		 "unless they say it themselves"),
	CONF_STR(struct wall_conf, portal, "portal", "madrasa",
		 "the name under which pupils find the box's pages"),
	CONF_STR(struct wall_conf, captive, "captive", "",
		 "address of the box's captive portal API (RFC 8908), told to phones with their "
		 "address (RFC 8910); phones want https; empty: none is told"),
};

/* RFC 952 and RFC 1123 section 2.1; digits alone are read as an address, and "localhost" is each phone itself (RFC 6761). */
static bool good_label(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz", digits[] = "0123456789";
	char allowed[64];
	const size_t len = strlen(name);
	snprintf(allowed, sizeof(allowed), "%s%s-", letters, digits);
	return len && name[0] != '-' && name[len - 1] != '-' && strspn(name, allowed) == len &&
	       strpbrk(name, letters) && strcmp(name, "localhost") != 0;
}

int wall_conf_check_portal(const struct wall_conf *wall, struct fault *why)
{
	if (good_label(wall->portal))
		return 0;
	return fault_set(why, -EINVAL, "wall.portal",
			 "[wall] portal = '%s' is no name; write one word of small letters: "
			 "madrasa",
			 wall->portal);
}
