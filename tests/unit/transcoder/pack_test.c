// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/pack.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "content/transcoder/frag.h"
#include "firmware/base/clean.h"

static const uint8_t avcc[] = { 1,    0x4d, 0x40, 0x1e, 0xff, 0xe1, 0,    4,   0x67,
				0x4d, 0x40, 0x1e, 1,    0,    2,    0x68, 0xee };
static const uint8_t asc[] = { 0x11, 0x88 };

static const struct pack_track picture = { .kind = PACK_PICTURE,
					   .timescale = 25000,
					   .width = 640,
					   .height = 360,
					   .config = avcc,
					   .config_len = sizeof(avcc) };
static const struct pack_track sound = { .kind = PACK_SOUND,
					 .timescale = 48000,
					 .rate_bps = 48000,
					 .config = asc,
					 .config_len = sizeof(asc) };

static void init_segments_read_back(void **state)
{
	(void)state;
	const struct pack_track *rows[] = { &picture, &sound };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct box_out o = { 0 };
		pack_init(rows[i], &o);
		assert_int_equal(o.bad, 0);
		struct frag_init got;
		assert_int_equal(frag_init(o.bytes, o.len, &got), 0);
		assert_int_equal(got.kind, rows[i]->kind);
		assert_int_equal(got.timescale, rows[i]->timescale);
		assert_int_equal(got.width, rows[i]->width);
		assert_int_equal(got.height, rows[i]->height);
		if (rows[i]->kind == PACK_PICTURE) {
			assert_int_equal(got.config_len, sizeof(avcc));
			assert_memory_equal(got.config, avcc, sizeof(avcc));
		}
		assert_memory_equal(got.entry + 4, "stsd", 4);
		/* cut anywhere, it is refused */
		for (size_t cut = 0; cut < o.len; cut++)
			assert_int_equal(frag_init(o.bytes, cut, &got), -EBADMSG);
		box_done(&o);
	}
}

struct row {
	enum pack_kind kind;
	uint64_t begin;
	size_t count;
	struct pack_sample samples[5];
};

static void check_one(const struct row *row, const uint8_t *data, size_t len, uint64_t ticks)
{
	struct box_out o = { 0 };
	struct pack_sample samples[5];
	struct frag got;
	uint32_t key = 0;
	const bool two = row->kind == PACK_PICTURE && row->count > 1;
	(row->kind == PACK_SOUND ? pack_sound : pack_pictures)(12, row->begin, row->samples,
							       row->count, data, len, &o);
	assert_int_equal(o.bad, 0);
	assert_int_equal(frag_segment(o.bytes, o.len, &got, samples, 5, &key), 0);
	assert_int_equal(got.number, row->kind == PACK_SOUND ? 12 : 23);
	assert_int_equal(got.number, pack_sequence(row->kind, 12));
	assert_int_equal(got.begin, row->begin);
	assert_int_equal(got.duration, ticks);
	assert_int_equal(got.count, row->count);
	assert_int_equal(got.size, o.len);
	for (size_t k = 0; k < row->count; k++)
		assert_memory_equal(&samples[k], &row->samples[k], sizeof(samples[k]));
	if (row->count > 1)
		assert_int_equal(frag_segment(o.bytes, o.len, &got, samples, row->count - 1, NULL),
				 -E2BIG);
	/* a picture's key frame is all that its first fragment holds */
	struct frag first, next;
	assert_int_equal(frag_part(o.bytes, o.len, o.len, &first, samples, 5), 0);
	assert_int_equal(first.size, key);
	assert_int_equal(first.count, two ? 1 : row->count);
	assert_int_equal(first.data_at + first.data_len, key);
	assert_memory_equal(o.bytes + first.data_at, data, first.data_len);
	if (two) {
		assert_int_equal(frag_part(o.bytes + key, o.len - key, o.len - key, &next, samples,
					   5),
				 0);
		assert_int_equal(next.begin, row->begin + row->samples[0].duration);
		assert_memory_equal(o.bytes + key + next.data_at, data + first.data_len,
				    next.data_len);
		next.number++;
		assert_int_equal(frag_join(&first, &next), -EBADMSG);
		next.number--;
		next.begin++;
		assert_int_equal(frag_join(&first, &next), -EBADMSG);
	} else {
		assert_int_equal(key, o.len);
	}
	/* the head alone is enough for a part; less is not, and a wrong whole is seen */
	size_t head = (size_t)first.data_at;
	assert_int_equal(frag_part(o.bytes, head, o.len, &got, samples, 5), 0);
	assert_int_equal(frag_part(o.bytes, head - 1, o.len, &got, samples, 5), -EBADMSG);
	assert_int_equal(frag_part(o.bytes, head, key - 1, &got, samples, 5), -EBADMSG);
	assert_int_equal(frag_segment(o.bytes, o.len - 1, &got, samples, 5, NULL), -EBADMSG);
	box_done(&o);
}

