// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/paths.h"
#include "netmgr/book/account.h"
#include "netmgr/api_chain.h"
#include "netmgr/api_checks.h"
#include "netmgr/api_wifi.h"
#include "netmgr/engine.h"
#include "netmgr/book/ledger.h"
#include "netmgr/measure/measure.h"
#include "netmgr/probe/measure_key.h"
#include "netmgr/modem/modems.h"
#include "netmgr/probe/probe.h"
#include "netmgr/book/quota.h"
#include "netmgr/kernel/shaper.h"
#include "netmgr/wall/wall.h"

enum { PAGE = 100, PAGE_MAX = 1000 };

CLEAN_FN(json, json_t, json_decref)

/* --- GET /v1/uplinks, /v1/status --- */

/* What is in force; `reason` says why something that is wished for is not. */
static json_t *shaping_json(const struct engine *e, unsigned i)
{
	struct shaper_view view;
	const struct uplink_conf *conf = &e->conf->uplinks[i];
	shaper_look(e->shaper, i, &view);
	if (!conf->shape)
		snprintf(view.reason, sizeof(view.reason), "switched off");
	else if (!view.reason[0] && !view.up_kbps && kernel_device(e->serving.kernel, i))
		snprintf(view.reason, sizeof(view.reason),
			 "what the line carries upward is not known yet");
	const bool learned = !conf->up_kbps && view.up_kbps;
	json_t *j = json_pack("{s:I, s:I, s:s, s:b, s:s}", "up_kbps", (json_int_t)view.up_kbps,
			      "down_kbps", (json_int_t)view.down_kbps, "queue", view.queue,
			      "learned", learned, "reason", view.reason);
	if (learned)
		json_object_set_new(j, "learned_age_s",
				    json_integer((json_int_t)account_rate(e->account, i).age_s));
	return j;
}

static json_t *uplink_json(struct engine *e, unsigned i)
{
	const struct uplink_conf *conf = &e->conf->uplinks[i];
	const struct core_uplink *u = &e->core.uplinks[i];
	uint64_t rx, tx, now = clock_mono_ms();
	account_used(e->account, i, &rx, &tx);
	const enum quota_level level = quota_level(rx + tx, conf->quota_bytes);
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:I, s:I}", "name",
			      conf->name, "kind", uplink_kind_name(net_conf_kind(conf)), "state",
			      uplink_state_name(core_state(&e->core, i)), "grade",
			      uplink_grade_name(u->grade), "reason", uplink_layer_name(u->layer),
			      "since_s", (json_int_t)((now - u->since_ms) / 1000), "rtt_us",
			      (json_int_t)u->rtt.smooth_us, "down_kbps",
			      (json_int_t)account_kbps(e->account, i), "metered",
			      net_conf_metered(conf), "rx_bytes", (json_int_t)rx, "tx_bytes",
			      (json_int_t)tx);
	json_object_set_new(j, "preference", json_integer((json_int_t)conf->preference));
	if (u->state == UPLINK_HOLDDOWN && u->hold_until_ms > now)
		json_object_set_new(j, "hold_s",
				    json_integer(
					    (json_int_t)((u->hold_until_ms - now + 999) / 1000)));
	json_object_set_new(j, "hub_echo", json_boolean(e->possible[i] & PROBE_BIT(PROBE_ECHO)));
	if (conf->quota_bytes) {
		json_object_set_new(j, "quota_bytes", json_integer((json_int_t)conf->quota_bytes));
		json_object_set_new(j, "quota_day", json_integer((json_int_t)conf->quota_day));
		json_object_set_new(j, "quota_level", json_string(quota_level_name(level)));
	}
	if (conf->price_per_gb) {
		const uint64_t cost = quota_cost(rx + tx, (uint64_t)conf->price_per_gb);
		json_object_set_new(j, "cost", json_integer((json_int_t)cost));
		json_object_set_new(j, "currency", json_string(conf->currency));
	}
	json_object_set_new(j, "shaping", shaping_json(e, i));
	json_object_set_new(j, "passive", engine_passive_json(e, i, now));
	json_object_set_new(j, "sync", json_string(ways_sync(e, i)));
	json_object_set_new(j, "barred", ways_barred_json(e, i));
	json_object_set_new(j, "measured", measure_api_last(e->measure, i));
	json_t *modem = modems_json(e->modems, i);
	if (modem)
		json_object_set_new(j, "modem", modem);
	return j;
}

/* Of the lines that have one: {"lte": {...}}. */
static json_t *modems_of(const struct engine *e)
{
	json_t *all = json_object();
	for (unsigned i = 0; i < e->conf->uplink_count; i++) {
		json_t *modem = modems_json(e->modems, i);
		if (modem)
			json_object_set_new(all, e->conf->uplinks[i].name, modem);
	}
	return all;
}

static json_t *preferred_json(const struct engine *e)
{
	int preferred = core_preferred(&e->core);
	return preferred < 0 ? json_null() : json_string(e->conf->uplinks[preferred].name);
}

