// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/playlists.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "content/shelf/sheet.h"

#define WORTH_PERCENT 85u

static int is_first_picture(const struct playlists_lesson *lesson, size_t rung)
{
	for (size_t i = 0; i < rung; i++)
		if (lesson->rungs[i].width)
			return 0;
	return 1;
}

int playlists_worth(const struct playlists_lesson *lesson, size_t rung)
{
	const struct playlists_rung *asked = &lesson->rungs[rung], *larger = NULL;
	if (!asked->width || is_first_picture(lesson, rung))
		return 1;
	for (size_t i = lesson->rung_count; i-- > rung;) {
		const struct playlists_rung *r = &lesson->rungs[i];
		if (!r->width)
			continue;
		bool little = larger && r->average_bps && larger->average_bps &&
			      !strcmp(r->generation, larger->generation) &&
			      r->average_bps * 100 > larger->average_bps * WORTH_PERCENT;
		if (i == rung)
			return !little;
		if (!little)
			larger = r;
	}
	return 1;
}

/* A quoted-string must not hold a quote or a line end (RFC 8216, section 4.2). */
static void put_quoted(FILE *to, const char *name, const char *value)
{
	fprintf(to, "%s=\"", name);
	for (const char *c = value; *c; c++)
		fputc(*c == '"' ? '\'' : (unsigned char)*c < 0x20 ? ' ' : *c, to);
	fputc('"', to);
}

static const struct playlists_rung *sound_of(const struct playlists_lesson *lesson)
{
	for (size_t i = 0; i < lesson->rung_count; i++)
		if (lesson->rungs[i].width == 0)
			return &lesson->rungs[i];
	return NULL;
}

