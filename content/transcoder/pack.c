// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/pack.h"

#define SAMPLE_KEY 0x02000000u   /* depends on no other */
#define SAMPLE_OTHER 0x01010000u /* depends on another, no sync sample */

static const uint8_t matrix[36] = { 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 1,
				    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0 };

/* Times of 32 bits as long as they fit: older readers know nothing else. */
static void put_time(struct box_out *o, unsigned version, uint64_t value)
{
	if (version)
		box_u64(o, value);
	else
		box_u32(o, (uint32_t)value);
}

static unsigned version_for(uint64_t duration)
{
	return duration > UINT32_MAX;
}

static void put_mvhd(struct box_out *o, uint32_t timescale, uint64_t duration, uint32_t next_track)
{
	unsigned version = version_for(duration);
	size_t b = box_begin_full(o, "mvhd", version, 0);
	put_time(o, version, 0);
	put_time(o, version, 0);
	box_u32(o, timescale);
	put_time(o, version, duration);
	box_u32(o, 0x00010000); /* rate 1.0 */
	box_u16(o, 0x0100);     /* volume 1.0 */
	box_zero(o, 10);
	box_put(o, matrix, sizeof(matrix));
	box_zero(o, 24);
	box_u32(o, next_track);
	box_end(o, b);
}

static void put_tkhd(struct box_out *o, uint32_t id, enum pack_kind kind, uint32_t width,
		     uint32_t height, uint64_t duration)
{
	unsigned version = version_for(duration);
	size_t b = box_begin_full(o, "tkhd", version, 7); /* enabled, in movie, in preview */
	put_time(o, version, 0);
	put_time(o, version, 0);
	box_u32(o, id);
	box_u32(o, 0);
	put_time(o, version, duration);
	box_zero(o, 8);
	box_u16(o, 0);
	box_u16(o, 0);
	box_u16(o, kind == PACK_SOUND ? 0x0100 : 0);
	box_u16(o, 0);
	box_put(o, matrix, sizeof(matrix));
	box_u32(o, width << 16);
	box_u32(o, height << 16);
	box_end(o, b);
}

static void put_mdhd_hdlr(struct box_out *o, enum pack_kind kind, uint32_t timescale,
			  uint64_t duration)
{
	unsigned version = version_for(duration);
	size_t b = box_begin_full(o, "mdhd", version, 0);
	put_time(o, version, 0);
	put_time(o, version, 0);
	box_u32(o, timescale);
	put_time(o, version, duration);
	box_u16(o, 0x55c4); /* "und" */
	box_u16(o, 0);
	box_end(o, b);
	b = box_begin_full(o, "hdlr", 0, 0);
	box_u32(o, 0);
	box_put(o, kind == PACK_SOUND ? "soun" : "vide", 4);
	box_zero(o, 12);
	box_put(o, kind == PACK_SOUND ? "sound" : "video", 6);
	box_end(o, b);
}

/* Media header and data reference: the bytes are in this file. */
static void put_media_head(struct box_out *o, enum pack_kind kind)
{
	size_t b;
	if (kind == PACK_SOUND) {
		b = box_begin_full(o, "smhd", 0, 0);
		box_zero(o, 4);
	} else {
		b = box_begin_full(o, "vmhd", 0, 1);
		box_zero(o, 8);
	}
	box_end(o, b);
	b = box_begin(o, "dinf");
	size_t dref = box_begin_full(o, "dref", 0, 0);
	box_u32(o, 1);
	size_t url = box_begin_full(o, "url ", 0, 1);
	box_end(o, url);
	box_end(o, dref);
	box_end(o, b);
}

static void put_avc1(struct box_out *o, const struct pack_track *t)
{
	size_t b = box_begin(o, "avc1");
	box_zero(o, 6);
	box_u16(o, 1);
	box_zero(o, 16);
	box_u16(o, t->width);
	box_u16(o, t->height);
	box_u32(o, 0x00480000); /* 72 dpi */
	box_u32(o, 0x00480000);
	box_u32(o, 0);
	box_u16(o, 1);
	box_zero(o, 32);
	box_u16(o, 24);
	box_u16(o, 0xffff);
	size_t c = box_begin(o, "avcC");
	box_put(o, t->config, t->config_len);
	box_end(o, c);
	c = box_begin(o, "colr");
	box_put(o, "nclx", 4);
	box_u16(o, 1); /* BT.709 primaries, transfer, matrix; limited range */
	box_u16(o, 1);
	box_u16(o, 1);
	box_u8(o, 0);
	box_end(o, c);
	box_end(o, b);
}