/* The networks that the box gives to people, for whoever hands out addresses in them and for whoever asks why. */
static json_t *lan_json(const struct engine *e, const struct kernel_lan *lan)
{
	char address[LAN_NET_ROOM] = "", network[LAN_NET_ROOM] = "", from[LAN_NET_ROOM];
	if (lan->net.len) {
		lan_write(&lan->net, address);
		lan_write_network(&lan->net, network);
	}
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", lan->conf->name, "device",
			      lan->conf->device, "address", address, "network", network, "here",
			      lan->here);
	if (lan->from.len) {
		lan_write_network(&lan->from, from);
		json_object_set_new(j, "moved",
				    json_pack("{s:s, s:s, s:I}", "from", from, "uplink",
					      lan->moved_for, "at", (json_int_t)lan->moved_s));
	}
	if (lan->collides >= 0)
		json_object_set_new(j, "collides",
				    json_string(e->conf->uplinks[lan->collides].name));
	return j;
}

static json_t *lans_json(const struct engine *e)
{
	struct kernel_lan lans[LAN_MAX];
	const size_t count = kernel_lans(e->serving.kernel, lans);
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, lan_json(e, &lans[i]));
	return list;
}

static void serve_uplinks(struct ctl_request *req, void *data)
{
	struct engine *e = data;
	json_t *list = json_array();
	for (unsigned i = 0; i < e->conf->uplink_count; i++)
		json_array_append_new(list, uplink_json(e, i));
	ctl_reply_json(req, 200,
		       json_pack("{s:o, s:o, s:o, s:o, s:o}", "uplinks", list, "preferred",
				 preferred_json(e), "classes", ways_json(e), "lans", lans_json(e),
				 "wall", wall_json(e->wall)));
}

static void serve_status(struct ctl_request *req, void *data)
{
	struct engine *e = data;
	ctl_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:b, s:o, s:o, s:o}", "name",
				 "netmgrd", "version", WASL_VERSION, "since_s",
				 (json_int_t)((clock_mono_ms() - e->start_ms) / 1000), "uplinks",
				 (json_int_t)e->conf->uplink_count, "boots",
				 (json_int_t)account_boots(e->account), "preferred",
				 preferred_json(e), "storing", !e->store_failed, "lans",
				 lans_json(e), "wall", wall_json(e->wall), "modems", modems_of(e)));
}

/* --- GET /v1/minutes, /v1/events --- */

struct page {
	json_t *rows;
	int64_t next;
};

static void add_minute(void *data, const struct ledger_row *r)
{
	struct page *page = data;
	json_array_append_new(
		page->rows,
		json_pack("{s:I, s:I, s:I, s:s, s:s, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:s}",
			  "cursor", (json_int_t)r->cursor, "minute", (json_int_t)r->row.minute,
			  "day", (json_int_t)(r->row.minute / 1440), "uplink", r->uplink, "kind",
			  uplink_kind_name((enum uplink_kind)r->kind), "up_s",
			  (int)r->row.seconds[UPLINK_CLASS_UP], "down_s",
			  (int)r->row.seconds[UPLINK_CLASS_DOWN], "unpowered_s",
			  (int)r->row.seconds[UPLINK_CLASS_UNPOWERED], "unknown_s",
			  (int)r->row.seconds[UPLINK_CLASS_UNKNOWN], "rx_bytes",
			  (json_int_t)r->row.rx_bytes, "tx_bytes", (json_int_t)r->row.tx_bytes,
			  "rtt_us", (json_int_t)r->row.rtt_us, "down_kbps",
			  (json_int_t)r->row.down_kbps, "reason",
			  uplink_layer_name((enum uplink_layer)r->row.layer)));
	page->next = r->cursor;
}

static void add_event(void *data, const struct ledger_event *event)
{
	struct page *page = data;
	json_array_append_new(page->rows,
			      json_pack("{s:I, s:I, s:s, s:s, s:s}", "cursor",
					(json_int_t)event->cursor, "at", (json_int_t)event->at_s,
					"kind", event->kind, "subject", event->subject, "reason",
					event->reason));
	page->next = event->cursor;
}

static int page_asked(struct ctl_request *req, int64_t *after, unsigned *limit, struct fault *why)
{
	int64_t wanted = ctl_arg_int(req, "limit", PAGE);
	*after = ctl_arg_int(req, "after", 0);
	if (wanted < 1 || *after < 0)
		return fault_set(why, -EINVAL, "page.arguments",
				 "'after' is a cursor that was given out (0 to begin), 'limit' a "
				 "number from 1 to %d",
				 PAGE_MAX);
	*limit = wanted < PAGE_MAX ? (unsigned)wanted : PAGE_MAX;
	return 0;
}

static void reply_page(struct ctl_request *req, struct page *page, int r, const struct fault *why)
{
	if (r < 0) {
		json_decref(page->rows);
		ctl_reply_fault(req, ctl_status_of(r), why);
		return;
	}
	ctl_reply_json(req, 200,
		       json_pack("{s:o, s:I}", "rows", page->rows, "next", (json_int_t)page->next));
}

