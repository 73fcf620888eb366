// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/probe_json.h"

#include <math.h>
#include <stdlib.h>

#include "content/transcoder/orient.h"

static json_t *lost_json(const struct verdict *v, enum strings_lang lang)
{
	json_t *list = json_array();
	for (size_t i = 0; i < v->count && v->kind == VERDICT_SALVAGE; i++) {
		AUTO_FREE char *text = verdict_sentence(v, i, lang);
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "what", verdict_lost(v, i),
						      "reason", v->notes[i].reason, "text",
						      text ? text : ""));
	}
	return list;
}

static int angle_of(uint32_t turn)
{
	if (turn & ORIENT_SWAP)
		return turn & ORIENT_FLIP_X ? 90 : 270;
	return turn == (ORIENT_FLIP_X | ORIENT_FLIP_Y) ? 180 : 0;
}

static json_t *lesson_json(const struct probe *p)
{
	const struct lens_form *f = &p->form;
	return json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:s,s:b,s:I,s:i}", "picture",
			 p->picture_codec, "sound", p->sound_codec, "width", (int)f->width,
			 "height", (int)f->height, "fps_num", (int)p->fps_num, "fps_den",
			 (int)p->fps_den, "turned", angle_of(f->turn), "fields",
			 fields_name((enum fields)f->fields), "hdr", p->is_hdr, "duration_ms",
			 (json_int_t)(p->duration_us / 1000), "clock_jumps", (int)p->clock.count);
}

json_t *probe_json(const struct probe *p, enum strings_lang lang)
{
	AUTO_FREE char *text = verdict_text(&p->said, lang);
	json_t *o = json_pack("{s:s,s:s,s:s,s:o,s:s}", "verdict", verdict_name(p->said.kind),
			      "reason", verdict_reason(&p->said), "text", text ? text : "", "lost",
			      lost_json(&p->said, lang), "container", p->container);
	if (o && p->said.kind != VERDICT_REFUSE)
		json_object_update_new(o, lesson_json(p));
	return o;
}

void probe_json_survey(json_t *o, const struct survey *s, double lufs)
{
	static const char *const names[] = { "unknown", "static", "screen", "camera" };
	json_t *list = json_array();
	for (size_t i = 0; i < s->count; i++) {
		const struct survey_spot *spot = &s->spots[i];
		if (i && spot->kind == s->spots[i - 1].kind)
			continue;
		json_array_append_new(list, json_pack("{s:I,s:s}", "from_ms",
						      (json_int_t)(i ? spot->at_us / 1000 : 0),
						      "class", names[spot->kind]));
	}
	json_object_set_new(o, "fields", json_string(fields_name(s->fields)));
	json_object_set_new(o, "classes", list);
	json_object_set_new(o, "loudness_lufs",
			    isfinite(lufs) ? json_real(round(lufs * 10) / 10) : json_null());
}
