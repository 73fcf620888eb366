// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kitchen with children that misbehave: this program is also the child it starts, and does what the
 * segment's number says.
 */
#include "content/kitchen/kitchen.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "content/transcoder/job.h"
#include "content/transcoder/pack.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

enum deed {
	GOOD = 1,
	HANGS,
	SAYS_FAILED,
	DIES,
	EXITS,
	BABBLES,
	UNSEALED,
	WRONG_LENGTH,
	WRONG_SIZE,
	WRONG_PROFILE,
	WRONG_TIME,
	NO_INIT,
	TWICE,
	ANOTHER_RUNG,
	LEAVES_OUT,
	OTHER_PARAMETERS,
	NOT_BOXES,
	NO_MEMFD,
	CHATTERS,
	DEEDS,
};

/* --- the child ------------------------------------------------------------------------------------ */

static void answer(const struct job_reply *r, size_t len, int passed)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)r, len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	if (passed >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS,
						 .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(int));
	}
	if (sendmsg(JOB_FD, &msg, MSG_NOSIGNAL) < 0)
		_exit(3);
}

static void dish(enum deed deed, uint32_t rung, uint32_t segment, const struct box_out *o)
{
	struct job_reply r = { .magic = JOB_MAGIC,
			       .kind = JOB_DISH,
			       .rung = rung,
			       .segment = segment,
			       .length = o->len };
	int fd = memfd_create("dish", MFD_ALLOW_SEALING);
	if (fileio_write_all(fd, o->bytes, o->len))
		_exit(3);
	if (deed != UNSEALED)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	if (deed == WRONG_LENGTH)
		r.length++;
	answer(&r, sizeof(r), deed == NO_MEMFD ? -1 : fd);
	close(fd);
}

static void make(enum deed deed, const struct job_order *order, const struct job_rung *rung)
{
	uint8_t config[] = { 1,    (uint8_t)rung->profile,
			     0x40, (uint8_t)rung->level,
			     0xff, 0xe1,
			     0,    4,
			     0x67, 1,
			     2,    3,
			     1,    0,
			     2,    0x68,
			     1 };
	config[1] ^= deed == WRONG_PROFILE;
	config[16] ^= deed == OTHER_PARAMETERS;
	struct pack_track t = { .kind = PACK_PICTURE,
				.timescale = order->timescale,
				.width = rung->width,
				.height = rung->height,
				.config = config,
				.config_len = sizeof(config) };
	if (deed == WRONG_SIZE)
		t.width += 2;
	struct pack_sample s = { .size = 4,
				 .duration = (uint32_t)(order->to_ticks - order->from_ticks) -
					     (deed == WRONG_TIME),
				 .key = 1 };
	struct box_out init = { 0 }, media = { 0 };
	pack_init(&t, &init);
	if (deed == NOT_BOXES)
		box_put(&media, "words words words", 17);
	else
		pack_pictures(order->segment, order->from_ticks, &s, 1, (const uint8_t *)"data", 4,
			      &media);
	uint32_t name = deed == ANOTHER_RUNG ? rung->rung + 1 : rung->rung;
	if (deed != NO_INIT)
		dish(deed, name, 0, &init);
	dish(deed, name, order->segment, &media);
	if (deed == TWICE)
		dish(deed, name, order->segment, &media);
	box_done(&init);
	box_done(&media);
}

static int be_the_child(void)
{
	struct job_order order;
	if (recv(JOB_FD, &order, sizeof(order), 0) != (ssize_t)sizeof(order) ||
	    job_order_check(&order, sizeof(order)))
		return 3;
	enum deed deed = order.segment;
	struct job_reply last = { .magic = JOB_MAGIC, .kind = JOB_DONE };
	if (deed == HANGS)
		for (;;)
			pause();
	if (deed == DIES)
		abort();
	if (deed == EXITS)
		return 0;
	if (deed == BABBLES)
		answer(&last, 7, -1);
	if (deed == SAYS_FAILED) {
		last.kind = JOB_FAILED;
		last.code = -EBADMSG;
		snprintf(last.id, sizeof(last.id), "cook.damaged");
		snprintf(last.text, sizeof(last.text), "segment 3 is damaged");
	} else if (deed != LEAVES_OUT) {
		for (uint32_t i = 0; i < order.rung_count; i++)
			make(deed, &order, &order.rungs[i]);
	}
	answer(&last, sizeof(last), -1);
	if (deed == CHATTERS) { /* has said that it is done, says it again and stays */
		answer(&last, sizeof(last), -1);
		for (;;)
			pause();
	}
	return 0;
}

