// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/uses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEGMENT_MS = 4000, COUNT = 10 };

static const uint8_t salt[USES_SALT_BYTES] = { 1, 2, 3 }, other_salt[USES_SALT_BYTES] = { 9 };

static int make(void **state)
{
	void *memory = calloc(1, USES_MIN_BYTES);
	struct uses *u = uses_at(memory, USES_MIN_BYTES);
	assert_true(uses_needs_salt(u, 20000));
	uses_new_day(u, 20000, salt);
	assert_false(uses_needs_salt(u, 20000));
	*state = u;
	return 0;
}

static int drop(void **state)
{
	free(*state);
	return 0;
}

static uint64_t device(struct uses *u, const char *address)
{
	return uses_device(u, address, strlen(address), "agent", 5);
}

struct step {
	const char *rung;
	uint32_t minute, segment;
	uint32_t starts, completions, devices;
	uint64_t watched_ms;
};

/* One device with one lesson: each row is a segment asked for and delivered, and what it must add. */
static void play(struct uses *u, uint64_t who, const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct step *s = &steps[i];
		const struct uses_event e = { who,        s->minute, "lesson",  s->rung,
					      s->segment, COUNT,     SEGMENT_MS };
		uses_asked(u, &e);
		const struct uses_gain g = uses_delivered(u, &e);
		if (g.starts != s->starts || g.completions != s->completions ||
		    g.new_devices != s->devices || g.watched_ms != s->watched_ms)
			fail_msg("step %zu (%s segment %u): starts %u completions %u devices %u "
				 "watched %llu",
				 i, s->rung, s->segment, g.starts, g.completions, g.new_devices,
				 (unsigned long long)g.watched_ms);
	}
}

#define PLAY(u, who, ...)                              \
	play(u, who, (const struct step[])__VA_ARGS__, \
	     sizeof((const struct step[])__VA_ARGS__) / sizeof(struct step))

static void a_video_counts_once_though_audio_comes_along(void **state)
{
	struct uses *u = *state;
	PLAY(u, device(u, "10.0.0.1"),
	     {
		     { "audio", 100, 1, 0, 0, 0,
		       0 }, /* the player asks for audio a moment earlier */
		     { "240p", 100, 1, 1, 0, 1, 4000 },
		     { "audio", 100, 2, 0, 0, 0, 0 },
		     { "240p", 100, 2, 0, 0, 0, 4000 },
		     { "audio", 101, 3, 0, 0, 0, 0 },
		     { "360p", 101, 3, 0, 0, 1,
		       4000 }, /* another quality: same visit, new device on that rung */
		     { "240p", 101, 4, 0, 0, 0, 4000 },
	     });
}

static void audio_alone_counts_from_its_first_segment(void **state)
{
	struct uses *u = *state;
	PLAY(u, device(u, "10.0.0.1"),
	     {
		     { "audio", 100, 1, 0, 0, 0, 0 },
		     { "audio", 100, 2, 1, 0, 1, 8000 }, /* no video meanwhile: both */
		     { "audio", 100, 3, 0, 0, 0, 4000 },
	     });
	/* A lesson whose audio is one segment is not owed for ever. */
	struct uses_event e = { device(u, "10.0.0.2"), 100, "short", "audio", 1, 1, 2500 };
	uses_asked(u, &e);
	const struct uses_gain g = uses_delivered(u, &e);
	assert_int_equal(g.starts, 1);
	assert_int_equal(g.completions, 1);
	assert_int_equal(g.watched_ms, 2500);
}

/* Who reads the document while listening goes on listening, and a film is not watched by reading. */
static void a_document_is_a_visit_of_its_own(void **state)
{
	struct uses *u = *state;
	const uint64_t who = device(u, "10.0.0.1");
	const struct uses_event document = { who, 100, "lesson", USES_FILE_RUNG, 1, 1, 0 };
	PLAY(u, who, { { "audio", 100, 1, 0, 0, 0, 0 }, { "audio", 100, 2, 1, 0, 1, 8000 } });
	uses_asked(u, &document);
	struct uses_gain g = uses_delivered(u, &document);
	assert_true(g.starts == 1 && g.completions == 1 && g.new_devices == 1 && g.watched_ms == 0);
	g = uses_delivered(u, &document);
	assert_true(g.starts == 0 && g.completions == 0 && g.new_devices == 0);
	PLAY(u, who, { { "audio", 101, 3, 0, 0, 0, 4000 } });
}

