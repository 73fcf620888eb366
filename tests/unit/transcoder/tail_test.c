// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/tail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"

#define FTYP         \
	"\0\0\0\x0c" \
	"ftypisom"
#define MOOV         \
	"\0\0\0\x0b" \
	"moovabc"
#define MOOF         \
	"\0\0\0\x0a" \
	"moofab"
#define MDAT         \
	"\0\0\0\x0c" \
	"mdatabcd"
#define LARGE                \
	"\0\0\0\1"           \
	"mdat"               \
	"\0\0\0\0\0\0\0\x12" \
	"ab"
#define FOREVER    \
	"\0\0\0\1" \
	"mdat"     \
	"\xff\xff\xff\xff\xff\xff\xff\xff"

static void boxes_that_are_there_as_a_whole_are_kept(void **state)
{
	(void)state;
#define ROW(text) text, sizeof(text) - 1
	static const struct {
		const char *bytes;
		size_t len;
		uint64_t want;
	} rows[] = {
		{ ROW(""), 0 },
		{ ROW("abc"), 0 },
		{ ROW("not a film at all, not at all"), 0 },
		{ ROW(MDAT FTYP), 0 }, /* none that begins as one */
		{ ROW(FTYP MOOV), 23 },
		{ ROW(FTYP MOOV MOOF MDAT), 45 },
		{ ROW(FTYP MOOV LARGE), 41 },
		{ ROW(FTYP MOOV MOOF "\0\0\0\x0c"
				     "mdatab"),
		  43 }, /* media data may end early */
		{ ROW(FTYP MOOV MOOF FOREVER), 49 },
		{ ROW(FTYP MOOV MDAT "\0\0\0\x20"
				     "moofab"),
		  35 }, /* an index may not */
		{ ROW(FTYP MOOV MDAT "\0\0\0"), 35 },
		{ ROW(FTYP MOOV MDAT "\0\0\0\4"
				     "moof"),
		  35 }, /* shorter than its own head */
		{ ROW(FTYP MOOV "\0\0\0\0"
				"moofabcd"),
		  35 }, /* to the end, as it says */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FD int fd = memfd_create("film", MFD_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(fileio_write_all(fd, rows[i].bytes, rows[i].len), 0);
		uint64_t got = tail_whole(fd, rows[i].len);
		if (got != rows[i].want)
			fail_msg("row %zu: %llu, wanted %llu", i, (unsigned long long)got,
				 (unsigned long long)rows[i].want);
	}
}

static void the_last_piece_may_lack_media(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		bool lacks;
	} rows[] = {
		{ ROW(""), false },
		{ ROW("not a film at all, not at all"), false },
		{ ROW(FTYP MOOV MOOF MDAT), false },
		{ ROW(FTYP MOOV MOOF "\0\0\0\x0c"
				     "mdatab"),
		  true },
		{ ROW(FTYP MOOV MOOF FOREVER), true },
		{ ROW(FTYP MOOV FOREVER), false }, /* one index for all: what is missing is seen */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FD int fd = memfd_create("film", MFD_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(fileio_write_all(fd, rows[i].bytes, rows[i].len), 0);
		assert_int_equal(tail_lacks_media(fd, rows[i].len), rows[i].lacks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boxes_that_are_there_as_a_whole_are_kept),
		cmocka_unit_test(the_last_piece_may_lack_media),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
