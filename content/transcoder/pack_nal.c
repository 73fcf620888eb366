// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "content/transcoder/pack.h"

enum { NAL_SEI = 6, NAL_SPS = 7, NAL_PPS = 8, NAL_AUD = 9, NAL_FILLER = 12 };

struct nal {
	const uint8_t *bytes;
	size_t len;
};

/* Next unit between start codes; `*at` walks. 0 at the end. */
static int next_nal(const uint8_t *bytes, size_t len, size_t *at, struct nal *out)
{
	size_t i = *at;
	while (i + 3 <= len && !(bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1))
		i++;
	if (i + 3 > len)
		return 0;
	size_t begin = i + 3, end = begin;
	while (end < len &&
	       !(end + 3 <= len && bytes[end] == 0 && bytes[end + 1] == 0 && bytes[end + 2] <= 1))
		end++;
	*at = end;
	/* zero bytes before a start code belong to it; a unit ends with a one bit */
	while (end > begin && bytes[end - 1] == 0)
		end--;
	*out = (struct nal){ bytes + begin, end - begin };
	return 1;
}

int pack_avcc(const uint8_t *bytes, size_t len, struct box_out *o)
{
	struct nal sps = { 0 }, pps = { 0 }, n;
	size_t at = 0;
	while (next_nal(bytes, len, &at, &n)) {
		unsigned type = n.len ? n.bytes[0] & 31u : 0;
		if (type == NAL_SPS && !sps.bytes)
			sps = n;
		if (type == NAL_PPS && !pps.bytes)
			pps = n;
	}
	if (sps.len < 4 || !pps.len || sps.len > UINT16_MAX || pps.len > UINT16_MAX)
		return -EBADMSG;
	box_u8(o, 1);
	box_put(o, sps.bytes + 1, 3); /* profile, constraints, level */
	box_u8(o, 0xff);              /* lengths have 4 bytes */
	box_u8(o, 0xe1);
	box_u16(o, (unsigned)sps.len);
	box_put(o, sps.bytes, sps.len);
	box_u8(o, 1);
	box_u16(o, (unsigned)pps.len);
	box_put(o, pps.bytes, pps.len);
	return o->bad;
}

int pack_picture(const uint8_t *bytes, size_t len, struct box_out *o)
{
	struct nal n;
	size_t at = 0, units = 0;
	while (next_nal(bytes, len, &at, &n)) {
		unsigned type = n.len ? n.bytes[0] & 31u : NAL_FILLER;
		if (type == NAL_SEI || type == NAL_SPS || type == NAL_PPS || type == NAL_AUD ||
		    type == NAL_FILLER)
			continue;
		if (n.len > UINT32_MAX)
			return -EFBIG;
		box_u32(o, (uint32_t)n.len);
		box_put(o, n.bytes, n.len);
		units++;
	}
	if (!units)
		return -EBADMSG;
	return o->bad;
}
