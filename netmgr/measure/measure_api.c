// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "netmgr/measure/measure_priv.h"

enum { PAGE = 100, PAGE_MAX = 1000 };

CLEAN_FN(json, json_t, json_decref)

static json_t *way_json(const struct ndt_result *r)
{
	return json_pack("{s:s, s:I, s:I, s:I}", "end", ndt_end_name(r->end), "bps",
			 (json_int_t)r->bps, "bytes", (json_int_t)r->bytes, "ms",
			 (json_int_t)r->ms);
}

static uint32_t least_rtt(const struct measure_row *r)
{
	const uint32_t down = r->way[NDT_DOWN].rtt_us, up = r->way[NDT_UP].rtt_us;
	return !up || (down && down < up) ? down : up;
}

/* What was stopped early is no NDT measurement, and is not called one. */
static json_t *row_json(const struct measure_row *r)
{
	const struct ndt_result *down = &r->way[NDT_DOWN], *up = &r->way[NDT_UP];
	const bool truncated = measure_row_truncated(r);
	return json_pack("{s:I, s:I, s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:o, s:o}",
			 "cursor", (json_int_t)r->cursor, "at", (json_int_t)r->at_s, "uplink",
			 r->uplink, "by", r->by == MEASURE_BY_HAND ? "hand" : "plan", "method",
			 truncated ? "truncated" : "ndt7", "truncated", truncated, "good",
			 measure_row_good(r), "proved", r->proved, "rtt_us",
			 (json_int_t)least_rtt(r), "bytes", (json_int_t)(down->bytes + up->bytes),
			 "ms", (json_int_t)down->ms + up->ms, "down", way_json(down), "up",
			 way_json(up));
}

static void add_row(void *data, const struct measure_row *row)
{
	json_array_append_new(data, row_json(row));
}

void measure_api_rows(struct ctl_request *req, void *data)
{
	struct measure *m = ((struct engine *)data)->measure;
	const int64_t after = ctl_arg_int(req, "after", 0), limit = ctl_arg_int(req, "limit", PAGE);
	struct fault why;
	CLEANUP(clean_json) json_t *rows = json_array();
	const unsigned most = limit > 0 && limit < PAGE_MAX ? (unsigned)limit : PAGE_MAX;
	const int r = measure_book_read(m->book, after, most, add_row, rows, &why);
	if (r < 0) {
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	const size_t count = json_array_size(rows);
	const json_int_t next =
		count ? json_integer_value(
				json_object_get(json_array_get(rows, count - 1), "cursor"))
		      : after;
	ctl_reply_json(req, 200, json_pack("{s:O, s:I}", "rows", rows, "next", next));
}

json_t *measure_api_last(struct measure *m, unsigned uplink)
{
	struct measure_row row;
	if (measure_book_last(m->book, m->engine->conf->uplinks[uplink].name, &row, NULL) != 1)
		return json_null();
	return row_json(&row);
}

static json_t *now_json(const struct measure *m)
{
	if (!m->runs)
		return json_pack("{s:b, s:I}", "runs", 0, "last", (json_int_t)m->last_cursor);
	return json_pack("{s:b, s:I, s:s, s:s, s:o}", "runs", 1, "last", (json_int_t)m->last_cursor,
			 "uplink", m->row.uplink, "way", ndt_way_name(m->way), "now",
			 way_json(&m->row.way[m->way]));
}

void measure_api_now(struct ctl_request *req, void *data)
{
	ctl_reply_json(req, 200, now_json(((struct engine *)data)->measure));
}

static int find_line(const struct engine *e, const char *name, unsigned *out, struct fault *why)
{
	if (!name && e->preferred >= 0) {
		*out = (unsigned)e->preferred;
		return 0;
	}
	for (unsigned i = 0; name && i < e->conf->uplink_count; i++)
		if (strcmp(e->conf->uplinks[i].name, name) == 0) {
			*out = i;
			return 0;
		}
	return name ? fault_set(why, -ENOENT, "measure.uplink",
				"there is no line '%.31s'; wasl net status names them", name)
		    : fault_set(why, -EAGAIN, "measure.none",
				"no line carries new connections now; name one that works");
}

static int order(struct engine *e, struct ctl_request *req, struct fault *why)
{
	size_t len = 0;
	const void *body = ctl_body(req, &len);
	unsigned uplink = 0;
	CLEANUP(clean_json)
	json_t *asked = len ? json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL) : json_object();
	const json_t *name = json_object_get(asked, "uplink"),
		     *full = json_object_get(asked, "full");
	if (!asked || (name && !json_is_string(name)) || (full && !json_is_boolean(full)))
		return fault_set(why, -EINVAL, "measure.question",
				 "write {\"uplink\": the name of a line, \"full\": true or false}");
	const int r = find_line(e, json_string_value(name), &uplink, why);
	return r ? r
		 : measure_order(e->measure, uplink,
				 json_is_true(full) ? MEASURE_FULL : MEASURE_EARLY, why);
}

void measure_api_order(struct ctl_request *req, void *data)
{
	struct engine *e = data;
	struct fault why;
	const int r = order(e, req, &why);
	if (r < 0)
		ctl_reply_fault(req, ctl_status_of(r), &why);
	else
		ctl_reply_json(req, 202, now_json(e->measure));
}