/* --- the kitchen ----------------------------------------------------------------------------------- */

static wasl_Segment grid[DEEDS];
static const wasl_Plan plan = { .version = 1,
				.timescale = 25000,
				.segments_count = DEEDS - 1,
				.segments = grid,
				.width = 1280,
				.height = 720,
				.fps_num = 25,
				.fps_den = 1 };

struct table {
	sd_event *loop;
	struct kitchen *kitchen;
	int source;
	unsigned pending;
	bool stop;
	unsigned inits, segments, ends;
	uint32_t order[64]; /* segments in the order they ended */
	struct fault why;
	struct kitchen_job *cancel_in_made;
};

static void made(void *data, const struct kitchen_dish *d)
{
	struct table *t = data;
	assert_non_null(d->bytes);
	if (d->segment)
		t->segments++;
	else
		t->inits++;
	if (t->cancel_in_made) {
		kitchen_cancel(t->cancel_in_made);
		t->cancel_in_made = NULL;
		t->stop = true;
	}
}

struct meal {
	struct table *table;
	uint32_t segment;
	int code;
};

static void made_meal(void *data, const struct kitchen_dish *d)
{
	made(((struct meal *)data)->table, d);
}

static void done(void *data, int code, const struct fault *why)
{
	struct meal *m = data;
	struct table *t = m->table;
	m->code = code;
	assert_true((code == 0) == (why == NULL));
	if (why)
		t->why = *why;
	t->order[t->ends++ % 64] = m->segment;
	if (--t->pending == 0)
		t->stop = true;
}

static struct kitchen_job *order_as(struct table *t, struct meal *m, uint32_t segment,
				    unsigned priority, const void *init, size_t len)
{
	*m = (struct meal){ .table = t, .segment = segment, .code = 1 };
	struct kitchen_order o = { .source_fd = t->source,
				   .source_size = 100,
				   .plan = &plan,
				   .segment = segment,
				   .rung_mask = 1u << RUNG_240P | 1u << RUNG_480P,
				   .with_init = true,
				   .priority = priority,
				   .made = made_meal,
				   .done = done,
				   .data = m };
	o.init[RUNG_240P].bytes = init;
	o.init[RUNG_240P].len = len;
	struct kitchen_job *job = NULL;
	struct fault why;
	assert_int_equal(kitchen_cook(t->kitchen, &o, &job, &why), 0);
	t->pending++;
	return job;
}

static struct kitchen_job *order(struct table *t, struct meal *m, uint32_t segment,
				 unsigned priority)
{
	return order_as(t, m, segment, priority, NULL, 0);
}

static int set_table(void **state)
{
	struct table *t = calloc(1, sizeof(*t));
	char self[4096] = { 0 };
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	for (uint32_t i = 0; i < DEEDS; i++)
		grid[i] = (wasl_Segment){ .start_ticks = i * 100000u, .duration_ticks = 100000 };
	struct kitchen_limits limits = { .workers = 2, .cpu_s = 1, .program = self };
	assert_true(sd_event_new(&t->loop) >= 0);
	assert_int_equal(kitchen_new(t->loop, &limits, &t->kitchen, &t->why), 0);
	t->source = memfd_create("source", MFD_CLOEXEC);
	assert_int_equal(ftruncate(t->source, 100), 0);
	*state = t;
	return 0;
}

static int clear_table(void **state)
{
	struct table *t = *state;
	kitchen_free(t->kitchen);
	sd_event_unref(t->loop);
	close(t->source);
	free(t);
	return 0;
}

static void run(struct table *t)
{
	t->stop = false;
	while (!t->stop)
		assert_true(sd_event_run(t->loop, UINT64_MAX) >= 0);
}

static void a_good_child_serves_every_rung_once(void **state)
{
	struct table *t = *state;
	struct meal m;
	order(t, &m, GOOD, 0);
	assert_int_equal(kitchen_busy(t->kitchen), 0); /* nothing happens inside the call */
	run(t);
	assert_int_equal(m.code, 0);
	assert_int_equal(t->inits, 2);
	assert_int_equal(t->segments, 2);
	assert_int_equal(kitchen_busy(t->kitchen), 0);
}

