// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/strip.h"

#include <errno.h>

/* --- pictures: ITU-T H.264, 7.3.1 and 7.3.2.3 ----------------------------------------------------------- */

enum {
	NAL_SLICE = 1,
	NAL_IDR = 5,
	NAL_SEI = 6,
	NAL_SPS = 7,
	NAL_PPS = 8,
};
enum { SEI_BUFFERING = 0, SEI_TIMING = 1, SEI_RECOVERY = 6 };
#define SEI_MOST 64u /* bytes of a message that stays: the longest of these has less */

static int is_high(unsigned profile)
{
	return profile == 100 || profile == 110 || profile == 122 || profile == 144;
}

/* `count` parameter sets of one kind, each behind its length. */
static int copy_sets(struct box_in *in, unsigned count, unsigned type, struct box_out *out)
{
	for (unsigned i = 0; i < count; i++) {
		const size_t len = box_get16(in);
		const size_t at = in->at;
		box_skip(in, len);
		if (in->bad || !len || (in->bytes[at] & 31u) != type)
			return -EBADMSG;
		box_u16(out, (unsigned)len);
		box_put(out, in->bytes + at, len);
	}
	return 0;
}

int strip_avcc(const uint8_t *bytes, size_t len, struct box_out *out, unsigned *length_bytes)
{
	struct box_in in = { .bytes = bytes, .len = len };
	const unsigned version = box_get8(&in), profile = box_get8(&in);
	const unsigned compatible = box_get8(&in), level = box_get8(&in);
	const unsigned lengths = box_get8(&in), sets = box_get8(&in);
	if (in.bad || version != 1 || (lengths & 3u) == 2 || !(sets & 31u))
		return -EBADMSG;
	box_u8(out, version);
	box_u8(out, profile);
	box_u8(out, compatible);
	box_u8(out, level);
	box_u8(out, lengths | 0xfcu);
	box_u8(out, sets | 0xe0u);
	int rc = copy_sets(&in, sets & 31u, NAL_SPS, out);
	const unsigned more = box_get8(&in);
	box_u8(out, more);
	if (!rc)
		rc = in.bad || !more ? -EBADMSG : copy_sets(&in, more, NAL_PPS, out);
	if (!rc && is_high(profile) && in.len - in.at >= 4) {
		box_u8(out, box_get8(&in) | 0xfcu); /* 4:2:0 or other */
		box_u8(out, box_get8(&in) | 0xf8u); /* depths */
		box_u8(out, box_get8(&in) | 0xf8u);
		box_u8(out, 0); /* what extends parameter sets is for transparency alone */
	}
	*length_bytes = (lengths & 3u) + 1;
	return rc ? rc : out->bad;
}

/* A number of SEI: bytes of 255, and one below. */
static size_t sei_number(struct box_in *in)
{
	size_t n = 0;
	unsigned byte;
	do {
		byte = box_get8(in);
		n += byte;
	} while (byte == 255 && !in->bad);
	return n;
}

/*
 * Does this unit of messages consist of those alone by which decoders begin and keep time? Units are kept whole or not at all: what
 * shares one with a name goes with it, as players do without.
 */
static int sei_stays(const uint8_t *bytes, size_t len)
{
	struct box_in in = { .bytes = bytes, .len = len };
	unsigned messages = 0;
	box_skip(&in, 1);
	while (!in.bad && len - in.at > 1) { /* one byte ends it */
		const size_t kind = sei_number(&in), size = sei_number(&in);
		if (in.bad || size > SEI_MOST || size > len - in.at ||
		    (kind != SEI_BUFFERING && kind != SEI_TIMING && kind != SEI_RECOVERY))
			return 0;
		box_skip(&in, size);
		messages++;
	}
	return !in.bad && messages;
}

static int stays(const uint8_t *unit, size_t len)
{
	const unsigned type = unit[0] & 31u;
	if (type == NAL_SEI)
		return sei_stays(unit, len);
	return (type >= NAL_SLICE && type <= NAL_IDR) || type == NAL_SPS || type == NAL_PPS;
}

int strip_picture(const uint8_t *bytes, size_t len, unsigned length_bytes, struct box_out *out,
		  size_t *left_out)
{
	struct box_in in = { .bytes = bytes, .len = len };
	size_t slices = 0, gone = 0;
	while (in.at < len) {
		const size_t begin = in.at;
		size_t size = 0;
		for (unsigned i = 0; i < length_bytes; i++)
			size = size << 8 | box_get8(&in);
		const size_t at = in.at;
		box_skip(&in, size);
		if (in.bad)
			return -EBADMSG;
		if (!size || !stays(bytes + at, size)) {
			gone += in.at - begin;
			continue;
		}
		slices += (bytes[at] & 31u) <= NAL_IDR;
		box_put(out, bytes + begin, in.at - begin);
	}
	if (left_out)
		*left_out += gone;
	return slices ? out->bad : -EBADMSG;
}

/* --- sound ------------------------------------------------------------------------------------------------- */

enum { AAC_DATA = 4, AAC_FILL = 6, AAC_ID_BITS = 3 };

/* `count` bits from bit `at`; beyond the end they are 0. */
static unsigned bits(const uint8_t *bytes, size_t len, size_t at, unsigned count)
{
	unsigned value = 0;
	for (size_t i = at; i < at + count; i++)
		value = value << 1 | (i / 8 < len ? bytes[i / 8] >> (7 - i % 8) & 1u : 0);
	return value;
}

/* Bytes of the element at `at` that holds no sound, and the bit where they begin; -1: it holds some, or does not fit. */
static int silent(const uint8_t *bytes, size_t len, size_t at, size_t *begin)
{
	const unsigned id = bits(bytes, len, at, AAC_ID_BITS);
	size_t i = at + AAC_ID_BITS, count;
	if (id == AAC_FILL) {
		count = bits(bytes, len, i, 4);
		i += 4;
		if (count == 15) {
			count += bits(bytes, len, i, 8) - 1u;
			i += 8;
		}
	} else if (id == AAC_DATA) {
		const unsigned aligned = bits(bytes, len, i + 4, 1);
		count = bits(bytes, len, i + 5, 8);
		i += 13;
		if (count == 255) {
			count += bits(bytes, len, i, 8);
			i += 8;
		}
		if (aligned)
			i = (i + 7) / 8 * 8;
	} else {
		return -1;
	}
	*begin = i;
	return i + count * 8 + AAC_ID_BITS <= len * 8 ? (int)count : -1;
}

void strip_sound(uint8_t *bytes, size_t len)
{
	size_t at = 0, begin;
	for (int count; (count = silent(bytes, len, at, &begin)) >= 0;) {
		at = begin + (size_t)count * 8;
		for (size_t i = begin; i < at; i++)
			bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	}
}
