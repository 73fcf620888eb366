// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/shelf/captions.h"
#include "content/catalogue/catalogue_check.h"
#include "content/portal/site_json.h"
#include "content/staff/fields.h"
#include "content/staff/stick.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

/* The school's own lessons: the list, a lesson's page, what a person does with it. Films come by upload_calls.c. */

static json_t *stick_rows(const struct visit *v)
{
	const char *folder = v->s->c->conf->staff.stick;
	struct stick_file *files = *folder ? calloc(STICK_MOST, sizeof(*files)) : NULL;
	json_t *list = json_array();
	const size_t count = files ? stick_list(folder, files, STICK_MOST) : 0;
	for (size_t i = 0; i < count; i++) {
		char size[40], title[sizeof(files[i].path)];
		const char *name = strrchr(files[i].path, '/');
		name = name ? name + 1 : files[i].path;
		snprintf(title, sizeof(title), "%.*s", (int)(strrchr(name, '.') - name), name);
		site_size(v->lang, files[i].bytes, size);
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "path", files[i].path,
						      "guess", title, "size", size));
	}
	free(files);
	return list;
}

static json_t *lesson_rows(const struct visit *v)
{
	json_t *list = json_array();
	for (size_t i = own_count(v->s->own); i-- > 0;)
		json_array_append_new(list, fields_row(v, own_at(v->s->own, i)));
	return list;
}

void staff_get_home(struct ctl_request *req, void *data)
{
	struct visit v;
	if (!visit_begin(data, req, VISIT_PAGE, &v))
		return;
	CLEANUP(publish_site_done) struct publish_site now;
	if (!visit_site(&v, &now))
		return;
	json_t *c =
		visit_context(&v, &now.site, strings_get(v.lang, "staff.title"), "/staff/?lang=");
	json_t *rows = lesson_rows(&v), *stick = stick_rows(&v);
	char limit[40];
	site_size(v.lang, v.s->c->conf->staff.max_bytes, limit);
	site_put(c, "has_lessons", json_boolean(json_array_size(rows) > 0));
	site_put(c, "lessons", rows);
	site_put(c, "has_stick", json_boolean(json_array_size(stick) > 0));
	site_put(c, "stick", stick);
	site_put(c, "subjects", fields_subjects(&now.site, v.lang, ""));
	site_put(c, "grades", fields_grades(0));
	site_put(c, "languages", fields_languages(v.lang, strings_lang_code(v.lang)));
	site_put(c, "most", json_integer((json_int_t)v.s->c->conf->staff.max_bytes));
	site_put_text(c, "limit", limit);
	visit_page(&v, &now.site, 200, "staff.html", c);
	visit_done(&v);
}

/* --- a lesson --------------------------------------------------------------------------------------------- */

/* The lesson of the address, if it may be changed; NULL: answered. */
static const struct own_lesson *asked_lesson(struct visit *v, enum visit_kind kind)
{
	const struct own_lesson *l = own_find(v->s->own, ctl_rest(v->req));
	struct fault why = { 0 };
	if (l && fields_may(v, l))
		return l;
	fault_set(&why, l ? -EACCES : -ENOENT, l ? "staff.mine" : "staff.lesson",
		  l ? "it is another teacher's lesson" : "there is no such lesson");
	if (kind == VISIT_CALL)
		visit_refuse(v, &why);
	else
		visit_sorry(v, ctl_status_of(why.code), &why);
	return NULL;
}

static json_t *caption_rows(const struct own_lesson *l)
{
	json_t *list = json_array();
	for (size_t i = 0; i < l->item.captions_count; i++)
		json_array_append_new(list, json_pack("{s:s,s:s}", "language",
						      l->item.captions[i].language, "label",
						      l->item.captions[i].label));
	return list;
}

/* A reason that is newer than this program is not told. */
static const char *reason_words(enum strings_lang lang, const struct own_lesson *l)
{
	char id[sizeof(l->answer.reason) + 16];
	snprintf(id, sizeof(id), "staff.because.%s", l->answer.reason);
	return l->offered_s && l->answer.said == OFFER_DECLINED && offer_reason_ok(l->answer.reason)
		       ? strings_get(lang, id)
		       : "";
}

static void show_lesson(struct visit *v, const struct own_lesson *l)
{
	CLEANUP(publish_site_done) struct publish_site now;
	char here[96], day[11];
	if (!visit_site(v, &now))
		return;
	snprintf(here, sizeof(here), "/staff/lesson/%s?lang=", l->id);
	json_t *c = visit_context(v, &now.site, own_title(l, (int)v->lang), here);
	json_t *captions = caption_rows(l);
	clock_day_text(clock_day(l->offered_s), day);
	site_put(c, "row", fields_row(v, l));
	site_put_text(c, "id", l->id);
	site_put_text(c, "title_ar", l->title[STRINGS_AR]);
	site_put_text(c, "title_fr", l->title[STRINGS_FR]);
	site_put_text(c, "title_en", l->title[STRINGS_EN]);
	site_put(c, "subjects", fields_subjects(&now.site, v->lang, l->subject));
	site_put(c, "grades", fields_grades(l->grade));
	site_put(c, "languages", fields_languages(v->lang, l->language));
	site_put(c, "ready", json_boolean(l->state == OWN_READY));
	site_put(c, "hidden", json_boolean(l->hidden));
	site_put(c, "has_captions", json_boolean(json_array_size(captions) > 0));
	site_put(c, "captions", captions);
	site_put_text(c, "offered", l->offered_s ? day : "");
	site_put_text(c, "answer", fields_answer(v->lang, l));
	site_put_text(c, "because", reason_words(v->lang, l));
	site_put_text(c, "published", l->answer.said == OFFER_ACCEPTED ? l->answer.published : "");
	site_put(c, "final", json_boolean(l->offered_s && l->answer.said == OFFER_ACCEPTED));
	visit_page(v, &now.site, 200, "staff-lesson.html", c);
}

