// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/box.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *claim(struct box_out *o, size_t len)
{
	if (o->bad)
		return NULL;
	if (len > SIZE_MAX / 2 - o->len) {
		o->bad = -ENOMEM;
		return NULL;
	}
	if (o->len + len > o->room) {
		size_t room = o->room ? o->room : 1024;
		while (room < o->len + len)
			room *= 2;
		uint8_t *more = realloc(o->bytes, room);
		if (!more) {
			o->bad = -ENOMEM;
			return NULL;
		}
		o->bytes = more;
		o->room = room;
	}
	uint8_t *at = o->bytes + o->len;
	o->len += len;
	return at;
}

void box_put(struct box_out *o, const void *bytes, size_t len)
{
	uint8_t *at = len ? claim(o, len) : NULL;
	if (at)
		memcpy(at, bytes, len);
}

void box_zero(struct box_out *o, size_t count)
{
	uint8_t *at = count ? claim(o, count) : NULL;
	if (at)
		memset(at, 0, count);
}

static void put_be(struct box_out *o, uint64_t value, unsigned width)
{
	uint8_t *at = claim(o, width);
	for (unsigned i = 0; at && i < width; i++)
		at[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
}

void box_u8(struct box_out *o, unsigned value)
{
	put_be(o, value, 1);
}

void box_u16(struct box_out *o, unsigned value)
{
	put_be(o, value, 2);
}

void box_u32(struct box_out *o, uint32_t value)
{
	put_be(o, value, 4);
}

void box_u64(struct box_out *o, uint64_t value)
{
	put_be(o, value, 8);
}

size_t box_begin(struct box_out *o, const char type[static 4])
{
	size_t begun = o->len;
	box_u32(o, 0);
	box_put(o, type, 4);
	return begun;
}

size_t box_begin_full(struct box_out *o, const char type[static 4], unsigned version,
		      uint32_t flags)
{
	size_t begun = box_begin(o, type);
	box_u32(o, version << 24 | flags);
	return begun;
}

void box_patch32(struct box_out *o, size_t at, uint32_t value)
{
	if (o->bad)
		return;
	for (unsigned i = 0; i < 4; i++)
		o->bytes[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

void box_end(struct box_out *o, size_t begun)
{
	if (!o->bad && o->len - begun > UINT32_MAX)
		o->bad = -EFBIG;
	box_patch32(o, begun, (uint32_t)(o->len - begun));
}

void box_done(struct box_out *o)
{
	free(o->bytes);
	*o = (struct box_out){ 0 };
}

/* --- reading ------------------------------------------------------------------------------------ */

static uint64_t get_be(struct box_in *in, unsigned width)
{
	if (in->bad || in->len - in->at < width) {
		in->bad = -EBADMSG;
		return 0;
	}
	uint64_t value = 0;
	for (unsigned i = 0; i < width; i++)
		value = value << 8 | in->bytes[in->at++];
	return value;
}

unsigned box_get8(struct box_in *in)
{
	return (unsigned)get_be(in, 1);
}

unsigned box_get16(struct box_in *in)
{
	return (unsigned)get_be(in, 2);
}

uint32_t box_get32(struct box_in *in)
{
	return (uint32_t)get_be(in, 4);
}

uint64_t box_get64(struct box_in *in)
{
	return get_be(in, 8);
}

void box_skip(struct box_in *in, size_t count)
{
	if (in->bad || in->len - in->at < count)
		in->bad = -EBADMSG;
	else
		in->at += count;
}

int box_next(struct box_in *in, uint32_t *type, struct box_in *body, size_t *at)
{
	if (in->bad)
		return in->bad;
	if (in->at == in->len)
		return 0;
	size_t begun = in->at;
	uint64_t whole = box_get32(in);
	uint32_t what = box_get32(in);
	if (whole == 1)
		whole = box_get64(in);
	size_t head = in->at - begun;
	if (in->bad || whole < head || whole > in->len - begun) {
		in->bad = -EBADMSG;
		return -EBADMSG;
	}
	*type = what;
	*body = (struct box_in){ .bytes = in->bytes + in->at, .len = (size_t)whole - head };
	if (at)
		*at = begun;
	in->at = begun + (size_t)whole;
	return 1;
}

int box_find(const struct box_in *in, uint32_t type, struct box_in *body)
{
	struct box_in walk = { .bytes = in->bytes, .len = in->len };
	uint32_t got;
	struct box_in inner;
	int rc;
	while ((rc = box_next(&walk, &got, &inner, NULL)) > 0) {
		if (got == type) {
			*body = inner;
			return 0;
		}
	}
	return rc ? rc : -ENOENT;
}
