// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/status_view.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/store_view.h"
#include "firmware/ctl/view.h"
#include "firmware/ctl/wall_view.h"

/* States of an uplink as netmgrd names them, and what they are to a person. */
static const struct uplink_state {
	const char *name;
	enum view_state shape;
	const char *id;
} uplink_states[] = {
	{ "absent", VIEW_UNKNOWN, "wasl.uplink.absent" },
	{ "link", VIEW_UNKNOWN, "wasl.uplink.link" },
	{ "addressed", VIEW_UNKNOWN, "wasl.uplink.probing" },
	{ "probing", VIEW_UNKNOWN, "wasl.uplink.probing" },
	{ "up", VIEW_GOOD, "state.good" },
	{ "suspect", VIEW_MODERATE, "wasl.uplink.suspect" },
	{ "down", VIEW_NO, "wasl.uplink.down" },
	{ "holddown", VIEW_MODERATE, "wasl.uplink.holddown" },
	{ "portal", VIEW_NO, "wasl.uplink.portal" },
	{ "capped", VIEW_NO, "wasl.uplink.capped" },
	{ "off", VIEW_UNKNOWN, "wasl.uplink.off" },
};

static const json_t *said(const json_t *all, const char *program)
{
	const json_t *answer = json_object_get(all, program);
	return json_is_object(answer) && !json_object_get(answer, "error") ? answer : NULL;
}

static void silent(const struct view *v, const char *part_id, const char *program, FILE *to)
{
	AUTO_FREE char *text = view_fill(v, "wasl.silent", "part", strings_get(v->lang, part_id),
					 "program", program, NULL);
	view_row(v, VIEW_UNKNOWN, text, to);
}

/* Whose box this is: agentd knows, before enrolment provisiond does. */
static void show_owner(const json_t *all, const struct view *v, FILE *to)
{
	const json_t *agent = said(all, "agentd"), *setup = said(all, "provisiond");
	const json_t *who = json_is_true(json_object_get(agent, "enrolled")) ? agent : setup;
	char name[200], code[64];
	view_foreign(view_text(who, "school_name"), name, sizeof(name));
	view_foreign(view_text(who, "school_code"), code, sizeof(code));
	if (!name[0])
		view_foreign(view_text(setup, "school_name"), name, sizeof(name));
	const char *state = view_text(setup, "state");
	if (who == agent || strcmp(state, "enrolled") == 0) {
		char line[300];
		snprintf(line, sizeof(line), "%s%s%s", name, name[0] && code[0] ? " · " : "", code);
		view_title(v, line[0] ? line : strings_get(v->lang, "common.wasl"), to);
		return;
	}
	view_title(v, strings_get(v->lang, "common.wasl"), to);
	if (!setup)
		return;
	char claim[32];
	view_foreign(view_text(setup, "claim_code"), claim, sizeof(claim));
	const char *id = strcmp(state, "refused") == 0   ? "wasl.refused"
			 : strcmp(state, "ordered") == 0 ? "wasl.ordered"
							 : "wasl.unclaimed";
	AUTO_FREE char *text = view_fill(v, id, "code", claim, "school", code, NULL);
	view_row(v, strcmp(state, "refused") == 0 ? VIEW_NO : VIEW_NEVER, text, to);
	if (strcmp(id, "wasl.unclaimed") == 0)
		return;
	char why[480];
	view_foreign(view_text(setup, "text"), why, sizeof(why));
	fprintf(to, "    %s\n", why);
}

static bool any_uplink_up(const json_t *net)
{
	size_t i;
	json_t *uplink;
	json_array_foreach (json_object_get(net, "uplinks"), i, uplink) {
		const char *state = view_text(uplink, "state");
		if (strcmp(state, "up") == 0 || strcmp(state, "suspect") == 0)
			return true;
	}
	return false;
}

