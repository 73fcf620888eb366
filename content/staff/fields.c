// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/catalogue/catalogue_check.h"
#include "content/portal/site_json.h"
#include "content/staff/upload.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

#define HIGHEST_GRADE 13u

static void add(json_t *list, const char *value, const char *text, bool chosen)
{
	json_array_append_new(list, json_pack("{s:s,s:s,s:b}", "value", value, "text", text,
					      "chosen", chosen));
}

json_t *fields_subjects(const struct site *site, enum strings_lang lang, const char *chosen)
{
	const wasl_Catalogue *c = site->catalogue;
	json_t *list = json_array();
	bool listed = !*chosen;
	add(list, "", strings_get(lang, "staff.subject.none"), !*chosen);
	for (size_t i = 0; c && i < c->subjects_id_count; i++) {
		const bool is = strcmp(c->subjects_id[i], chosen) == 0;
		listed |= is;
		add(list, c->subjects_id[i], site_text(&c->subjects_title[i], lang), is);
	}
	if (!listed) /* the ministry does not name it any more */
		add(list, chosen, chosen, true);
	return list;
}

json_t *fields_grades(uint32_t chosen)
{
	json_t *list = json_array();
	for (uint32_t grade = 1; grade <= HIGHEST_GRADE; grade++) {
		char text[8];
		snprintf(text, sizeof(text), "%u", grade);
		add(list, text, text, grade == chosen);
	}
	return list;
}

json_t *fields_languages(enum strings_lang lang, const char *chosen)
{
	static const char *const names[] = { "common.lang.ar", "common.lang.fr", "common.lang.en" };
	json_t *list = json_array();
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *code = strings_lang_code((enum strings_lang)i);
		add(list, code, strings_get(lang, names[i]), strcmp(code, chosen) == 0);
	}
	return list;
}

/* --- what was sent --------------------------------------------------------------------------------------- */

static int take_titles(const struct fields_source *from, struct own_lesson *to, struct fault *why)
{
	static const char *const names[] = { "title_ar", "title_fr", "title_en" };
	bool any = false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *text = from->get(from->data, names[i]);
		if (!text_is_utf8(text, strlen(text)) ||
		    !form_line(text, to->title[i], sizeof(to->title[i])))
			return fault_set(why, -EINVAL, "staff.title",
					 "a title has at most %u bytes", OWN_TITLE_BYTES - 1);
		for (const char *c = to->title[i]; *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				return fault_set(why, -EINVAL, "staff.title",
						 "a title has letters only");
		any |= to->title[i][0] != '\0';
	}
	return any ? 0 : fault_set(why, -EINVAL, "staff.title", "give the lesson a title");
}

int fields_take(const struct fields_source *from, struct own_lesson *to, struct fault *why)
{
	const char *subject = from->get(from->data, "subject");
	const char *grade = from->get(from->data, "grade");
	const char *language = from->get(from->data, "language");
	char *end;
	int r = take_titles(from, to, why);
	if (r)
		return r;
	const unsigned long number = *grade ? strtoul(grade, &end, 10) : 0;
	if (*subject && (!text_is_slug(subject) || strlen(subject) >= sizeof(to->subject)))
		return fault_set(why, -EINVAL, "staff.subject", "there is no such subject");
	if (strlen(grade) > 2 || strspn(grade, "0123456789") != strlen(grade) ||
	    number > HIGHEST_GRADE)
		return fault_set(why, -EINVAL, "staff.grade", "a year is 1 to %u, or none",
				 HIGHEST_GRADE);
	if (!catalogue_language_ok(language) || strlen(language) >= sizeof(to->language))
		return fault_set(why, -EINVAL, "staff.language", "there is no such language");
	snprintf(to->subject, sizeof(to->subject), "%s", subject);
	snprintf(to->language, sizeof(to->language), "%s", language);
	to->grade = (uint32_t)number;
	return 0;
}

/* --- a row ------------------------------------------------------------------------------------------------ */

bool fields_may(const struct visit *v, const struct own_lesson *l)
{
	return v->who->role == PEOPLE_HEAD || strcmp(v->who->id, l->person) == 0;
}

static unsigned percent_of(const struct visit *v, const struct own_lesson *l)
{
	uint64_t have = 0;
	if (l->state == OWN_COMING && l->size && upload_have(v->s->folder, l->id, &have, NULL) == 0)
		return (unsigned)(have * 100 / l->size);
	return l->state == OWN_PREPARING ? staff_work_thousandths(v->s, l->id) / 10 : 0;
}

const char *fields_answer(enum strings_lang lang, const struct own_lesson *l)
{
	switch (l->offered_s ? l->answer.said : OFFER_UNSAID) {
	case OFFER_WANTED:
		return strings_get(lang, "staff.answer.wanted");
	case OFFER_ACCEPTED:
		return strings_get(lang, "staff.answer.accepted");
	case OFFER_DECLINED:
		return strings_get(lang, "staff.answer.declined");
	case OFFER_UNSAID:
		break;
	}
	return "";
}

json_t *fields_row(const struct visit *v, const struct own_lesson *l)
{
	static const struct {
		const char *text, *icon, *mark;
	} words[] = {
		[OWN_COMING] = { "staff.state.coming", "icon-wait", "moderate" },
		[OWN_WAITING] = { "staff.state.waiting", "icon-wait", "moderate" },
		[OWN_PREPARING] = { "staff.state.preparing", "icon-wait", "moderate" },
		[OWN_READY] = { "staff.state.ready", "icon-good", "good" },
		[OWN_REFUSED] = { "staff.state.refused", "icon-no", "no" },
	};
	const struct person *owner = people_get(v->s->people, l->person);
	const bool hidden = l->state == OWN_READY && l->hidden;
	char size[40] = "", duration[24] = "";
	if (l->state != OWN_READY)
		site_size(v->lang, l->size, size);
	if (l->item.duration_ms)
		site_duration(l->item.duration_ms, duration);
	json_t *row = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:i,s:b}",
				"id", l->id, "title", own_title(l, (int)v->lang), "text",
				strings_get(v->lang,
					    hidden ? "staff.state.hidden" : words[l->state].text),
				"icon", hidden ? "icon-unknown" : words[l->state].icon, "state",
				hidden ? "unknown" : words[l->state].mark, "owner",
				owner ? owner->name : "", "size", size, "duration", duration,
				"coming", l->state == OWN_COMING, "working",
				l->state == OWN_COMING || l->state == OWN_PREPARING, "ready",
				l->state == OWN_READY, "refused", l->state == OWN_REFUSED, "hidden",
				hidden, "percent", (int)percent_of(v, l), "poster",
				l->state == OWN_READY && !l->hidden && l->item.has_poster);
	/* Of what is ready: what it lacks. */
	site_put_text(row, "why",
		      *l->reason ? visit_words(v->lang, l->reason, l->sentence).text : "");
	site_put_text(row, "detail", l->sentence);
	AUTO_FREE char *until = l->state == OWN_COMING
					? strings_fill_plural(v->lang, "staff.unfinished",
							      staff_tidy_days(v->s, l), NULL)
					: NULL;
	site_put_text(row, "until", until ? until : "");
	site_put_text(row, "file", l->file);
	site_put(row, "bytes", json_integer((json_int_t)l->size));
	site_put_text(row, "answer", fields_answer(v->lang, l));
	site_put(row, "offered", json_boolean(l->offered_s != 0));
	site_put(row, "mine", json_boolean(fields_may(v, l)));
	return row;
}
