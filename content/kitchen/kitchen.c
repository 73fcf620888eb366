// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen.h"

#include <errno.h>
#include <fcntl.h>
#include <pb_decode.h>
#include <sched.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "content/kitchen/kitchen_check.h"
#include "content/kitchen/kitchen_child.h"
#include "content/kitchen/kitchen_group.h"
#include "content/kitchen/kitchen_plan.h"
#include "content/kitchen/kitchen_seen.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/sandbox.h"
#include "firmware/record/codec.h"

#define PRIORITY_IDLE 9u
#define WORKERS_MAX 64u
#define CPU_S_DEFAULT 120u
/* Wall time that a job may take for each second of processor time it may use: others want the processor too. */
#define PATIENCE_NOW 4u
#define PATIENCE_IDLE 60u

struct kitchen_job {
	struct kitchen *kitchen;
	struct kitchen_job *next;
	struct job_order order;
	char generation[24];
	int source_fd;
	bool with_init, running, cancelled;
	bool answered; /* JOB_DONE or JOB_FAILED came */
	unsigned priority;
	uint32_t init_made, media_made; /* masks of rungs */
	bool init_known[RUNG_COUNT];
	unsigned char init_hash[RUNG_COUNT][crypto_generichash_BYTES];
	struct kitchen_child child;
	sd_event_source *on_message, *on_end, *on_deadline;
	struct fault why;
	void (*made)(void *data, const struct kitchen_dish *dish);
	void (*done)(void *data, int code, const struct fault *why);
	void (*found)(void *data, const wasl_Survey *survey, const struct fault *why);
	wasl_Survey survey; /* JOB_SURVEY: what came */
	void *data;
};

struct kitchen {
	sd_event *loop;
	sd_event_source *on_work;
	unsigned workers, cpu_s;
	uint64_t memory_bytes;
	char *program;
	struct kitchen_job *waiting; /* by priority, then age */
	struct kitchen_job *running; /* cancelled ones too, until they are reaped */
	unsigned busy, busy_idle;
	unsigned walls_missing;
	const struct kitchen_group *group;
	enum kitchen_idle idle;
	struct seen seen;
};

CLEAN_FN(kitchen, struct kitchen, kitchen_free)

/* --- jobs ---------------------------------------------------------------------------------------- */

static void job_free(struct kitchen_job *j)
{
	if (!j)
		return;
	sd_event_source_disable_unref(j->on_message);
	sd_event_source_disable_unref(j->on_end);
	sd_event_source_disable_unref(j->on_deadline);
	if (j->source_fd >= 0)
		close(j->source_fd);
	pb_release(wasl_Survey_fields, &j->survey);
	free(j);
}

CLEAN_FN(job, struct kitchen_job, job_free)

static void unlink_job(struct kitchen_job **list, struct kitchen_job *j)
{
	while (*list && *list != j)
		list = &(*list)->next;
	if (*list)
		*list = j->next;
	j->next = NULL;
}

static void enqueue(struct kitchen_job **list, struct kitchen_job *j)
{
	while (*list && (*list)->priority <= j->priority)
		list = &(*list)->next;
	j->next = *list;
	*list = j;
}

/* The job ends: the caller hears of it once, then it is gone. */
static void finish(struct kitchen_job *j)
{
	struct kitchen *k = j->kitchen;
	unlink_job(j->running ? &k->running : &k->waiting, j);
	if (j->running) {
		k->busy--;
		k->busy_idle -= j->priority >= PRIORITY_IDLE;
	}
	if (!j->cancelled && j->order.task == JOB_SURVEY)
		j->found(j->data, j->why.code ? NULL : &j->survey, j->why.code ? &j->why : NULL);
	else if (!j->cancelled)
		j->done(j->data, j->why.code, j->why.code ? &j->why : NULL);
	job_free(j);
	if (k->waiting)
		sd_event_source_set_enabled(k->on_work, SD_EVENT_ONESHOT);
}

static void fail(struct kitchen_job *j)
{
	if (!j->answered)
		kitchen_child_kill(&j->child);
	j->answered = true;
}

/* --- what children hand over ---------------------------------------------------------------------- */