/* Lengths of descriptors fit one byte here: a configuration is a few bytes. */
static void put_mp4a(struct box_out *o, const struct pack_track *t)
{
	size_t b = box_begin(o, "mp4a");
	box_zero(o, 6);
	box_u16(o, 1);
	box_zero(o, 8);
	box_u16(o, 1); /* mono */
	box_u16(o, 16);
	box_u32(o, 0);
	box_u32(o, t->timescale << 16);
	size_t e = box_begin_full(o, "esds", 0, 0);
	unsigned config = (unsigned)t->config_len;
	box_u8(o, 3); /* ES_Descriptor */
	box_u8(o, 23 + config);
	box_u16(o, 1);
	box_u8(o, 0);
	box_u8(o, 4); /* DecoderConfigDescriptor */
	box_u8(o, 15 + config);
	box_u8(o, 0x40); /* MPEG-4 audio */
	box_u8(o, 0x15);
	box_u8(o, 0);
	box_u16(o, 6144 / 8);
	box_u32(o, t->rate_bps);
	box_u32(o, t->rate_bps);
	box_u8(o, 5); /* DecoderSpecificInfo */
	box_u8(o, config);
	box_put(o, t->config, t->config_len);
	box_u8(o, 6); /* SLConfigDescriptor */
	box_u8(o, 1);
	box_u8(o, 2);
	box_end(o, e);
	box_end(o, b);
}

static void put_empty(struct box_out *o, const char type[static 4], size_t zeros)
{
	size_t b = box_begin_full(o, type, 0, 0);
	box_zero(o, zeros);
	box_end(o, b);
}

void pack_init(const struct pack_track *t, struct box_out *o)
{
	size_t b = box_begin(o, "ftyp");
	box_put(o, "iso6\0\0\0\0iso6cmfccmf2", 20);
	box_end(o, b);
	size_t moov = box_begin(o, "moov");
	put_mvhd(o, t->timescale, 0, 2);
	size_t trak = box_begin(o, "trak");
	put_tkhd(o, 1, t->kind, t->width, t->height, 0);
	size_t mdia = box_begin(o, "mdia");
	put_mdhd_hdlr(o, t->kind, t->timescale, 0);
	size_t minf = box_begin(o, "minf");
	put_media_head(o, t->kind);
	size_t stbl = box_begin(o, "stbl");
	size_t stsd = box_begin_full(o, "stsd", 0, 0);
	box_u32(o, 1);
	if (t->kind == PACK_SOUND)
		put_mp4a(o, t);
	else
		put_avc1(o, t);
	box_end(o, stsd);
	put_empty(o, "stts", 4);
	put_empty(o, "stsc", 4);
	put_empty(o, "stsz", 8);
	put_empty(o, "stco", 4);
	box_end(o, stbl);
	box_end(o, minf);
	box_end(o, mdia);
	box_end(o, trak);
	size_t mvex = box_begin(o, "mvex");
	size_t trex = box_begin_full(o, "trex", 0, 0);
	box_u32(o, 1);
	box_u32(o, 1);
	box_zero(o, 12);
	box_end(o, trex);
	box_end(o, mvex);
	box_end(o, moov);
}

static uint32_t sample_flags(const struct pack_sample *s)
{
	return s->key ? SAMPLE_KEY : SAMPLE_OTHER;
}

