// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/want.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/scratch.h"

static void checks_messages(void **state)
{
	(void)state;
	const struct want_msg segment = {
		.type = WANT_WANT, .kind = WANT_SEGMENT, .rendition = 3, .first = 0, .count = 1
	};
	const struct {
		const char *what;
		struct want_msg m;
		int want;
	} rows[] = {
		{ "hello", want_hello(7), 0 },
		{ "hello of nobody", want_hello(0), -EBADMSG },
		{ "tallied", want_tallied(7, 1), 0 },
		{ "a spoilt index", want_spoilt(), 0 },
		{ "nobody's tallied", want_tallied(0, 1), -EBADMSG },
		{ "nothing tallied", want_tallied(7, 0), -EBADMSG },
		{ "a segment", segment, 0 },
		{ "an object",
		  { .type = WANT_WANT, .kind = WANT_OBJECT, .first = 5, .count = 7 },
		  0 },
		{ "ready", want_ready(&segment, 0, 1), 0 },
		{ "failed", want_failed(&segment, -ENOENT), 0 },
		{ "failed, but how",
		  { .type = WANT_FAILED, .kind = WANT_SEGMENT, .count = 1 },
		  -EBADMSG },
		{ "ready with an error",
		  { .type = WANT_READY, .kind = WANT_SEGMENT, .count = 1, .error = -5 },
		  -EBADMSG },
		{ "what cannot be read",
		  { .type = WANT_WANT, .kind = WANT_SEGMENT, .count = 1, .error = -EIO },
		  0 },
		{ "an error that is none",
		  { .type = WANT_WANT, .kind = WANT_SEGMENT, .count = 1, .error = 5 },
		  -EBADMSG },
		{ "cancel", { .type = WANT_CANCEL, .kind = WANT_SEGMENT, .count = 1 }, 0 },
		{ "no type", { .kind = WANT_SEGMENT, .count = 1 }, -EBADMSG },
		{ "a tally's type at a message's length",
		  { .type = WANT_TALLY, .kind = 1, .count = 1 },
		  -EBADMSG },
		{ "a later type", { .type = WANT_SHARED + 1, .kind = 1, .count = 1 }, -EBADMSG },
		{ "no kind", { .type = WANT_WANT, .count = 1 }, -EBADMSG },
		{ "a later kind", { .type = WANT_WANT, .kind = 3, .count = 1 }, -EBADMSG },
		{ "nothing wanted", { .type = WANT_WANT, .kind = WANT_OBJECT }, -EBADMSG },
		{ "two segments",
		  { .type = WANT_WANT, .kind = WANT_SEGMENT, .count = 2 },
		  -EBADMSG },
		{ "a segment number too big",
		  { .type = WANT_WANT, .kind = WANT_SEGMENT, .first = 1ull << 32, .count = 1 },
		  -EBADMSG },
		{ "chunks that overflow",
		  { .type = WANT_WANT, .kind = WANT_OBJECT, .first = 1, .count = UINT64_MAX },
		  -EBADMSG },
		{ "beyond background",
		  { .type = WANT_WANT, .kind = WANT_OBJECT, .count = 1, .priority = 10 },
		  -EBADMSG },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (want_check(&rows[i].m, sizeof(rows[i].m)) != rows[i].want)
			fail_msg("row '%s'", rows[i].what);
		for (size_t len = 0; len < sizeof(union want_packet); len++)
			if (len != sizeof(rows[i].m) && len != sizeof(struct want_tally))
				assert_int_equal(want_check(&rows[i].m, len), -EBADMSG);
	}
}

static void checks_tallies(void **state)
{
	(void)state;
	struct want_tally t = { .type = WANT_TALLY,
				.instance = 7,
				.sequence = 1,
				.lesson = "fractions",
				.rung = "240p" };
	assert_int_equal(want_check(&t, sizeof(t)), 0);
	memset(t.rung, 'x', sizeof(t.rung));
	assert_int_equal(want_check(&t, sizeof(t)), -EBADMSG);
	memset(t.rung, 0, sizeof(t.rung));
	memset(t.lesson, 'x', sizeof(t.lesson));
	assert_int_equal(want_check(&t, sizeof(t)), -EBADMSG);
	memset(t.lesson, 0, sizeof(t.lesson));
	assert_int_equal(want_check(&t, sizeof(t)), 0);
	t.instance = 0;
	assert_int_equal(want_check(&t, sizeof(t)), -EBADMSG);
	t = (struct want_tally){ .type = WANT_WANT };
	assert_int_equal(want_check(&t, sizeof(t)), -EBADMSG);
}

static void answers_carry_the_token(void **state)
{
	(void)state;
	const struct want_msg w = { .type = WANT_WANT,
				    .kind = WANT_OBJECT,
				    .token = 77,
				    .first = 4,
				    .count = 9,
				    .id = { { 9 } } };
	struct want_msg r = want_ready(&w, 4, 2), f = want_failed(&w, -EIO);
	assert_int_equal(r.type, WANT_READY);
	assert_int_equal(r.token, 77);
	assert_int_equal(r.first, 4);
	assert_int_equal(r.count, 2);
	assert_int_equal(f.type, WANT_FAILED);
	assert_int_equal(f.error, -EIO);
	assert_int_equal(f.id.b[0], 9);
	assert_int_equal(want_failed(&w, 0).error, -EIO); /* no success by mistake */
}