static void every_misdeed_is_one_fault(void **state)
{
	struct table *t = *state;
	static const struct {
		enum deed deed;
		int code;
		const char *id;
	} rows[] = {
		{ SAYS_FAILED, -EBADMSG, "cook.damaged" },
		{ DIES, -ECHILD, "kitchen.child" },
		{ EXITS, -EPIPE, "kitchen.child" },
		{ BABBLES, -EBADMSG, "kitchen.child" },
		{ UNSEALED, -EBADMSG, "kitchen.child" },
		{ WRONG_LENGTH, -EBADMSG, "kitchen.child" },
		{ WRONG_SIZE, -EBADMSG, "kitchen.init" },
		{ WRONG_PROFILE, -EBADMSG, "kitchen.init" },
		{ WRONG_TIME, -EBADMSG, "kitchen.segment" },
		{ NO_INIT, -EBADMSG, "kitchen.child" },
		{ TWICE, -EBADMSG, "kitchen.child" },
		{ LEAVES_OUT, -EBADMSG, "kitchen.child" },
		{ NOT_BOXES, -EBADMSG, "kitchen.segment" },
		{ NO_MEMFD, -EBADMSG, "kitchen.child" },
		{ ANOTHER_RUNG, -EBADMSG, "kitchen.child" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct meal m;
		t->why = (struct fault){ 0 };
		order(t, &m, rows[i].deed, 0);
		run(t);
		assert_int_equal(m.code, rows[i].code);
		assert_string_equal(t->why.id, rows[i].id);
		assert_true(strlen(t->why.text) > 10);
		assert_int_equal(kitchen_busy(t->kitchen), 0);
	}
	/* and the kitchen still works */
	struct meal m;
	order(t, &m, GOOD, 0);
	run(t);
	assert_int_equal(m.code, 0);
}

static void segments_fit_what_the_rendition_began_with(void **state)
{
	struct table *t = *state;
	struct meal m;
	order(t, &m, GOOD, 0);
	run(t);
	assert_int_equal(m.code, 0);
	order(t, &m, OTHER_PARAMETERS, 0); /* of the same generation, as this kitchen has seen it */
	run(t);
	assert_int_equal(m.code, -ESTALE);
	assert_string_equal(t->why.id, "kitchen.params");
	order_as(t, &m, GOOD, 0, "another beginning", 17); /* as the store has it */
	run(t);
	assert_int_equal(m.code, -ESTALE);
}

static void a_hanging_child_is_given_up(void **state)
{
	struct table *t = *state;
	struct meal m;
	order(t, &m, HANGS, 0);
	run(t);
	assert_int_equal(m.code, -ETIMEDOUT);
	assert_string_equal(t->why.id, "kitchen.deadline");
}

/* What nobody reads any more must not wake the loop again and again until the deadline. */
static void a_child_that_is_done_and_talks_on_is_not_listened_to(void **state)
{
	struct table *t = *state;
	struct meal m;
	unsigned turns = 0;
	order(t, &m, CHATTERS, 0);
	t->stop = false;
	while (!t->stop) {
		assert_true(sd_event_run(t->loop, UINT64_MAX) >= 0);
		assert_true(++turns < 1000);
	}
	assert_int_equal(m.code, -ETIMEDOUT);
}

static void pupils_come_before_idle_work(void **state)
{
	struct table *t = *state;
	struct meal hang[2], first, second, idle;
	/* idle work fills the kitchen; whoever waits is served all the same, in order of need */
	struct kitchen_job *hanging[] = { order(t, &hang[0], HANGS, 9),
					  order(t, &hang[1], HANGS, 9) };
	while (kitchen_busy(t->kitchen) < 2)
		assert_true(sd_event_run(t->loop, UINT64_MAX) >= 0);
	order(t, &idle, SAYS_FAILED, 9);
	order(t, &second, EXITS, 3);
	order(t, &first, GOOD, 0);
	t->pending -= 3; /* the hanging ones and the idle one behind them do not end */
	run(t);
	assert_int_equal(first.code, 0);
	assert_int_equal(second.code, -EPIPE);
	assert_int_equal(idle.code, 1);
	assert_int_equal(kitchen_busy(t->kitchen), 2);
	/* cancelled, they make room without a word */
	t->pending = 1;
	kitchen_cancel(hanging[0]);
	kitchen_cancel(hanging[1]);
	run(t);
	assert_int_equal(idle.code, -EBADMSG);
	assert_int_equal(hang[0].code, 1);
	assert_int_equal(hang[1].code, 1);
}

/* Whoever waits for what was begun for nobody does not wait at idle pace. */
static void idle_work_hurries_when_a_pupil_comes(void **state)
{
	struct table *t = *state;
	struct meal hang[2], here, behind[2];
	struct kitchen_job *hanging[] = { order(t, &hang[0], HANGS, 9),
					  order(t, &hang[1], HANGS, 9) };
	while (kitchen_busy(t->kitchen) < 2)
		assert_true(sd_event_run(t->loop, UINT64_MAX) >= 0);
	const int rc = kitchen_hurry(hanging[0], 0);
	if (rc) { /* as systemd's LimitNICE= and the rights of this user have it */
		assert_int_equal(rc, -EPERM);
		kitchen_cancel(hanging[0]);
	}
	/* behind the idle one that hangs, and then no longer */
	struct kitchen_job *late = order(t, &behind[0], EXITS, 9);
	struct kitchen_job *soon = order(t, &behind[1], SAYS_FAILED, 9);
	t->pending = 1;
	assert_int_equal(kitchen_hurry(soon, 0), 0);
	run(t);
	assert_int_equal(behind[1].code, -EBADMSG);
	assert_int_equal(behind[0].code, 1);
	kitchen_cancel(late);
	/* one that was hurried holds a place that a pupil's job needs: two at once, no more */
	order(t, &here, GOOD, 0);
	t->pending = 1;
	run(t);
	assert_int_equal(here.code, 0);
	kitchen_cancel(hanging[1]);
	if (!rc)
		kitchen_cancel(hanging[0]);
}

static void cancelling_is_allowed_at_any_time(void **state)
{
	struct table *t = *state;
	struct meal waiting, working;
	kitchen_cancel(NULL);
	kitchen_cancel(order(t, &waiting, GOOD, 0));     /* before it began */
	t->cancel_in_made = order(t, &working, GOOD, 0); /* while it hands over */
	run(t);
	assert_int_equal(waiting.code, 1);
	assert_int_equal(working.code, 1);
	assert_int_equal(t->inits + t->segments, 1);
	/* set_table's opposite ends a child that still runs */
	struct meal hanging;
	order(t, &hanging, HANGS, 0);
	assert_true(sd_event_run(t->loop, 0) >= 0);
}

static void orders_that_cannot_be_are_refused_at_once(void **state)
{
	struct table *t = *state;
	static const struct {
		uint32_t segment, mask;
		uint64_t size;
		const char *id;
	} rows[] = {
		{ 0, 1u << RUNG_240P, 100, "kitchen.order" },
		{ DEEDS, 1u << RUNG_240P, 100, "kitchen.order" },
		{ 1, 0, 100, "kitchen.order" },
		{ 1, 1u << RUNG_AUDIO, 100, "kitchen.order" }, /* the plan has no sound */
		{ 1, 1u << RUNG_240P, 0, "kitchen.order" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kitchen_order o = { .source_fd = t->source,
					   .source_size = rows[i].size,
					   .plan = &plan,
					   .segment = rows[i].segment,
					   .rung_mask = rows[i].mask,
					   .made = made,
					   .done = done };
		struct kitchen_job *job = NULL;
		assert_int_equal(kitchen_cook(t->kitchen, &o, &job, &t->why), -EINVAL);
		assert_string_equal(t->why.id, rows[i].id);
		assert_null(job);
	}
	struct kitchen_limits limits = { .program = "/nowhere/wasl-transcoder" };
	struct kitchen *none = NULL;
	assert_int_equal(kitchen_new(t->loop, &limits, &none, &t->why), -ENOENT);
	assert_null(none);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "worker"))
		_exit(be_the_child());
#define KITCHEN_TEST(f) cmocka_unit_test_setup_teardown(f, set_table, clear_table)
	const struct CMUnitTest tests[] = {
		KITCHEN_TEST(a_good_child_serves_every_rung_once),
		KITCHEN_TEST(every_misdeed_is_one_fault),
		KITCHEN_TEST(segments_fit_what_the_rendition_began_with),
		KITCHEN_TEST(a_hanging_child_is_given_up),
		KITCHEN_TEST(a_child_that_is_done_and_talks_on_is_not_listened_to),
		KITCHEN_TEST(pupils_come_before_idle_work),
		KITCHEN_TEST(idle_work_hurries_when_a_pupil_comes),
		KITCHEN_TEST(cancelling_is_allowed_at_any_time),
		KITCHEN_TEST(orders_that_cannot_be_are_refused_at_once),
	};
	return cmocka_run_group_tests_name("content/kitchen", tests, NULL, NULL);
}
