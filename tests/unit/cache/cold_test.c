// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/cold.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "tests/unit/scratch.h"

static void write_file(int dir, const char *path, size_t len)
{
	static const char bytes[1 << 20];
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

enum { PAGES = 10, TRIES = 20 };

/* Which pages of a file are in memory: one bit each. */
static unsigned pages_of(int fd, size_t page)
{
	unsigned char in[PAGES];
	unsigned bits = 0;
	void *at = mmap(NULL, PAGES * page, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(mincore(at, PAGES * page, in), 0);
	for (unsigned i = 0; i < PAGES; i++)
		bits |= (in[i] & 1u) << i;
	munmap(at, PAGES * page);
	return bits;
}

/*
 * Only these pages are in memory; false where the file system keeps the others, too. To look may begin to fetch what was missed:
 * then the next look rightly says something else, and one that says "cold" in a few is enough.
 */
static bool leave_pages(int dir, const char *path, unsigned which)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char byte;
	for (unsigned tries = 0; tries < TRIES; tries++) {
		AUTO_FD int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
		assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), 0);
		for (unsigned i = 0; i < PAGES; i++)
			if (which & 1u << i)
				assert_int_equal(pread(fd, &byte, 1, (off_t)(i * page)), 1);
		if (pages_of(fd, page) == which)
			return true;
	}
	return false;
}

static void one_page_that_is_missing_makes_it_cold(void **state)
{
	static const unsigned rows[] = {
		0,                       /* none is there */
		1,                       /* the first alone */
		1u << 5,                 /* one in the middle alone */
		(1u << PAGES) - 1 - 16,  /* all but one in the middle */
		(1u << (PAGES - 1)) - 1, /* all but the last */
	};
	const char *top = *state;
	const struct objmap_id id = { { 0xab, 1 } };
	const struct cold_files made = cold_files(&id, 77);
	AUTO_FD int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(dir, "rend", 0755), 0);
	write_file(dir, made.body.at, 10);
	write_file(dir, made.index.at, PAGES * (size_t)sysconf(_SC_PAGESIZE));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool cold = false;
		for (unsigned tries = 0; tries < TRIES && !cold; tries++) {
			if (!leave_pages(dir, made.index.at, rows[i])) {
				print_message("the file system here keeps what it read\n");
				skip();
			}
			cold = cold_is(dir, &made);
		}
		if (!cold)
			print_message("pages %x are taken for all\n", rows[i]);
		assert_true(cold);
	}
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
		cmocka_unit_test_setup_teardown(one_page_that_is_missing_makes_it_cold,
						scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(what_cannot_be_opened_is_not_waited_for,
						scratch_make, scratch_remove),
	};
	return cmocka_run_group_tests_name("cache/cold", tests, NULL, NULL);
}
