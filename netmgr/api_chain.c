// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/api_chain.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "netmgr/book/account.h"
#include "netmgr/book/chain.h"
#include "netmgr/engine.h"
#include "netmgr/book/ledger.h"

enum { LINKS_MAX = 1000 };

/* GET /v1/chain */
void api_chain(struct ctl_request *req, void *data)
{
	struct engine *e = data;
	struct ledger_chain c;
	struct fault why;
	char hex[2 * EVIDENCE_HEAD_BYTES + 1];
	/* Without days: the head alone. */
	int64_t from = ctl_arg_int(req, "from", 1), until = ctl_arg_int(req, "until", 0);
	int r = from < 0 || from > INT32_MAX || until < 0 || until > INT32_MAX
			? fault_set(&why, -EINVAL, "chain.arguments",
				    "'from' and 'until' are days since 1970")
			: ledger_chain(account_ledger(e->account), (int32_t)from, (int32_t)until,
				       &c, &why);
	if (r < 0) {
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	text_hex(c.head, sizeof(c.head), hex);
	ctl_reply_json(req, 200,
		       json_pack("{s:I, s:s, s:I, s:I}", "through", (json_int_t)c.through, "head",
				 hex, "first", (json_int_t)c.first, "last", (json_int_t)c.last));
}

static void add_link(void *data, const struct ledger_row *row)
{
	char line[EVIDENCE_LINE_ROOM], hex[2 * EVIDENCE_HEAD_BYTES + 1];
	text_hex(row->before, sizeof(row->before), hex);
	if (chain_line(row, line) == 0)
		json_array_append_new(data, json_pack("{s:I, s:I, s:s, s:s}", "cursor",
						      (json_int_t)row->cursor, "count",
						      (json_int_t)row->row.count, "before", hex,
						      "line", line));
}

/* GET /v1/links?after= */
void api_links(struct ctl_request *req, void *data)
{
	struct engine *e = data;
	struct fault why;
	int64_t after = ctl_arg_int(req, "after", 0), limit = ctl_arg_int(req, "limit", 100);
	json_t *rows = json_array();
	int r = after < 0 || limit < 1
			? fault_set(&why, -EINVAL, "page.arguments",
				    "'after' is a cursor that was given out (0 to begin), 'limit' "
				    "a number from 1 to %d",
				    LINKS_MAX)
			: ledger_links(account_ledger(e->account), after,
				       limit < LINKS_MAX ? (unsigned)limit : LINKS_MAX, add_link,
				       rows, &why);
	if (r < 0) {
		json_decref(rows);
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	ctl_reply_json(req, 200, json_pack("{s:o}", "rows", rows));
}
