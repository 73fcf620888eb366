// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/content/hlslint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/frag.h"
#include "firmware/base/clean.h"
#include "firmware/base/text.h"

/* --- media playlists ------------------------------------------------------------------------------- */

static void judge_init(struct lint *l, struct media *m, const char *url)
{
	CLEANUP(clean_free) void *held = NULL;
	struct bytes b;
	struct frag_init init;
	if (!lint_fetch(l, url, NULL, &b))
		return;
	held = b.at;
	if (frag_init(b.at, b.len, &init)) {
		lint_say(l, "'%s' is no CMAF header of one track", url);
		return;
	}
	m->judged = true;
	m->timescale = init.timescale;
	m->sound = init.kind == PACK_SOUND;
	m->width = init.width;
	m->height = init.height;
	if (!memmem(b.at, b.len < 64 ? b.len : 64, "cmfc", 4))
		lint_say(l, "'%s' has no brand cmfc", url);
	if (m->sound)
		snprintf(m->codecs, sizeof(m->codecs), "mp4a.40.2");
	else
		snprintf(m->codecs, sizeof(m->codecs), "avc1.%02x%02x%02x", init.config[1],
			 init.config[2], init.config[3]);
}

/* Times and order of a segment that is ours to judge. */
static void judge_segment(struct lint *l, struct media *m, const struct bytes *b, uint64_t us)
{
	struct frag f;
	int rc = m->keys_only ? frag_part(b->at, b->len, b->len, &f, l->samples, FRAG_SAMPLES_MAX)
			      : frag_segment(b->at, b->len, &f, l->samples, FRAG_SAMPLES_MAX, NULL);
	if (rc || f.size != b->len) {
		lint_say(l, "is no CMAF segment of ours (%zu bytes)", b->len);
		return;
	}
	if (f.number <= m->sequence)
		lint_say(l, "sequence number %u after %u", f.number, m->sequence);
	m->sequence = f.number;
	if (!l->samples[0].key)
		lint_say(l, "does not begin with a key frame");
	if (m->keys_only) {
		if (f.count != 1)
			lint_say(l, "%zu pictures in the range of a key frame", f.count);
		if (f.begin * 1000000 / m->timescale + 1000 < m->us ||
		    f.begin * 1000000 / m->timescale > m->us + 1000)
			lint_say(l, "a key frame of %.3f s where the list says %.3f s",
				 (double)f.begin / m->timescale, (double)m->us / 1e6);
		return;
	}
	if (f.begin != m->next)
		lint_say(l, "begins at %" PRIu64 ", where %" PRIu64 " was the end", f.begin,
			 m->next);
	m->next = f.begin + f.duration;
	int64_t real = (int64_t)(f.duration * 1000000 / m->timescale);
	if (real - (int64_t)us > 1000 || (int64_t)us - real > 1000)
		lint_say(l, "lasts %.6f s, and EXTINF says %.6f", (double)real / 1e6,
			 (double)us / 1e6);
}

static void read_segment(struct lint *l, struct media *m, const char *base, const char *name,
			 const char *range, uint64_t us)
{
	CLEANUP(clean_free) char *url = lint_resolve(base, name);
	CLEANUP(clean_free) void *held = NULL;
	struct bytes b;
	if (!url || !lint_fetch(l, url, range, &b))
		return;
	held = b.at;
	l->segments++;
	if (m->judged)
		judge_segment(l, m, &b, us);
	if (m->text && (strncmp((char *)b.at, "WEBVTT", 6) || !text_is_utf8((char *)b.at, b.len)))
		lint_say(l, "'%s' is no WebVTT in UTF-8", name);
	uint64_t bps = us ? (uint64_t)b.len * 8000000 / us : 0;
	if (bps > m->worst_bps)
		m->worst_bps = bps;
	m->bytes += b.len;
}

/* "123@0", or what stands in a Range header; each with its own end, as ranges of ours begin their files. */
static void read_range(struct lint *l, const char *text, char out[static 64])
{
	unsigned long long len = 0, from = 0;
	if (sscanf(text, "%llu@%llu", &len, &from) != 2 || !len)
		lint_say(l, "no byte range: '%s'", text);
	snprintf(out, 64, "%llu-%llu", from, from + len - 1);
}

/* "1.500000,title" in microseconds. */
static uint64_t read_inf(struct lint *l, const char *text)
{
	char *end;
	double s = strtod(text, &end);
	if (end == text || *end != ',' || s < 0)
		lint_say(l, "no EXTINF: '%s'", text);
	return (uint64_t)(s * 1e6 + 0.5);
}

struct state { /* between the lines of a media playlist */
	bool inf, map, sequence, type, any;
	uint64_t us;
	char range[64];
};

