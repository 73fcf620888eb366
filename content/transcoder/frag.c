// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/frag.h"

#include <errno.h>
#include <string.h>

#define T_FTYP BOX_TYPE('f', 't', 'y', 'p')
#define T_MOOV BOX_TYPE('m', 'o', 'o', 'v')
#define T_TRAK BOX_TYPE('t', 'r', 'a', 'k')
#define T_TKHD BOX_TYPE('t', 'k', 'h', 'd')
#define T_MDIA BOX_TYPE('m', 'd', 'i', 'a')
#define T_MDHD BOX_TYPE('m', 'd', 'h', 'd')
#define T_HDLR BOX_TYPE('h', 'd', 'l', 'r')
#define T_MINF BOX_TYPE('m', 'i', 'n', 'f')
#define T_STBL BOX_TYPE('s', 't', 'b', 'l')
#define T_STSD BOX_TYPE('s', 't', 's', 'd')
#define T_AVC1 BOX_TYPE('a', 'v', 'c', '1')
#define T_AVCC BOX_TYPE('a', 'v', 'c', 'C')
#define T_MP4A BOX_TYPE('m', 'p', '4', 'a')
#define T_MOOF BOX_TYPE('m', 'o', 'o', 'f')
#define T_MFHD BOX_TYPE('m', 'f', 'h', 'd')
#define T_TRAF BOX_TYPE('t', 'r', 'a', 'f')
#define T_TFHD BOX_TYPE('t', 'f', 'h', 'd')
#define T_TFDT BOX_TYPE('t', 'f', 'd', 't')
#define T_TRUN BOX_TYPE('t', 'r', 'u', 'n')
#define T_MDAT BOX_TYPE('m', 'd', 'a', 't')
#define T_VIDE BOX_TYPE('v', 'i', 'd', 'e')
#define T_SOUN BOX_TYPE('s', 'o', 'u', 'n')

#define AVC1_FIXED 78u /* bytes of a VisualSampleEntry before its boxes */
#define TFHD_FLAGS 0x020028u

/* Goes down a path of types, each the first of its kind in the one before. */
static int descend(const struct box_in *from, const uint32_t *path, size_t steps,
		   struct box_in *out)
{
	struct box_in here = *from;
	for (size_t i = 0; i < steps; i++) {
		struct box_in inner;
		if (box_find(&here, path[i], &inner))
			return -EBADMSG;
		here = inner;
	}
	*out = here;
	return 0;
}

#define DESCEND(from, out, ...)                          \
	descend(from, (const uint32_t[]){ __VA_ARGS__ }, \
		sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), out)

static int read_entry(struct box_in stsd, struct frag_init *out)
{
	box_skip(&stsd, 4);
	if (box_get32(&stsd) != 1 || stsd.bad)
		return -EBADMSG;
	uint32_t type;
	struct box_in entry;
	if (box_next(&stsd, &type, &entry, NULL) != 1 || stsd.at != stsd.len)
		return -EBADMSG;
	if (out->kind == PACK_SOUND)
		return type == T_MP4A ? 0 : -EBADMSG;
	if (type != T_AVC1 || entry.len < AVC1_FIXED)
		return -EBADMSG;
	struct box_in boxes = { .bytes = entry.bytes + AVC1_FIXED, .len = entry.len - AVC1_FIXED };
	struct box_in config;
	if (box_find(&boxes, T_AVCC, &config) || config.len < 7)
		return -EBADMSG;
	out->config = config.bytes;
	out->config_len = config.len;
	return 0;
}

static int read_track(struct box_in *trak, struct frag_init *out)
{
	struct box_in tkhd, mdhd, hdlr, stsd;
	if (DESCEND(trak, &tkhd, T_TKHD) || DESCEND(trak, &mdhd, T_MDIA, T_MDHD) ||
	    DESCEND(trak, &hdlr, T_MDIA, T_HDLR) ||
	    DESCEND(trak, &stsd, T_MDIA, T_MINF, T_STBL, T_STSD))
		return -EBADMSG;
	if (tkhd.len != 84 || mdhd.len != 24 || hdlr.len < 12)
		return -EBADMSG;
	box_skip(&tkhd, 76);
	out->width = box_get32(&tkhd) >> 16;
	out->height = box_get32(&tkhd) >> 16;
	box_skip(&mdhd, 12);
	out->timescale = box_get32(&mdhd);
	box_skip(&hdlr, 8);
	uint32_t handler = box_get32(&hdlr);
	if (!out->timescale || (handler != T_VIDE && handler != T_SOUN))
		return -EBADMSG;
	out->kind = handler == T_SOUN ? PACK_SOUND : PACK_PICTURE;
	out->entry = stsd.bytes - 8;
	out->entry_len = stsd.len + 8;
	return read_entry(stsd, out);
}

