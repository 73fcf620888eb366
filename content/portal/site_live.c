// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "content/portal/site.h"
#include "content/portal/site_json.h"
#include "firmware/base/clean.h"

/* Pages of live classes. What a class is doing changes by the second: the page's script asks, these are its words. */

static const struct {
	const char *name, *text;
} states[] = {
	[SITE_CLASS_UNKNOWN] = { "unknown", "live.looking" },
	[SITE_CLASS_LIVE] = { "live", "live.now" },
	[SITE_CLASS_STALE] = { "stale", "live.stale" },
	[SITE_CLASS_OFF] = { "off", "live.off" },
	[SITE_CLASS_OVER] = { "over", "live.over" },
};

static const char *title_in(enum strings_lang lang, const char *ar, const char *fr, const char *en,
			    const char *name)
{
	const char *const texts[] = { [STRINGS_AR] = ar, [STRINGS_FR] = fr, [STRINGS_EN] = en };
	if (*texts[lang])
		return texts[lang];
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (*texts[i])
			return texts[i];
	return name;
}

static const char *title_of(const struct site_live *c, enum strings_lang lang)
{
	return title_in(lang, c->ar, c->fr, c->en, c->name);
}

static const char *kept_title(const struct site_kept *k, enum strings_lang lang)
{
	return title_in(lang, k->ar, k->fr, k->en, k->name);
}

static bool is_on(const struct site_live *c)
{
	return c->state == SITE_CLASS_LIVE || c->state == SITE_CLASS_STALE;
}

json_t *site_class_rows(const struct site *s, enum strings_lang lang)
{
	json_t *list = json_array();
	for (size_t i = 0; i < s->live_count; i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:b}", "id", s->live[i].name,
						      "title", title_of(&s->live[i], lang), "on",
						      is_on(&s->live[i])));
	return list;
}

static json_t *kept_rows(const struct site *s, enum strings_lang lang)
{
	json_t *list = json_array();
	for (size_t i = s->kept_count; i-- > 0;) { /* the newest first */
		char duration[24];
		site_duration(s->kept[i].ms, duration);
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s,s:s}", "id", s->kept[i].id, "title",
						kept_title(&s->kept[i], lang), "date",
						s->kept[i].date, "duration", duration));
	}
	return list;
}

/* A lesson of the school, on the page that lessons have. */
int site_kept(const struct site *s, enum strings_lang lang, size_t kept, char **out, size_t *len,
	      struct fault *why)
{
	const struct site_kept *k = &s->kept[kept];
	char here[128], hls[128], duration[24];
	snprintf(here, sizeof(here), "/live/%s?lang=", k->id);
	snprintf(hls, sizeof(hls), "/p/live/%s/master.m3u8", k->id);
	site_duration(k->ms, duration);
	json_t *c = site_context(s, lang, kept_title(k, lang), here);
	site_put_text(c, "id", k->id);
	site_put_text(c, "title", kept_title(k, lang));
	site_put_text(c, "kept", k->date);
	site_put_text(c, "hls", hls);
	site_put_text(c, "sound", "");
	site_put_text(c, "duration", duration);
	site_put(c, "seconds", json_integer((json_int_t)((k->ms + 500) / 1000)));
	site_put(c, "playable", json_true());
	site_put(c, "video", json_true());
	return site_render(s, lang, "lesson.html", c, out, len, why);
}

int site_classes(const struct site *s, enum strings_lang lang, char **out, size_t *len,
		 struct fault *why)
{
	json_t *c = site_context(s, lang, strings_get(lang, "live.title"), "/live?lang=");
	site_put(c, "classes", site_class_rows(s, lang));
	site_put(c, "has_classes", json_boolean(s->live_count > 0));
	site_put(c, "kept", kept_rows(s, lang));
	site_put(c, "has_kept", json_boolean(s->kept_count > 0));
	return site_render(s, lang, "classes.html", c, out, len, why);
}

int site_class(const struct site *s, enum strings_lang lang, size_t live, char **out, size_t *len,
	       struct fault *why)
{
	const struct site_live *one = &s->live[live];
	char here[96];
	snprintf(here, sizeof(here), "/live/%s?lang=", one->name);
	json_t *c = site_context(s, lang, title_of(one, lang), here);
	site_put_text(c, "id", one->name);
	site_put_text(c, "title", title_of(one, lang));
	site_put_text(c, "state", states[one->state].name);
	site_put_text(c, "state_text", strings_get(lang, states[one->state].text));
	return site_render(s, lang, "class.html", c, out, len, why);
}
