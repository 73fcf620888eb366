// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "content/fetch/agenda.h"
#include "content/fetch/agenda_ctl.h"
#include "content/live/live_ctl.h"
#include "content/live/live_keep.h"
#include "content/portal/site_json.h"
#include "content/staff/fields.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

/* Pages for the class of today: live classes, and lessons that are to be here by a day. */

/* --- live ------------------------------------------------------------------------------------------------- */

static const char *first_of(const char *a, const char *b, const char *c, const char *name)
{
	return *a ? a : *b ? b : *c ? c : name;
}

static json_t *live_rows(const struct visit *v)
{
	static const char *const words[] = {
		[LIVE_IDLE] = "staff.live.idle",
		[LIVE_LOOKING] = "live.looking",
		[LIVE_ON] = "live.now",
		[LIVE_STALE] = "live.stale",
		[LIVE_OFF] = "staff.live.stopped",
		[LIVE_OVER] = "live.over",
	};
	const struct contentd *c = v->s->c;
	json_t *list = json_array();
	for (size_t i = 0; i < live_count(c->live); i++) {
		const struct live_view one = live_at(c->live, i);
		const bool off = one.state == LIVE_OFF;
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s,s:b,s:b,s:b}", "name", one.name,
						"title", first_of(one.ar, one.fr, one.en, one.name),
						"text", strings_get(v->lang, words[one.state]),
						"off", off, "on", one.state == LIVE_ON, "keeping",
						live_keep_is_on(c->keep, one.name) != 0));
	}
	return list;
}

static json_t *kept_rows(const struct visit *v)
{
	const struct contentd *c = v->s->c;
	json_t *list = json_array();
	for (size_t i = live_keep_count(c->keep); i-- > 0;) {
		const struct live_keep_row *k = live_keep_at(c->keep, i);
		char day[11], duration[24];
		clock_day_text(clock_day(k->day_s), day);
		site_duration(k->ms, duration);
		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s}", "id", k->id, "title",
						      first_of(k->ar, k->fr, k->en, k->name),
						      "date", day, "duration", duration));
	}
	return list;
}

void staff_get_live(struct ctl_request *req, void *data)
{
	struct visit v;
	if (!visit_begin(data, req, VISIT_PAGE, &v))
		return;
	CLEANUP(publish_site_done) struct publish_site now;
	if (!visit_site(&v, &now))
		return;
	json_t *c = visit_context(&v, &now.site, strings_get(v.lang, "staff.live.title"),
				  "/staff/live?lang=");
	json_t *rows = live_rows(&v), *kept = kept_rows(&v);
	site_put(c, "has_classes", json_boolean(json_array_size(rows) > 0));
	site_put(c, "rows", rows);
	site_put(c, "has_kept", json_boolean(json_array_size(kept) > 0));
	site_put(c, "kept", kept);
	visit_page(&v, &now.site, 200, "staff-live.html", c);
	visit_done(&v);
}

/* A short name of the address that nobody has yet: class-1, class-2, … */
static void choose_name(const struct contentd *c, char out[static LIVE_NAME_MOST])
{
	for (unsigned i = 1; i <= LIVE_CLASSES_MOST + 1; i++) {
		snprintf(out, LIVE_NAME_MOST, "class-%u", i);
		if (!live_conf(c->live, out))
			return;
	}
}

/* One that was stopped goes on. */
static int resume_class(struct visit *v, struct fault *why)
{
	struct live_class_conf conf = { 0 };
	const char *name = form_get(&v->form, "name");
	if (!*name || strlen(name) >= sizeof(conf.name))
		return fault_set(why, -ENOENT, "live.missing", "there is no such class");
	snprintf(conf.name, sizeof(conf.name), "%s", name);
	return live_ctl_begin(v->s->c, &conf, why);
}

/* Who begins a class, while its address is looked at. */
struct beginning {
	struct contentd *c;
	struct ctl_request *req;
	struct live_class_conf conf;
	struct live_try *looks;
};