static void segments_read_back(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ PACK_PICTURE, 0, 1, { { 7, 1000, 0, 1 } } },
		{ PACK_PICTURE,
		  UINT64_C(0x123456789a),
		  3,
		  { { 7, 1000, 0, 1 }, { 3, 1000, 0, 0 }, { 1, 1000, 0, 0 } } },
		{ PACK_PICTURE,
		  100000,
		  4,
		  { { 7, 1000, 0, 1 },
		    { 3, 1000, 2000, 0 },
		    { 1, 1000, -1000, 0 },
		    { 1, 40, -1000, 0 } } },
		{ PACK_PICTURE, 1, 3, { { 7, 1000, 0, 1 }, { 3, 1000, 0, 1 }, { 1, 1000, 0, 0 } } },
		{ PACK_PICTURE, 1, 3, { { 7, 1000, 0, 1 }, { 3, 1000, 0, 0 }, { 1, 1000, 0, 1 } } },
		{ PACK_SOUND, 192512, 2, { { 5, 1024, 0, 1 }, { 6, 1024, 0, 1 } } },
	};
	static const uint8_t data[64] = "pictures and sounds, each byte in a place of its own";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = 0;
		uint64_t ticks = 0;
		for (size_t k = 0; k < rows[i].count; k++) {
			len += rows[i].samples[k].size;
			ticks += rows[i].samples[k].duration;
		}
		check_one(&rows[i], data, len, ticks);
	}
}

static void any_changed_byte_is_harmless(void **state)
{
	(void)state;
	static const struct pack_sample samples[] = { { 7, 1000, 0, 1 },
						      { 3, 1000, 2000, 0 },
						      { 1, 40, -1000, 0 } };
	static const uint8_t data[11] = { 0 };
	struct box_out o = { 0 };
	pack_pictures(1, 0, samples, 3, data, sizeof(data), &o);
	assert_int_equal(o.bad, 0);
	struct frag got;
	struct pack_sample back[3];
	for (size_t i = 0; i < o.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			o.bytes[i] ^= (uint8_t)(1u << bit);
			int rc = frag_segment(o.bytes, o.len, &got, back, 3, NULL);
			if (rc == 0) /* what it says still lies inside */
				assert_true(got.size == o.len &&
					    got.data_at + got.data_len <= o.len);
			o.bytes[i] ^= (uint8_t)(1u << bit);
		}
	}
	box_done(&o);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The body of the `nth` box of `type` anywhere in the moov (names do not occur by chance in these tests). */
static const uint8_t *body_of(const struct box_out *o, const char *type, unsigned nth)
{
	for (size_t i = 0; i + 4 <= o->len; i++)
		if (!memcmp(o->bytes + i, type, 4) && nth-- == 0)
			return o->bytes + i + 4;
	return NULL;
}

static void a_whole_file_has_full_tables(void **state)
{
	(void)state;
	struct box_out init = { 0 };
	pack_init(&picture, &init);
	struct frag_init head;
	assert_int_equal(frag_init(init.bytes, init.len, &head), 0);
	static const struct pack_sample samples[] = {
		{ 70, 1000, 0, 1 },     { 30, 1000, 2000, 0 }, { 10, 1000, -1000, 0 },
		{ 10, 1000, -1000, 0 }, { 80, 1000, 0, 1 },    { 20, 500, 0, 0 }
	};
	static const struct pack_run runs[] = { { 0, 4 }, { 500, 2 } };
	struct pack_whole whole = { .timescale = 25000,
				    .entry = head.entry,
				    .entry_len = head.entry_len,
				    .kind = PACK_PICTURE,
				    .width = 640,
				    .height = 360,
				    .samples = samples,
				    .sample_count = 6,
				    .runs = runs,
				    .run_count = 2 };
	struct box_out o = { 0 };
	pack_movie(&whole, 1, 600, &o);
	assert_int_equal(o.bad, 0);
	const uint8_t *stts = body_of(&o, "stts", 0);
	assert_int_equal(be32(stts + 4), 2);
	assert_int_equal(be32(stts + 8), 5);
	assert_int_equal(be32(stts + 12), 1000);
	assert_int_equal(be32(stts + 20), 500);
	const uint8_t *ctts = body_of(&o, "ctts", 0);
	assert_int_equal(be32(ctts), 0); /* unsigned form, moved by the lowest */
	assert_int_equal(be32(ctts + 4), 4);
	assert_int_equal(be32(ctts + 12), 1000);
	assert_int_equal(be32(ctts + 20), 3000);
	assert_int_equal(be32(ctts + 28), 0);
	assert_int_equal(be32(body_of(&o, "elst", 0) + 12), 1000); /* and moved back */
	const uint8_t *stss = body_of(&o, "stss", 0);
	assert_int_equal(be32(stss + 4), 2);
	assert_int_equal(be32(stss + 12), 5);
	const uint8_t *stco = body_of(&o, "stco", 0);
	assert_int_equal(be32(stco + 8), o.len);
	assert_int_equal(be32(stco + 12), o.len + 500);
	assert_memory_equal(o.bytes + o.len - 12, "mdat", 4);
	box_done(&o);
	/* beyond 4 GiB offsets are wide */
	pack_movie(&whole, 1, UINT64_C(5) << 30, &o);
	assert_int_equal(o.bad, 0);
	assert_null(body_of(&o, "stco", 0));
	const uint8_t *co64 = body_of(&o, "co64", 0);
	assert_int_equal(be32(co64 + 12), o.len);
	box_done(&o);
	box_done(&init);
}