static const struct job_rung *rung_of(const struct kitchen_job *j, uint32_t rung)
{
	for (uint32_t i = 0; i < j->order.rung_count; i++)
		if (j->order.rungs[i].rung == rung)
			return &j->order.rungs[i];
	return NULL;
}

/* Every segment's parameter sets are those that the rendition began with. */
static int compare_init(struct kitchen_job *j, uint32_t rung, const void *bytes, size_t len)
{
	const unsigned char *known = j->init_known[rung] ? j->init_hash[rung] : NULL;
	if (!seen_check(&j->kitchen->seen, j->generation, rung, known, bytes, len))
		return 0;
	return fault_set(&j->why, -ESTALE, "kitchen.params",
			 "segment %u of %s does not fit the ones before it: the encoder "
			 "has changed since; make the rendition anew",
			 j->order.segment, kitchen_rung_name((enum kitchen_rung)rung));
}

static void hand_over(struct kitchen_job *j, const struct job_reply *reply, const void *bytes)
{
	struct kitchen_dish dish = { .rung = (enum kitchen_rung)reply->rung,
				     .segment = reply->segment,
				     .bytes = bytes,
				     .len = (size_t)reply->length,
				     .lost_us = reply->lost_us };
	j->made(j->data, &dish);
}

static int take_dish(struct kitchen_job *j, const struct job_reply *reply, const void *bytes)
{
	const struct job_rung *rung = rung_of(j, reply->rung);
	uint32_t bit = rung ? 1u << rung->rung : 0;
	bool init = reply->segment == 0;
	if (j->order.task >= JOB_WORDS && !j->media_made) { /* who asked reads it */
		const struct job_reply plain = { .length = reply->length };
		j->media_made = 1;
		hand_over(j, &plain, bytes);
		return 0;
	}
	/* In order: init, then the segment, each once. */
	if (!rung || (!init && reply->segment != j->order.segment) ||
	    ((init ? j->init_made : j->media_made) & bit) || (!init && !(j->init_made & bit)))
		return fault_set(&j->why, -EBADMSG, "kitchen.child",
				 "wasl-transcoder made what nobody asked for");
	size_t len = (size_t)reply->length;
	int rc = init ? kitchen_check_init(bytes, len, &j->order, rung, &j->why)
		      : kitchen_check_media(bytes, len, &j->order, rung, &j->why);
	if (!rc && init)
		rc = compare_init(j, rung->rung, bytes, len);
	if (rc)
		return rc;
	if (init)
		j->init_made |= bit;
	else
		j->media_made |= bit;
	if (!init || j->with_init)
		hand_over(j, reply, bytes);
	return 0;
}

/* Comes from a process that has read foreign bytes: the plan is checked like any other. */
static int take_survey(struct kitchen_job *j, const void *bytes, size_t len)
{
	wasl_Survey *s = &j->survey;
	if (j->media_made)
		return fault_set(&j->why, -EBADMSG, "kitchen.child",
				 "wasl-transcoder said twice what it found");
	int rc = codec_decode(wasl_Survey_fields, bytes, len, s, &j->why);
	if (rc)
		return rc;
	j->media_made = 1;
	if (s->verdict > 2 || s->has_plan != (s->verdict < 2))
		return fault_set(&j->why, -EBADMSG, "kitchen.child",
				 "wasl-transcoder gave no verdict that is one");
	return s->has_plan ? kitchen_plan_check(&s->plan, &j->why) : 0;
}

static int take_reply(struct kitchen_job *j, const struct job_reply *reply, int memfd)
{
	const void *bytes;
	int rc = 0;
	switch ((enum job_kind)reply->kind) {
	case JOB_WALLS:
		j->kitchen->walls_missing |= reply->walls;
		return 0;
	case JOB_DISH:
		rc = kitchen_child_map(memfd, (size_t)reply->length, &bytes);
		if (rc)
			return fault_set(&j->why, rc, "kitchen.child",
					 "wasl-transcoder's result is not sealed or not whole");
		rc = j->order.task == JOB_SURVEY ? take_survey(j, bytes, (size_t)reply->length)
						 : take_dish(j, reply, bytes);
		kitchen_child_unmap(bytes, (size_t)reply->length);
		return rc;
	case JOB_DONE:
		j->answered = true;
		if (!j->media_made && j->order.task != JOB_COOK && j->order.task != JOB_WORDS)
			return fault_set(&j->why, -EBADMSG, "kitchen.child",
					 "wasl-transcoder does not say what it found");
		for (uint32_t i = 0; i < j->order.rung_count; i++)
			if (!(j->media_made & 1u << j->order.rungs[i].rung))
				return fault_set(&j->why, -EBADMSG, "kitchen.child",
						 "wasl-transcoder left a rung out");
		return 0;
	case JOB_FAILED:
		j->answered = true;
		return fault_set(&j->why, reply->code, reply->id, "%s", reply->text);
	}
	return 0;
}