static void beginning_gone(void *data)
{
	const struct beginning *b = data;
	live_try_leave(b->looks);
}

static void tried(void *data, const struct fault *refused)
{
	struct beginning *b = data;
	struct fault why = { 0 };
	struct visit v;
	b->looks = NULL;
	ctl_on_gone(b->req, NULL, NULL);
	if (refused && refused->code == -ECANCELED) { /* there are no pages any more */
		ctl_reply_fault(b->req, 503, refused);
		return;
	}
	if (!visit_begin(b->c, b->req, VISIT_PAGE, &v))
		return;
	int r = 0;
	if (!refused) {
		choose_name(b->c, b->conf.name); /* another may have begun meanwhile */
		r = live_ctl_begin(b->c, &b->conf, &why);
	}
	if (refused || r)
		visit_sorry(&v, ctl_status_of(refused ? refused->code : r),
			    refused ? refused : &why);
	else
		visit_said(&v, "/staff/live", "live");
	visit_done(&v);
}

/* Answers once its address was tried, when it returns 0. */
static int start_class(struct visit *v, struct fault *why)
{
	struct contentd *c = v->s->c;
	struct beginning *b = ctl_scratch(v->req, sizeof(*b));
	if (!b)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*b = (struct beginning){ .c = c, .req = v->req };
	struct live_class_conf *conf = &b->conf;
	if (!form_line(form_get(&v->form, "url"), conf->url, sizeof(conf->url)) ||
	    !form_line(form_get(&v->form, "title"), conf->ar, sizeof(conf->ar)) || !*conf->url)
		return fault_set(why, -EINVAL, "staff.url",
				 "give the stream's address; a title has at most %zu bytes",
				 sizeof(conf->ar) - 1);
	choose_name(c, conf->name);
	int r = live_try(c->live, conf, tried, b, &b->looks, why);
	if (r == 0)
		ctl_on_gone(v->req, beginning_gone, b);
	return r;
}

static int stop_class(struct visit *v, struct fault *why)
{
	return live_ctl_end(v->s->c, form_get(&v->form, "name"), why);
}

static int keep_class(struct visit *v, struct fault *why)
{
	return live_ctl_record(v->s->c, form_get(&v->form, "name"), why);
}

static int forget_class(struct visit *v, struct fault *why)
{
	return live_keep_forget(v->s->c->keep, form_get(&v->form, "id"), why);
}

/* --- by a day ------------------------------------------------------------------------------------------------ */

struct asked {
	const struct visit *v;
	const struct publish_outlook *outlook;
	json_t *list;
};

static int add_asked(void *data, const struct agenda_request *r)
{
	const struct asked *a = data;
	const struct contentd *c = a->v->s->c;
	const size_t at = c->library ? library_find_lesson(c->library, r->lesson) : LIBRARY_NONE;
	char day[11];
	clock_day_text(r->day, day);
	const bool here = at != LIBRARY_NONE && a->outlook->lessons[at].progress.complete;
	AUTO_FREE char *promise =
		at == LIBRARY_NONE || here
			? NULL
			: promise_text(a->v->lang, &a->outlook->lessons[at].promise,
				       a->outlook->sum.today);
	json_array_append_new(
		a->list,
		json_pack("{s:s,s:s,s:s,s:b,s:s}", "id", r->lesson, "title",
			  at == LIBRARY_NONE
				  ? r->lesson
				  : site_text(&c->library->lessons[at].item->title, a->v->lang),
			  "date", day, "here", here, "promise", promise ? promise : ""));
	return 0;
}

/* Lessons that are not here yet: nobody need ask for the others. */
static json_t *absent_lessons(const struct visit *v, const char *chosen)
{
	const struct library *l = v->s->c->library;
	json_t *list = json_array();
	for (size_t i = 0; l && i < l->lesson_count; i++) {
		const wasl_Item *item = l->lessons[i].item;
		if (!own_find(v->s->own, item->id) && !library_progress(l, i).complete)
			json_array_append_new(list,
					      json_pack("{s:s,s:s,s:b}", "value", item->id, "text",
							site_text(&item->title, v->lang), "chosen",
							strcmp(item->id, chosen) == 0));
	}
	return list;
}

