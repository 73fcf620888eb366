// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_ctl.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "content/contentd.h"
#include "content/live/live_keep.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"

#define NOTES_BYTES (64u << 10)

CLEAN_FN(json, json_t, json_decref)

/* --- wiring -------------------------------------------------------------------------------------------------- */

static void changed(void *data)
{
	publish_pages_soon(data);
}

static void kept(void *data, const struct live_bytes *bytes)
{
	struct contentd *c = data;
	live_keep_take(c->keep, bytes);
}

static void kept_all(void *data, const char *class)
{
	struct contentd *c = data;
	live_keep_end(c->keep, class);
}

static void kept_busy(void *data)
{
	struct contentd *c = data;
	replan_soon(&c->keep_steps);
}

static void keep_step(void *data)
{
	struct contentd *c = data;
	const uint64_t wait_ms = c->keep ? live_keep_step(c->keep) : 0;
	replan_at(&c->keep_steps, wait_ms ? clock_mono_ms() + wait_ms : 0);
}

static int named(void *data, struct fault *why)
{
	(void)why;
	publish_names_soon(data);
	return 0;
}

static void tell(void *data, const char *kind, const char *subject, const char *layer,
		 const char *sentence)
{
	contentd_tell(data, kind, subject, layer, sentence);
}

/* --- classes that a person has begun ------------------------------------------------------------------------------ */

static int notes_path(const struct contentd *c, char out[static PATH_MAX], struct fault *why)
{
	return contentd_file(c, "live.json", out, why);
}

static int take_text(const json_t *from, const char *key, char *to, size_t room)
{
	const char *text = json_string_value(json_object_get(from, key));
	if (!text || strlen(text) >= room)
		return -EINVAL;
	memcpy(to, text, strlen(text) + 1);
	return 0;
}

/* A class of the notes that cannot be any more (its name is configured now) is passed over. */
static void read_notes(struct contentd *c)
{
	char path[PATH_MAX];
	AUTO_FREE void *text = NULL;
	size_t len = 0, i;
	json_t *one;
	if (notes_path(c, path, NULL) || fileio_read(path, NOTES_BYTES, &text, &len, NULL))
		return;
	CLEANUP(clean_json) json_t *list = json_loadb(text, len, 0, NULL);
	json_array_foreach (list, i, one) {
		struct live_class_conf conf = { 0 };
		struct fault why = { 0 };
		if (take_text(one, "name", conf.name, sizeof(conf.name)) == 0 &&
		    take_text(one, "url", conf.url, sizeof(conf.url)) == 0) {
			(void)take_text(one, "ar", conf.ar, sizeof(conf.ar));
			(void)take_text(one, "fr", conf.fr, sizeof(conf.fr));
			(void)take_text(one, "en", conf.en, sizeof(conf.en));
			if (live_add(c->live, &conf, LIVE_STARTED, &why))
				log_fault(LOG_LEVEL_WARN, "live.note", &why);
		}
	}
}

static int write_notes(struct contentd *c, struct fault *why)
{
	char path[PATH_MAX];
	CLEANUP(clean_json) json_t *list = json_array();
	for (size_t i = 0; i < live_count(c->live); i++) {
		const struct live_class_conf *conf = live_conf(c->live, live_at(c->live, i).name);
		if (live_origin_at(c->live, i) == LIVE_STARTED)
			json_array_append_new(list,
					      json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", conf->name,
							"url", conf->url, "ar", conf->ar, "fr",
							conf->fr, "en", conf->en));
	}
	AUTO_FREE char *text = json_dumps(list, JSON_INDENT(1));
	int r = notes_path(c, path, why);
	if (r == 0 && !text)
		r = fault_set(why, -ENOMEM, "memory", "out of memory");
	return r ? r : fileio_replace(path, text, strlen(text), 0600, why);
}

/* A class that is kept makes room for itself like any file that a person adds. */
static int room(void *data, uint64_t bytes, const char *cause, struct fault *why)
{
	struct contentd *c = data;
	return keeper_make_room(c->keeper, bytes, EVICT_FOR_PERSON, cause, why);
}

int live_ctl_open(struct contentd *c, struct fault *why)
{
	const struct relay_part *relay = &c->conf->relay;
	struct path folder = paths_at("/run/wasl/live");
	const struct report report = { tell, c };
	const struct live_calls calls = { changed, kept, kept_all, c };
	const struct live_keep_calls keep = { named, changed, room, kept_busy, c };
	const struct live_options options = { .folder = folder.at,
					      .max_bytes = relay->max_bytes,
					      .allow = relay->allow,
					      .patience_s = (unsigned)relay->patience_s,
					      .linger_s = (unsigned)relay->linger_s,
					      .settle_s = (unsigned)relay->settle_s,
					      .stale_s = (unsigned)relay->stale_s };
	char path[PATH_MAX];
	int r = contentd_file(c, "live", path, why);
	if (r == 0 && replan_init(&c->keep_steps, c->loop, keep_step, c))
		r = fault_set(why, -ENOMEM, "memory", "out of memory");
	if (r == 0)
		r = live_keep_open(c->store, path, &keep, &report, &c->keep, why);
	if (r == 0)
		r = live_new(c->loop, c->http, &options, &calls, &report, &c->live, why);
	for (size_t i = 0; r == 0 && i < c->conf->live_count; i++)
		r = live_add(c->live, &c->conf->live[i], LIVE_CONFIGURED, why);
	if (r == 0)
		read_notes(c);
	return r;
}

