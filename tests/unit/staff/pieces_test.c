// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "content/staff/upload.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

struct scene {
	char folder[64];
	struct sd_event *loop;
	struct pieces *pieces;
	char told[200]; /* "1:4 2:-34 ": which piece, and what is here or why it is not */
};

struct asked {
	struct scene *s;
	int number;
};

static void told(void *data, uint64_t have, const struct fault *why)
{
	const struct asked *a = data;
	const size_t len = strlen(a->s->told);
	snprintf(a->s->told + len, sizeof(a->s->told) - len, "%d:%d ", a->number,
		 why ? why->code : (int)have);
}

static int make(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	*state = s;
	snprintf(s->folder, sizeof(s->folder), "/tmp/wasl-pieces-XXXXXX");
	return mkdtemp(s->folder) && sd_event_new(&s->loop) >= 0 &&
			       pieces_new(s->loop, &s->pieces, NULL) == 0
		       ? 0
		       : -1;
}

static int sweep(void **state)
{
	struct scene *s = *state;
	pieces_free(s->pieces);
	sd_event_unref(s->loop);
	upload_drop(s->folder, "own-1");
	upload_drop(s->folder, "own-2");
	(void)rmdir(s->folder);
	free(s);
	return 0;
}

static int put(struct asked *a, const char *id, uint64_t offset, const char *bytes)
{
	const struct piece piece = { .folder = a->s->folder,
				     .id = id,
				     .size = 10,
				     .offset = offset,
				     .bytes = bytes,
				     .len = strlen(bytes) };
	return pieces_write(a->s->pieces, &piece, told, a, NULL);
}

static void turn_until(struct scene *s, const char *want)
{
	while (strcmp(s->told, want) != 0) {
		if (sd_event_run(s->loop, 30000000) <= 0)
			fail_msg("told '%s', not '%s'", s->told, want);
	}
}

/* A pipe that nobody reads stands for a disk that takes its time: to open it takes as long as that. */
static void nobody_waits_for_a_slow_disk(void **state)
{
	struct scene *s = *state;
	struct asked a[] = { { s, 1 }, { s, 2 }, { s, 3 }, { s, 4 }, { s, 5 } };
	char slow[100];
	snprintf(slow, sizeof(slow), "%s/own-1.film", s->folder);
	assert_int_equal(mkfifo(slow, 0600), 0);
	assert_int_equal(upload_begin(s->folder, "own-2", 10, NULL), 0);
	assert_int_equal(put(&a[0], "own-1", 0, "abcd"), 0);
	assert_int_equal(put(&a[1], "own-2", 0, "abcd"), 0);
	assert_int_equal(put(&a[2], "own-2", 0, "abcd"), 0);
	assert_int_equal(put(&a[3], "own-2", 4, "efghij"), 0);
	assert_int_equal(put(&a[4], "own-2", 4, "efghij"), -EAGAIN);
	/* The loop turns; nothing is said of what is not there yet. */
	assert_int_equal(sd_event_run(s->loop, 0), 0);
	assert_string_equal(s->told, "");
	AUTO_FD int reader = open(slow, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	char want[100];
	snprintf(want, sizeof(want), "1:%d 2:4 3:%d 4:10 ", -ESPIPE, -ERANGE);
	turn_until(s, want);
	assert_int_equal(put(&a[4], "own-2", 10, ""), 0);
	snprintf(want, sizeof(want), "1:%d 2:4 3:%d 4:10 5:10 ", -ESPIPE, -ERANGE);
	turn_until(s, want);
}

/* What is being written is written to its end; nobody is left without a word. */
static void the_end_waits_for_what_is_under_way(void **state)
{
	struct scene *s = *state;
	struct asked a[] = { { s, 1 }, { s, 2 } };
	uint64_t have = 0;
	assert_int_equal(upload_begin(s->folder, "own-1", 10, NULL), 0);
	assert_int_equal(put(&a[0], "own-1", 0, "abcd"), 0);
	assert_int_equal(put(&a[1], "own-1", 4, "ef"), 0);
	pieces_free(MOVE_PTR(s->pieces));
	char want[100];
	snprintf(want, sizeof(want), "1:%d 2:%d ", -ECANCELED, -ECANCELED);
	assert_string_equal(s->told, want);
	assert_int_equal(upload_have(s->folder, "own-1", &have, NULL), 0);
	assert_int_equal(have, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_waits_for_a_slow_disk, make, sweep),
		cmocka_unit_test_setup_teardown(the_end_waits_for_what_is_under_way, make, sweep),
	};
	return cmocka_run_group_tests_name("staff/pieces", tests, NULL, NULL);
}