static void put_fragment(uint32_t number, uint64_t begin, const struct pack_sample *samples,
			 size_t count, const uint8_t *data, size_t len, struct box_out *o)
{
	int shifted = 0, uneven = 0, mixed = 0;
	for (size_t i = 0; i < count; i++) {
		shifted |= samples[i].shift != 0;
		uneven |= samples[i].duration != samples[0].duration;
		mixed |= i > 0 && samples[i].key != samples[count - 1].key;
	}
	uint32_t flags =
		0x201 | (uneven ? 0x100u : 0) | (shifted ? 0x800u : 0) | (mixed ? 0x400u : 0x4u);
	size_t moof = box_begin(o, "moof");
	size_t b = box_begin_full(o, "mfhd", 0, 0);
	box_u32(o, number);
	box_end(o, b);
	size_t traf = box_begin(o, "traf");
	b = box_begin_full(o, "tfhd", 0,
			   0x020028); /* from the moof's first byte; default duration and flags */
	box_u32(o, 1);
	box_u32(o, samples[0].duration);
	box_u32(o, sample_flags(&samples[count - 1]));
	box_end(o, b);
	b = box_begin_full(o, "tfdt", 1, 0);
	box_u64(o, begin);
	box_end(o, b);
	b = box_begin_full(o, "trun", shifted ? 1 : 0, flags);
	box_u32(o, (uint32_t)count);
	size_t offset_at = o->len;
	box_u32(o, 0);
	if (!mixed)
		box_u32(o, sample_flags(&samples[0]));
	for (size_t i = 0; i < count; i++) {
		if (uneven)
			box_u32(o, samples[i].duration);
		box_u32(o, samples[i].size);
		if (mixed)
			box_u32(o, sample_flags(&samples[i]));
		if (shifted)
			box_u32(o, (uint32_t)samples[i].shift);
	}
	box_end(o, b);
	box_end(o, traf);
	box_end(o, moof);
	box_patch32(o, offset_at, (uint32_t)(o->len - moof + 8));
	b = box_begin(o, "mdat");
	box_put(o, data, len);
	box_end(o, b);
}

uint32_t pack_sequence(enum pack_kind kind, uint32_t segment)
{
	return kind == PACK_SOUND ? segment : 2 * segment - 1;
}

void pack_sound(uint32_t segment, uint64_t begin, const struct pack_sample *samples, size_t count,
		const uint8_t *data, size_t len, struct box_out *o)
{
	put_fragment(pack_sequence(PACK_SOUND, segment), begin, samples, count, data, len, o);
}

void pack_pictures(uint32_t segment, uint64_t begin, const struct pack_sample *samples,
		   size_t count, const uint8_t *data, size_t len, struct box_out *o)
{
	const uint32_t sequence = pack_sequence(PACK_PICTURE, segment);
	const size_t first = samples[0].size;
	put_fragment(sequence, begin, samples, 1, data, first, o);
	if (count > 1)
		put_fragment(sequence + 1, begin + samples[0].duration, samples + 1, count - 1,
			     data + first, len - first, o);
}

/* --- a whole file ------------------------------------------------------------------------------- */

static uint64_t duration_of(const struct pack_whole *t)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < t->sample_count; i++)
		sum += t->samples[i].duration;
	return sum;
}

/* What has to be added to every shift so that none is negative. */
static uint32_t delay_of(const struct pack_whole *t)
{
	int32_t lowest = 0;
	for (size_t i = 0; i < t->sample_count; i++)
		if (t->samples[i].shift < lowest)
			lowest = t->samples[i].shift;
	return (uint32_t) - (int64_t)lowest;
}

static int is_shifted(const struct pack_whole *t)
{
	int shifted = 0;
	for (size_t i = 0; i < t->sample_count; i++)
		shifted |= t->samples[i].shift != 0;
	return shifted;
}

/* (count, value) pairs of equal neighbours; `value` picks what is counted. */
static void put_runs(struct box_out *o, const char type[static 4], const struct pack_whole *t,
		     uint32_t (*value)(const struct pack_sample *, uint32_t), uint32_t delay)
{
	size_t b = box_begin_full(o, type, 0, 0);
	size_t count_at = o->len;
	uint32_t entries = 0;
	box_u32(o, 0);
	for (size_t i = 0; i < t->sample_count;) {
		uint32_t v = value(&t->samples[i], delay);
		size_t end = i + 1;
		while (end < t->sample_count && value(&t->samples[end], delay) == v)
			end++;
		box_u32(o, (uint32_t)(end - i));
		box_u32(o, v);
		entries++;
		i = end;
	}
	box_patch32(o, count_at, entries);
	box_end(o, b);
}

static uint32_t value_duration(const struct pack_sample *s, uint32_t delay)
{
	(void)delay;
	return s->duration;
}

static uint32_t value_shift(const struct pack_sample *s, uint32_t delay)
{
	return (uint32_t)(s->shift + (int64_t)delay);
}

static void put_stss(struct box_out *o, const struct pack_whole *t)
{
	size_t b = box_begin_full(o, "stss", 0, 0);
	size_t count_at = o->len;
	uint32_t entries = 0;
	box_u32(o, 0);
	for (size_t i = 0; i < t->sample_count; i++)
		if (t->samples[i].key) {
			box_u32(o, (uint32_t)i + 1);
			entries++;
		}
	box_patch32(o, count_at, entries);
	box_end(o, b);
}

