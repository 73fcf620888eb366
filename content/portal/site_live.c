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

static const char *title_of(const struct site_live *c, enum strings_lang lang)
{
	const char *const texts[] = {
		[STRINGS_AR] = c->ar, [STRINGS_FR] = c->fr, [STRINGS_EN] = c->en
	};
	if (*texts[lang])
		return texts[lang];
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (*texts[i])
			return texts[i];
	return c->name;
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

int site_classes(const struct site *s, enum strings_lang lang, char **out, size_t *len,
		 struct fault *why)
{
	json_t *c = site_context(s, lang, strings_get(lang, "live.title"), "/live?lang=");
	site_put(c, "classes", site_class_rows(s, lang));
	site_put(c, "has_classes", json_boolean(s->live_count > 0));
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
