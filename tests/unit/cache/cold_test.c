// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/cold.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "tests/unit/scratch.h"

static void write_file(int dir, const char *path, size_t len)
{
	static const char bytes[100000];
	AUTO_FD int fd = openat(dir, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(fdatasync(fd), 0);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static void files_have_their_names(void **state)
{
	(void)state;
	const struct objmap_id id = { { 0xab, 1 } };
	const struct cold_files object = cold_files(&id, 0), made = cold_files(&id, 77);
	assert_string_equal(object.body.at, layout_object(&id, "").at);
	assert_string_equal(object.index.at, layout_object(&id, ".bits").at);
	assert_string_equal(made.body.at, layout_rendition(77, ".mp4").at);
	assert_string_equal(made.index.at, layout_rendition(77, ".tab").at);
}

/* After a thread has looked, a worker can: at what is there, and at what is not. */
static void what_was_brought_is_not_cold(void **state)
{
	const char *top = *state;
	const struct objmap_id id = { { 0xab, 1 } };
	const struct cold_files made = cold_files(&id, 77), none = cold_files(&id, 78);
	AUTO_FD int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	assert_int_equal(mkdirat(dir, "rend", 0755), 0);
	write_file(dir, made.body.at, 10);
	write_file(dir, made.index.at, 100000);
	const int before = dup(dir); /* no file is left open */
	close(before);
	(void)cold_is(dir, &made);
	cold_bring(dir, &none);
	cold_bring(dir, &made);
	if (cold_is(dir, &none)) {
		print_message("the kernel or the file system here cannot say\n");
		skip();
	}
	assert_false(cold_is(dir, &made));
	const int after = dup(dir);
	close(after);
	assert_int_equal(after, before);
}

/* A link leads nowhere: whoever opens it hears that at once. */
static void what_cannot_be_opened_is_not_waited_for(void **state)
{
	const char *top = *state;
	const struct objmap_id id = { { 0xab, 1 } };
	const struct cold_files link = cold_files(&id, 79);
	AUTO_FD int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(dir, "rend", 0755), 0);
	assert_int_equal(symlinkat("/etc/hostname", dir, link.body.at), 0);
	cold_bring(dir, &link);
	if (cold_is(dir, &link)) {
		print_message("the kernel or the file system here cannot say\n");
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_have_their_names),
		cmocka_unit_test_setup_teardown(what_was_brought_is_not_cold, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(what_cannot_be_opened_is_not_waited_for,
						scratch_make, scratch_remove),
	};
	return cmocka_run_group_tests_name("cache/cold", tests, NULL, NULL);
}
