// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/prepare.h"

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
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

CLEAN_FN(loop, sd_event, sd_event_unref)

static void ends_are_understood(void **state)
{
	(void)state;
	static const struct {
		const char *said, *id, *text;
	} rows[] = {
		{ "wasl-transcoder: 'film': it has no picture (probe.no-picture)\n",
		  "probe.no-picture", "it has no picture " },
		{ "noise\nwasl-transcoder: '/a: b': no (x.y)\n", "x.y", "no " },
		{ "wasl-transcoder: 'a': broken (see above)\n", "staff.prepare",
		  "wasl-transcoder: 'a': broken (see above" },
		{ "", "staff.prepare", "the film could not be read" },
		{ "()", "staff.prepare", "(" },
		{ "\xff\xfe)", "staff.prepare", "?\?)" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fault why = { 0 };
		assert_true(prepare_fault(rows[i].said, &why) < 0);
		assert_string_equal(why.id, rows[i].id);
		assert_string_equal(why.text, rows[i].text);
	}
}

struct seen {
	sd_event *loop;
	int calls, code;
	unsigned thousandths;
	struct fault why;
};

static void heard(void *data, int code, const struct fault *why)
{
	struct seen *s = data;
	s->calls++;
	s->code = code;
	s->why = *why;
}

static void moved(void *data, unsigned thousandths)
{
	struct seen *s = data;
	s->thousandths = thousandths;
}

static int make(void **state)
{
	char *dir = strdup("/tmp/wasl-prepare-XXXXXX");
	*state = dir && mkdtemp(dir) ? dir : NULL;
	return *state ? 0 : -1;
}

static int sweep(void **state)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/program", (char *)*state);
	(void)unlink(path);
	prepare_sweep(*state, "own-1");
	(void)rmdir(*state);
	free(*state);
	return 0;
}

/* Programs in the transcoder's place. */
static void whatever_the_child_does_is_one_answer(void **state)
{
	static const struct {
		const char *script;
		int code;
		const char *id;
		unsigned thousandths;
	} rows[] = {
		{ "echo '{\"done\":0.250}'; cat <&3 >\"$5\"; exit 0", 0, "", 250 },
		{ "echo \"wasl-transcoder: 'x': silent (probe.sound-damaged)\" >&2; exit 0", 0,
		  "probe.sound-damaged", 0 },
		{ "echo 'event=sandbox missing=netns (kernel)' >&2; exit 0", 0, "", 0 },
		{ "echo \"wasl-transcoder: 'x': bad (probe.codec)\" >&2; exit 1", -EBADMSG,
		  "probe.codec", 0 },
		{ "echo rubbish; echo '{\"done\":7}'; exit 3", -ECHILD, "staff.prepare", 0 },
		{ "kill -SEGV $$", -ECHILD, "staff.crash", 0 },
		/* what another time may go better: the kernel took its memory, or its own child's; the disk is full */
		{ "kill -KILL $$", -ENOMEM, "staff.memory", 0 },
		{ "echo \"wasl-transcoder: 'x': ended (publish.memory)\" >&2; exit 75", -ENOMEM,
		  "staff.memory", 0 },
		{ "echo \"wasl-transcoder: 'x': no room (mux.write)\" >&2; exit 74", -ENOSPC,
		  "mux.write", 0 },
		{ "exit 75", -ENOMEM, "staff.memory", 0 },
		/* how it is told to be thrifty */
		{ "for a; do last=$a; done; [ \"$last\" = --thrifty ] || exit 1", 0, "", 0 },
		{ "exec /nowhere/at/all", -ENOEXEC, "staff.program", 0 },
	};
	char path[128];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_loop) sd_event *loop = NULL;
		struct prepare *p = NULL;
		struct seen seen = { 0 };
		assert_true(sd_event_new(&loop) >= 0);
		snprintf(path, sizeof(path), "%s/program", (char *)*state);
		AUTO_FD int program = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
		assert_true(program >= 0);
		assert_true(dprintf(program, "#!/bin/sh\n%s\n", rows[i].script) > 0);
		close(program);
		program = -1;
		AUTO_FD int film = open("/dev/null", O_RDONLY | O_CLOEXEC);
		const struct prepare_order order = { .program = path,
						     .group = -1,
						     .folder = *state,
						     .id = "own-1",
						     .fd = film,
						     .need = PREPARE_THRIFTY,
						     .stuck_ms = PREPARE_STUCK_MS,
						     .progress = moved,
						     .done = heard,
						     .data = &seen };
		assert_int_equal(prepare_start(loop, &order, &p, NULL), 0);
		while (!seen.calls)
			assert_true(sd_event_run(loop, 60 * 1000000) > 0);
		prepare_stop(p);
		assert_int_equal(seen.calls, 1);
		assert_int_equal(seen.code, rows[i].code);
		assert_string_equal(seen.why.id, rows[i].id);
		assert_int_equal(seen.thousandths, rows[i].thousandths);
	}
}

/* A hot box: it stands where it is, and ends when it goes on. */
static void it_stands_and_goes_on(void **state)
{
	CLEANUP(clean_loop) sd_event *loop = NULL;
	struct prepare *p = NULL;
	struct seen seen = { 0 };
	siginfo_t how = { 0 };
	char path[128];
	int film[2];
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(pipe2(film, O_CLOEXEC), 0);
	snprintf(path, sizeof(path), "%s/program", (char *)*state);
	int program = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	assert_true(program >= 0);
	assert_true(dprintf(program, "#!/bin/sh\ncat <&3 >/dev/null\n") > 0);
	close(program);
	const struct prepare_order order = { .program = path,
					     .group = -1,
					     .folder = *state,
					     .id = "own-1",
					     .fd = film[0],
					     .stuck_ms = PREPARE_STUCK_MS,
					     .progress = moved,
					     .done = heard,
					     .data = &seen };
	assert_int_equal(prepare_start(loop, &order, &p, NULL), 0);
	close(film[0]);
	prepare_pace(p, PREPARE_STANDS);
	assert_int_equal(waitid(P_ALL, 0, &how, WSTOPPED | WEXITED | WNOWAIT), 0);
	assert_int_equal(how.si_code, CLD_STOPPED);
	close(film[1]); /* nothing keeps it but that it stands */
	prepare_pace(p, PREPARE_GOES);
	while (!seen.calls)
		assert_true(sd_event_run(loop, 60 * 1000000) > 0);
	assert_int_equal(seen.code, 0);
	prepare_pace(p, PREPARE_STANDS); /* it is gone: nobody is stopped */
	prepare_stop(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_understood),
		cmocka_unit_test_setup_teardown(whatever_the_child_does_is_one_answer, make, sweep),
		cmocka_unit_test_setup_teardown(it_stands_and_goes_on, make, sweep),
	};
	return cmocka_run_group_tests_name("staff/prepare", tests, NULL, NULL);
}
