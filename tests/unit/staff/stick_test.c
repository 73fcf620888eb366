// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/stick.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "content/staff/stick_words.h"
#include "firmware/base/clean.h"

static const char *const folders[] = { "DCIM", "DCIM/100", "DCIM/100/a", "DCIM/100/a/b",
				       ".hidden" };
static const char *const files[] = { "z.mp4",
				     "a.WMV",
				     "DCIM/100/VID.MOV",
				     "DCIM/100/a/c.webm",
				     "DCIM/100/a/b/deep.mp4",
				     ".hidden/x.mp4",
				     ".y.mp4",
				     "readme.txt",
				     "درس.mkv",
				     "noend",
				     "z.fra.VTT",
				     "DCIM/100/vid.ar.srt",
				     "DCIM/100/VID.srt",
				     "DCIM/100/VID_2.srt" };

static int make(void **state)
{
	char *dir = strdup("/tmp/wasl-stick-XXXXXX");
	char path[256];
	*state = dir && mkdtemp(dir) ? dir : NULL;
	for (size_t i = 0; *state && i < ARRAY_LEN(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, folders[i]);
		if (mkdir(path, 0700))
			return -1;
	}
	for (size_t i = 0; *state && i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		AUTO_FD int fd = open(path, O_WRONLY | O_CREAT, 0600);
		if (fd < 0 || write(fd, "film", 4) != 4)
			return -1;
	}
	snprintf(path, sizeof(path), "%s/link.mp4", dir);
	if (!*state || symlink("z.mp4", path))
		return -1;
	snprintf(path, sizeof(path), "%s/up", dir);
	return symlink("..", path);
}

static int sweep(void **state)
{
	char path[256];
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", (char *)*state, files[i]);
		(void)unlink(path);
	}
	snprintf(path, sizeof(path), "%s/link.mp4", (char *)*state);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/up", (char *)*state);
	(void)unlink(path);
	for (size_t i = ARRAY_LEN(folders); i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s", (char *)*state, folders[i]);
		(void)rmdir(path);
	}
	(void)rmdir(*state);
	free(*state);
	return 0;
}

static void films_are_listed(void **state)
{
	static const char *const want[] = { "DCIM/100/VID.MOV", "DCIM/100/a/c.webm", "a.WMV",
					    "z.mp4", "درس.mkv" };
	struct stick_file found[STICK_MOST];
	assert_int_equal(stick_list(*state, found, STICK_MOST), ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_string_equal(found[i].path, want[i]);
		assert_int_equal(found[i].bytes, 4);
	}
	assert_int_equal(stick_list(*state, found, 2), 2);
	assert_int_equal(stick_list("", found, STICK_MOST), 0);
	assert_int_equal(stick_list("/nowhere", found, STICK_MOST), 0);
}

static void nothing_outside_is_opened(void **state)
{
	static const struct {
		const char *path;
		int want;
	} rows[] = {
		{ "z.mp4", 0 },
		{ "DCIM/100/VID.MOV", 0 },
		{ "link.mp4", -ENOENT },
		{ "up/passwd", -ENOENT },
		{ "../../etc/passwd", -ENOENT },
		{ "/etc/passwd", -ENOENT },
		{ "DCIM/../z.mp4", -ENOENT },
		{ "DCIM", -ENOENT },
		{ "", -ENOENT },
		{ ".hidden/x.mp4", -ENOENT },
		{ "z.mp4/", -ENOENT },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FD int fd = -1;
		assert_int_equal(stick_open(*state, rows[i].path, &fd, NULL), rows[i].want);
		assert_int_equal(fd >= 0, rows[i].want == 0);
	}
	AUTO_FD int fd = -1;
	assert_int_equal(stick_open("", "z.mp4", &fd, NULL), -ENOENT);
}

/* As programs and people name them. */
static void captions_are_named_after_their_film(void **state)
{
	static const struct {
		const char *film, *name;
		int want;
		const char *language;
	} rows[] = {
		{ "lesson.mp4", "lesson.srt", 1, "" },
		{ "lesson.mp4", "lesson.ar.srt", 1, "ar" },
		{ "lesson.mp4", "Lesson.FRE.Vtt", 1, "fr" },
		{ "lesson.mp4", "lesson_en.ass", 1, "en" },
		{ "lesson.mp4", "lesson.pt-BR.ssa", 1, "pt-BR" },
		{ "VID.MOV", "vid.srt", 1, "" },
		{ "درس.mkv", "درس.ara.srt", 1, "ar" },
		{ "a.b.mp4", "a.b.srt", 1, "" },
		{ "noend", "noend.srt", 1, "" },
		{ "lesson.mp4", "lesson-2.srt", 0, "" },
		{ "lesson.mp4", "lesson_bis.srt", 0,
		  "" }, /* no language of ours behind anything but a point */
		{ "lesson.mp4", "lesson.und.srt", 0, "" },
		{ "lesson.mp4", "lesson..srt", 0, "" },
		{ "lesson.mp4", "lesson.-a.srt", 0, "" },
		{ "lesson.mp4", "lesson.averylonglanguage.srt", 0, "" },
		{ "lesson.mp4", "lessons.srt", 0, "" },
		{ "lesson.mp4", "lesson", 0, "" },
		{ "lesson.mp4", "lesson.mp4", 0, "" },
		{ "lesson.mp4", ".srt", 0, "" },
		{ ".mp4", ".srt", 0, "" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char language[12] = "?";
		assert_int_equal(stick_words_match(rows[i].film, rows[i].name, language),
				 rows[i].want);
		if (rows[i].want)
			assert_string_equal(language, rows[i].language);
	}
}

static void captions_are_found(void **state)
{
	struct stick_words found[STICK_WORDS_MOST];
	assert_int_equal(stick_words_list(*state, "DCIM/100/VID.MOV", found, STICK_WORDS_MOST), 2);
	assert_string_equal(found[0].path, "DCIM/100/VID.srt");
	assert_string_equal(found[0].language, "");
	assert_string_equal(found[1].path, "DCIM/100/vid.ar.srt");
	assert_string_equal(found[1].language, "ar");
	assert_int_equal(stick_words_list(*state, "z.mp4", found, STICK_WORDS_MOST), 1);
	assert_string_equal(found[0].path, "z.fra.VTT");
	assert_int_equal(stick_words_list(*state, "DCIM/100/VID.MOV", found, 1), 1);
	assert_int_equal(stick_words_list(*state, "link.mp4", found, STICK_WORDS_MOST), 0);
	assert_int_equal(stick_words_list("", "z.mp4", found, STICK_WORDS_MOST), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(films_are_listed, make, sweep),
		cmocka_unit_test_setup_teardown(nothing_outside_is_opened, make, sweep),
		cmocka_unit_test(captions_are_named_after_their_film),
		cmocka_unit_test_setup_teardown(captions_are_found, make, sweep),
	};
	return cmocka_run_group_tests_name("staff/stick", tests, NULL, NULL);
}