/* Where nothing is left to give: a reader beyond the end is sent back to it, and sees that the book is new. */
static int64_t nearer(int64_t asked, int64_t last)
{
	return asked < last ? asked : last;
}

static int read_minutes(struct ledger *l, unsigned limit, struct page *page, struct fault *why)
{
	return ledger_minutes(l, page->next, limit, add_minute, page, why);
}

static int read_events(struct ledger *l, unsigned limit, struct page *page, struct fault *why)
{
	return ledger_events(l, page->next, limit, add_event, page, why);
}

static void serve_rows(struct ctl_request *req, struct ledger *l,
		       int (*read)(struct ledger *l, unsigned limit, struct page *page,
				   struct fault *why),
		       int64_t (*last)(const struct ledger *l))
{
	struct page page = { .rows = json_array() };
	struct fault why;
	unsigned limit = 0;
	int r = page_asked(req, &page.next, &limit, &why);
	if (r == 0)
		r = read(l, limit, &page, &why);
	if (r == 0)
		page.next = nearer(page.next, last(l));
	reply_page(req, &page, r, &why);
}

static void serve_minutes(struct ctl_request *req, void *data)
{
	const struct engine *e = data;
	serve_rows(req, account_ledger(e->account), read_minutes, ledger_last_minute);
}

static void serve_events(struct ctl_request *req, void *data)
{
	const struct engine *e = data;
	serve_rows(req, account_ledger(e->account), read_events, ledger_last_event);
}

/* --- POST /v1/echo --- */

static int keep_key(struct engine *e, const void *body, size_t len, struct fault *why)
{
	struct measure_key key;
	CLEANUP(clean_json) json_t *asked = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	int r = measure_key_read(json_string_value(json_object_get(asked, "device")),
				 json_string_value(json_object_get(asked, "key")), &key, why);
	if (r == 0)
		r = measure_key_keep(paths_at(ENGINE_KEY_FILE).at, &key, why);
	if (r == 0)
		prober_set_key(e->prober, &key);
	return r;
}

static void serve_echo(struct ctl_request *req, void *data)
{
	struct fault why;
	size_t len = 0;
	const void *body = ctl_body(req, &len);
	int r = keep_key(data, body, len, &why);
	if (r < 0)
		ctl_reply_fault(req, ctl_status_of(r), &why);
	else
		ctl_reply_json(req, 200, json_object());
}

/* --- POST /v1/emergency --- */

static int order(struct engine *e, struct ctl_request *req, struct fault *why)
{
	size_t len = 0;
	const void *body = ctl_body(req, &len);
	CLEANUP(clean_json) json_t *asked = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *minutes = json_object_get(asked, "minutes");
	const json_int_t n = minutes ? json_integer_value(minutes) : 0;
	enum emergency_mode mode;
	if (emergency_parse(json_string_value(json_object_get(asked, "mode")), &mode) < 0 ||
	    (minutes && (n < 1 || n > EMERGENCY_MOST_S / 60)))
		return fault_set(
			why, -EINVAL, "wall.question",
			"write {\"mode\": \"open\", \"closed\" or \"none\", \"minutes\": 1 "
			"to %d}",
			EMERGENCY_MOST_S / 60);
	return wall_order(e->wall, mode, (uint32_t)n * 60, ctl_peer_uid(req), clock_mono_ms(), why);
}

static void serve_emergency(struct ctl_request *req, void *data)
{
	struct engine *e = data;
	struct fault why;
	int r = order(e, req, &why);
	if (r < 0)
		ctl_reply_fault(req, ctl_status_of(r), &why);
	else
		ctl_reply_json(req, 200, wall_json(e->wall));
}

int api_listen(struct engine *e, struct fault *why)
{
	static const struct ctl_route shared[] = {
		{ "GET", "/v1/uplinks", serve_uplinks, 0 },
		{ "GET", "/v1/minutes", serve_minutes, 0 },
		{ "GET", "/v1/events", serve_events, 0 },
		{ "GET", "/v1/chain", api_chain, 0 },
		{ "GET", "/v1/links", api_links, 0 },
		{ "GET", "/v1/checks", api_checks, 0 },
		{ "GET", "/v1/wifi", api_wifi, 0 },
		{ "GET", "/metrics", api_metrics, 0 },
		{ "GET", "/v1/status", serve_status, 0 },
		{ "POST", "/v1/echo", serve_echo, 1024 },
		{ "POST", "/v1/emergency", serve_emergency, 1024 },
		{ "POST", "/v1/measure", measure_api_order, 1024 },
		{ "GET", "/v1/measure", measure_api_now, 0 },
		{ "GET", "/v1/measurements", measure_api_rows, 0 },
	};
	_Static_assert(ARRAY_LEN(shared) + KERNEL_ROUTES == ENGINE_ROUTES, "room for all routes");
	memcpy(e->routes, shared, sizeof(shared));
	size_t count = ARRAY_LEN(shared) + kernel_routes(e->routes + ARRAY_LEN(shared));
	return ctl_listen(e->loop, paths_at("/run/wasl/netmgrd.sock").at, 0660, e->routes, count, e,
			  &e->ctl, why);
}
