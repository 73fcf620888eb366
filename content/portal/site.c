// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/portal/site.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "content/portal/site_json.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

#define HOME_LESSONS 24u
#define MOST_SUBJECTS 256u
#define HIGHEST_GRADE 13u

size_t site_subjects(const struct site *s, const char **out, size_t room)
{
	size_t count = 0;
	for (size_t i = 0; s->catalogue && i < s->catalogue->subjects_id_count && count < room; i++)
		for (size_t k = 0; k < s->lesson_count; k++)
			if (strcmp(site_subject_of(s->lessons[k].item),
				   s->catalogue->subjects_id[i]) == 0) {
				out[count++] = s->catalogue->subjects_id[i];
				break;
			}
	for (size_t k = 0; k < s->lesson_count && count < room; k++) {
		const char *subject = site_subject_of(s->lessons[k].item);
		size_t seen = 0;
		while (seen < count && strcmp(out[seen], subject) != 0)
			seen++;
		if (seen == count)
			out[count++] = subject;
	}
	return count;
}

static size_t lessons_in(const struct site *s, const char *subject)
{
	size_t count = 0;
	for (size_t i = 0; i < s->lesson_count; i++)
		count += strcmp(site_subject_of(s->lessons[i].item), subject) == 0;
	return count;
}

static json_t *subject_tiles(const struct site *s, enum strings_lang lang)
{
	const char *subjects[MOST_SUBJECTS];
	size_t count = site_subjects(s, subjects, ARRAY_LEN(subjects));
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s,s:i}", "id", subjects[i], "title",
						site_subject_title(s, lang, subjects[i]), "icon",
						site_subject_icon(subjects[i]), "count",
						(int)lessons_in(s, subjects[i])));
	return list;
}

static json_t *programme_rows(const struct site *s, enum strings_lang lang, const wasl_Programme *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->item_ids_count; i++)
		for (size_t k = 0; k < s->lesson_count; k++)
			if (strcmp(p->item_ids[i], s->lessons[k].item->id) == 0)
				json_array_append_new(list, site_row(s, lang, k));
	return list;
}

static json_t *programmes(const struct site *s, enum strings_lang lang)
{
	json_t *list = json_array();
	for (size_t i = 0; s->catalogue && i < s->catalogue->programmes_count; i++) {
		const wasl_Programme *p = &s->catalogue->programmes[i];
		json_t *rows = programme_rows(s, lang, p);
		if (json_array_size(rows) == 0) {
			json_decref(rows);
			continue;
		}
		const char *title = site_text(&p->title, lang);
		char date[11] = "";
		if (p->needed_by_day > 0)
			clock_day_text(p->needed_by_day, date);
		json_array_append_new(
			list, json_pack("{s:s,s:i,s:s,s:o}", "title",
					*title ? title : strings_get(lang, "portal.programme"),
					"grade", (int)p->grade, "date", date, "lessons", rows));
	}
	return list;
}

int site_home(const struct site *s, enum strings_lang lang, char **out, size_t *len,
	      struct fault *why)
{
	json_t *c = site_context(s, lang, "", "/?lang=");
	json_t *lessons = json_array();
	for (size_t i = 0; i < s->lesson_count && i < HOME_LESSONS; i++)
		json_array_append_new(lessons, site_row(s, lang, i));
	json_t *tiles = subject_tiles(s, lang);
	site_put(c, "classes", site_class_rows(s, lang));
	site_put(c, "has_classes", json_boolean(s->live_count > 0));
	site_put(c, "has_lessons", json_boolean(json_array_size(lessons) > 0));
	site_put(c, "has_subjects", json_boolean(json_array_size(tiles) > 0));
	site_put(c, "lessons", lessons);
	site_put(c, "subjects", tiles);
	site_put(c, "programmes", programmes(s, lang));
	return site_render(s, lang, "home.html", c, out, len, why);
}