void staff_get_lesson(struct ctl_request *req, void *data)
{
	struct visit v;
	if (!visit_begin(data, req, VISIT_PAGE, &v))
		return;
	const struct own_lesson *l = asked_lesson(&v, VISIT_PAGE);
	if (l)
		show_lesson(&v, l);
	visit_done(&v);
}

static const char *from_form(const void *data, const char *name)
{
	return form_get(data, name);
}

static int do_save(struct visit *v, const struct own_lesson *l, struct fault *why)
{
	struct own_lesson as = *l;
	const struct fields_source from = { from_form, &v->form };
	int r = fields_take(&from, &as, why);
	return r ? r : own_change(v->s->own, l->id, &as, why);
}

static int do_hide(struct visit *v, const struct own_lesson *l, struct fault *why)
{
	struct own_lesson as = *l;
	as.hidden = strcmp(form_get(&v->form, "do"), "hide") == 0;
	return own_change(v->s->own, l->id, &as, why);
}

/* The ministry's side is agentd's: it asks for offers, and a person there looks at them. Its mezzanine is made now (work.c). */
static int do_offer(struct visit *v, const struct own_lesson *l, struct fault *why)
{
	struct own_lesson as = *l;
	const bool yes = strcmp(form_get(&v->form, "do"), "offer") == 0;
	if (l->state != OWN_READY)
		return fault_set(why, -EINVAL, "staff.unready", "it is no lesson yet");
	as.offered_s = yes ? clock_wall_s() : 0;
	as.offer_again_ms = 0;
	memset(&as.answer, 0, sizeof(as.answer));
	log_info("event=own.%s lesson=%s", yes ? "offered" : "kept", l->id);
	int r = own_change(v->s->own, l->id, &as, why);
	if (r == 0 && !yes)
		r = staff_unoffer(v->s, l->id, why);
	staff_work_soon(v->s);
	return r;
}

static int do_delete(struct visit *v, const struct own_lesson *l, struct fault *why)
{
	return staff_delete(v->s, l->id, why);
}

static int do_uncaption(struct visit *v, const struct own_lesson *l, struct fault *why)
{
	const char *language = form_get(&v->form, "caption");
	if (!catalogue_language_ok(language))
		return fault_set(why, -EINVAL, "staff.language", "there is no such language");
	return staff_captions(v->s, l->id, language, NULL, 0, why);
}

static const struct {
	const char *name, *said;
	int (*run)(struct visit *v, const struct own_lesson *l, struct fault *why);
	bool publishes, leaves; /* the classroom sees another thing; the lesson's page is no more */
} deeds[] = {
	{ "save", "saved", do_save, true, false },
	{ "hide", "hidden", do_hide, true, true },
	{ "show", "shown", do_hide, true, true },
	{ "offer", "offered", do_offer, false, false },
	{ "keep", "kept", do_offer, false, false },
	{ "delete", "deleted", do_delete, false, true },
	{ "uncaption", "saved", do_uncaption, false, false },
};

static void do_it(struct visit *v, const struct own_lesson *l)
{
	struct fault why = { 0 };
	const char *asked = form_get(&v->form, "do");
	char path[64];
	snprintf(path, sizeof(path), "/staff/lesson/%s", l->id);
	for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
		if (strcmp(asked, deeds[i].name) != 0)
			continue;
		const bool shown = l->state == OWN_READY;
		if (deeds[i].run(v, l, &why)) {
			visit_sorry(v, ctl_status_of(why.code), &why);
			return;
		}
		if (deeds[i].publishes && shown)
			staff_publish(v->s);
		visit_said(v, deeds[i].leaves ? "/staff/" : path, deeds[i].said);
		return;
	}
	fault_set(&why, -EINVAL, "staff.form", "the form asks for nothing that there is");
	visit_sorry(v, 400, &why);
}

void staff_post_lesson(struct ctl_request *req, void *data)
{
	struct visit v;
	if (!visit_begin(data, req, VISIT_PAGE, &v))
		return;
	const struct own_lesson *l = visit_form(&v) ? asked_lesson(&v, VISIT_PAGE) : NULL;
	if (l)
		do_it(&v, l);
	visit_done(&v);
}

/* --- captions: a file as the page's script sends it --------------------------------------------------------------- */

static int take_captions(struct visit *v, const struct own_lesson *l, struct fault *why)
{
	const char *language = ctl_arg(v->req, "of");
	AUTO_FREE char *vtt = NULL;
	size_t len, vtt_len;
	struct captions_found found;
	const void *bytes = ctl_body(v->req, &len);
	if (!language || !catalogue_language_ok(language) || strlen(language) > 11)
		return fault_set(why, -EINVAL, "staff.language", "there is no such language");
	int r = captions_to_vtt(bytes, len, &vtt, &vtt_len, &found, why);
	return r ? r : staff_captions(v->s, l->id, language, vtt, vtt_len, why);
}

void staff_post_captions(struct ctl_request *req, void *data)
{
	struct visit v;
	struct fault why = { 0 };
	if (!visit_begin(data, req, VISIT_CALL, &v))
		return;
	const struct own_lesson *l = visit_token(&v) ? asked_lesson(&v, VISIT_CALL) : NULL;
	if (l && take_captions(&v, l, &why))
		visit_refuse(&v, &why);
	else if (l)
		ctl_reply_json(req, 200, json_object());
	visit_done(&v);
}
