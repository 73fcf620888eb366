// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/scratch.h"

enum { PAGE = 4096 };

/* Two pages of a file that is then cut to one. */
static volatile char *cut_short(void **state)
{
	int fd = open(scratch_path(state, "f"), O_RDWR | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, 2 * PAGE), 0);
	char *at = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(ftruncate(fd, PAGE), 0);
	close(fd);
	guard_arm(); /* cmocka has handlers of its own in each test */
	return at;
}

static int peek(void *arg)
{
	return *(volatile char *)arg;
}

struct nest {
	volatile char *at;
	int inner;
};

static int around(void *arg)
{
	struct nest *n = arg;
	n->inner = guard_read(peek, (void *)(uintptr_t)(n->at + PAGE));
	return peek((void *)(uintptr_t)n->at) + 7;
}

static void a_page_that_is_gone_is_an_error(void **state)
{
	volatile char *at = cut_short(state);
	char room[16];
	for (int i = 0; i < 3; i++) { /* again and again: the signal stays unblocked */
		assert_int_equal(guard_read(peek, (void *)(uintptr_t)at), 0);
		assert_int_equal(guard_read(peek, (void *)(uintptr_t)(at + PAGE)), -EIO);
		assert_int_equal(guard_copy(room, (void *)(uintptr_t)(at + PAGE - 8), 8), 0);
		assert_int_equal(guard_copy(room, (void *)(uintptr_t)(at + PAGE - 8), 16), -EIO);
	}
	munmap((void *)(uintptr_t)at, 2 * PAGE);
}

static void an_inner_guard_leaves_the_outer_one_whole(void **state)
{
	struct nest n = { .at = cut_short(state) };
	assert_int_equal(guard_read(around, &n), 7);
	assert_int_equal(n.inner, -EIO);
	n.at += PAGE;
	assert_int_equal(guard_read(peek, (void *)(uintptr_t)n.at), -EIO);
	munmap((void *)(uintptr_t)(n.at - PAGE), 2 * PAGE);
}

/* Outside of a guard it is what it always was: a bug that must not be hidden. */
static void without_a_guard_it_still_kills(void **state)
{
	volatile char *at = cut_short(state);
	int status = 0;
	assert_int_equal(guard_read(peek, (void *)(uintptr_t)at), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGBUS, SIG_DFL); /* a sanitizer's own handler would speak */
		guard_read(peek, (void *)(uintptr_t)at);
		_exit(at[PAGE] + 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	munmap((void *)(uintptr_t)at, 2 * PAGE);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(a_page_that_is_gone_is_an_error),
		WITH_FOLDER(an_inner_guard_leaves_the_outer_one_whole),
		WITH_FOLDER(without_a_guard_it_still_kills),
	};
	return cmocka_run_group_tests_name("cache/guard", tests, NULL, NULL);
}
