// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/settle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content/contentd.h"
#include "content/fetch/planning.h"
#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

/* Each trouble is told once, and so is another one after it. */
static void note_refused(struct contentd *c, const struct fault *refused)
{
	const bool again = strcmp(refused->text, c->settings_refused) == 0;
	snprintf(c->settings_refused, sizeof(c->settings_refused), "%s", refused->text);
	if (refused->code && !again)
		contentd_tell(c, "settings.refused", "settings", "settings", refused->text);
}

static int read_again(struct contentd *c, struct content_conf **out, struct fault *refused,
		      struct fault *why)
{
	AUTO_FREE struct content_conf *fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	struct conf_settled said;
	int r = conf_load_settled(c->source, fresh, &said, why);
	*refused = said.refused;
	if (r == 0)
		*out = MOVE_PTR(fresh);
	return r;
}

static int take_over(struct contentd *c, const struct content_conf *fresh, struct fault *why)
{
	struct planner_rules rules;
	int r = content_conf_planner(fresh, &rules, why);
	if (r)
		return r;
	c->conf->fetch = fresh->fetch;
	c->conf->box.language = fresh->box.language;
	c->conf->origin.interval_s = fresh->origin.interval_s;
	c->conf->settings = fresh->settings;
	sync_interval(c->sync, (unsigned)fresh->origin.interval_s);
	planning_obey(c->planning, &rules);
	publish_pages_soon(c);
	return 0;
}

void settle_begin(struct contentd *c)
{
	struct content_conf *fresh = NULL;
	struct fault refused = { 0 }, why = { 0 };
	if (read_again(c, &fresh, &refused, &why) == 0)
		note_refused(c, &refused);
	free(fresh);
}

void settle_ctl_reload(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	AUTO_FREE struct content_conf *fresh = NULL;
	struct fault refused = { 0 }, why = { 0 };
	int r = read_again(c, &fresh, &refused, &why);
	if (r == 0)
		r = take_over(c, fresh, &why);
	if (r) {
		log_fault(LOG_LEVEL_WARN, "reload", &why);
		ctl_reply_fault(req, ctl_status_of(r), &why);
		return;
	}
	note_refused(c, &refused);
	log_info("event=reload settings=%lld", (long long)c->conf->settings.version);
	ctl_reply_json(req, 200,
		       json_pack("{s:I,s:s}", "settings_version",
				 (json_int_t)c->conf->settings.version, "settings_refused",
				 c->settings_refused));
}