int frag_init(const void *bytes, size_t len, struct frag_init *out)
{
	struct box_in file = { .bytes = bytes, .len = len };
	struct box_in ftyp, moov, trak;
	uint32_t first, second;
	if (box_next(&file, &first, &ftyp, NULL) != 1 || first != T_FTYP ||
	    box_next(&file, &second, &moov, NULL) != 1 || second != T_MOOV || file.at != file.len ||
	    DESCEND(&moov, &trak, T_TRAK))
		return -EBADMSG;
	struct frag_init found = { 0 };
	if (read_track(&trak, &found))
		return -EBADMSG;
	*out = found;
	return 0;
}

struct defaults {
	uint32_t duration, flags;
};

static int key_of(uint32_t flags)
{
	return !(flags & 0x00010000);
}

static int read_run(struct box_in *trun, const struct defaults *by, uint64_t data_at,
		    struct frag *out, struct pack_sample *samples, size_t room)
{
	uint32_t flags = box_get32(trun) & 0xffffff;
	uint32_t count = box_get32(trun);
	/* Ours have a place and a size for every sample, and flags of the first or of all. */
	if (trun->bad || (flags & ~0xf05u) || (flags & 0x201) != 0x201 || !count)
		return -EBADMSG;
	if (count > room)
		return -E2BIG;
	uint64_t offset = box_get32(trun);
	uint32_t first = flags & 0x4 ? box_get32(trun) : by->flags;
	uint64_t bytes = 0, ticks = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct pack_sample s = { .duration = by->duration };
		if (flags & 0x100)
			s.duration = box_get32(trun);
		s.size = box_get32(trun);
		uint32_t own = i == 0 ? first : by->flags;
		if (flags & 0x400)
			own = box_get32(trun);
		if (flags & 0x800)
			s.shift = (int32_t)box_get32(trun);
		s.key = key_of(own);
		samples[i] = s;
		bytes += s.size;
		ticks += s.duration;
	}
	if (trun->bad || trun->at != trun->len || offset != data_at)
		return -EBADMSG;
	out->count = count;
	out->data_len = bytes;
	out->duration = ticks;
	return 0;
}

static int read_moof(struct box_in *moof, uint64_t data_at, struct frag *out,
		     struct pack_sample *samples, size_t room)
{
	struct box_in mfhd, tfhd, tfdt, trun;
	if (DESCEND(moof, &mfhd, T_MFHD) || DESCEND(moof, &tfhd, T_TRAF, T_TFHD) ||
	    DESCEND(moof, &tfdt, T_TRAF, T_TFDT) || DESCEND(moof, &trun, T_TRAF, T_TRUN))
		return -EBADMSG;
	box_skip(&mfhd, 4);
	out->number = box_get32(&mfhd);
	uint32_t flags = box_get32(&tfhd);
	box_skip(&tfhd, 4);
	struct defaults by;
	by.duration = box_get32(&tfhd);
	by.flags = box_get32(&tfhd);
	uint32_t version = box_get32(&tfdt);
	out->begin = box_get64(&tfdt);
	if (mfhd.bad || tfhd.bad || tfdt.bad || flags != TFHD_FLAGS || version != 0x01000000)
		return -EBADMSG;
	return read_run(&trun, &by, data_at, out, samples, room);
}

int frag_part(const void *bytes, size_t len, uint64_t whole, struct frag *out,
	      struct pack_sample *samples, size_t room)
{
	struct box_in file = { .bytes = bytes, .len = len };
	struct box_in moof;
	uint32_t type;
	if (len > whole || box_next(&file, &type, &moof, NULL) != 1 || type != T_MOOF)
		return -EBADMSG;
	uint64_t mdat_at = file.at;
	uint64_t mdat_len = box_get32(&file);
	if (box_get32(&file) != T_MDAT || file.bad || mdat_at + mdat_len > whole)
		return -EBADMSG;
	struct frag found = { .data_at = mdat_at + 8, .size = mdat_at + mdat_len };
	int rc = read_moof(&moof, found.data_at, &found, samples, room);
	if (rc)
		return rc;
	if (found.data_at + found.data_len != found.size || found.data_at > FRAG_HEAD_MAX)
		return -EBADMSG;
	*out = found;
	return 0;
}

int frag_join(struct frag *f, const struct frag *next)
{
	if (next->number != f->number + 1 || next->begin != f->begin + f->duration)
		return -EBADMSG;
	f->duration += next->duration;
	f->count += next->count;
	f->size += next->size;
	return 0;
}

int frag_segment(const void *bytes, size_t len, struct frag *out, struct pack_sample *samples,
		 size_t room, uint32_t *key_bytes)
{
	struct frag all, next;
	int rc = frag_part(bytes, len, len, &all, samples, room);
	if (rc)
		return rc;
	const uint64_t first = all.size;
	if (first > UINT32_MAX)
		return -EBADMSG;
	if (first < len) {
		/* Of two fragments the first holds the key frame, and nothing else. */
		if (all.count != 1 || !samples[0].key)
			return -EBADMSG;
		rc = frag_part((const uint8_t *)bytes + first, len - first, len - first, &next,
			       samples + 1, room - 1);
		if (rc == 0)
			rc = frag_join(&all, &next);
	}
	if (rc || all.size != len)
		return rc ? rc : -EBADMSG;
	*out = all;
	if (key_bytes)
		*key_bytes = (uint32_t)first;
	return 0;
}
