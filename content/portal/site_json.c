// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/portal/site_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"

void site_put(json_t *to, const char *key, json_t *value)
{
	json_object_set_new(to, key, value);
}

void site_put_text(json_t *to, const char *key, const char *text)
{
	site_put(to, key, json_string(text));
}

const char *site_text(const wasl_Text *t, enum strings_lang lang)
{
	const char *const texts[] = { t->ar, t->fr, t->en };
	if (texts[lang] && *texts[lang])
		return texts[lang];
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i] && *texts[i])
			return texts[i];
	return "";
}

void site_size(enum strings_lang lang, uint64_t bytes, char out[static 40])
{
	static const char *const units[] = { "unit.bytes", "unit.kb", "unit.mb", "unit.gb" };
	size_t unit = 0;
	uint64_t tenths = bytes * 10;
	for (; tenths >= 10000 && unit + 1 < ARRAY_LEN(units); unit++)
		tenths = (tenths + 500) / 1000;
	char number[24];
	if (unit == 0 || tenths >= 100)
		snprintf(number, sizeof(number), "%" PRIu64, (tenths + 5) / 10);
	else
		snprintf(number, sizeof(number), "%" PRIu64 "%s%" PRIu64, tenths / 10,
			 lang == STRINGS_EN ? "." : ",", tenths % 10);
	AUTO_FREE char *text = strings_fill(lang, units[unit], "n", number, NULL);
	snprintf(out, 40, "%s", text ? text : number);
}

void site_duration(uint64_t ms, char out[static 24])
{
	uint64_t s = (ms + 500) / 1000;
	if (s >= 3600)
		snprintf(out, 24, "%" PRIu64 ":%02u:%02u", s / 3600, (unsigned)(s / 60 % 60),
			 (unsigned)(s % 60));
	else
		snprintf(out, 24, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

const char *site_subject_of(const wasl_Item *item)
{
	return item->subject[0] ? item->subject : "other";
}

const char *site_subject_title(const struct site *s, enum strings_lang lang, const char *subject)
{
	for (size_t i = 0; s->catalogue && i < s->catalogue->subjects_id_count; i++)
		if (strcmp(s->catalogue->subjects_id[i], subject) == 0)
			return site_text(&s->catalogue->subjects_title[i], lang);
	return strcmp(subject, "other") == 0 ? strings_get(lang, "portal.other") : subject;
}

const char *site_subject_icon(const char *subject)
{
	static const struct {
		const char *part, *icon;
	} icons[] = {
		{ "math", "icon-mathematics" },  { "geometr", "icon-mathematics" },
		{ "physi", "icon-science" },     { "chem", "icon-science" },
		{ "chim", "icon-science" },      { "bio", "icon-science" },
		{ "scien", "icon-science" },     { "svt", "icon-science" },
		{ "french", "icon-language" },   { "franc", "icon-language" },
		{ "english", "icon-language" },  { "anglais", "icon-language" },
		{ "langu", "icon-language" },    { "tamazight", "icon-language" },
		{ "histo", "icon-history" },     { "civi", "icon-history" },
		{ "geogra", "icon-geography" },  { "tech", "icon-technology" },
		{ "comput", "icon-technology" }, { "informat", "icon-technology" },
		{ "art", "icon-art" },           { "music", "icon-music" },
		{ "musique", "icon-music" },
	};
	for (size_t i = 0; i < ARRAY_LEN(icons); i++)
		if (strstr(subject, icons[i].part))
			return icons[i].icon;
	return "icon-book";
}

const char *site_state_icon(const char *state)
{
	static const char *const states[] = { "good", "moderate", "no", "unpowered", "never" };
	static const char *const icons[] = { "icon-good", "icon-moderate", "icon-no",
					     "icon-unpowered", "icon-never" };
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (strcmp(state, states[i]) == 0)
			return icons[i];
	return "icon-unknown";
}

static json_t *languages(enum strings_lang lang)
{
	static const char *const shorts[STRINGS_LANG_COUNT] = { "ع", "FR", "EN" };
	static const char *const names[STRINGS_LANG_COUNT] = { "common.lang.ar", "common.lang.fr",
							       "common.lang.en" };
	json_t *list = json_array();
	for (int i = 0; i < STRINGS_LANG_COUNT; i++)
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s,s:b}", "code",
						strings_lang_code((enum strings_lang)i), "short",
						shorts[i], "name", strings_get(lang, names[i]),
						"current", i == (int)lang));
	return list;
}

static json_t *net_line(const struct site_status *st, enum strings_lang lang)
{
	static const struct {
		const char *state, *text;
	} lines[] = {
		[SITE_INTERNET_UNKNOWN] = { "unknown", "status.unknown" },
		[SITE_INTERNET_ON] = { "good", "status.online" },
		[SITE_INTERNET_OFF] = { "no", "status.offline" },
	};
	const char *state = lines[st->internet].state;
	return json_pack("{s:s,s:s,s:s,s:b,s:b,s:b}", "state", state, "icon",
			 site_state_icon(state), "text",
			 strings_get(lang, lines[st->internet].text), "on",
			 st->internet == SITE_INTERNET_ON, "off", st->internet == SITE_INTERNET_OFF,
			 "unknown", st->internet == SITE_INTERNET_UNKNOWN);
}

json_t *site_context(const struct site *s, enum strings_lang lang, const char *title,
		     const char *here)
{
	const char *school = *s->school ? s->school : strings_get(lang, "portal.title");
	json_t *c =
		json_pack("{s:s,s:s,s:s,s:s,s:s}", "lang", strings_lang_code(lang), "dir",
			  strings_lang_dir(lang), "school", school, "v", s->assets, "here", here);
	site_put(c, "page_title",
		 *title ? json_sprintf("%s · %s", title, school) : json_string(school));
	site_put(c, "langs", languages(lang));
	site_put(c, "net", net_line(&s->status, lang));
	site_put_text(c, "q", "");
	return c;
}

json_t *site_row(const struct site *s, enum strings_lang lang, size_t index)
{
	const struct site_lesson *l = &s->lessons[index];
	const wasl_Item *item = l->item;
	const char *subject = site_subject_of(item);
	char duration[24] = "";
	if (item->duration_ms)
		site_duration(item->duration_ms, duration);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:b,s:b}", "id", item->id, "title",
			 site_text(&item->title, lang), "duration", duration, "subject_title",
			 site_subject_title(s, lang, subject), "icon", site_subject_icon(subject),
			 "grade", (int)item->grade, "poster", l->poster, "waiting",
			 l->playable && !l->plays);
}

int site_render(const struct site *s, enum strings_lang lang, const char *page, json_t *context,
		char **out, size_t *len, struct fault *why)
{
	int r = page_render(s->pages, page, lang, context, out, len, why);
	json_decref(context);
	return r;
}
