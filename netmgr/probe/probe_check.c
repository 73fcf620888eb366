// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "netmgr/probe/probe_priv.h"

int probe_take_check(struct prober *p, const struct net_conf *conf, struct fault *why)
{
	const char *url = conf->net.check_url;
	char at_gate[sizeof(conf->gate.target) + 32];
	if (!url[0] && conf->gate.target[0]) {
		snprintf(at_gate, sizeof(at_gate), "http://%s/v1/check/", conf->gate.target);
		url = at_gate;
	}
	if (url[0]) {
		int r = net_conf_check_url(url, &p->check, why);
		if (r < 0)
			return r;
		p->has_check = true;
	}
	if (conf->net.check_name[0])
		snprintf(p->check_name, sizeof(p->check_name), "%s", conf->net.check_name);
	else if (p->has_check && !p->check.literal)
		snprintf(p->check_name, sizeof(p->check_name), "%s", p->check.host);
	return 0;
}