/* Classes first: what was kept of them becomes a lesson at the next start. */
void live_ctl_close(struct contentd *c)
{
	live_free(MOVE_PTR(c->live));
	live_keep_close(MOVE_PTR(c->keep));
	replan_done(&c->keep_steps);
}

/* --- the control socket --------------------------------------------------------------------------------------------- */

static void refuse(struct ctl_request *req, const struct fault *why)
{
	ctl_reply_fault(req, ctl_status_of(why->code), why);
}

static void show(struct ctl_request *req, struct contentd *c)
{
	json_t *all = live_json(c->live);
	json_object_set_new(all, "kept", live_keep_json(c->keep));
	ctl_reply_json(req, 200, all);
}

void live_ctl_status(struct ctl_request *req, void *data)
{
	show(req, data);
}

static int asked(const struct ctl_request *req, const char *key, char *out, size_t room,
		 struct fault *why)
{
	const char *text = ctl_arg(req, key);
	if (text && strlen(text) >= room)
		return fault_set(why, -EINVAL, "live.long", "%s: at most %zu bytes", key, room - 1);
	snprintf(out, room, "%s", text ? text : "");
	return 0;
}

int live_ctl_begin(struct contentd *c, const struct live_class_conf *conf, struct fault *why)
{
	if (!conf->url[0])
		return live_resume(c->live, conf->name, why);
	int r = live_add(c->live, conf, LIVE_STARTED, why);
	if (r)
		return r;
	r = write_notes(c, why);
	if (r) /* what is not durable is not begun */
		(void)live_stop(c->live, conf->name, NULL);
	return r;
}

int live_ctl_end(struct contentd *c, const char *name, struct fault *why)
{
	int r = live_stop(c->live, name, why);
	return r ? r : write_notes(c, why);
}

int live_ctl_record(struct contentd *c, const char *name, struct fault *why)
{
	const struct live_class_conf *conf = live_conf(c->live, name);
	int r = live_keep(c->live, name, why);
	if (r == 0 && conf) {
		r = live_keep_begin(c->keep, conf, why);
		if (r)
			live_let_go(c->live, name);
	}
	return r;
}

/* Who begins a class, while it is looked at. */
struct beginning {
	struct contentd *c;
	struct ctl_request *req;
	struct live_class_conf conf;
	struct live_try *looks;
};

static void begin(struct beginning *b)
{
	struct fault why = { 0 };
	if (live_ctl_begin(b->c, &b->conf, &why))
		refuse(b->req, &why);
	else
		show(b->req, b->c);
}

static void looked_at(void *data, const struct fault *refused)
{
	struct beginning *b = data;
	b->looks = NULL;
	ctl_on_gone(b->req, NULL, NULL);
	if (refused)
		refuse(b->req, refused);
	else
		begin(b);
}

static void beginning_gone(void *data)
{
	const struct beginning *b = data;
	live_try_leave(b->looks);
}

static int asked_class(const struct ctl_request *req, struct live_class_conf *out,
		       struct fault *why)
{
	int r = asked(req, "name", out->name, sizeof(out->name), why);
	if (r == 0)
		r = asked(req, "url", out->url, sizeof(out->url), why);
	if (r == 0)
		r = asked(req, "ar", out->ar, sizeof(out->ar), why);
	if (r == 0)
		r = asked(req, "fr", out->fr, sizeof(out->fr), why);
	return r ? r : asked(req, "en", out->en, sizeof(out->en), why);
}

void live_ctl_start(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fault why = { .code = -ENOMEM, .id = "memory", .text = "out of memory" };
	struct beginning *b = ctl_scratch(req, sizeof(*b));
	int r = b ? 0 : -ENOMEM;
	if (r == 0) {
		*b = (struct beginning){ .c = c, .req = req };
		r = asked_class(req, &b->conf, &why);
	}
	if (r == 0 && !b->conf.url[0]) {
		begin(b);
		return;
	}
	if (r == 0)
		r = live_try(c->live, &b->conf, looked_at, b, &b->looks, &why);
	if (r)
		refuse(req, &why);
	else
		ctl_on_gone(req, beginning_gone, b);
}

static const char *asked_name(const struct ctl_request *req, const char *key)
{
	const char *name = ctl_arg(req, key);
	return name ? name : "";
}

void live_ctl_stop(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fault why = { 0 };
	if (live_ctl_end(c, asked_name(req, "name"), &why))
		refuse(req, &why);
	else
		show(req, c);
}

void live_ctl_keep(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fault why = { 0 };
	if (live_ctl_record(c, asked_name(req, "name"), &why))
		refuse(req, &why);
	else
		show(req, c);
}

void live_ctl_forget(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fault why = { 0 };
	if (live_keep_forget(c->keep, asked_name(req, "id"), &why))
		refuse(req, &why);
	else
		show(req, c);
}