/* "Lessons work" is only said of lessons that are there. */
static void show_headline(const json_t *all, const struct view *v, FILE *to)
{
	enum { OFF, ON, UNKNOWN } internet;
	static const char *const both[] = { "status.offline", "status.online", "status.unknown" };
	static const char *const empty[] = { "wasl.internet.off", "wasl.internet.on",
					     "wasl.internet.unknown" };
	static const char *const alone[] = { "status.internet.off", "status.internet.on",
					     "status.internet.unknown" };
	static const enum view_state shapes[] = { VIEW_MODERATE, VIEW_GOOD, VIEW_UNKNOWN };
	const json_t *net = said(all, "netmgrd"), *content = said(all, "contentd");
	internet = !net ? UNKNOWN : any_uplink_up(net) ? ON : OFF;
	if (!content) {
		view_row(v, shapes[internet], strings_get(v->lang, alone[internet]), to);
		view_row(v, VIEW_UNKNOWN, strings_get(v->lang, "wasl.lessons.unknown"), to);
		return;
	}
	bool lessons = view_int(content, "lessons_ready", 0) > 0;
	view_row(v, shapes[internet],
		 strings_get(v->lang, lessons ? both[internet] : empty[internet]), to);
}

/* "  · 12 ms · 4,2 Mbit/s" */
static void put_figures(const json_t *uplink, const struct view *v, FILE *to)
{
	int64_t rtt_us = view_int(uplink, "rtt_us", 0), kbps = view_int(uplink, "down_kbps", 0);
	char number[32];
	if (rtt_us > 0) {
		snprintf(number, sizeof(number), "%" PRId64, (rtt_us + 500) / 1000);
		AUTO_FREE char *text = view_fill(v, "wasl.rtt", "n", number, NULL);
		fprintf(to, " · %s", text);
	}
	if (kbps > 0) {
		view_tenths(v, (uint64_t)(kbps + 50) / 100, number, sizeof(number));
		AUTO_FREE char *text = view_fill(v, "wasl.mbps", "n", number, NULL);
		fprintf(to, " · %s", text);
	}
}

const char *status_view_layer(const json_t *uplink, const struct view *v)
{
	static const struct {
		const char *reason, *id;
	} layers[] = {
		{ "cable", "layer.cable" },       { "address", "layer.address" },
		{ "gateway", "layer.gateway" },   { "ISP", "layer.isp" },
		{ "resolver", "layer.resolver" }, { "portal", "layer.portal" },
		{ "hub", "layer.hub" },
	};
	const char *reason = view_text(uplink, "reason");
	for (size_t i = 0; i < ARRAY_LEN(layers); i++)
		if (strcasecmp(layers[i].reason, reason) == 0)
			return strings_get(v->lang, layers[i].id);
	return "";
}

/* "السبب: المزوّد"; a reason that is no layer is shown as it is. */
static void put_reason(const json_t *uplink, const struct view *v, FILE *to)
{
	char reason[64];
	view_foreign(view_text(uplink, "reason"), reason, sizeof(reason));
	if (!reason[0] || strcmp(reason, "none") == 0)
		return;
	const char *word = status_view_layer(uplink, v);
	AUTO_FREE char *text = view_fill(v, "status.reason", "reason", *word ? word : reason, NULL);
	fprintf(to, " · %s", text);
}

/* Before it is used up: "· 85% of the plan used". */
static void put_quota(const json_t *uplink, const struct view *v, FILE *to)
{
	const char *level = view_text(uplink, "quota_level");
	const bool low = strcmp(level, "low") == 0;
	const int64_t quota = view_int(uplink, "quota_bytes", 0);
	const int64_t used = view_int(uplink, "rx_bytes", 0) + view_int(uplink, "tx_bytes", 0);
	char percent[32];
	if ((!low && strcmp(level, "hold") != 0) || quota < 1)
		return;
	snprintf(percent, sizeof(percent), "%.0f", (double)used * 100 / (double)quota);
	AUTO_FREE char *text =
		view_fill(v, low ? "wasl.quota.low" : "wasl.quota.hold", "n", percent, NULL);
	fprintf(to, " · %s", text);
}