/* Pictures that wait for others, none of them shown before its decoding time: nothing to move back, and still out of order. */
static void a_whole_file_keeps_the_order_on_show(void **state)
{
	(void)state;
	struct box_out init = { 0 }, o = { 0 };
	pack_init(&picture, &init);
	struct frag_init head;
	assert_int_equal(frag_init(init.bytes, init.len, &head), 0);
	static const struct pack_sample samples[] = { { 70, 500, 0, 1 },
						      { 30, 500, 1500, 0 },
						      { 10, 1000, 0, 0 } };
	static const struct pack_run runs[] = { { 0, 3 } };
	struct pack_whole whole = { .timescale = 25000,
				    .entry = head.entry,
				    .entry_len = head.entry_len,
				    .kind = PACK_PICTURE,
				    .width = 640,
				    .height = 360,
				    .samples = samples,
				    .sample_count = 3,
				    .runs = runs,
				    .run_count = 1 };
	pack_movie(&whole, 1, 600, &o);
	assert_int_equal(o.bad, 0);
	assert_null(body_of(&o, "elst", 0));
	const uint8_t *ctts = body_of(&o, "ctts", 0);
	assert_non_null(ctts);
	assert_int_equal(be32(ctts + 4), 3);
	assert_int_equal(be32(ctts + 12), 0);
	assert_int_equal(be32(ctts + 20), 1500);
	assert_int_equal(be32(ctts + 28), 0);
	box_done(&o);
	box_done(&init);
}

static void start_codes_become_lengths(void **state)
{
	(void)state;
	static const uint8_t extra[] = { 0, 0,    0,    1, 0x67, 0x4d, 0x40, 0x1e, 0, 0,   0,
					 1, 0x68, 0xee, 0, 0,    1,    6,    5,    1, 0x80 };
	struct box_out o = { 0 };
	assert_int_equal(pack_avcc(extra, sizeof(extra), &o), 0);
	assert_int_equal(o.len, sizeof(avcc));
	assert_memory_equal(o.bytes, avcc, sizeof(avcc));
	box_done(&o);
	assert_int_equal(pack_avcc(extra, 8, &o), -EBADMSG);
	box_done(&o);

	static const uint8_t coded[] = { 0, 0, 1, 6, 5, 1, 0x80, 0, 0, 0,    1, 0x65,
					 1, 2, 0, 0, 3, 1, 0,    0, 1, 0x65, 9 };
	static const uint8_t want[] = { 0, 0, 0, 7, 0x65, 1, 2, 0, 0, 3, 1, 0, 0, 0, 2, 0x65, 9 };
	assert_int_equal(pack_picture(coded, sizeof(coded), &o), 0);
	assert_int_equal(o.len, sizeof(want));
	assert_memory_equal(o.bytes, want, sizeof(want));
	box_done(&o);
	static const uint8_t nothing[] = { 0, 0, 1, 6, 5 };
	assert_int_equal(pack_picture(nothing, sizeof(nothing), &o), -EBADMSG);
	box_done(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_segments_read_back),
		cmocka_unit_test(segments_read_back),
		cmocka_unit_test(any_changed_byte_is_harmless),
		cmocka_unit_test(a_whole_file_has_full_tables),
		cmocka_unit_test(a_whole_file_keeps_the_order_on_show),
		cmocka_unit_test(start_codes_become_lengths),
	};
	return cmocka_run_group_tests_name("transcoder/pack", tests, NULL, NULL);
}
