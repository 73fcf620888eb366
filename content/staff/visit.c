// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/visit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/portal/site_json.h"
#include "content/staff/near.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

/* A sentence's own id ("probe.small"), or that of a fault. Places that nobody can fill any more become an ellipsis. */
struct visit_words visit_words(enum strings_lang lang, const char *id, const char *said)
{
	struct visit_words out = { "" };
	char key[96];
	size_t len = 0;
	snprintf(key, sizeof(key), "fault.%s", id);
	if (strings_get(lang, key) == key)
		snprintf(key, sizeof(key), "%s", id);
	const char *words = strings_get(lang, key);
	if (words == key)
		words = strings_get(lang, "staff.sorry.text");
	AUTO_FREE char *again = strchr(words, '{') ? strings_again(lang, key, said) : NULL;
	if (again)
		words = again;
	while (*words && len < sizeof(out.text) - 4) {
		const char *end = *words == '{' ? strchr(words, '}') : NULL;
		if (end) {
			memcpy(out.text + len, "…", 3);
			len += 3;
			words = end + 1;
		} else {
			out.text[len++] = *words++;
		}
	}
	text_mend_utf8(out.text);
	return out;
}

static void who_is_it(struct visit *v)
{
	if (!form_cookie(ctl_header(v->req, "Cookie"), "staff", v->token, sizeof(v->token)))
		return;
	const struct session *s = sessions_find(&v->s->sessions, v->token, clock_mono_ms());
	v->who = s ? people_get(v->s->people, s->person) : NULL;
	if (v->who)
		sessions_csrf(v->token, v->csrf);
}

static bool not_here(struct visit *v, enum visit_kind kind)
{
	struct fault why = { 0 };
	if (near_is(v->s->c->conf->staff.networks, v->address))
		return false;
	fault_set(&why, -EACCES, "staff.far", "this page opens in the staff's own network");
	if (kind == VISIT_CALL)
		visit_refuse(v, &why);
	else
		visit_sorry(v, 403, &why);
	return true;
}

bool visit_begin(struct contentd *c, struct ctl_request *req, enum visit_kind kind,
		 struct visit *out)
{
	struct fault why = { 0 };
	const char *address = ctl_header(req, "X-Real-IP");
	*out = (struct visit){ .s = c->staff, .req = req, .lang = contentd_lang(req, c) };
	snprintf(out->address, sizeof(out->address), "%s", address ? address : "");
	if (not_here(out, kind))
		return false;
	who_is_it(out);
	if (out->who || kind == VISIT_DOOR)
		return true;
	if (kind == VISIT_PAGE) {
		visit_go(out, "/staff/in");
		return false;
	}
	fault_set(&why, -EACCES, "staff.session", "log in first");
	ctl_reply_fault(req, 401, &why);
	return false;
}

void visit_done(struct visit *v)
{
	form_done(&v->form);
}

static bool wrong_token(struct visit *v, const char *sent)
{
	return v->who && !sessions_csrf_ok(v->token, sent);
}

bool visit_form(struct visit *v)
{
	struct fault why = { 0 };
	size_t len;
	const void *body = ctl_body(v->req, &len);
	if (form_parse(body, len, &v->form))
		fault_set(&why, -EINVAL, "staff.form", "the form could not be read; send it again");
	else if (wrong_token(v, form_get(&v->form, "mark")))
		fault_set(&why, -EACCES, "staff.form",
			  "the page is old; open it again and send the form once more");
	if (!why.code)
		return true;
	visit_sorry(v, ctl_status_of(why.code), &why);
	return false;
}

bool visit_token(struct visit *v)
{
	struct fault why = { 0 };
	if (!wrong_token(v, ctl_header(v->req, "X-Staff-Token")))
		return true;
	fault_set(&why, -EACCES, "staff.form", "the page is old; open it again");
	visit_refuse(v, &why);
	return false;
}

/* --- answers ------------------------------------------------------------------------------------------- */

static const char *said_text(const struct visit *v)
{
	static const char *const names[] = { "saved",   "deleted", "hidden",  "shown",
					     "offered", "kept",    "asked",   "added",
					     "live",    "stopped", "keeping", "captions" };
	const char *said = ctl_arg(v->req, "said");
	char id[64];
	for (size_t i = 0; said && i < ARRAY_LEN(names); i++)
		if (strcmp(said, names[i]) == 0) {
			snprintf(id, sizeof(id), "staff.said.%s", names[i]);
			return strings_get(v->lang, id);
		}
	return "";
}

json_t *visit_context(struct visit *v, const struct site *site, const char *title, const char *here)
{
	json_t *c = site_context(site, v->lang, title, here);
	site_put_text(c, "title", title);
	site_put_text(c, "mark", v->csrf);
	site_put_text(c, "me", v->who ? v->who->name : "");
	site_put_text(c, "said", said_text(v));
	return c;
}

void visit_page(struct visit *v, const struct site *site, unsigned status, const char *page,
		json_t *context)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	struct fault why = { 0 };
	site_put(context, "at_lessons", json_boolean(strcmp(page, "staff.html") == 0));
	site_put(context, "at_live", json_boolean(strcmp(page, "staff-live.html") == 0));
	site_put(context, "at_ask", json_boolean(strcmp(page, "staff-ask.html") == 0));
	if (site_render(site, v->lang, page, context, &text, &len, &why))
		ctl_reply_fault(v->req, 500, &why);
	else
		ctl_reply_bytes(v->req, status, "text/html; charset=utf-8", text, len);
}

void visit_go(struct visit *v, const char *path)
{
	ctl_reply_header(v->req, "Location", path);
	ctl_reply_bytes(v->req, 303, "text/plain; charset=utf-8", "", 0);
}

void visit_said(struct visit *v, const char *path, const char *name)
{
	char to[128];
	snprintf(to, sizeof(to), "%s?said=%s", path, name);
	visit_go(v, to);
}

void visit_refuse(struct visit *v, const struct fault *why)
{
	ctl_reply_json(v->req, ctl_status_of(why->code),
		       json_pack("{s:s,s:s,s:s}", "error", why->id, "text", why->text, "words",
				 visit_words(v->lang, why->id, why->text).text));
}

bool visit_site(struct visit *v, struct publish_site *out)
{
	struct fault why = { 0 };
	if (publish_site_make(v->s->c, out) == 0)
		return true;
	fault_set(&why, -ENOMEM, "memory", "out of memory");
	visit_refuse(v, &why);
	return false;
}

void visit_sorry(struct visit *v, unsigned status, const struct fault *why)
{
	CLEANUP(publish_site_done) struct publish_site now;
	if (publish_site_make(v->s->c, &now)) {
		ctl_reply_fault(v->req, status, why);
		return;
	}
	const char *title = strings_get(v->lang, "staff.sorry");
	json_t *c = visit_context(v, &now.site, title, "/staff/?lang=");
	site_put_text(c, "headline", title);
	site_put_text(c, "sentence", visit_words(v->lang, why->id, why->text).text);
	site_put_text(c, "detail", why->text);
	site_put(c, "inside", json_boolean(v->who != NULL));
	visit_page(v, &now.site, status, "staff-sorry.html", c);
}