static void put_sound(FILE *to, const struct playlists_lesson *lesson,
		      const struct playlists_rung *sound)
{
	fputs("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",", to);
	put_quoted(to, "NAME", *lesson->language_name ? lesson->language_name : "sound");
	if (*lesson->language) {
		fputc(',', to);
		put_quoted(to, "LANGUAGE", lesson->language);
	}
	fprintf(to, ",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"1\",URI=\"%s/%s/index.m3u8\"\n",
		sound->generation, sound->name);
}

static void put_captions(FILE *to, const struct playlists_captions *c)
{
	fputs("#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\",", to);
	put_quoted(to, "NAME", c->label);
	fputc(',', to);
	put_quoted(to, "LANGUAGE", c->language);
	fprintf(to, ",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI=\"captions-%s.m3u8\"\n", c->language);
}

/* BANDWIDTH counts the picture and the sound played with it. */
static void put_variant(FILE *to, const struct playlists_lesson *lesson,
			const struct playlists_rung *rung, const struct playlists_rung *sound)
{
	const struct playlists_rung *with = sound == rung ? NULL : sound;
	fprintf(to, "#EXT-X-STREAM-INF:BANDWIDTH=%" PRIu64,
		rung->peak_bps + (with ? with->peak_bps : 0));
	if (rung->average_bps && (!with || with->average_bps))
		fprintf(to, ",AVERAGE-BANDWIDTH=%" PRIu64,
			rung->average_bps + (with ? with->average_bps : 0));
	fprintf(to, ",CODECS=\"%s%s%s\"", rung->codecs, with ? "," : "", with ? with->codecs : "");
	if (rung->width)
		fprintf(to, ",RESOLUTION=%" PRIu32 "x%" PRIu32, rung->width, rung->height);
	if (rung->width && rung->fps_num && rung->fps_den)
		fprintf(to, ",FRAME-RATE=%.3f", (double)rung->fps_num / rung->fps_den);
	if (sound)
		fputs(",AUDIO=\"sound\"", to);
	if (lesson->caption_count)
		fputs(",SUBTITLES=\"text\"", to);
	fprintf(to, "\n%s/%s/index.m3u8\n", rung->generation, rung->name);
}

/* Key frames alone, for moving through a lesson quickly (section 4.3.4.3). */
static void put_keys(FILE *to, const struct playlists_rung *rung)
{
	if (!rung->width || !rung->keys_bps)
		return;
	fprintf(to,
		"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=%" PRIu64 ",CODECS=\"%s\",RESOLUTION=%" PRIu32
		"x%" PRIu32 ",URI=\"%s/%s/iframes.m3u8\"\n",
		rung->keys_bps, rung->codecs, rung->width, rung->height, rung->generation,
		rung->name);
}

int playlists_master(const struct playlists_lesson *lesson, char **out, size_t *len)
{
	struct sheet s;
	if (sheet_open(&s))
		return -ENOMEM;
	fputs("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n", s.to);
	const struct playlists_rung *sound = sound_of(lesson);
	if (sound)
		put_sound(s.to, lesson, sound);
	for (size_t i = 0; i < lesson->caption_count; i++)
		put_captions(s.to, &lesson->captions[i]);
	for (size_t i = 0; i < lesson->rung_count; i++)
		if (playlists_worth(lesson, i))
			put_variant(s.to, lesson, &lesson->rungs[i], sound);
	for (size_t i = 0; i < lesson->rung_count; i++)
		if (playlists_worth(lesson, i))
			put_keys(s.to, &lesson->rungs[i]);
	return sheet_close(&s, out, len);
}

/* Each EXTINF rounded to the nearest second must not exceed the target (section 4.3.3.1). */
static uint64_t target_s(const uint64_t *segment_us, size_t count)
{
	uint64_t target = 1;
	for (size_t i = 0; i < count; i++) {
		uint64_t rounded = (segment_us[i] + 500000) / 1000000;
		if (rounded > target)
			target = rounded;
	}
	return target;
}

int playlists_media(const uint64_t *segment_us, size_t count, char **out, size_t *len)
{
	struct sheet s;
	if (sheet_open(&s))
		return -ENOMEM;
	fprintf(s.to,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%" PRIu64
		"\n#EXT-X-MEDIA-SEQUENCE:1\n"
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"init."
		"mp4\"\n",
		target_s(segment_us, count));
	for (size_t i = 0; i < count; i++)
		fprintf(s.to, "#EXTINF:%" PRIu64 ".%06" PRIu64 ",\n%zu.m4s\n",
			segment_us[i] / 1000000, segment_us[i] % 1000000, i + 1);
	fputs("#EXT-X-ENDLIST\n", s.to);
	return sheet_close(&s, out, len);
}

int playlists_keys(const uint64_t *segment_us, const uint32_t *key_bytes, size_t count, char **out,
		   size_t *len)
{
	struct sheet s;
	if (sheet_open(&s))
		return -ENOMEM;
	fprintf(s.to,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%" PRIu64
		"\n#EXT-X-MEDIA-SEQUENCE:1\n"
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"init.mp4\"\n",
		target_s(segment_us, count));
	for (size_t i = 0; i < count; i++)
		fprintf(s.to,
			"#EXTINF:%" PRIu64 ".%06" PRIu64 ",\n#EXT-X-BYTERANGE:%" PRIu32
			"@0\n%zu.m4s\n",
			segment_us[i] / 1000000, segment_us[i] % 1000000, key_bytes[i], i + 1);
	fputs("#EXT-X-ENDLIST\n", s.to);
	return sheet_close(&s, out, len);
}

int playlists_subtitles(const char *language, uint64_t duration_ms, char **out, size_t *len)
{
	struct sheet s;
	if (sheet_open(&s))
		return -ENOMEM;
	uint64_t us = duration_ms * 1000;
	fprintf(s.to,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%" PRIu64
		"\n#EXT-X-MEDIA-SEQUENCE:1\n"
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:%" PRIu64 ".%03" PRIu64
		",\ncaptions-%s.vtt\n#EXT-X-ENDLIST\n",
		target_s(&us, 1), duration_ms / 1000, duration_ms % 1000, language);
	return sheet_close(&s, out, len);
}

void playlists_measure(const uint32_t *lengths, const uint64_t *segment_us, size_t count,
		       uint64_t *peak_bps, uint64_t *average_bps)
{
	uint64_t peak = 0, bytes = 0, us = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t bps = (uint64_t)lengths[i] * 8 * 1000000 / segment_us[i];
		if (bps > peak)
			peak = bps;
		bytes += lengths[i];
		us += segment_us[i];
	}
	*peak_bps = peak;
	*average_bps = (uint64_t)((double)bytes * 8e6 / (double)us + 0.5);
}
