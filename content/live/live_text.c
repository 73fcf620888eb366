// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/live/live_private.h"
#include "firmware/base/clock.h"

/* What live classes say of themselves: playlists of the whole, the page's state, `wasl live status`. */

/* One version, whatever the stream has: which one is the box's business. */
char *live_master_text(const struct live_class *c, size_t *len)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, len);
	if (!to)
		return NULL;
	const struct live_list *m = &c->master;
	size_t top = c->versions ? c->variant_of[c->versions - 1] : 0;
	const struct live_variant *v = m->is_master ? &m->variants[top] : NULL;
	fputs("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n", to);
	if (c->sound_only) {
		fputs("#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\nsound.m3u8\n", to);
	} else {
		if (c->apart)
			fputs("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"sound\","
			      "DEFAULT=YES,AUTOSELECT=YES,URI=\"sound.m3u8\"\n",
			      to);
		fprintf(to, "#EXT-X-STREAM-INF:BANDWIDTH=%" PRIu64,
			v ? (uint64_t)v->kbps * 1000 : UINT64_C(1000000));
		if (v && v->codecs[0])
			fprintf(to, ",CODECS=\"%s\"", v->codecs);
		if (v && v->height)
			fprintf(to, ",RESOLUTION=%" PRIu32 "x%" PRIu32, v->width, v->height);
		fprintf(to, "%s\nmain.m3u8\n", c->apart ? ",AUDIO=\"sound\"" : "");
	}
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* Nothing of the stream's own words: the page has its own for each state. */
json_t *live_state_json(const struct live_class *c)
{
	return json_pack("{s:s,s:s,s:b,s:s}", "state", live_state_name(c->state), "mode",
			 c->sound_only ? "sound" : "video", "sound", c->sound.url[0] != '\0',
			 "session", c->session);
}

static json_t *one(const struct live_class *c)
{
	const char *version = c->sound_only ? "sound" : "video";
	int at = c->rate.chosen ? c->rate.at : -1;
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:i,s:i,s:i,s:s,s:I,s:I,s:I,s:I}", "name",
			 c->conf.name, "url", c->conf.url, "state", live_state_name(c->state),
			 "mode", version, "keeping", c->keep, "started", c->origin == LIVE_STARTED,
			 "version", at, "versions", (int)c->versions, "kbps",
			 at >= 0 && c->versions ? (int)c->need_kbps[at] : 0, "reason", c->reason,
			 "playlists", (json_int_t)c->playlists, "segments", (json_int_t)c->segments,
			 "received_bytes", (json_int_t)c->bytes, "asked", (json_int_t)c->asked);
}

json_t *live_json(const struct live *l)
{
	json_t *list = json_array();
	for (size_t i = 0; i < l->count; i++)
		json_array_append_new(list, one(l->classes[i]));
	return json_pack("{s:o,s:I,s:i,s:i}", "classes", list, "bytes",
			 (json_int_t)live_files_bytes(l->files), "waiting", (int)l->hold_count,
			 "line_kbps", (int)l->line_kbps);
}
