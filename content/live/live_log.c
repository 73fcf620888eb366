// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MOST 100000u
#define LEN_MOST (UINT64_C(1) << 32)

void live_log_print(const struct live_log_line *l, char out[static 96])
{
	snprintf(out, 96, "%c %c %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 "\n",
		 l->track, l->kind, l->part, l->from, l->len, l->ms, l->stretch);
}

size_t live_log_next(const char *text, const char *end, struct live_log_line *out)
{
	const char *stop = text < end ? memchr(text, '\n', (size_t)(end - text)) : NULL;
	char line[96], again[96];
	struct live_log_line l = { 0 };
	if (!stop || (size_t)(stop - text) >= sizeof(line) - 1)
		return 0;
	memcpy(line, text, (size_t)(stop - text) + 1);
	line[stop - text + 1] = '\0';
	if (sscanf(line, "%c %c %" SCNu32 " %" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNu64 "\n",
		   &l.track, &l.kind, &l.part, &l.from, &l.len, &l.ms, &l.stretch) != 7)
		return 0;
	/* What is written by us reads back as it was written. */
	live_log_print(&l, again);
	if (strcmp(line, again) != 0 || (l.track != 'm' && l.track != 's') ||
	    !strchr("mtai", l.kind) || l.part == 0 || l.part > PARTS_MOST || l.len == 0 ||
	    l.len > LEN_MOST || l.from > LEN_MOST || (l.kind != 'i' && l.ms == 0) || l.ms > 3600000)
		return 0;
	*out = l;
	return (size_t)(stop - text) + 1;
}

void live_log_part_name(char track, char kind, uint32_t part, char out[static 32])
{
	const char *end = kind == 't' ? "ts" : kind == 'a' ? "aac" : "mp4";
	snprintf(out, 32, "%c%" PRIu32 ".%s", track, part, end);
}

char live_log_kind(const char *text, size_t len, char track)
{
	struct live_log_line l;
	const char *end = text + len;
	for (size_t step; (step = live_log_next(text, end, &l)); text += step)
		if (l.track == track && l.kind != 'i')
			return l.kind;
	return '\0';
}

static uint32_t longest_ms(const char *text, const char *end, char track)
{
	struct live_log_line l;
	uint32_t most = 1000;
	for (size_t step; (step = live_log_next(text, end, &l)); text += step)
		if (l.track == track && l.ms > most)
			most = l.ms;
	return most;
}

static void put_piece(FILE *to, const struct live_log_line *l, const struct live_log_line *init)
{
	char name[32];
	if (init->len) {
		live_log_part_name(init->track, 'm', init->part, name);
		fprintf(to, "#EXT-X-MAP:URI=\"%s\",BYTERANGE=\"%" PRIu64 "@%" PRIu64 "\"\n", name,
			init->len, init->from);
	}
	live_log_part_name(l->track, l->kind, l->part, name);
	fprintf(to,
		"#EXTINF:%" PRIu32 ".%03" PRIu32 ",\n#EXT-X-BYTERANGE:%" PRIu64 "@%" PRIu64
		"\n%s\n",
		l->ms / 1000, l->ms % 1000, l->len, l->from, name);
}

char *live_log_playlist(const char *text, size_t len, char track, uint64_t *ms, size_t *out_len)
{
	const char *end = text + len;
	struct live_log_line l, init = { 0 };
	char *out = NULL;
	uint64_t stretch = 0;
	bool any = false;
	*ms = 0;
	FILE *to = open_memstream(&out, out_len);
	if (!to)
		return NULL;
	fprintf(to,
		"#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-TARGETDURATION:"
		"%" PRIu32 "\n#EXT-X-MEDIA-SEQUENCE:1\n",
		(longest_ms(text, end, track) + 999) / 1000);
	for (size_t step; (step = live_log_next(text, end, &l)); text += step) {
		if (l.track != track)
			continue;
		if (l.kind == 'i') {
			init = l;
			continue;
		}
		if (any && l.stretch != stretch)
			fputs("#EXT-X-DISCONTINUITY\n", to);
		put_piece(to, &l, &init);
		init.len = 0;
		stretch = l.stretch;
		any = true;
		*ms += l.ms;
	}
	fputs("#EXT-X-ENDLIST\n", to);
	if (fclose(to) == 0 && any)
		return out;
	free(out);
	return NULL;
}

char *live_log_master(const char *text, size_t len, bool sound_apart, size_t *out_len)
{
	uint64_t bytes = 0, ms = 0;
	struct live_log_line l;
	const char *end = text + len;
	char *out = NULL;
	for (size_t step; (step = live_log_next(text, end, &l)); text += step) {
		bytes += l.len;
		ms += l.track == 'm' ? l.ms : 0;
	}
	FILE *to = open_memstream(&out, out_len);
	if (!to)
		return NULL;
	fputs("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n", to);
	if (sound_apart)
		fputs("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"sound\",DEFAULT=YES,"
		      "AUTOSELECT=YES,URI=\"sound.m3u8\"\n",
		      to);
	fprintf(to, "#EXT-X-STREAM-INF:BANDWIDTH=%" PRIu64 "%s\nmain.m3u8\n",
		ms ? bytes * 8000 / ms + 1000 : 1000000, sound_apart ? ",AUDIO=\"sound\"" : "");
	if (fclose(to) == 0)
		return out;
	free(out);
	return NULL;
}