static void receives_until_the_end(void **state)
{
	(void)state;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	union want_packet got;
	assert_int_equal(want_receive(pair[0], &got), 0);

	struct want_msg m = want_tallied(7, 3);
	assert_int_equal(send(pair[1], &m, sizeof(m), 0), sizeof(m));
	assert_int_equal(want_receive(pair[0], &got), 1);
	assert_int_equal(got.msg.token, 3);

	char large[sizeof(got) + 1] = { 0 };
	assert_int_equal(send(pair[1], large, sizeof(large), 0), sizeof(large));
	assert_int_equal(want_receive(pair[0], &got), -EBADMSG);
	assert_int_equal(send(pair[1], large, 1, 0), 1);
	assert_int_equal(want_receive(pair[0], &got), -EBADMSG);

	/* It says one thing more and closes, with something of ours unread: that one thing is heard. */
	assert_int_equal(send(pair[0], &m, sizeof(m), 0), sizeof(m));
	assert_int_equal(send(pair[1], &m, sizeof(m), 0), sizeof(m));
	close(pair[1]);
	assert_int_equal(want_receive(pair[0], &got), 1);
	assert_int_equal(want_receive(pair[0], &got), -ENOTCONN);
	assert_int_equal(want_receive(pair[0], &got), -ENOTCONN);
	close(pair[0]);
}

static void a_greeting_brings_a_descriptor(void **state)
{
	(void)state;
	int pair[2], passed = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	union want_packet got;
	AUTO_FD int area = memfd_create("area", MFD_CLOEXEC);
	assert_int_equal(write(area, "here", 4), 4);
	assert_int_equal(want_send_hello(pair[1], 7000, area), 0);
	assert_int_equal(want_receive_fd(pair[0], &got, &passed), 1);
	assert_int_equal(got.type, WANT_HELLO);
	assert_int_equal(got.msg.token, WANT_VERSION);
	assert_int_equal(got.msg.deadline_ms, 7000);
	char text[4];
	assert_int_equal(pread(passed, text, 4, 0), 4);
	assert_memory_equal(text, "here", 4);
	assert_int_equal(fcntl(passed, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(passed);

	assert_int_equal(want_send_hello(pair[1], 7000, -1), 0);
	assert_int_equal(want_receive_fd(pair[0], &got, &passed), 1);
	assert_int_equal(passed, -1);
	assert_int_equal(want_receive_fd(pair[0], &got, &passed), 0);
	assert_int_equal(passed, -1);
	/* Who takes no descriptor leaves none open. */
	const int before = dup(area);
	close(before);
	assert_int_equal(want_send_hello(pair[1], 7000, area), 0);
	assert_int_equal(want_receive(pair[0], &got), 1);
	const int next = dup(area);
	assert_int_equal(next, before);
	close(next);
	close(pair[1]);
	assert_int_equal(want_receive_fd(pair[0], &got, &passed), -ENOTCONN);
	close(pair[0]);
}

static int accepted(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 5000), 1);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void sockets_meet_at_a_long_path(void **state)
{
	char folder[PATH_MAX], path[PATH_MAX];
	snprintf(folder, sizeof(folder), "%s",
		 scratch_path(state, "a-folder-whose-name-alone-is-longer-than-what-the-address-of-"
				     "a-unix-socket-can-hold-which-is-108-bytes"));
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_true(snprintf(path, sizeof(path), "%s/want.sock", folder) < (int)sizeof(path));

	struct fault why = { 0 };
	assert_int_equal(want_connect(path), -ENOENT);
	int listener = want_listen(path, 0600, &why);
	assert_true(listener >= 0);
	int worker = want_connect(path);
	assert_true(worker >= 0);
	int contentd = accepted(listener);
	struct want_msg hello = want_hello(7);
	assert_int_equal(send(worker, &hello, sizeof(hello), 0), sizeof(hello));
	union want_packet got;
	assert_int_equal(recv(contentd, &got, sizeof(got), 0), sizeof(hello));
	assert_int_equal(want_check(&got, sizeof(hello)), 0);
	assert_int_equal(got.msg.token, WANT_VERSION);

	assert_int_equal(want_listen(path, 0600, &why), -EADDRINUSE);
	assert_non_null(strstr(why.text, "another"));
	close(worker);
	close(contentd);
	close(listener);
	/* The socket file of a program that died is in nobody's way. */
	assert_int_equal(want_connect(path), -ECONNREFUSED);
	listener = want_listen(path, 0600, &why);
	assert_true(listener >= 0);
	close(listener);
}

static void never_removes_what_is_no_socket(void **state)
{
	const char *path = scratch_path(state, "want.sock");
	close(open(path, O_CREAT | O_WRONLY, 0600));
	struct fault why = { 0 };
	assert_int_equal(want_listen(path, 0600, &why), -EADDRINUSE);
	assert_int_equal(scratch_size(path), 0);
	assert_int_equal(want_listen(scratch_path(state, "absent/want.sock"), 0600, &why), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_messages),
		cmocka_unit_test(checks_tallies),
		cmocka_unit_test(answers_carry_the_token),
		cmocka_unit_test(receives_until_the_end),
		cmocka_unit_test(a_greeting_brings_a_descriptor),
		cmocka_unit_test_setup_teardown(sockets_meet_at_a_long_path, scratch_make,
						scratch_remove),
		cmocka_unit_test_setup_teardown(never_removes_what_is_no_socket, scratch_make,
						scratch_remove),
	};
	return cmocka_run_group_tests_name("cache/want", tests, NULL, NULL);
}
