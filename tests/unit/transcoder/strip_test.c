// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "content/transcoder/strip.h"
#include "firmware/base/clean.h"

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

struct row {
	const char *why;
	const uint8_t *in;
	size_t in_len;
	const uint8_t *out;
	size_t out_len;
	int want;
	unsigned length_bytes;
};

static void check(const struct row *r, int got, const struct box_out *o)
{
	if (got != r->want)
		fail_msg("%s: %d instead of %d", r->why, got, r->want);
	if (!got && (o->len != r->out_len || memcmp(o->bytes, r->out, o->len) != 0))
		fail_msg("%s: other bytes (%zu)", r->why, o->len);
}

static void pictures_keep_what_is_seen(void **state)
{
	(void)state;
	const struct row rows[] = {
		{ "a slice", BYTES(0, 0, 0, 2, 0x65, 9), BYTES(0, 0, 0, 2, 0x65, 9), 0, 4 },
		{ "user data goes", BYTES(0, 0, 0, 6, 6, 5, 2, 'G', 'P', 0x80, 0, 0, 0, 1, 0x41),
		  BYTES(0, 0, 0, 1, 0x41), 0, 4 },
		{ "registered user data, too", BYTES(5, 6, 4, 1, 'x', 0x80, 1, 0x41),
		  BYTES(1, 0x41), 0, 1 },
		{ "where to begin stays", BYTES(0, 5, 6, 6, 1, 0xc0, 0x80, 0, 1, 0x41),
		  BYTES(0, 5, 6, 6, 1, 0xc0, 0x80, 0, 1, 0x41), 0, 2 },
		{ "unless a name is in the same unit",
		  BYTES(8, 6, 6, 1, 0xc0, 5, 1, 'x', 0x80, 1, 0x41), BYTES(1, 0x41), 0, 1 },
		{ "a long number does not hide one", BYTES(6, 6, 255, 255, 6, 0, 0x80, 1, 0x41),
		  BYTES(1, 0x41), 0, 1 },
		{ "what stays is short: nothing hides in it", BYTES(5, 6, 1, 65, 0, 0x80, 1, 0x41),
		  BYTES(1, 0x41), 0, 1 },
		{ "a message beyond its unit goes", BYTES(4, 6, 1, 9, 0x80, 1, 0x41),
		  BYTES(1, 0x41), 0, 1 },
		{ "fillers, ends and units of others' go",
		  BYTES(2, 12, 0xff, 1, 9, 1, 10, 2, 24, 'x', 2, 14, 0, 2, 0, 'x', 1, 0x61),
		  BYTES(1, 0x61), 0, 1 },
		{ "empty units go", BYTES(0, 1, 0x61), BYTES(1, 0x61), 0, 1 },
		{ "parameter sets stay", BYTES(2, 0x67, 1, 2, 0x68, 2, 1, 0x65),
		  BYTES(2, 0x67, 1, 2, 0x68, 2, 1, 0x65), 0, 1 },
		{ "longer than the picture", BYTES(0, 0, 0, 9, 0x65), NULL, 0, -EBADMSG, 4 },
		{ "a length that is cut", BYTES(0, 0, 0), NULL, 0, -EBADMSG, 4 },
		{ "words alone are no picture", BYTES(3, 6, 5, 0), NULL, 0, -EBADMSG, 1 },
		{ "nothing", NULL, 0, NULL, 0, -EBADMSG, 4 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct box_out o = { 0 };
		size_t gone = 0;
		const int got =
			strip_picture(rows[i].in, rows[i].in_len, rows[i].length_bytes, &o, &gone);
		check(&rows[i], got, &o);
		if (!got)
			assert_int_equal(gone, rows[i].in_len - rows[i].out_len);
		box_done(&o);
	}
}

static void descriptions_keep_parameter_sets(void **state)
{
	(void)state;
	const struct row rows[] = {
		{ "main profile; words behind it go",
		  BYTES(1, 77, 0, 30, 0xff, 0xe1, 0, 2, 0x67, 1, 1, 0, 2, 0x68, 2, 'G', 'P', 'S'),
		  BYTES(1, 77, 0, 30, 0xff, 0xe1, 0, 2, 0x67, 1, 1, 0, 2, 0x68, 2), 0, 4 },
		{ "high profile says its depth; sets for transparency go",
		  BYTES(1, 100, 0, 30, 0xfd, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68, 0xfd, 0xf8, 0xf8, 1,
			0, 1, 'x'),
		  BYTES(1, 100, 0, 30, 0xfd, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68, 0xfd, 0xf8, 0xf8, 0),
		  0, 2 },
		{ "a set of another kind", BYTES(1, 77, 0, 30, 0xff, 0xe1, 0, 1, 6, 1, 0, 1, 0x68),
		  NULL, 0, -EBADMSG, 0 },
		{ "no picture parameters", BYTES(1, 77, 0, 30, 0xff, 0xe1, 0, 1, 0x67, 0), NULL, 0,
		  -EBADMSG, 0 },
		{ "cut", BYTES(1, 77, 0, 30, 0xff, 0xe1, 0, 9, 0x67), NULL, 0, -EBADMSG, 0 },
		{ "lengths of three bytes are none",
		  BYTES(1, 77, 0, 30, 0xfe, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68), NULL, 0, -EBADMSG,
		  0 },
		{ "start codes instead", BYTES(0, 0, 0, 1, 0x67, 1), NULL, 0, -EBADMSG, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct box_out o = { 0 };
		unsigned length = 0;
		const int got = strip_avcc(rows[i].in, rows[i].in_len, &o, &length);
		check(&rows[i], got, &o);
		if (!got)
			assert_int_equal(length, rows[i].length_bytes);
		box_done(&o);
	}
}

static void sound_says_nothing(void **state)
{
	(void)state;
	/* id 6, count 2, "Lx" across bytes, then id 1 (a pair of channels) */
	const struct row rows[] = {
		{ "a name before the sound",
		  BYTES(0xc4 | 'L' >> 7, (uint8_t)('L' << 1 | 'x' >> 7), (uint8_t)('x' << 1) | 0,
			0x7f, 0xff),
		  BYTES(0xc4, 0, 0, 0x7f, 0xff), 0, 0 },
		{ "data in whole bytes: id 4, aligned, one byte",
		  BYTES(0x81, 0x01, 'x', 0x20, 0xff), BYTES(0x81, 0x01, 0, 0x20, 0xff), 0, 0 },
		{ "sound stays", BYTES(0x21, 'L', 'x', 0xff), BYTES(0x21, 'L', 'x', 0xff), 0, 0 },
		{ "one that does not fit stays", BYTES(0xdf, 0xff, 'L'), BYTES(0xdf, 0xff, 'L'), 0,
		  0 },
		{ "nothing", NULL, 0, NULL, 0, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t bytes[16] = { 0 };
		if (rows[i].in_len)
			memcpy(bytes, rows[i].in, rows[i].in_len);
		strip_sound(bytes, rows[i].in_len);
		if (rows[i].in_len && memcmp(bytes, rows[i].out, rows[i].out_len) != 0)
			fail_msg("%s: %02x %02x %02x %02x", rows[i].why, bytes[0], bytes[1],
				 bytes[2], bytes[3]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_keep_what_is_seen),
		cmocka_unit_test(descriptions_keep_parameter_sets),
		cmocka_unit_test(sound_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
