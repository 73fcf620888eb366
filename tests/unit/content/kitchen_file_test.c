// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "content/transcoder/pack.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define SEGMENTS 3u

/* A rendition as the store keeps it: init and segments, each at the beginning of a page. */
struct rendition {
	int fd;
	uint64_t offsets[SEGMENTS + 1];
	uint32_t lengths[SEGMENTS + 1];
	struct kitchen_track track;
};

static const uint8_t avcc[] = {
	1, 66, 0xc0, 21, 0xff, 0xe1, 0, 4, 0x67, 1, 2, 3, 1, 0, 2, 0x68, 1
};
static const uint8_t asc[] = { 0x11, 0x88 };

static void put(struct rendition *r, uint32_t segment, struct box_out *o)
{
	assert_int_equal(o->bad, 0);
	r->offsets[segment] = segment * UINT64_C(4096);
	r->lengths[segment] = (uint32_t)o->len;
	assert_int_equal(fileio_pwrite_all(r->fd, o->bytes, o->len, r->offsets[segment]), 0);
	box_done(o);
}

/* Picture segment s: s + 1 samples of 10 bytes each, filled with 's'. Sound: one of 7. */
static void make(struct rendition *r, enum pack_kind kind)
{
	struct pack_track t = { .kind = kind,
				.timescale = kind == PACK_SOUND ? 48000 : 25000,
				.width = 426,
				.height = 240,
				.config = kind == PACK_SOUND ? asc : avcc,
				.config_len = kind == PACK_SOUND ? sizeof(asc) : sizeof(avcc) };
	r->fd = memfd_create("rendition", MFD_CLOEXEC);
	struct box_out o = { 0 };
	pack_init(&t, &o);
	put(r, 0, &o);
	uint64_t at = 0;
	for (uint32_t s = 1; s <= SEGMENTS; s++) {
		struct pack_sample samples[SEGMENTS + 1];
		uint8_t data[64];
		uint32_t n = kind == PACK_SOUND ? 1 : s + 1;
		uint32_t size = kind == PACK_SOUND ? 7 : 10;
		memset(data, (int)('0' + s), sizeof(data));
		for (uint32_t i = 0; i < n; i++)
			samples[i] =
				(struct pack_sample){ .size = size,
						      .duration = kind == PACK_SOUND ? 1024 : 1000,
						      .key = i == 0 || kind == PACK_SOUND };
		(kind == PACK_SOUND ? pack_sound : pack_pictures)(s, at, samples, n, data,
								  (size_t)n * size, &o);
		at += n * (uint64_t)samples[0].duration;
		put(r, s, &o);
	}
	r->track = (struct kitchen_track){
		.fd = r->fd, .offsets = r->offsets, .lengths = r->lengths, .count = SEGMENTS
	};
}

static void pieces_are_the_samples_segment_by_segment(void **state)
{
	(void)state;
	struct rendition picture, sound;
	make(&picture, PACK_PICTURE);
	make(&sound, PACK_SOUND);
	AUTO_FREE void *header = NULL;
	AUTO_FREE struct kitchen_piece *pieces = NULL;
	size_t header_len, count;
	struct fault why;
	assert_int_equal(kitchen_progressive(&picture.track, &sound.track, &header, &header_len,
					     &pieces, &count, &why),
			 0);
	assert_int_equal(count, 3 * SEGMENTS);
	uint64_t total = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t segment = (uint32_t)i / 3 + 1;
		bool heard = i % 3 == 2; /* after the key frame and the rest */
		char data[64];
		assert_int_equal(pieces[i].from_video, !heard);
		assert_int_equal(pieces[i].length, heard ? 7 : i % 3 ? 10 * segment : 10);
		assert_int_equal(fileio_pread_all(heard ? sound.fd : picture.fd, data,
						  pieces[i].length, pieces[i].offset),
				 0);
		for (size_t k = 0; k < pieces[i].length; k++)
			assert_int_equal(data[k], '0' + segment);
		total += pieces[i].length;
	}
	/* the last box of the header is an mdat that ends with the last piece */
	const uint8_t *end = (const uint8_t *)header + header_len;
	assert_memory_equal(end - 12, "mdat", 4);
	uint64_t said = 0;
	for (int i = 8; i; i--)
		said = said << 8 | end[-i];
	assert_int_equal(said, total + 16);
	close(picture.fd);
	close(sound.fd);
}

