// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/box.h"

/*
 * Our fragmented MP4 (ISO/IEC 14496-12, 14496-14, 14496-15; CMAF track files, ISO/IEC 23000-19): one track a
 * rendition, an init segment, and segments of one or two fragments. Own code instead of a muxer: the bytes
 * of a segment then depend on nothing but the segment, and its place in time is written exactly.
 */
enum pack_kind { PACK_PICTURE, PACK_SOUND };

struct pack_track {
	enum pack_kind kind;
	uint32_t timescale;
	uint32_t width, height; /* PACK_PICTURE */
	uint32_t rate_bps;      /* PACK_SOUND: what esds says */
	const uint8_t *config;  /* avcC body, or AudioSpecificConfig */
	size_t config_len;
};

struct pack_sample {
	uint32_t size, duration;
	int32_t shift; /* presentation minus decoding time */
	int key;       /* 1: decodes without another (sound always does) */
};

/* ftyp + moov. Appends to `out`; check out->bad. */
void pack_init(const struct pack_track *track, struct box_out *out);

/*
 * A media segment. `begin` is the decoding time of the first sample in the track's time scale; `data` holds the samples one
 * after the other, `count` > 0. Segments are numbered from 1.
 * Sound is one fragment (moof + mdat). Pictures are two: the key frame has one of its own, so that who wants key frames alone asks
 * for the first bytes of a segment (RFC 8216, section 4.3.3.6), and a segment of one picture is that.
 */
void pack_sound(uint32_t segment, uint64_t begin, const struct pack_sample *samples, size_t count,
		const uint8_t *data, size_t len, struct box_out *out);
void pack_pictures(uint32_t segment, uint64_t begin, const struct pack_sample *samples,
		   size_t count, const uint8_t *data, size_t len, struct box_out *out);
/* The sequence number that a segment's first fragment has; that of a second is the next. */
uint32_t pack_sequence(enum pack_kind kind, uint32_t segment);

/* A whole file's moov and what goes into it; see pack_movie(). */
struct pack_run {
	uint64_t offset; /* of the run's bytes, counted from the first byte of mdat's body */
	uint32_t count;  /* samples in it */
};
struct pack_whole {
	uint32_t timescale;
	const uint8_t *entry; /* the stsd box of the init segment, whole */
	size_t entry_len;
	enum pack_kind kind;
	uint32_t width, height;
	const struct pack_sample *samples;
	size_t sample_count;
	const struct pack_run *runs;
	size_t run_count;
};
/*
 * ftyp, moov with full tables, and the head of an mdat of `mdat_len` bytes: what a progressive MP4 begins with.
 * Composition times are written unsigned, with an edit list: readers of every age know that form.
 */
void pack_movie(const struct pack_whole *tracks, size_t count, uint64_t mdat_len,
		struct box_out *out);

/*
 * From start-code form (ITU-T H.264 annex B) to avcC: of `bytes` the first SPS and PPS. -EBADMSG when one is missing.
 */
int pack_avcc(const uint8_t *bytes, size_t len, struct box_out *out);

/* One encoded picture from start-code form to 4-byte lengths; parameter sets, delimiters and user data are left out. */
int pack_picture(const uint8_t *bytes, size_t len, struct box_out *out);
