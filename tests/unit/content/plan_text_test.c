// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/plan_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define SOURCE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static wasl_Segment segments[2] = { { .start_ticks = 0, .duration_ticks = 100000 },
				    { .start_ticks = 100000, .duration_ticks = 50000 } };
static wasl_Anchor anchors[2] = { { 0, 10, 480 }, { 90, 100, 96000 } };

static wasl_Plan plan_of(void)
{
	return (wasl_Plan){ .version = 1,
			    .timescale = 25000,
			    .segments = segments,
			    .segments_count = 2,
			    .width = 640,
			    .height = 360,
			    .fps_num = 25,
			    .fps_den = 1,
			    .sample_rate = 48000,
			    .has_foreign = true,
			    .foreign = { .picture = 0,
					 .sound = 1,
					 .start_us = -7,
					 .gain_centibel = 48,
					 .anchors = anchors,
					 .anchors_count = 2 } };
}

static struct plan_text_of of(const wasl_Plan *plan)
{
	return (struct plan_text_of){ .plan = plan,
				      .source = SOURCE,
				      .source_bytes = 1000,
				      .rung_mask = 1u << RUNG_240P | 1u << RUNG_AUDIO,
				      .point = POINT_NOW,
				      .libraries = "libx264.so.164" };
}

static char *text_of(const struct plan_text_of *what)
{
	char *text;
	size_t len;
	assert_int_equal(plan_text(what, &text, &len), 0);
	assert_int_equal(strlen(text), len);
	return text;
}

static void is_one_fact_a_line(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"wasl-plan 1\nsource " SOURCE " 1000\nrecipe ",
		"\npoint now\nlibraries libx264.so.164\n",
		"\npicture 640x360 25/1\nsound 48000\ntimescale 25000\n",
		"\nrung 240p 426x240 25/1 ",
		"\nrung audio ",
		"\nforeign picture 0 sound 1 start -7 ",
		"\nanchor 2 90 100 96000\n",
		"\nsegment 2 100000 50000 0 0+0\nhash ",
	};
	wasl_Plan plan = plan_of();
	struct plan_text_of what = of(&plan);
	AUTO_FREE char *text = text_of(&what);
	AUTO_FREE char *again = text_of(&what);
	assert_string_equal(text, again);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (!strstr(text, lines[i]))
			fail_msg("no '%s' in:\n%s", lines[i], text);
	assert_null(strstr(text, "rung 480p"));
}

/* Whatever changes the bytes of a rendition changes its name. */
static void every_fact_changes_the_name(void **state)
{
	(void)state;
	wasl_Plan plan = plan_of();
	struct plan_text_of what = of(&plan);
	AUTO_FREE char *text = text_of(&what);
	char before[24];
	assert_int_equal(plan_text_generation(text, before), 0);
	assert_int_equal(strlen(before), 14);
#define CHANGES(change)                                                  \
	do {                                                             \
		wasl_Plan p = plan_of();                                 \
		struct plan_text_of w = of(&p);                          \
		char after[24];                                          \
		change;                                                  \
		AUTO_FREE char *other = text_of(&w);                     \
		assert_int_equal(plan_text_generation(other, after), 0); \
		assert_string_not_equal(before, after);                  \
	} while (0)
	CHANGES(w.point = POINT_IDLE);
	CHANGES(w.rung_mask |= 1u << RUNG_144P);
	CHANGES(w.source_bytes++);
	CHANGES(w.source = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
	CHANGES(w.libraries = "libx264.so.165");
	CHANGES(p.width = 642);
	CHANGES(p.foreign.gain_centibel = 0);
	CHANGES(p.foreign.turn = 3);
	CHANGES(p.foreign.wind = 1);
	CHANGES(p.foreign.first_only = 1);
	CHANGES(p.foreign.anchors_count = 0);
	CHANGES(p.has_foreign = false);
	CHANGES(p.segments_count = 1);
}

static void what_is_no_text_has_no_name(void **state)
{
	(void)state;
	static const char *const bad[] = { "",
					   "hash ",
					   "x\nhash 12\n",
					   "x\nhash " SOURCE,
					   "x\nhash " SOURCE "\ny",
					   "x\nhash " SOURCE "0\n",
					   "x\nhash "
					   "zz112233445566778899aabbccddeeff00112233445566778899"
					   "aabbccddeeff\n" };
	char out[24] = "as before";
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(plan_text_generation(bad[i], out), -EBADMSG);
	assert_int_equal(plan_text_generation("x\nhash " SOURCE "\n", out), 0);
	assert_string_equal(out, "g-001122334455");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_one_fact_a_line),
		cmocka_unit_test(every_fact_changes_the_name),
		cmocka_unit_test(what_is_no_text_has_no_name),
	};
	return cmocka_run_group_tests_name("content/plan_text", tests, NULL, NULL);
}