static void key_frames_lie_at_the_front(void **state)
{
	(void)state;
	struct rendition picture, sound;
	uint32_t key[SEGMENTS] = { 0 };
	struct fault why = { 0 };
	make(&picture, PACK_PICTURE);
	make(&sound, PACK_SOUND);
	assert_int_equal(kitchen_key_bytes(&picture.track, key, &why), 0);
	for (uint32_t s = 1; s <= SEGMENTS; s++) {
		char data[64];
		assert_true(key[s - 1] < picture.lengths[s] && key[s - 1] > 10);
		/* the last bytes of it are the first sample, and what comes next is another fragment */
		assert_int_equal(fileio_pread_all(picture.fd, data, 18,
						  picture.offsets[s] + key[s - 1] - 10),
				 0);
		for (size_t i = 0; i < 10; i++)
			assert_int_equal(data[i], '0' + s);
		assert_memory_equal(data + 14, "moof", 4);
	}
	picture.lengths[2] = key[1] - 1; /* cut in its middle */
	assert_int_equal(kitchen_key_bytes(&picture.track, key, &why), -EBADMSG);
	close(picture.fd);
	close(sound.fd);
}

static void either_track_alone_will_do(void **state)
{
	(void)state;
	struct rendition picture, sound;
	make(&picture, PACK_PICTURE);
	make(&sound, PACK_SOUND);
	const struct kitchen_track *rows[][2] = { { &picture.track, NULL },
						  { NULL, &sound.track } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE void *header = NULL;
		AUTO_FREE struct kitchen_piece *pieces = NULL;
		size_t header_len, count;
		assert_int_equal(kitchen_progressive(rows[i][0], rows[i][1], &header, &header_len,
						     &pieces, &count, NULL),
				 0);
		assert_int_equal(count, i ? SEGMENTS : 2 * SEGMENTS);
		assert_int_equal(pieces[0].from_video, i == 0);
	}
	close(picture.fd);
	close(sound.fd);
}

static void damage_is_refused(void **state)
{
	(void)state;
	static const struct {
		uint32_t segment;
		uint64_t at; /* of the byte that is changed */
		int shorter;
	} rows[] = { { 0, 4, 0 },
		     { 1, 4, 0 },
		     { 2, 4, 0 },
		     { 3, 0, 1 },
		     { 2, 23, 0 } /* the segment's number */ };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rendition picture;
		make(&picture, PACK_PICTURE);
		uint8_t byte;
		uint64_t at = picture.offsets[rows[i].segment] + rows[i].at;
		assert_int_equal(fileio_pread_all(picture.fd, &byte, 1, at), 0);
		byte ^= 1;
		if (rows[i].shorter)
			picture.lengths[rows[i].segment]--;
		else
			assert_int_equal(fileio_pwrite_all(picture.fd, &byte, 1, at), 0);
		void *header = NULL;
		struct kitchen_piece *pieces = NULL;
		size_t header_len, count;
		struct fault why = { 0 };
		assert_int_equal(kitchen_progressive(&picture.track, NULL, &header, &header_len,
						     &pieces, &count, &why),
				 -EBADMSG);
		assert_string_equal(why.id, "kitchen.file");
		assert_null(header);
		assert_null(pieces);
		close(picture.fd);
	}
	struct rendition picture, sound;
	make(&picture, PACK_PICTURE);
	make(&sound, PACK_SOUND);
	sound.track.count--;
	void *header;
	struct kitchen_piece *pieces;
	size_t header_len, count;
	assert_int_equal(kitchen_progressive(&picture.track, &sound.track, &header, &header_len,
					     &pieces, &count, NULL),
			 -EINVAL);
	assert_int_equal(kitchen_progressive(NULL, NULL, &header, &header_len, &pieces, &count,
					     NULL),
			 -EINVAL);
	close(picture.fd);
	close(sound.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_the_samples_segment_by_segment),
		cmocka_unit_test(key_frames_lie_at_the_front),
		cmocka_unit_test(either_track_alone_will_do),
		cmocka_unit_test(damage_is_refused),
	};
	return cmocka_run_group_tests_name("content/kitchen_file", tests, NULL, NULL);
}
