// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * HLS playlists (RFC 8216, version 7, fragmented MP4) of one lesson, written from its plan before any segment exists.
 * Pure: numbers and names in, text out. *out is malloc'ed and terminated; -ENOMEM is the only failure.
 */
struct playlists_rung {
	const char *name;       /* "360p", "audio"; the folder below the generation */
	const char *generation; /* "g-1a2b3c4d" */
	uint32_t width, height; /* 0: sound only */
	uint32_t fps_num, fps_den;
	const char *codecs;   /* of this rung alone, RFC 6381 */
	uint64_t peak_bps;    /* rate cap until every segment is there, then measured */
	uint64_t average_bps; /* 0: not known yet */
	uint64_t keys_bps;    /* peak of its key frames alone; 0: there is no list of them */
};

struct playlists_captions {
	const char *language; /* "ar" */
	const char *label;    /* "العربية" */
};

struct playlists_lesson {
	const struct playlists_rung
		*rungs; /* smallest picture first; at most one sound-only rung */
	size_t rung_count;
	const struct playlists_captions *captions;
	size_t caption_count;
	const char *language;      /* spoken; "" when there is none */
	const char *language_name; /* for people */
};

/*
 * Whether players are told of this rung (1 or 0): one that takes more than 85 % of the bytes of the next larger one that they are told of, both
 * measured and of one generation, gives nobody anything. The smallest is always named: it is there for the oldest phones. So is sound.
 */
int playlists_worth(const struct playlists_lesson *lesson, size_t rung);

/* master.m3u8, with addresses relative to /m/LESSON/. */
int playlists_master(const struct playlists_lesson *lesson, char **out, size_t *len);

/* index.m3u8 of a rung: every planned segment, `count` durations in microseconds; segments are named from 1. */
int playlists_media(const uint64_t *segment_us, size_t count, char **out, size_t *len);

/*
 * iframes.m3u8 of a picture rung that is whole: of each segment the fragment it begins with, `key_bytes` long, which holds its
 * key frame alone (content/transcoder/pack.h). It is shown as long as the segment lasts.
 */
int playlists_keys(const uint64_t *segment_us, const uint32_t *key_bytes, size_t count, char **out,
		   size_t *len);

/* captions-LANG.m3u8: the whole WebVTT file as one segment. */
int playlists_subtitles(const char *language, uint64_t duration_ms, char **out, size_t *len);

/* Peak and average rate of segments as RFC 8216 section 4.3.4.2 counts them. `count` > 0, no duration is 0. */
void playlists_measure(const uint32_t *lengths, const uint64_t *segment_us, size_t count,
		       uint64_t *peak_bps, uint64_t *average_bps);
