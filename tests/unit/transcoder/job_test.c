// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/job.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct job_order good(void)
{
	return (struct job_order){
		.magic = JOB_MAGIC,
		.version = JOB_VERSION,
		.source_size = 1000,
		.spans = { { 0, 100 }, { 100, 900 } },
		.span_count = 2,
		.segment = 1,
		.timescale = 25000,
		.to_ticks = 100000,
		.to_sample = 192512,
		.rung_count = 2,
		.rungs = { { .rung = 2,
			     .width = 426,
			     .height = 240,
			     .fps_num = 25,
			     .fps_den = 1,
			     .cap_bps = 250000,
			     .profile = 66,
			     .level = 21 },
			   { .rung = 0, .sound = 1, .cap_bps = 64000 } },
	};
}

#define REFUSED(change)                                                     \
	do {                                                                \
		struct job_order o = good();                                \
		change;                                                     \
		assert_int_equal(job_order_check(&o, sizeof(o)), -EBADMSG); \
	} while (0)

static void orders_are_checked(void **state)
{
	(void)state;
	struct job_order fine = good();
	assert_int_equal(job_order_check(&fine, sizeof(fine)), 0);
	assert_int_equal(job_order_check(&fine, sizeof(fine) - 1), -EBADMSG);
	REFUSED(o.magic++);
	REFUSED(o.version++);
	REFUSED(o.span_count = 0);
	REFUSED(o.span_count = JOB_SPANS_MAX + 1);
	REFUSED(o.spans[1].len = 901);
	REFUSED(o.spans[1].from = UINT64_MAX);
	REFUSED(o.spans[0].len = 0);
	REFUSED(o.rung_count = 0);
	REFUSED(o.rung_count = JOB_RUNGS_MAX + 1);
	REFUSED(o.task = JOB_PREVIEW + 1);
	/* A file that is no mezzanine. */
	struct job_order any = good();
	any.foreign = (struct job_foreign){ .is = 1, .sound = -1, .fps_num = 25, .fps_den = 1 };
	assert_int_equal(job_order_check(&any, sizeof(any)), 0);
#define REFUSED_FOREIGN(change) \
	REFUSED(o.foreign = any.foreign; struct job_foreign *f = &o.foreign; change)
	REFUSED_FOREIGN(f->is = 2);
	REFUSED_FOREIGN(f->turn = 8);
	REFUSED_FOREIGN(f->fields = 4);
	REFUSED_FOREIGN(f->picture = 64);
	REFUSED_FOREIGN(f->sound = -2);
	REFUSED_FOREIGN(f->gain_centibel = 401);
	REFUSED_FOREIGN(f->fps_num = 0);
	REFUSED_FOREIGN(f->wind = 2);
	REFUSED_FOREIGN(f->first_only = 2);
	REFUSED_FOREIGN(f->jumps = JOB_JUMPS_MAX + 1);
	REFUSED_FOREIGN(f->blank = 2);
	/* A look needs no rung; an empty file has no span. */
	struct job_order look = { .magic = JOB_MAGIC, .version = JOB_VERSION, .task = JOB_SURVEY };
	assert_int_equal(job_order_check(&look, sizeof(look)), 0);
	look.source_size = 1;
	assert_int_equal(job_order_check(&look, sizeof(look)), -EBADMSG);
	REFUSED(o.rungs[0].width = 427);
	REFUSED(o.rungs[0].height = 100000);
	REFUSED(o.rungs[0].fps_den = 0);
	REFUSED(o.rungs[0].profile = 100);
	REFUSED(o.rungs[1].sound = 2);
	REFUSED(o.segment = 0);
	REFUSED(o.timescale = 0);
	REFUSED(o.to_ticks = 0);
	REFUSED(o.to_sample = 1);
	REFUSED(o.from_sample = 192512 + 1024);
	REFUSED(o.pace = 2);
}

static void replies_are_checked_and_cleaned(void **state)
{
	(void)state;
	struct job_reply r = { .magic = JOB_MAGIC,
			       .kind = JOB_FAILED,
			       .code = -EBADMSG,
			       .id = "film.encode",
			       .text = "a\x1b[31mb\n" };
	assert_int_equal(job_reply_check(&r, sizeof(r)), 0);
	assert_string_equal(r.text, "a [31mb ");
	static const struct {
		uint32_t kind;
		int32_t code;
		uint64_t length;
		const char *id;
		int want;
	} rows[] = {
		{ JOB_DONE, 0, 0, "", 0 },
		{ JOB_WALLS, 0, 0, "", 0 },
		{ JOB_DISH, 0, 1, "", 0 },
		{ JOB_DISH, 0, 0, "", -EBADMSG },
		{ JOB_DISH, 0, JOB_DISH_MAX + 1, "", -EBADMSG },
		{ JOB_FAILED, 0, 0, "x", -EBADMSG },
		{ JOB_FAILED, 5, 0, "x", -EBADMSG },
		{ JOB_FAILED, INT32_MIN, 0, "x", -EBADMSG },
		{ JOB_FAILED, -5, 0, "No Such", -EBADMSG },
		{ 0, 0, 0, "", -EBADMSG },
		{ 5, 0, 0, "", -EBADMSG },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = (struct job_reply){ .magic = JOB_MAGIC,
					.kind = rows[i].kind,
					.code = rows[i].code,
					.length = rows[i].length };
		snprintf(r.id, sizeof(r.id), "%s", rows[i].id);
		assert_int_equal(job_reply_check(&r, sizeof(r)), rows[i].want);
		assert_int_equal(job_reply_check(&r, sizeof(r) - 1), -EBADMSG);
	}
	r = (struct job_reply){ .magic = JOB_MAGIC, .kind = JOB_DONE };
	memset(r.text, 'x', sizeof(r.text));
	assert_int_equal(job_reply_check(&r, sizeof(r)), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_are_checked),
		cmocka_unit_test(replies_are_checked_and_cleaned),
	};
	return cmocka_run_group_tests_name("transcoder/job", tests, NULL, NULL);
}
