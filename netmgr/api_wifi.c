// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/api_wifi.h"

#include "netmgr/engine.h"
#include "netmgr/wifi/air.h"

void api_wifi(struct ctl_request *req, void *data)
{
	const struct engine *e = data;
	ctl_reply_json(req, 200, air_json(e->air));
}

void api_metrics(struct ctl_request *req, void *data)
{
	const struct engine *e = data;
	char text[AIR_METRICS_ROOM];
	const int len = air_metrics(e->air, text);
	ctl_reply_bytes(req, len < 0 ? 500 : 200, "text/plain; version=0.0.4", text,
			len < 0 ? 0 : (size_t)len);
}