static void put_sync(const json_t *uplink, const struct view *v, FILE *to)
{
	if (strcmp(view_text(uplink, "sync"), "never") == 0)
		fprintf(to, " · %s", strings_get(v->lang, "wasl.sync.never"));
}

static const struct uplink_state *find_state(const json_t *uplink)
{
	const char *state = view_text(uplink, "state");
	for (size_t i = 0; i < ARRAY_LEN(uplink_states); i++)
		if (strcmp(uplink_states[i].name, state) == 0)
			return &uplink_states[i];
	return NULL;
}

const char *status_view_state(const json_t *uplink)
{
	const struct uplink_state *known = find_state(uplink);
	if (strcmp(view_text(uplink, "state"), "up") == 0 &&
	    strcmp(view_text(uplink, "grade"), "degraded") == 0)
		return "state.moderate";
	return known ? known->id : "state.unknown";
}

static void show_uplink(const json_t *uplink, const char *preferred, const struct view *v, FILE *to)
{
	const struct uplink_state *known = find_state(uplink);
	const char *id = status_view_state(uplink);
	enum view_state shape = known ? known->shape : VIEW_UNKNOWN;
	bool up = strcmp(view_text(uplink, "state"), "up") == 0;
	if (up && strcmp(view_text(uplink, "grade"), "degraded") == 0)
		shape = VIEW_MODERATE;
	char name[40];
	view_foreign(view_text(uplink, "name"), name, sizeof(name));
	fputs("  ", to);
	view_shape(v, shape, to);
	fprintf(to, " %-10s %s", name, strings_get(v->lang, id));
	if (up)
		put_figures(uplink, v, to);
	else
		put_reason(uplink, v, to);
	put_quota(uplink, v, to);
	put_sync(uplink, v, to);
	if (strcmp(name, preferred) == 0)
		fprintf(to, " · %s", strings_get(v->lang, "status.uplink.use"));
	putc('\n', to);
}

void status_view_lines(const json_t *net, const struct view *v, FILE *to)
{
	size_t i;
	json_t *uplink;
	json_array_foreach (json_object_get(net, "uplinks"), i, uplink) {
		show_uplink(uplink, view_text(net, "preferred"), v, to);
	}
	if (json_array_size(json_object_get(net, "uplinks")) == 0)
		view_row(v, VIEW_NEVER, strings_get(v->lang, "wasl.uplink.none"), to);
}

static void show_uplinks(const json_t *all, const struct view *v, FILE *to)
{
	const json_t *net = said(all, "netmgrd");
	view_section(v, strings_get(v->lang, "status.uplinks"), to);
	if (!net) {
		silent(v, "status.uplinks", "wasl-netmgrd", to);
		return;
	}
	status_view_lines(net, v, to);
	wall_view(json_object_get(net, "wall"), WALL_VIEW_URGENT, v, to);
}

static void show_lessons(const json_t *all, const struct view *v, FILE *to)
{
	const json_t *content = said(all, "contentd");
	view_section(v, strings_get(v->lang, "portal.lessons"), to);
	if (!content) {
		silent(v, "portal.lessons", "wasl-contentd", to);
		return;
	}
	int64_t ready = view_int(content, "lessons_ready", 0);
	int64_t total = view_int(content, "lessons_total", 0);
	int64_t version = view_int(content, "catalogue_version", 0);
	char n[24], of[24], number[24], free_space[48];
	snprintf(n, sizeof(n), "%" PRId64, ready);
	snprintf(of, sizeof(of), "%" PRId64, total);
	snprintf(number, sizeof(number), "%" PRId64, version);
	view_size(v, (uint64_t)view_int(content, "disk_free_bytes", 0), free_space,
		  sizeof(free_space));
	AUTO_FREE char *catalogue =
		view_fill(v, version ? "status.catalogue" : "status.catalogue.none", "version",
			  number, NULL);
	AUTO_FREE char *count = view_fill(v, "status.ready", "ready", n, "total", of, NULL);
	AUTO_FREE char *room = view_fill(v, "status.disk", "free", free_space, NULL);
	char line[600];
	snprintf(line, sizeof(line), "%s%s%s · %s", total ? count : "", total ? " · " : "",
		 catalogue, room);
	view_row(v, total == 0 ? VIEW_NEVER : ready == total ? VIEW_GOOD : VIEW_MODERATE, line, to);
	char coming[1500];
	const json_t *plan = json_object_get(content, "coming");
	view_said(json_object_get(plan, "text"), v, coming, sizeof(coming));
	if (coming[0])
		view_row(v, view_int(plan, "late", 0) ? VIEW_NO : VIEW_MODERATE, coming, to);
	const json_t *origin = json_object_get(content, "origin");
	if (json_is_false(json_object_get(origin, "ok")))
		view_row(v, VIEW_MODERATE, strings_get(v->lang, "status.origin.down"), to);
	store_view_set_aside(json_object_get(content, "disk"), v, to);
}