/* Lessons of one subject and grade, by `order` and then as published. */
static json_t *grade_rows(const struct site *s, enum strings_lang lang, const char *subject,
			  uint32_t grade)
{
	json_t *list = json_array();
	int64_t after = -1; /* order of the rows already taken */
	for (;;) {
		int64_t next = INT64_MAX;
		for (size_t i = 0; i < s->lesson_count; i++) {
			const wasl_Item *item = s->lessons[i].item;
			if (item->grade == grade && item->order > after && item->order < next &&
			    strcmp(site_subject_of(item), subject) == 0)
				next = item->order;
		}
		if (next == INT64_MAX)
			return list;
		for (size_t i = 0; i < s->lesson_count; i++) {
			const wasl_Item *item = s->lessons[i].item;
			if (item->grade == grade && item->order == next &&
			    strcmp(site_subject_of(item), subject) == 0)
				json_array_append_new(list, site_row(s, lang, i));
		}
		after = next;
	}
}

int site_subject(const struct site *s, enum strings_lang lang, const char *subject, char **out,
		 size_t *len, struct fault *why)
{
	char here[96];
	snprintf(here, sizeof(here), "/s/%s?lang=", subject);
	const char *title = site_subject_title(s, lang, subject);
	json_t *c = site_context(s, lang, title, here);
	json_t *grades = json_array();
	for (uint32_t grade = 0; grade <= HIGHEST_GRADE; grade++) {
		json_t *rows = grade_rows(s, lang, subject, grade);
		if (json_array_size(rows) > 0)
			json_array_append_new(grades, json_pack("{s:i,s:o}", "grade", (int)grade,
								"lessons", rows));
		else
			json_decref(rows);
	}
	site_put(c, "grades", grades);
	site_put_text(c, "subject", title);
	site_put_text(c, "icon", site_subject_icon(subject));
	return site_render(s, lang, "subject.html", c, out, len, why);
}

int site_help(const struct site *s, enum strings_lang lang, char **out, size_t *len,
	      struct fault *why)
{
	json_t *c = site_context(s, lang, strings_get(lang, "help.title"), "/help?lang=");
	site_put_text(c, "address", s->address);
	return site_render(s, lang, "help.html", c, out, len, why);
}

int site_welcome(const struct site *s, enum strings_lang lang, char **out, size_t *len,
		 struct fault *why)
{
	json_t *c = site_context(s, lang, strings_get(lang, "welcome.title"), "/welcome?lang=");
	site_put_text(c, "address", s->address);
	return site_render(s, lang, "welcome.html", c, out, len, why);
}

int site_error(const struct site *s, enum strings_lang lang, enum site_error error, char **out,
	       size_t *len, struct fault *why)
{
	bool missing = error == SITE_MISSING;
	const char *title = missing ? strings_get(lang, "error.404.title")
				    : strings_get(lang, "error.503.title");
	json_t *c = site_context(s, lang, title, "/?lang=");
	site_put_text(c, "headline", title);
	site_put_text(c, "sentence",
		      missing ? strings_get(lang, "error.404.text")
			      : strings_get(lang, "error.503.text"));
	site_put_text(c, "icon", missing ? "icon-help" : "icon-wait");
	site_put(c, "missing", json_boolean(missing));
	site_put(c, "refresh", json_integer(missing ? 0 : 5));
	return site_render(s, lang, "error.html", c, out, len, why);
}

int site_search(const struct site *s, enum strings_lang lang, const char *query,
		enum site_search search, const size_t *hits, size_t count, char **out, size_t *len,
		struct fault *why)
{
	AUTO_FREE char *here = NULL;
	size_t here_len = 0;
	FILE *to = open_memstream(&here, &here_len);
	if (!to)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	fputs("/search?q=", to);
	text_put_percent(to, query);
	fputs("&lang=", to);
	if (fclose(to) != 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	json_t *c = site_context(s, lang, *query ? query : strings_get(lang, "search.title"), here);
	json_t *rows = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(rows, site_row(s, lang, hits[i]));
	site_put(c, "has_lessons", json_boolean(count > 0));
	site_put(c, "count", json_integer((json_int_t)count));
	site_put(c, "lessons", rows);
	site_put(c, "busy", json_boolean(search == SITE_SEARCH_BUSY));
	site_put_text(c, "q", query);
	return site_render(s, lang, "search.html", c, out, len, why);
}