void staff_get_ask(struct ctl_request *req, void *data)
{
	struct visit v;
	if (!visit_begin(data, req, VISIT_PAGE, &v))
		return;
	CLEANUP(publish_site_done) struct publish_site now;
	struct fault why = { 0 };
	CLEANUP(publish_outlook_done) struct publish_outlook outlook = { 0 };
	struct asked asked = { &v, &outlook, json_array() };
	const char *chosen = ctl_arg(req, "lesson");
	char today[11], tomorrow[11];
	if (publish_site_make(v.s->c, &now) || publish_outlook(v.s->c, &outlook) ||
	    agenda_requests(v.s->c->agenda, add_asked, &asked, &why)) {
		json_decref(asked.list);
		if (!why.code)
			fault_set(&why, -ENOMEM, "memory", "out of memory");
		visit_refuse(&v, &why);
		return;
	}
	json_t *c = visit_context(&v, &now.site, strings_get(v.lang, "staff.ask.title"),
				  "/staff/ask?lang=");
	json_t *absent = absent_lessons(&v, chosen ? chosen : "");
	clock_day_text(clock_day(clock_wall_s()), today);
	clock_day_text(clock_day(clock_wall_s()) + 1, tomorrow);
	site_put(c, "has_absent", json_boolean(json_array_size(absent) > 0));
	site_put(c, "absent", absent);
	site_put(c, "has_asked", json_boolean(json_array_size(asked.list) > 0));
	site_put(c, "asked", asked.list);
	site_put_text(c, "today", today);
	site_put_text(c, "tomorrow", tomorrow);
	visit_page(&v, &now.site, 200, "staff-ask.html", c);
	visit_done(&v);
}

static int ask_for(struct visit *v, struct fault *why)
{
	return agenda_ctl_ask(v->s->c, form_get(&v->form, "lesson"),
			      form_get(&v->form, "needed_by"), why);
}

static int withdraw(struct visit *v, struct fault *why)
{
	return agenda_ctl_withdraw(v->s->c, form_get(&v->form, "lesson"), why);
}

/* --- deeds --------------------------------------------------------------------------------------------------- */

struct deed {
	const char *name, *said; /* said NULL: it answers by itself, unless it fails */
	int (*run)(struct visit *v, struct fault *why);
};

static void do_one(struct ctl_request *req, void *data, const char *page, const struct deed *deeds,
		   size_t count)
{
	struct visit v;
	struct fault why = { 0 };
	if (!visit_begin(data, req, VISIT_PAGE, &v))
		return;
	if (visit_form(&v)) {
		const char *asked = form_get(&v.form, "do");
		size_t i = 0;
		while (i < count && strcmp(asked, deeds[i].name) != 0)
			i++;
		int r = i < count ? deeds[i].run(&v, &why)
				  : fault_set(&why, -EINVAL, "staff.form",
					      "the form asks for nothing that there is");
		if (r)
			visit_sorry(&v, ctl_status_of(why.code), &why);
		else if (deeds[i].said)
			visit_said(&v, page, deeds[i].said);
	}
	visit_done(&v);
}

void staff_post_live(struct ctl_request *req, void *data)
{
	static const struct deed deeds[] = { { "start", NULL, start_class },
					     { "resume", "live", resume_class },
					     { "stop", "stopped", stop_class },
					     { "keep", "keeping", keep_class },
					     { "forget", "deleted", forget_class } };
	do_one(req, data, "/staff/live", deeds, ARRAY_LEN(deeds));
}

void staff_post_ask(struct ctl_request *req, void *data)
{
	static const struct deed deeds[] = { { "ask", "asked", ask_for },
					     { "withdraw", "saved", withdraw } };
	do_one(req, data, "/staff/ask", deeds, ARRAY_LEN(deeds));
}