static void turning_the_picture_off_goes_on_counting(void **state)
{
	struct uses *u = *state;
	PLAY(u, device(u, "10.0.0.1"),
	     {
		     { "240p", 100, 1, 1, 0, 1, 4000 },
		     { "audio", 102, 2, 0, 0, 0, 0 },
		     { "audio", 103, 3, 0, 0, 1, 4000 }, /* no video asked for since two minutes */
		     { "240p", 104, 4, 0, 0, 0, 4000 },
		     { "audio", 104, 4, 0, 0, 0, 0 },
	     });
}

static void a_visit_ends_after_half_an_hour_of_silence(void **state)
{
	struct uses *u = *state;
	PLAY(u, device(u, "10.0.0.1"),
	     {
		     { "240p", 100, 1, 1, 0, 1, 4000 },
		     { "240p", 130, 2, 0, 0, 0,
		       4000 }, /* half an hour after the last: still the same */
		     { "240p", 160, 3, 0, 0, 0, 4000 },
		     { "240p", 191, 4, 1, 0, 0,
		       4000 }, /* the device itself was here today already */
	     });
}

static void a_completion_needs_the_end_and_half_of_the_way(void **state)
{
	struct uses *u = *state;
	PLAY(u, device(u, "10.0.0.1"),
	     {
		     { "240p", 100, 1, 1, 0, 1, 4000 },
		     { "240p", 100, 10, 0, 0, 0, 4000 }, /* jumped to the end */
		     { "240p", 100, 2, 0, 0, 0, 4000 },
		     { "240p", 100, 3, 0, 0, 0, 4000 },
		     { "240p", 100, 4, 0, 0, 0, 4000 },
		     { "240p", 100, 10, 0, 1, 0, 4000 },
		     { "240p", 100, 10, 0, 0, 0, 4000 }, /* once a visit */
	     });
}

static void devices_are_told_apart_for_a_day(void **state)
{
	struct uses *u = *state;
	const uint64_t a = device(u, "10.0.0.1"), b = device(u, "10.0.0.2");
	assert_true(a != b);
	assert_true(a == device(u, "10.0.0.1"));
	assert_true(a != uses_device(u, "10.0.0.1", 8, "another", 7));
	PLAY(u, a, { { "240p", 100, 1, 1, 0, 1, 4000 } });
	PLAY(u, b, { { "240p", 100, 1, 1, 0, 1, 4000 } });
	/* What is shared by workers is the same for the next one. */
	struct uses *second = uses_at(u, USES_MIN_BYTES);
	assert_false(uses_needs_salt(second, 20000));
	PLAY(second, a, { { "240p", 100, 2, 0, 0, 0, 4000 } });
	/* The next day knows nobody any more, and yesterday's names mean nothing. */
	uses_new_day(u, 20001, other_salt);
	assert_true(a != device(u, "10.0.0.1"));
	PLAY(u, device(u, "10.0.0.1"), { { "240p", 101, 2, 1, 0, 1, 4000 } });
}

static void a_crowd_does_not_break_the_table(void **state)
{
	struct uses *u = *state;
	uint32_t starts = 0, again = 0;
	for (uint32_t i = 0; i < 20000; i++) {
		const struct uses_event e = { i * 2654435761u, 100,       "lesson", "240p", 1,
					      COUNT,           SEGMENT_MS };
		starts += uses_delivered(u, &e).starts;
		again += uses_delivered(u, &e).starts;
	}
	assert_int_equal(starts, 20000);
	assert_int_equal(again, 0);
	/* More rungs than there are bits for. */
	for (uint32_t i = 0; i < 100; i++) {
		char rung[40];
		const struct uses_event e = { 1, 100, "lesson", rung, 1, COUNT, SEGMENT_MS };
		memset(rung, 'a' + (int)(i % 26), sizeof(rung) - 1);
		rung[0] = (char)('A' + i % 50);
		rung[sizeof(rung) - 1] = '\0';
		uses_delivered(u, &e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_video_counts_once_though_audio_comes_along, make,
						drop),
		cmocka_unit_test_setup_teardown(audio_alone_counts_from_its_first_segment, make,
						drop),
		cmocka_unit_test_setup_teardown(a_document_is_a_visit_of_its_own, make, drop),
		cmocka_unit_test_setup_teardown(turning_the_picture_off_goes_on_counting, make,
						drop),
		cmocka_unit_test_setup_teardown(a_visit_ends_after_half_an_hour_of_silence, make,
						drop),
		cmocka_unit_test_setup_teardown(a_completion_needs_the_end_and_half_of_the_way,
						make, drop),
		cmocka_unit_test_setup_teardown(devices_are_told_apart_for_a_day, make, drop),
		cmocka_unit_test_setup_teardown(a_crowd_does_not_break_the_table, make, drop),
	};
	return cmocka_run_group_tests_name("cache/uses", tests, NULL, NULL);
}
