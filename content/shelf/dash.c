// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/dash.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "content/shelf/sheet.h"

/* An attribute's value (XML 1.0, sections 2.2 and 2.3): what XML cannot hold becomes a space. */
static void put_attribute(FILE *to, const char *name, const char *value)
{
	fprintf(to, " %s=\"", name);
	for (const char *c = value; *c; c++)
		switch (*c) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		default:
			fputc((unsigned char)*c < 0x20 ? ' ' : *c, to);
		}
	fputc('"', to);
}

static uint64_t sum(const uint64_t *us, size_t count)
{
	uint64_t all = 0;
	for (size_t i = 0; us && i < count; i++)
		all += us[i];
	return all;
}

/* xs:duration, to the microsecond. */
static void put_duration(FILE *to, const char *name, uint64_t us)
{
	fprintf(to, " %s=\"PT%" PRIu64 ".%06" PRIu64 "S\"", name, us / 1000000, us % 1000000);
}

/* Neighbours that last equally long are one line. */
static void put_timeline(FILE *to, const uint64_t *us, size_t count)
{
	fputs("   <SegmentTemplate timescale=\"1000000\" startNumber=\"1\" "
	      "initialization=\"init.mp4\" media=\"$Number$.m4s\">\n    <SegmentTimeline>\n",
	      to);
	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		while (end < count && us[end] == us[i])
			end++;
		fputs("     <S", to);
		if (i == 0)
			fputs(" t=\"0\"", to);
		fprintf(to, " d=\"%" PRIu64 "\"", us[i]);
		if (end > i + 1)
			fprintf(to, " r=\"%zu\"", end - i - 1);
		fputs("/>\n", to);
		i = end;
	}
	fputs("    </SegmentTimeline>\n   </SegmentTemplate>\n", to);
}

static void put_representation(FILE *to, const struct playlists_rung *r)
{
	fprintf(to, "   <Representation id=\"%s\" bandwidth=\"%" PRIu64 "\" codecs=\"%s\"", r->name,
		r->peak_bps, r->codecs);
	if (r->width)
		fprintf(to, " width=\"%" PRIu32 "\" height=\"%" PRIu32 "\" sar=\"1:1\"", r->width,
			r->height);
	if (r->width && r->fps_num && r->fps_den)
		fprintf(to, " frameRate=\"%" PRIu32 "/%" PRIu32 "\"", r->fps_num, r->fps_den);
	if (!r->width)
		fputs(" audioSamplingRate=\"48000\"", to);
	fputs(">\n", to);
	if (!r->width)
		fputs("    <AudioChannelConfiguration schemeIdUri=\""
		      "urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"1\"/>\n",
		      to);
	fprintf(to, "    <BaseURL>%s/%s/</BaseURL>\n   </Representation>\n", r->generation,
		r->name);
}

static void put_set(FILE *to, const struct playlists_lesson *lesson, bool picture,
		    const uint64_t *us, size_t count)
{
	size_t found = 0;
	for (size_t i = 0; i < lesson->rung_count; i++)
		found += (lesson->rungs[i].width != 0) == picture;
	if (!found || !us)
		return;
	fprintf(to,
		"  <AdaptationSet id=\"%d\" contentType=\"%s\" mimeType=\"%s/mp4\" "
		"segmentAlignment=\"true\" startWithSAP=\"1\"",
		picture ? 1 : 2, picture ? "video" : "audio", picture ? "video" : "audio");
	if (!picture && *lesson->language)
		put_attribute(to, "lang", lesson->language);
	fputs(">\n   <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>\n", to);
	put_timeline(to, us, count);
	for (size_t i = 0; i < lesson->rung_count; i++)
		if ((lesson->rungs[i].width != 0) == picture && playlists_worth(lesson, i))
			put_representation(to, &lesson->rungs[i]);
	fputs("  </AdaptationSet>\n", to);
}

static void put_captions(FILE *to, const struct playlists_captions *c, size_t id)
{
	fprintf(to, "  <AdaptationSet id=\"%zu\" contentType=\"text\" mimeType=\"text/vtt\"", id);
	put_attribute(to, "lang", c->language);
	fputs(">\n   <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"subtitle\"/>\n   "
	      "<Label>",
	      to);
	for (const char *p = c->label; *p; p++)
		if (*p == '&' || *p == '<')
			fputs(*p == '&' ? "&amp;" : "&lt;", to);
		else
			fputc((unsigned char)*p < 0x20 ? ' ' : *p, to);
	fprintf(to, "</Label>\n   <Representation id=\"captions-%s\" bandwidth=\"1000\">\n",
		c->language);
	fprintf(to, "    <BaseURL>captions-%s.vtt</BaseURL>\n   </Representation>\n", c->language);
	fputs("  </AdaptationSet>\n", to);
}

int dash_manifest(const struct playlists_lesson *lesson, const struct dash_times *times, char **out,
		  size_t *len)
{
	struct sheet s;
	if (sheet_open(&s))
		return -ENOMEM;
	uint64_t picture = sum(times->picture_us, times->count);
	uint64_t whole = picture ? picture : sum(times->sound_us, times->count);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
	      "profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" type=\"static\" "
	      "minBufferTime=\"PT4S\"",
	      s.to);
	put_duration(s.to, "mediaPresentationDuration", whole);
	fputs(">\n <Period id=\"1\" start=\"PT0S\"", s.to);
	put_duration(s.to, "duration", whole);
	fputs(">\n", s.to);
	put_set(s.to, lesson, true, times->picture_us, times->count);
	put_set(s.to, lesson, false, times->sound_us, times->count);
	for (size_t i = 0; i < lesson->caption_count; i++)
		put_captions(s.to, &lesson->captions[i], i + 3);
	fputs(" </Period>\n</MPD>\n", s.to);
	return sheet_close(&s, out, len);
}