static void read_map(struct lint *l, struct media *m, const char *base, char *text)
{
	struct attributes a;
	lint_read_attributes(l, text, &a);
	const char *uri = lint_value_of(&a, "URI");
	CLEANUP(clean_free) char *url = uri ? lint_resolve(base, uri) : NULL;
	if (!uri)
		lint_say(l, "EXT-X-MAP without URI");
	if (m->version < (m->keys_only ? 5 : 6))
		lint_say(l, "EXT-X-MAP needs a higher EXT-X-VERSION than %u", m->version);
	if (url && !l->lists_only)
		judge_init(l, m, url);
}

static void read_uri(struct lint *l, struct media *m, const char *base, const char *line,
		     struct state *s)
{
	if (!s->inf)
		lint_say(l, "'%s' without EXTINF", line);
	if ((s->us + 500000) / 1000000 > m->target_s)
		lint_say(l, "EXTINF %.3f is above the target of %" PRIu64, (double)s->us / 1e6,
			 m->target_s);
	if (m->keys_only && !*s->range)
		lint_say(l, "a key frame without its byte range");
	read_segment(l, m, base, line, *s->range ? s->range : NULL, s->us);
	m->us += s->us;
	if (m->count < ARRAY_LEN(m->edges_us))
		m->edges_us[m->count] = m->us;
	m->count++;
	s->inf = false;
	*s->range = '\0';
}

static void read_tag(struct lint *l, struct media *m, const char *base, char *line, struct state *s)
{
	char *rest;
	if (m->ended)
		lint_say(l, "'%s' after the end", line);
	if ((rest = lint_after(line, "#EXT-X-VERSION:"))) {
		if (m->version)
			lint_say(l, "EXT-X-VERSION twice");
		m->version = (unsigned)strtoul(rest, NULL, 10);
	} else if ((rest = lint_after(line, "#EXT-X-TARGETDURATION:"))) {
		if (m->target_s || s->any)
			lint_say(l, "EXT-X-TARGETDURATION twice, or too late");
		m->target_s = strtoull(rest, NULL, 10);
	} else if ((rest = lint_after(line, "#EXT-X-MEDIA-SEQUENCE:"))) {
		if (s->sequence || s->any)
			lint_say(l, "EXT-X-MEDIA-SEQUENCE twice, or after the first segment");
		s->sequence = true;
	} else if ((rest = lint_after(line, "#EXT-X-PLAYLIST-TYPE:"))) {
		if (s->type || (strcmp(rest, "VOD") != 0 && strcmp(rest, "EVENT") != 0))
			lint_say(l, "EXT-X-PLAYLIST-TYPE:%s", rest);
		s->type = true;
	} else if (!strcmp(line, "#EXT-X-I-FRAMES-ONLY")) {
		m->keys_only = true;
	} else if (!strcmp(line, "#EXT-X-ENDLIST")) {
		m->ended = true;
	} else if ((rest = lint_after(line, "#EXT-X-MAP:"))) {
		s->map = true;
		read_map(l, m, base, rest);
	} else if ((rest = lint_after(line, "#EXT-X-BYTERANGE:"))) {
		if (m->version < 4)
			lint_say(l, "EXT-X-BYTERANGE needs EXT-X-VERSION 4");
		read_range(l, rest, s->range);
	} else if ((rest = lint_after(line, "#EXTINF:"))) {
		if (s->inf)
			lint_say(l, "EXTINF twice for one segment");
		if (strchr(rest, '.') && m->version < 3)
			lint_say(l, "a fraction in EXTINF needs EXT-X-VERSION 3");
		s->inf = s->any = true;
		s->us = read_inf(l, rest);
	} else if (lint_after(line, "#EXT-X-STREAM-INF") || lint_after(line, "#EXT-X-MEDIA:") ||
		   lint_after(line, "#EXT-X-I-FRAME-STREAM-INF")) {
		lint_say(l, "a tag of master playlists in a media playlist");
	}
}

void lint_media(struct lint *l, const char *url, struct media *m)
{
	CLEANUP(clean_free) void *held = NULL;
	struct bytes b;
	struct state s = { 0 };
	const char *was = l->url;
	unsigned line_was = l->line;
	if (!lint_fetch(l, url, NULL, &b))
		return;
	held = b.at;
	l->url = url;
	if (lint_begin_list(l, &b)) {
		char *at = (char *)b.at;
		for (char *line; (line = lint_next_line(l, &at));) {
			if (*line == '#')
				read_tag(l, m, url, line, &s);
			else if (*line)
				read_uri(l, m, url, line, &s);
		}
		if (!m->target_s)
			lint_say(l, "EXT-X-TARGETDURATION is missing");
		if (s.inf)
			lint_say(l, "EXTINF without a segment");
		if (!m->count && m->ended)
			lint_say(l, "no segment at all");
		if (m->keys_only && !s.map)
			lint_say(l, "key frames without EXT-X-MAP");
	}
	l->url = was;
	l->line = line_was;
}