static void put_places(struct box_out *o, const struct pack_whole *t, uint64_t base, int wide)
{
	size_t b = box_begin_full(o, "stsc", 0, 0);
	size_t count_at = o->len;
	uint32_t entries = 0;
	box_u32(o, 0);
	for (size_t i = 0; i < t->run_count; i++) {
		if (i && t->runs[i].count == t->runs[i - 1].count)
			continue;
		box_u32(o, (uint32_t)i + 1);
		box_u32(o, t->runs[i].count);
		box_u32(o, 1);
		entries++;
	}
	box_patch32(o, count_at, entries);
	box_end(o, b);
	b = box_begin_full(o, "stsz", 0, 0);
	box_u32(o, 0);
	box_u32(o, (uint32_t)t->sample_count);
	for (size_t i = 0; i < t->sample_count; i++)
		box_u32(o, t->samples[i].size);
	box_end(o, b);
	b = box_begin_full(o, wide ? "co64" : "stco", 0, 0);
	box_u32(o, (uint32_t)t->run_count);
	for (size_t i = 0; i < t->run_count; i++)
		put_time(o, (unsigned)wide, base + t->runs[i].offset);
	box_end(o, b);
}

/* Above it, offsets are written with 64 bits; a head of 64 MiB would describe a month of lessons. */
#define HEAD_MAX (64u << 20)

static uint64_t shown_of(const struct pack_whole *t, uint32_t movie_scale)
{
	return (uint64_t)((unsigned __int128)duration_of(t) * movie_scale / t->timescale);
}

static void put_trak(struct box_out *o, const struct pack_whole *t, uint32_t id,
		     uint32_t movie_scale, uint64_t base, int wide)
{
	uint64_t duration = duration_of(t);
	uint64_t shown = shown_of(t, movie_scale);
	uint32_t delay = delay_of(t);
	size_t trak = box_begin(o, "trak");
	put_tkhd(o, id, t->kind, t->width, t->height, shown);
	if (delay) {
		size_t edts = box_begin(o, "edts");
		unsigned version = version_for(shown);
		size_t elst = box_begin_full(o, "elst", version, 0);
		box_u32(o, 1);
		put_time(o, version, shown);
		put_time(o, version, delay);
		box_u32(o, 0x00010000);
		box_end(o, elst);
		box_end(o, edts);
	}
	size_t mdia = box_begin(o, "mdia");
	put_mdhd_hdlr(o, t->kind, t->timescale, duration);
	size_t minf = box_begin(o, "minf");
	put_media_head(o, t->kind);
	size_t stbl = box_begin(o, "stbl");
	box_put(o, t->entry, t->entry_len);
	put_runs(o, "stts", t, value_duration, 0);
	if (t->kind == PACK_PICTURE) {
		if (is_shifted(t))
			put_runs(o, "ctts", t, value_shift, delay);
		put_stss(o, t);
	}
	put_places(o, t, base, wide);
	box_end(o, stbl);
	box_end(o, minf);
	box_end(o, mdia);
	box_end(o, trak);
}

static void put_movie(const struct pack_whole *tracks, size_t count, uint64_t mdat_len,
		      uint64_t base, struct box_out *o)
{
	int wide = mdat_len > UINT32_MAX - HEAD_MAX;
	size_t b = box_begin(o, "ftyp");
	box_put(o, "isom\0\0\2\0isomiso2avc1mp41", 24);
	box_end(o, b);
	uint32_t scale = tracks[0].timescale;
	uint64_t longest = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t shown = shown_of(&tracks[i], scale);
		longest = shown > longest ? shown : longest;
	}
	size_t moov = box_begin(o, "moov");
	put_mvhd(o, scale, longest, (uint32_t)count + 1);
	for (size_t i = 0; i < count; i++)
		put_trak(o, &tracks[i], (uint32_t)i + 1, scale, base, wide);
	box_end(o, moov);
	/* Always the long form: the head's length then depends on nothing. */
	box_u32(o, 1);
	box_put(o, "mdat", 4);
	box_u64(o, mdat_len + 16);
}

void pack_movie(const struct pack_whole *tracks, size_t count, uint64_t mdat_len, struct box_out *o)
{
	size_t begun = o->len;
	/* Twice: the offsets in the head need its length. */
	uint64_t base = 0;
	for (unsigned pass = 0; pass < 2 && !o->bad; pass++) {
		o->len = begun;
		put_movie(tracks, count, mdat_len, base, o);
		base = o->len - begun;
	}
}