static void drain(struct kitchen_job *j)
{
	while (!j->answered && !j->cancelled) {
		struct job_reply reply;
		AUTO_FD int passed = -1;
		int rc = kitchen_child_receive(&j->child, &reply, &passed);
		if (rc == 0)
			return;
		if (rc < 0)
			fault_set(&j->why, rc, "kitchen.child",
				  "wasl-transcoder says what nobody understands");
		else
			rc = take_reply(j, &reply, passed);
		if (rc < 0)
			fail(j);
	}
}

static int on_message(sd_event_source *source, int fd, uint32_t events, void *data)
{
	(void)fd;
	struct kitchen_job *j = data;
	drain(j);
	/* Nothing more comes, or nothing more is read: the process id's descriptor tells the end. */
	if (j->answered || j->cancelled || events & (EPOLLHUP | EPOLLERR))
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int on_end(sd_event_source *source, int fd, uint32_t events, void *data)
{
	(void)source;
	(void)fd;
	(void)events;
	struct kitchen_job *j = data;
	drain(j); /* what it said before it ended */
	sd_event_source_set_enabled(j->on_message, SD_EVENT_OFF);
	sd_event_source_set_enabled(j->on_end, SD_EVENT_OFF);
	struct fault how = { 0 };
	int rc = kitchen_child_reap(&j->child, &how);
	if (!j->answered && !j->why.code)
		j->why = how;
	if (!rc && !j->answered && !j->why.code)
		fault_set(&j->why, -EPIPE, "kitchen.child", "wasl-transcoder ended without a word");
	finish(j);
	return 0;
}

static uint64_t patience_us(const struct kitchen_job *j)
{
	const bool idle = j->priority >= PRIORITY_IDLE;
	return (uint64_t)j->order.cpu_s * (idle ? PATIENCE_IDLE : PATIENCE_NOW) * 1000000;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	struct kitchen_job *j = data;
	if (!j->why.code)
		fault_set(&j->why, -ETIMEDOUT, "kitchen.deadline",
			  "segment %u took longer than %u s and was given up", j->order.segment,
			  (unsigned)(patience_us(j) / 1000000));
	fail(j);
	kitchen_child_kill(&j->child);
	return 0;
}

/* --- starting ------------------------------------------------------------------------------------- */

static int watch(struct kitchen_job *j)
{
	struct kitchen *k = j->kitchen;
	int rc = sd_event_add_io(k->loop, &j->on_message, j->child.socket, EPOLLIN, on_message, j);
	if (rc >= 0)
		rc = sd_event_add_io(k->loop, &j->on_end, j->child.pidfd, EPOLLIN, on_end, j);
	if (rc >= 0)
		rc = sd_event_add_time_relative(k->loop, &j->on_deadline, CLOCK_MONOTONIC,
						patience_us(j), 0, on_deadline, j);
	return rc < 0 ? rc : 0;
}

/* Ends a child and waits for it. Sources go first: they watch the descriptors that reaping closes. */
static void put_out(struct kitchen_job *j)
{
	j->on_message = sd_event_source_disable_unref(j->on_message);
	j->on_end = sd_event_source_disable_unref(j->on_end);
	kitchen_child_kill(&j->child);
	kitchen_child_reap(&j->child, NULL);
}

static void start(struct kitchen_job *j)
{
	struct kitchen *k = j->kitchen;
	bool idle = j->priority >= PRIORITY_IDLE;
	int rc = kitchen_child_start(k->program, idle ? KITCHEN_PACE_IDLE : KITCHEN_PACE_NORMAL,
				     kitchen_group_idle(k->group), &j->order, j->source_fd,
				     &j->child, &j->why);
	if (rc) {
		finish(j);
		return;
	}
	unlink_job(&k->waiting, j);
	enqueue(&k->running, j);
	j->running = true;
	k->busy++;
	k->busy_idle += idle;
	rc = watch(j);
	if (rc) {
		fault_set(&j->why, rc, "kitchen.start", "wasl-transcoder cannot be watched (%s)",
			  strerror(-rc));
		put_out(j);
		finish(j);
	}
}

/* Idle jobs yield the processor by themselves. */
static bool has_room(const struct kitchen *k, const struct kitchen_job *j)
{
	if (j->priority >= PRIORITY_IDLE)
		return k->busy < k->workers && k->idle == KITCHEN_IDLE_GOES;
	return k->busy - k->busy_idle < k->workers;
}

static int on_work(sd_event_source *source, void *data)
{
	(void)source;
	struct kitchen *k = data;
	while (k->waiting && has_room(k, k->waiting))
		start(k->waiting);
	return 0;
}

/* --- what callers see ----------------------------------------------------------------------------- */

int kitchen_new(struct sd_event *loop, const struct kitchen_limits *limits, struct kitchen **out,
		struct fault *why)
{
	if (sodium_init() < 0)
		return fault_set(why, -ENOSYS, "kitchen.new", "libsodium does not start");
	CLEANUP(clean_kitchen) struct kitchen *k = calloc(1, sizeof(*k));
	if (!k)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	k->workers = limits->workers ? limits->workers : cores > 0 ? (unsigned)cores : 1;
	if (k->workers > WORKERS_MAX)
		k->workers = WORKERS_MAX;
	k->cpu_s = limits->cpu_s ? limits->cpu_s : CPU_S_DEFAULT;
	k->memory_bytes = limits->memory_bytes;
	k->group = limits->group;
	k->program = strdup(limits->program);
	if (!k->program)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (access(k->program, X_OK) < 0)
		return fault_set(why, -errno, "kitchen.program",
				 "'%s' cannot be started (%s); reinstall Wasl", k->program,
				 strerror(errno));
	k->loop = sd_event_ref(loop);
	int rc = sd_event_add_defer(loop, &k->on_work, on_work, k);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(k->on_work, SD_EVENT_OFF);
	if (rc < 0)
		return fault_set(why, rc, "kitchen.new", "the event loop refuses (%s)",
				 strerror(-rc));
	*out = MOVE_PTR(k);
	return 0;
}

void kitchen_free(struct kitchen *k)
{
	if (!k)
		return;
	while (k->waiting) {
		struct kitchen_job *j = k->waiting;
		unlink_job(&k->waiting, j);
		job_free(j);
	}
	while (k->running) {
		struct kitchen_job *j = k->running;
		unlink_job(&k->running, j);
		put_out(j);
		job_free(j);
	}
	sd_event_source_disable_unref(k->on_work);
	sd_event_unref(k->loop);
	free(k->program);
	free(k);
}

/* A job with its own descriptor of the file, not yet in line. */
static int new_job(struct kitchen *k, int source_fd, unsigned priority, struct kitchen_job **out,
		   struct fault *why)
{
	CLEANUP(clean_job) struct kitchen_job *j = calloc(1, sizeof(*j));
	if (!j)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	j->kitchen = k;
	j->priority = priority;
	j->source_fd = fcntl(source_fd, F_DUPFD_CLOEXEC, 0);
	if (j->source_fd < 0)
		return fault_set(why, -errno, "kitchen.order", "the lesson's file is not open (%s)",
				 strerror(errno));
	*out = MOVE_PTR(j);
	return 0;
}

static int submit(struct kitchen_job **job, struct kitchen_job **out, struct fault *why)
{
	struct kitchen *k = (*job)->kitchen;
	int rc = sd_event_source_set_enabled(k->on_work, SD_EVENT_ONESHOT);
	if (rc < 0)
		return fault_set(why, rc, "kitchen.order", "the event loop refuses (%s)",
				 strerror(-rc));
	enqueue(&k->waiting, *job);
	*out = MOVE_PTR(*job);
	return 0;
}

int kitchen_cook(struct kitchen *k, const struct kitchen_order *order, struct kitchen_job **out,
		 struct fault *why)
{
	CLEANUP(clean_job) struct kitchen_job *j = NULL;
	int rc = new_job(k, order->source_fd, order->priority, &j, why);
	if (!rc)
		rc = kitchen_plan_order(order, k->memory_bytes, k->cpu_s, &j->order, why);
	if (rc)
		return rc;
	kitchen_generation(order->plan, order->point, j->generation);
	for (unsigned r = 0; r < RUNG_COUNT; r++)
		if (order->init[r].bytes) {
			j->init_known[r] = true;
			crypto_generichash(j->init_hash[r], sizeof(j->init_hash[r]),
					   order->init[r].bytes, order->init[r].len, NULL, 0);
		}
	j->with_init = order->with_init;
	j->made = order->made;
	j->done = order->done;
	j->data = order->data;
	return submit(&j, out, why);
}

int kitchen_hurry(struct kitchen_job *job, unsigned priority)
{
	struct kitchen *k = job->kitchen;
	if (priority >= job->priority)
		return 0;
	if (!job->running) {
		unlink_job(&k->waiting, job);
		job->priority = priority;
		enqueue(&k->waiting, job);
		return 0;
	}
	if (job->priority >= PRIORITY_IDLE) {
		const int rc = kitchen_child_hurry(&job->child);
		if (rc)
			return rc;
		kitchen_group_hurry(k->group, job->child.pid);
		k->busy_idle--;
		job->priority = priority;
		kitchen_child_pace(&job->child, KITCHEN_GOES);
		sd_event_source_set_time_relative(job->on_deadline, patience_us(job));
		sd_event_source_set_enabled(job->on_deadline, SD_EVENT_ONESHOT);
	}
	job->priority = priority;
	return 0;
}

int kitchen_look(struct kitchen *k, const struct kitchen_look *look, struct kitchen_job **out,
		 struct fault *why)
{
	CLEANUP(clean_job) struct kitchen_job *j = NULL;
	int rc = new_job(k, look->source_fd, look->priority, &j, why);
	if (rc)
		return rc;
	kitchen_plan_look(look->source_size, k->memory_bytes, &j->order);
	j->found = look->found;
	j->data = look->data;
	return submit(&j, out, why);
}

int kitchen_preview(struct kitchen *k, const struct kitchen_preview *preview,
		    struct kitchen_job **out, struct fault *why)
{
	CLEANUP(clean_job) struct kitchen_job *j = NULL;
	int rc = new_job(k, preview->film_fd, preview->priority, &j, why);
	if (rc)
		return rc;
	kitchen_plan_preview(preview, k->memory_bytes, &j->order);
	j->made = preview->made;
	j->done = preview->done;
	j->data = preview->data;
	return submit(&j, out, why);
}

void kitchen_set_idle(struct kitchen *k, enum kitchen_idle idle)
{
	if (k->idle == idle)
		return;
	k->idle = idle;
	for (struct kitchen_job *j = k->running; j; j = j->next) {
		if (j->priority < PRIORITY_IDLE || j->cancelled)
			continue;
		kitchen_child_pace(&j->child,
				   idle == KITCHEN_IDLE_GOES ? KITCHEN_GOES : KITCHEN_STANDS);
		if (idle == KITCHEN_IDLE_GOES)
			sd_event_source_set_time_relative(j->on_deadline, patience_us(j));
		sd_event_source_set_enabled(j->on_deadline, idle == KITCHEN_IDLE_GOES
								    ? SD_EVENT_ONESHOT
								    : SD_EVENT_OFF);
	}
	if (k->waiting)
		sd_event_source_set_enabled(k->on_work, SD_EVENT_ONESHOT);
}

void kitchen_cancel(struct kitchen_job *job)
{
	if (!job)
		return;
	job->cancelled = true;
	if (job->running) {
		kitchen_child_kill(&job->child); /* reaped when it has ended */
		return;
	}
	unlink_job(&job->kitchen->waiting, job);
	job_free(job);
}

unsigned kitchen_busy(const struct kitchen *k)
{
	return k->busy;
}

void kitchen_walls_missing(const struct kitchen *k, char out[static 64])
{
	sandbox_names(k->walls_missing, out);
}