/* Which version is in force, or that the one that came is not, and why. */
static void show_settings(const json_t *settings, const struct view *v, FILE *to)
{
	const int64_t version = view_int(settings, "version", 0);
	const int64_t runs = view_int(settings, "runs", 0);
	char n[24], own[24], why[480];
	if (!version)
		return;
	snprintf(n, sizeof(n), "%" PRId64, version);
	snprintf(own, sizeof(own), "%" PRId64, runs);
	AUTO_FREE char *text =
		view_fill(v, version == runs ? "wasl.settings" : "wasl.settings.waits", "n", n,
			  "runs", own, NULL);
	view_row(v, version == runs ? VIEW_GOOD : VIEW_MODERATE, text, to);
	view_foreign(view_text(settings, "refused"), why, sizeof(why));
	if (why[0])
		fprintf(to, "    %s\n", why);
}

static void show_reports(const json_t *all, const struct view *v, FILE *to)
{
	const json_t *agent = said(all, "agentd");
	view_section(v, strings_get(v->lang, "wasl.reports"), to);
	if (!agent) {
		silent(v, "wasl.reports", "wasl-agentd", to);
		return;
	}
	int64_t at = view_int(agent, "last_receipt_at", 0);
	char number[24], date[20];
	snprintf(number, sizeof(number), "%" PRId64, view_int(agent, "through_seq", 0));
	view_time(v, at, date);
	AUTO_FREE char *receipt = view_fill(v, at > 0 ? "wasl.receipt" : "wasl.receipt.none", "n",
					    number, "date", date, NULL);
	view_row(v, at > 0 ? VIEW_GOOD : VIEW_NEVER, receipt, to);
	int64_t waiting = view_int(agent, "sealed", 0);
	if (waiting > 0) {
		snprintf(number, sizeof(number), "%" PRId64, waiting);
		AUTO_FREE char *text = view_fill(v, "wasl.waiting", "n", number, NULL);
		view_row(v, VIEW_MODERATE, text, to);
	}
	show_settings(json_object_get(agent, "settings"), v, to);
	char trouble[480];
	view_foreign(view_text(agent, "last_error"), trouble, sizeof(trouble));
	if (trouble[0])
		view_row(v, VIEW_NO, trouble, to);
}

static void show_setup(const json_t *all, const struct view *v, FILE *to)
{
	const json_t *setup = said(all, "provisiond");
	if (!setup) {
		view_section(v, strings_get(v->lang, "wasl.setup"), to);
		silent(v, "wasl.setup", "wasl-provisiond", to);
		return;
	}
	if (!json_is_true(json_object_get(setup, "provisional")))
		return;
	char claim[32];
	view_foreign(view_text(setup, "claim_code"), claim, sizeof(claim));
	AUTO_FREE char *text = view_fill(v, "wasl.provisional", "code", claim, NULL);
	view_section(v, strings_get(v->lang, "wasl.setup"), to);
	view_row(v, VIEW_MODERATE, text, to);
}

void status_view(const json_t *all, const struct view *v, FILE *to)
{
	show_owner(all, v, to);
	show_headline(all, v, to);
	show_uplinks(all, v, to);
	show_lessons(all, v, to);
	show_reports(all, v, to);
	show_setup(all, v, to);
}
