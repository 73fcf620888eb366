// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/warm.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { BLOCK = WARM_BLOCK_BYTES, SERIAL = 7, NOWHERE = -1 };

static int build(void **state)
{
	*state = warm_new();
	return *state ? 0 : -1;
}

/* On a disk: what is in a tmpfs never leaves memory. */
static int scratch_file(void)
{
	char path[] = "/var/tmp/warm-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static int demolish(void **state)
{
	warm_free(*state);
	return 0;
}

/* Without a descriptor no look finds anything: what is ready is what was noted. */
static void believes_what_was_noted(void **state)
{
	struct warm *w = *state;
	static const struct {
		const char *what;
		uint64_t serial, offset, length, ready;
	} rows[] = {
		{ "before", SERIAL, BLOCK - 1, 2, 0 },
		{ "all of it", SERIAL, BLOCK, 2 * BLOCK, 2 * BLOCK },
		{ "inside", SERIAL, BLOCK + 5, 10, 10 },
		{ "across", SERIAL, 2 * BLOCK - 5, 10, 10 },
		{ "to the edge", SERIAL, 3 * BLOCK - 1, 1, 1 },
		{ "over the edge", SERIAL, BLOCK + 5, 5 * BLOCK, 2 * BLOCK - 5 },
		{ "behind", SERIAL, 3 * BLOCK, 1, 0 },
		{ "another file", SERIAL + 1, BLOCK, 1, 0 },
		{ "nothing of it", SERIAL, 0, 0, 0 },
	};
	warm_note(w, SERIAL, BLOCK + 100, BLOCK, 1000); /* two blocks, neither of them whole */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (warm_ready(w, rows[i].serial, NOWHERE, rows[i].offset, rows[i].length, 1001) !=
		    rows[i].ready)
			fail_msg("row '%s'", rows[i].what);
}

/* What is sent without pause is looked at now and then, too: it may have left. */
static void looks_again_after_a_while(void **state)
{
	struct warm *w = *state;
	uint32_t now = 1000;
	warm_note(w, SERIAL, 0, 2 * BLOCK, now);
	for (uint32_t i = 0; i <= WARM_KEEP_S; i++)
		assert_int_equal(warm_ready(w, SERIAL, NOWHERE, 0, 1, now + i), 1);
	now += WARM_KEEP_S + 1;
	assert_int_equal(warm_ready(w, SERIAL, NOWHERE, 0, 1, now), 0);
	assert_int_equal(warm_ready(w, SERIAL, NOWHERE, BLOCK, 1, now), 0);
}

/* However many files there are, one never answers for another. */
static void mixes_up_no_files(void **state)
{
	struct warm *w = *state;
	for (uint64_t serial = 1; serial < 3000; serial++) {
		assert_int_equal(warm_ready(w, serial, NOWHERE, 0, 100 * BLOCK, 5), 0);
		warm_note(w, serial, 0, 4 * BLOCK, 5);
		assert_int_equal(warm_ready(w, serial, NOWHERE, 0, 100 * BLOCK, 5), 4 * BLOCK);
	}
}

static void reads_in_what_it_then_finds(void **state)
{
	struct warm *w = *state;
	AUTO_FD
	int fd = scratch_file();
	for (int i = 0; i < 3 * BLOCK / 4096; i++)
		assert_int_equal(write(fd, (char[4096]){ 1 }, 4096), 4096);
	assert_int_equal(write(fd, "end", 3), 3);
	assert_int_equal(warm_read(fd, 0, 3 * BLOCK + 3), 0);
	assert_int_equal(warm_read(fd, 3 * BLOCK, 10 * BLOCK), -EIO); /* ends before */
	/* A file system that cannot tell finds nothing. */
	uint64_t ready = 0;
	for (int i = 0; i < 100 && ready < 3 * BLOCK - 5; i++) {
		assert_int_equal(warm_read(fd, 0, 3 * BLOCK + 3), 0);
		ready = warm_ready(w, SERIAL, fd, 5, 3 * BLOCK - 5, 1);
	}
	if (ready == 0)
		return;
	assert_int_equal(ready, 3 * BLOCK - 5);
	assert_int_equal(warm_ready(w, SERIAL, NOWHERE, 0, 3 * BLOCK, 1), 3 * BLOCK);
	char bytes[8] = "";
	assert_int_equal(warm_copy(fd, 3 * BLOCK - 1, bytes, 4), 0);
	assert_memory_equal(bytes, "\0end", 5);
	assert_int_equal(warm_copy(fd, 3 * BLOCK, bytes, 4), -EAGAIN); /* ends before */
	assert_int_equal(warm_copy(NOWHERE, 0, bytes, 4), -EAGAIN);
	/* Cut short meanwhile: what lies beyond its end is not ready, whatever is asked with it. */
	assert_int_equal(ftruncate(fd, 2 * BLOCK + 10), 0);
	assert_int_equal(warm_read(fd, 2 * BLOCK, 11), -EIO);
	assert_true(warm_ready(w, SERIAL + 1, fd, 0, 3 * BLOCK, 1) <= 2 * BLOCK);
}

/*
 * What a thread read has left memory before it could be sent: it is read again, not waited for. A kernel may let go of any page
 * at any time, so what is to be seen need not be seen at the first try.
 */
static void notices_what_left_meanwhile(void **state)
{
	struct warm *w = *state;
	char block[BLOCK] = { 1 };
	AUTO_FD
	int fd = scratch_file();
	assert_int_equal(write(fd, block, BLOCK), BLOCK);
	assert_int_equal(write(fd, block, BLOCK), BLOCK);
	assert_int_equal(fdatasync(fd), 0);
	bool tells = false, noticed = false, again = false;
	for (uint64_t serial = 1; serial < 100 && !again; serial++) {
		assert_int_equal(warm_read(fd, 0, 2 * BLOCK), 0);
		warm_note(w, serial, 0, 2 * BLOCK, 1);
		posix_fadvise(fd, BLOCK, BLOCK, POSIX_FADV_DONTNEED);
		if (warm_copy(fd, 0, block, BLOCK) || !warm_copy(fd, BLOCK, block, BLOCK))
			continue; /* a file system that keeps all, or cannot tell */
		tells = true;
		if (warm_ready(w, serial, fd, 0, 2 * BLOCK, 2) != BLOCK)
			continue;
		noticed = true;
		assert_int_equal(warm_read(fd, BLOCK, BLOCK), 0);
		warm_note(w, serial, BLOCK, BLOCK, 2);
		again = warm_ready(w, serial, fd, 0, 2 * BLOCK, 2) == 2 * BLOCK;
		/* And what is sent again and again is believed without a look. */
		if (again)
			assert_int_equal(warm_ready(w, serial, NOWHERE, 0, 2 * BLOCK, 2),
					 2 * BLOCK);
	}
	if (!tells)
		skip();
	assert_true(noticed);
	assert_true(again);
}

/* Where a block is never in memory when it is looked for, a second read is believed: nobody reads for ever. */
static void reads_again_once(void **state)
{
	struct warm *w = *state;
	char block[BLOCK] = { 1 };
	AUTO_FD
	int fd = scratch_file();
	assert_int_equal(write(fd, block, BLOCK), BLOCK);
	assert_int_equal(fdatasync(fd), 0);
	for (uint64_t serial = 1; serial < 100; serial++) {
		warm_note(w, serial, 0, BLOCK, 1);
		posix_fadvise(fd, 0, BLOCK, POSIX_FADV_DONTNEED);
		if (warm_ready(w, serial, fd, 0, BLOCK, 1))
			continue;              /* a file system that keeps all, or cannot tell */
		warm_reading(w, serial, 0, 1); /* as who reads it again says */
		assert_int_equal(warm_ready(w, serial, fd, 0, BLOCK, 1), 0);
		warm_note(w, serial, 0, BLOCK, 1);
		posix_fadvise(fd, 0, BLOCK, POSIX_FADV_DONTNEED);
		assert_int_equal(warm_ready(w, serial, fd, 0, BLOCK, 1), BLOCK);
		return;
	}
	skip();
}

/* What a thread is reading is not looked for meanwhile, however long that takes, and whatever a look would find. */
static void leaves_what_is_being_read(void **state)
{
	struct warm *w = *state;
	AUTO_FD
	int fd = scratch_file();
	for (int i = 0; i < 2 * BLOCK / 4096; i++)
		assert_int_equal(write(fd, (char[4096]){ 1 }, 4096), 4096);
	if (!warm_ready(w, SERIAL, fd, 0, 2 * BLOCK, 1))
		skip(); /* a file system that cannot tell */
	warm_reading(w, SERIAL + 1, BLOCK + 5, 1);
	assert_int_equal(warm_ready(w, SERIAL + 1, fd, 0, 2 * BLOCK, 1), BLOCK);
	assert_int_equal(warm_ready(w, SERIAL + 1, fd, 0, 2 * BLOCK, 100), BLOCK);
	warm_note(w, SERIAL + 1, BLOCK, BLOCK, 100);
	assert_int_equal(warm_ready(w, SERIAL + 1, fd, 0, 2 * BLOCK, 100), 2 * BLOCK);
	/* It could not be read: whoever comes next looks. */
	warm_reading(w, SERIAL + 2, 0, 100);
	warm_reading(w, SERIAL + 2, BLOCK, 100);
	assert_int_equal(warm_ready(w, SERIAL + 2, fd, 0, BLOCK, 100), 0);
	warm_forget(w, SERIAL + 2, 0, 2 * BLOCK);
	assert_int_equal(warm_ready(w, SERIAL + 2, fd, 0, 2 * BLOCK, 100), 2 * BLOCK);
}

static void says_what_the_disk_says(void **state)
{
	(void)state;
	AUTO_FD
	int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(warm_read(folder, 0, 10), -EISDIR);
	assert_int_equal(warm_read(NOWHERE, 0, 10), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(believes_what_was_noted, build, demolish),
		cmocka_unit_test_setup_teardown(looks_again_after_a_while, build, demolish),
		cmocka_unit_test_setup_teardown(mixes_up_no_files, build, demolish),
		cmocka_unit_test_setup_teardown(reads_in_what_it_then_finds, build, demolish),
		cmocka_unit_test_setup_teardown(notices_what_left_meanwhile, build, demolish),
		cmocka_unit_test_setup_teardown(reads_again_once, build, demolish),
		cmocka_unit_test_setup_teardown(leaves_what_is_being_read, build, demolish),
		cmocka_unit_test(says_what_the_disk_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
