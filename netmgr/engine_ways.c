// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <time.h>

#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "netmgr/engine.h"
#include "netmgr/book/quota.h"

static const char *name_of(const struct engine *e, int uplink)
{
	return uplink >= 0 ? e->conf->uplinks[uplink].name : "none";
}

static struct prefer_line line_of(const struct engine *e, unsigned i)
{
	const enum uplink_state state = core_state(&e->core, i);
	return (struct prefer_line){
		.works = state == UPLINK_UP || state == UPLINK_SUSPECT || state == UPLINK_HOLDDOWN,
		.trusted = e->core.uplinks[i].fitness >= CHOOSE_LIMPING,
		.capped = state == UPLINK_CAPPED,
		.held = e->quota_level[i] >= QUOTA_HOLD,
		.never = prefer_named(&e->never[i], e->minute),
		.spare = prefer_named(&e->spare[i], e->minute),
		.rank = (unsigned)e->conf->uplinks[i].preference,
	};
}

static void say(const struct engine *e, const struct prefer_ways *before)
{
	for (unsigned c = 0; c < SHAPE_CLASSES; c++) {
		const int to = e->ways.line[c];
		if (to != before->line[c] &&
		    (to != e->ways.base || before->line[c] != before->base))
			log_info("event=uplink.class class=%s uplink=%s",
				 shape_class_name((enum shape_class)c), name_of(e, to));
	}
}

/* A box whose only line is used up never prefers one, and has reports to send. */
static int preferred_now(const struct engine *e)
{
	for (unsigned i = 0; e->preferred == PREFER_UNCHOSEN && i < e->conf->uplink_count; i++)
		if (core_state(&e->core, i) == UPLINK_CAPPED)
			return -1;
	return e->preferred;
}

void ways_note(struct engine *e)
{
	struct prefer_line lines[UPLINK_MAX];
	const struct prefer_ways before = e->ways;
	struct fault why;
	for (unsigned i = 0; i < e->conf->uplink_count; i++)
		lines[i] = line_of(e, i);
	prefer_choose(lines, e->conf->uplink_count, preferred_now(e), &e->ways);
	if (memcmp(&before, &e->ways, sizeof(before)) == 0)
		return;
	say(e, &before);
	if (kernel_prefer(e->serving.kernel, &e->ways, &why) < 0)
		log_fault(LOG_LEVEL_ERROR, "uplink.prefer", &why);
}

static int minute_of(int64_t wall_s)
{
	enum { HOUR = 60 };
	const time_t at = (time_t)wall_s;
	struct tm local;
	return localtime_r(&at, &local) ? local.tm_hour * HOUR + local.tm_min : -1;
}

void ways_tick(struct engine *e, int64_t wall_s, bool synced)
{
	e->minute = synced ? minute_of(wall_s) : -1;
	ways_note(e);
}

void ways_begin(struct engine *e)
{
	for (unsigned i = 0; i < e->conf->uplink_count; i++) {
		const struct uplink_conf *u = &e->conf->uplinks[i];
		/* net_conf_check() has read them before. */
		(void)prefer_parse(u->never, &e->never[i]);
		(void)prefer_parse(u->spare, &e->spare[i]);
	}
	e->minute = -1;
	prefer_choose(NULL, 0, PREFER_UNCHOSEN, &e->ways);
}

json_t *ways_json(const struct engine *e)
{
	json_t *all = json_object();
	for (unsigned c = 0; c < SHAPE_CLASSES; c++) {
		const int to = e->ways.line[c];
		json_object_set_new(all, shape_class_name((enum shape_class)c),
				    to < 0 ? json_null() : json_string(name_of(e, to)));
	}
	return all;
}

json_t *ways_barred_json(const struct engine *e, unsigned uplink)
{
	json_t *list = json_array();
	for (unsigned c = 0; c < SHAPE_CLASSES; c++)
		if (e->ways.barred[uplink] & PREFER_BIT(c))
			json_array_append_new(list,
					      json_string(shape_class_name((enum shape_class)c)));
	return list;
}

const char *ways_sync(const struct engine *e, unsigned uplink)
{
	const unsigned sync = PREFER_BIT(SHAPE_SYNC);
	if (e->quota_level[uplink] >= QUOTA_HOLD)
		return "quota";
	return e->ways.barred[uplink] & sync ? "never" : "go";
}
