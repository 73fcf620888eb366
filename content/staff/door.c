// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "content/portal/site_json.h"
#include "content/staff/visit.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

/* In with a name and a PIN, and out again. */

/* What is tried where nobody has the name: as long as for somebody. The hash of a PIN that no keyboard can type. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$sKlgq15QELhQ1bli/qR+hA$H9/"
			     "kDhYlpofkC7QnDs9a2LOOJXWzN7jjhyZcch8folI";

enum door { DOOR_OPEN, DOOR_WRONG, DOOR_WAIT };

static void show_door(struct visit *v, enum door door, const char *name, uint64_t wait_ms)
{
	static const unsigned status[] = { 200, 403, 429 };
	CLEANUP(publish_site_done) struct publish_site now;
	struct fault why = { 0 };
	if (publish_site_make(v->s->c, &now)) {
		fault_set(&why, -ENOMEM, "memory", "out of memory");
		ctl_reply_fault(v->req, 500, &why);
		return;
	}
	json_t *c = visit_context(v, &now.site, strings_get(v->lang, "staff.in.title"),
				  "/staff/in?lang=");
	site_put(c, "wrong", json_boolean(door == DOOR_WRONG));
	site_put(c, "wait",
		 json_integer(door == DOOR_WAIT ? (json_int_t)(wait_ms / 60000 + 1) : 0));
	site_put(c, "empty", json_boolean(people_count(v->s->people) == 0));
	site_put_text(c, "name", name);
	visit_page(v, &now.site, status[door], "staff-in.html", c);
}

void staff_get_in(struct ctl_request *req, void *data)
{
	struct visit v;
	if (!visit_begin(data, req, VISIT_DOOR, &v))
		return;
	if (v.who)
		visit_go(&v, "/staff/");
	else
		show_door(&v, DOOR_OPEN, "", 0);
	visit_done(&v);
}

/* Someone at the door, while argon2id works. */
struct knock {
	struct contentd *c;
	struct ctl_request *req;
	char person[20], name[PEOPLE_NAME_BYTES], address[64];
};

static void knock_gone(void *data)
{
	const struct knock *k = data;
	pins_leave(k->c->staff->pins, data);
}

static void let_in(struct visit *v, const struct knock *k)
{
	char token[SESSION_TOKEN_BYTES], cookie[160];
	struct staff *s = v->s;
	struct fault why = { 0 };
	throttle_passed(&s->throttle, k->address, k->person, clock_mono_ms());
	sessions_begin(&s->sessions, k->person, clock_mono_ms(), token);
	if (sessions_save(&s->sessions, s->sessions_path, &why))
		log_fault(LOG_LEVEL_WARN, "staff.sessions", &why);
	snprintf(cookie, sizeof(cookie),
		 "staff=%s; Path=/staff; HttpOnly; SameSite=Strict; Max-Age=%u", token,
		 (unsigned)(SESSION_MOST_MS / 1000));
	ctl_reply_header(v->req, "Set-Cookie", cookie);
	visit_go(v, "/staff/");
}

static void looked_at(void *data, int code, const char *hash)
{
	const struct knock k = *(const struct knock *)data;
	struct visit v;
	(void)hash;
	/* It may have been removed in the meantime. */
	const struct person *who = people_get(k.c->staff->people, k.person);
	if (!visit_begin(k.c, k.req, VISIT_DOOR, &v))
		return;
	if (code == 0 && who) {
		let_in(&v, &k);
	} else {
		log_info("event=staff.refused person=%s", *k.person ? k.person : "unknown");
		show_door(&v, DOOR_WRONG, k.name, 0);
	}
	visit_done(&v);
}

static void try_pin(struct visit *v, struct knock *k, const char *pin)
{
	struct staff *s = v->s;
	struct fault why = { 0 };
	const struct person *who = people_find(s->people, k->name);
	snprintf(k->person, sizeof(k->person), "%s", who ? who->id : "");
	const uint64_t wait = throttle_try(&s->throttle, v->address, k->person, clock_mono_ms());
	if (wait) {
		show_door(v, DOOR_WAIT, k->name, wait);
		return;
	}
	ctl_on_gone(v->req, knock_gone, k);
	if (pins_ask(s->pins, pin, who ? who->hash : nobody, looked_at, k, &why)) {
		ctl_on_gone(v->req, NULL, NULL);
		visit_sorry(v, 503, &why);
	}
}

void staff_post_in(struct ctl_request *req, void *data)
{
	struct visit v;
	char pin[PEOPLE_PIN_BYTES];
	if (!visit_begin(data, req, VISIT_DOOR, &v))
		return;
	struct knock *k = visit_form(&v) ? ctl_scratch(req, sizeof(*k)) : NULL;
	if (k) {
		*k = (struct knock){ .c = data, .req = req };
		memcpy(k->address, v.address, sizeof(k->address));
		if (!form_line(form_get(&v.form, "name"), k->name, sizeof(k->name)) ||
		    people_pin(form_get(&v.form, "pin"), pin))
			show_door(&v, DOOR_WRONG, k->name, 0);
		else
			try_pin(&v, k, pin);
	}
	visit_done(&v);
}

void staff_post_out(struct ctl_request *req, void *data)
{
	struct visit v;
	struct fault why = { 0 };
	if (!visit_begin(data, req, VISIT_PAGE, &v))
		return;
	if (visit_form(&v)) {
		sessions_end(&v.s->sessions, v.token);
		if (sessions_save(&v.s->sessions, v.s->sessions_path, &why))
			log_fault(LOG_LEVEL_WARN, "staff.sessions", &why);
		ctl_reply_header(req, "Set-Cookie",
				 "staff=; Path=/staff; HttpOnly; SameSite=Strict; Max-Age=0");
		visit_go(&v, "/staff/in");
	}
	visit_done(&v);
}
