// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/api_checks.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "netmgr/book/account.h"
#include "netmgr/book/checks_book.h"
#include "netmgr/engine.h"

#define BOX_FILE "/var/lib/wasl/netmgr/checks.id"

enum { HEX = 2 * CHECKS_BOX_BYTES };

/* Drawn once, when somebody first asks. */
static int box_id(uint8_t out[static CHECKS_BOX_BYTES], struct fault *why)
{
	const struct path at = paths_at(BOX_FILE);
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	char hex[HEX + 2];
	int r = fileio_read(at.at, sizeof(hex), &text, &len, why);
	if (r == 0 && len > HEX)
		((char *)text)[HEX] = '\0';
	if (r == 0)
		return text_unhex(text, out, CHECKS_BOX_BYTES) == 0
			       ? 0
			       : fault_set(why, -EBADMSG, "checks.id",
					   "'%s' is damaged; remove it: checks are then those of a "
					   "new box",
					   at.at);
	if (r != -ENOENT)
		return r;
	randombytes_buf(out, CHECKS_BOX_BYTES);
	text_hex(out, CHECKS_BOX_BYTES, hex);
	memcpy(hex + HEX, "\n", 2);
	return fileio_replace(at.at, hex, HEX + 1, 0640, why);
}

static json_t *row_json(const struct checks *c, size_t nth,
			const uint8_t box[static CHECKS_BOX_BYTES])
{
	const struct check_result *r = &c->list[nth];
	const int64_t minute = checks_minute(c, nth);
	char id[CHECKS_ID_ROOM];
	checks_id(box, minute, id);
	return json_pack("{s:I, s:b, s:s, s:o, s:s}", "minute", (json_int_t)minute, "connected",
			 r->connected, "error", uplink_layer_name((enum uplink_layer)r->layer),
			 "latency_ms",
			 r->rtt_us ? json_integer((json_int_t)((r->rtt_us + 500) / 1000))
				   : json_null(),
			 "id", id);
}

void api_checks(struct ctl_request *req, void *data)
{
	struct engine *e = data;
	struct checks c;
	struct fault why;
	uint8_t box[CHECKS_BOX_BYTES];
	char id[CHECKS_ID_ROOM];
	const int64_t day = ctl_arg_int(req, "day", -1);
	int r = day < 0 || day > INT32_MAX
			? fault_set(&why, -EINVAL, "checks.arguments", "'day' is a day since 1970")
			: box_id(box, &why);
	if (r == 0) {
		checks_begin(&c, (int32_t)day);
		r = checks_book_read(account_ledger(e->account), &c, &why);
	}
	if (r < 0) {
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	json_t *rows = json_array();
	for (size_t i = 0; i < CHECKS_DAY; i++)
		if (c.list[i].made)
			json_array_append_new(rows, row_json(&c, i, box));
	checks_box_id(box, id);
	ctl_reply_json(req, 200,
		       json_pack("{s:I, s:s, s:s, s:o}", "day", (json_int_t)day, "box", id,
				 "giga_id", e->conf->box.giga_id, "rows", rows));
}
