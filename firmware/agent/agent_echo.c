// SPDX-License-Identifier: GPL-2.0-or-later
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/agent/agent_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"

/* netmgrd keeps it: told once is enough, and until then at each round. */
static void told(void *data, const struct http_result *result)
{
	struct agent *a = data;
	a->echo_transfer = NULL;
	a->echo_told = result->code == 0 && result->status == 200;
	if (a->echo_told)
		log_info("event=echo.key text=\"wasl-netmgrd has the key for the hub's echo\"");
}

static char *as_json(const struct agent *a)
{
	char key[65];
	text_hex(a->grant.probe_key, 32, key);
	json_t *body = json_pack("{s:s, s:s}", "device", a->device_hex, "key", key);
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	return text;
}

void agent_tell_echo(struct agent *a)
{
	if (!a->enrolled || !a->grant.has_probe_key || a->echo_told || a->echo_transfer)
		return;
	AUTO_FREE char *text = as_json(a);
	if (!text)
		return;
	struct path at = paths_at("/run/wasl/netmgrd.sock");
	struct http_order order = { .method = "POST",
				    .url = "http://box/v1/echo",
				    .socket = at.at,
				    .body = text,
				    .body_len = strlen(text),
				    .content_type = "application/json",
				    .limit_bytes = 4096,
				    .total_s = 10 };
	struct http_calls calls = { .done = told, .data_ptr = a };
	(void)http_start(a->http, &order, &calls, &a->echo_transfer, NULL);
}
