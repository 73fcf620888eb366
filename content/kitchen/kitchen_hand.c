// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_hand.h"

#include <errno.h>
#include <fcntl.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "content/kitchen/kitchen_folder.h"
#include "content/kitchen/kitchen_libraries.h"
#include "content/kitchen/plan_text.h"
#include "content/transcoder/grid.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/record/codec.h"
#include "firmware/record/objmap.h"

#define PLAN_MAX (8u << 20)
#define TEXT_MAX (16u << 20)
#define BLOCK (1u << 20)
#define TRIES 2u /* of a segment; then it is left black, and is lost */
#define AHEAD 2u /* orders that wait for each worker */

struct hand;
struct task { /* one segment under way */
	struct hand *hand;
	uint32_t segment;
	struct kitchen_job *job;
};

struct hand {
	const struct hand_order *order;
	struct hand_result *out;
	sd_event *loop;
	struct kitchen *kitchen;
	int fd;
	uint64_t size;
	char source[65];
	char libraries[LIBRARIES_MAX];
	struct folder folder;
	wasl_Survey survey;
	uint8_t *tries; /* of each segment */
	uint32_t next, pending, done;
	unsigned room;
	bool over;        /* the loop has nothing to wait for */
	struct fault why; /* that ends the work */
};

static void clean_hand(struct hand *h)
{
	kitchen_free(h->kitchen);
	sd_event_unref(h->loop);
	folder_close(&h->folder);
	pb_release(wasl_Survey_fields, &h->survey);
	free(h->tries);
	if (h->fd >= 0)
		close(h->fd);
}

/* The first failure is kept for whoever looks for its cause. */
static void note(struct hand *h, const struct fault *why)
{
	if (!*h->out->detail)
		snprintf(h->out->detail, sizeof(h->out->detail), "%s (%s)", why->text, why->id);
}

/* --- the file ----------------------------------------------------------------------------------------- */

static int open_source(struct hand *h, struct fault *why)
{
	struct stat st;
	const char *name = h->order->file;
	h->fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (h->fd < 0 || fstat(h->fd, &st) < 0)
		return fault_set(why, -errno, "kitchen.open", "'%s' cannot be opened (%s)", name,
				 strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault_set(why, -EINVAL, "kitchen.open", "'%s' is not a plain file", name);
	h->size = (uint64_t)st.st_size;
	return 0;
}

CLEAN_FN(maker, struct objmap_maker, objmap_maker_free)
CLEAN_FN(map, struct objmap, objmap_free)

static int name_source(struct hand *h, struct fault *why)
{
	CLEANUP(clean_maker) struct objmap_maker *m = objmap_maker_new();
	CLEANUP(clean_map) struct objmap *map = NULL;
	AUTO_FREE void *block = malloc(BLOCK);
	int rc = m && block ? 0 : -ENOMEM;
	for (uint64_t at = 0; at < h->size && !rc;) {
		size_t len = h->size - at < BLOCK ? (size_t)(h->size - at) : BLOCK;
		rc = fileio_pread_all(h->fd, block, len, at);
		if (!rc)
			rc = objmap_maker_feed(m, block, len);
		at += len;
	}
	if (!rc)
		rc = objmap_maker_finish(m, &map);
	if (rc)
		return fault_set(why, rc, "kitchen.read", "'%s' cannot be read (%s)",
				 h->order->file, strerror(-rc));
	objmap_id_hex(objmap_get_id(map), h->source);
	return 0;
}

static int run_loop(struct hand *h, struct fault *why)
{
	int rc = 0;
	for (h->over = false; !h->over && rc >= 0;)
		rc = sd_event_run(h->loop, UINT64_MAX);
	return rc < 0 ? fault_set(why, rc, "kitchen.loop", "the event loop ends (%s)",
				  strerror(-rc))
		      : 0;
}

/* --- the plan ----------------------------------------------------------------------------------------- */

static uint32_t ladder(const struct hand *h)
{
	return kitchen_ladder(&h->survey.plan, h->order->rungs);
}

static int write_text(const struct hand *h, char **out, size_t *len, struct fault *why)
{
	const struct plan_text_of of = { .plan = &h->survey.plan,
					 .source = h->source,
					 .source_bytes = h->size,
					 .rung_mask = ladder(h),
					 .point = h->order->point,
					 .libraries = h->libraries };
	return plan_text(&of, out, len) ? fault_set(why, -ENOMEM, "memory", "out of memory") : 0;
}

/* What an earlier run found is used again when it would lead to the same text. */
static int remember(struct hand *h)
{
	AUTO_FREE void *bytes = NULL;
	AUTO_FREE void *before = NULL;
	AUTO_FREE char *now = NULL;
	size_t len, before_len, now_len;
	if (folder_read(&h->folder, "survey.pb", PLAN_MAX, &bytes, &len, NULL) ||
	    folder_read(&h->folder, "plan.txt", TEXT_MAX, &before, &before_len, NULL) ||
	    codec_decode(wasl_Survey_fields, bytes, len, &h->survey, NULL))
		return 0;
	if (h->survey.has_plan && write_text(h, &now, &now_len, NULL) == 0 &&
	    now_len == before_len && !memcmp(now, before, now_len))
		return 1;
	pb_release(wasl_Survey_fields, &h->survey);
	h->survey = (wasl_Survey)wasl_Survey_init_zero;
	return 0;
}

static int given_plan(struct hand *h, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len;
	int rc = fileio_read(h->order->plan, PLAN_MAX, &bytes, &len, why);
	if (!rc)
		rc = codec_decode(wasl_Plan_fields, bytes, len, &h->survey.plan, why);
	h->survey.has_plan = !rc;
	return rc ? fault_within(why, "'%s'", h->order->plan) : 0;
}

static void found(void *data, const wasl_Survey *survey, const struct fault *why)
{
	struct hand *h = data;
	if (why) {
		h->why = *why;
	} else {
		AUTO_FREE void *bytes = NULL;
		size_t len;
		if (!codec_encode(wasl_Survey_fields, survey, &bytes, &len, &h->why))
			codec_decode(wasl_Survey_fields, bytes, len, &h->survey, &h->why);
	}
	h->over = true;
}

static int look(struct hand *h, struct fault *why)
{
	struct kitchen_job *job;
	const struct kitchen_look order = {
		.source_fd = h->fd, .source_size = h->size, .found = found, .data = h
	};
	int rc = kitchen_look(h->kitchen, &order, &job, why);
	if (rc)
		return rc;
	rc = run_loop(h, why);
	if (rc || !h->why.code)
		return rc;
	/* A child that a file brings down is that file's verdict. */
	verdict_add(&h->out->said, "probe.hostile", NULL, NULL);
	note(h, &h->why);
	h->why = (struct fault){ 0 };
	return 0;
}

static int keep_plan(struct hand *h, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	AUTO_FREE char *text = NULL;
	size_t len, text_len;
	int rc = write_text(h, &text, &text_len, why);
	if (!rc)
		rc = codec_encode(wasl_Survey_fields, &h->survey, &bytes, &len, why);
	if (!rc)
		rc = folder_write(&h->folder, "survey.pb", bytes, len, why);
	if (!rc)
		rc = folder_write(&h->folder, "plan.txt", text, text_len, why);
	if (!rc && plan_text_generation(text, h->out->generation))
		rc = fault_set(why, -EBADMSG, "kitchen.plan", "the plan has no hash");
	return rc;
}

static int make_plan(struct hand *h, struct fault *why)
{
	int rc = 0;
	if (h->order->plan)
		rc = given_plan(h, why);
	else if (!remember(h))
		rc = look(h, why);
	if (rc)
		return rc;
	for (pb_size_t i = 0; i < h->survey.notes_count; i++) {
		const wasl_Note *n = &h->survey.notes[i];
		verdict_add(&h->out->said, n->reason, n->first, n->second);
	}
	/* A refusal that the table does not know is one all the same. */
	if (!h->survey.has_plan && h->out->said.kind != VERDICT_REFUSE)
		verdict_add(&h->out->said, "probe.damaged", NULL, NULL);
	return h->survey.has_plan ? keep_plan(h, why) : 0;
}

/* --- cooking ------------------------------------------------------------------------------------------ */

static void feed(struct hand *h);

static void stop(struct hand *h, const struct fault *why)
{
	if (!h->why.code)
		h->why = *why;
	h->over = true;
}

static void made(void *data, const struct kitchen_dish *dish)
{
	struct task *t = data;
	struct folder *f = &t->hand->folder;
	struct fault why;
	uint32_t lost_ms = (uint32_t)(dish->lost_us / 1000);
	if (t->hand->why.code)
		return;
	if ((dish->segment && lost_ms != f->lost_ms[dish->segment - 1] &&
	     folder_lose(f, dish->segment, lost_ms, &why)) ||
	    folder_put(f, dish, &why))
		stop(t->hand, &why);
}

static void tell(const struct hand *h)
{
	if (h->order->progress)
		h->order->progress(h->order->data, h->done, h->survey.plan.segments_count);
}

static int order(struct hand *h, uint32_t segment);

static void done(void *data, int code, const struct fault *why)
{
	struct task *t = data;
	struct hand *h = t->hand;
	uint32_t segment = t->segment;
	free(t);
	h->pending--;
	if (h->why.code)
		return;
	if (!code) {
		h->done++;
		h->out->made++;
		tell(h);
	} else {
		note(h, why);
		if (h->tries[segment - 1] < (h->survey.plan.has_foreign ? TRIES + 1 : TRIES))
			order(h, segment);
	}
	feed(h);
}

static int order(struct hand *h, uint32_t segment)
{
	struct task *t = calloc(1, sizeof(*t));
	struct fault why;
	struct kitchen_order o = { .source_fd = h->fd,
				   .source_size = h->size,
				   .plan = &h->survey.plan,
				   .segment = segment,
				   .rung_mask = h->folder.mask,
				   .point = h->order->point,
				   .with_init = true,
				   .blank = h->tries[segment - 1] >= TRIES,
				   .made = made,
				   .done = done,
				   .data = t };
	if (!t) {
		fault_set(&why, -ENOMEM, "memory", "out of memory");
		stop(h, &why);
		return -ENOMEM;
	}
	*t = (struct task){ .hand = h, .segment = segment };
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++) {
		o.init[r].bytes = h->folder.init[r];
		o.init[r].len = h->folder.init_len[r];
	}
	if (kitchen_cook(h->kitchen, &o, &t->job, &why)) {
		free(t);
		stop(h, &why);
		return why.code;
	}
	h->tries[segment - 1]++;
	h->pending++;
	return 0;
}

/* A few orders at a time: each holds a descriptor. */
static void feed(struct hand *h)
{
	uint32_t count = h->survey.plan.segments_count;
	while (h->next <= count && h->pending < h->room && !h->why.code) {
		uint32_t segment = h->next++;
		if (h->order->segment && segment != h->order->segment)
			continue;
		if (folder_has(&h->folder, segment))
			h->done++;
		else if (order(h, segment))
			return;
	}
	if (!h->pending && !h->why.code)
		h->over = true;
}

static int cook_all(struct hand *h, struct fault *why)
{
	h->tries = calloc(h->survey.plan.segments_count, sizeof(*h->tries));
	if (!h->tries)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	h->next = 1;
	feed(h);
	int rc = h->pending ? run_loop(h, why) : 0;
	if (h->why.code) {
		*why = h->why;
		return why->code;
	}
	return rc;
}

/* --- the verdict -------------------------------------------------------------------------------------- */

static void measure(struct hand *h)
{
	const wasl_Plan *plan = &h->survey.plan;
	struct hand_result *out = h->out;
	const wasl_Segment *last = &plan->segments[plan->segments_count - 1];
	out->segments = plan->segments_count;
	out->rung_mask = h->folder.mask;
	out->planned_ms =
		grid_scale(last->start_ticks + last->duration_ticks, 1000, plan->timescale);
	uint64_t ticks = 0, lost_ms = 0;
	for (uint32_t s = 1; s <= plan->segments_count; s++) {
		if (!folder_has(&h->folder, s))
			continue;
		ticks += plan->segments[s - 1].duration_ticks;
		lost_ms += h->folder.lost_ms[s - 1];
	}
	uint64_t there_ms = grid_scale(ticks, 1000, plan->timescale);
	out->produced_ms = there_ms > lost_ms ? there_ms - lost_ms : 0;
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++) {
		if (!(h->folder.mask & 1u << r))
			continue;
		kitchen_shape(plan, r, &out->shapes[r]);
		for (uint32_t s = 0; s < plan->segments_count; s++)
			out->bytes[r] += h->folder.lengths[r][s];
	}
	if (!h->order->segment)
		verdict_produced(&out->said, out->planned_ms, out->produced_ms);
	/* What the container promised was planned, too. */
	if (h->survey.promised_us / 1000 > out->planned_ms && out->said.count)
		out->planned_ms = h->survey.promised_us / 1000;
}

static void count_costs(struct hand_result *out)
{
	struct rusage all;
	if (getrusage(RUSAGE_CHILDREN, &all))
		return;
	out->cpu_s = (double)all.ru_utime.tv_sec + (double)all.ru_stime.tv_sec +
		     (double)(all.ru_utime.tv_usec + all.ru_stime.tv_usec) / 1e6;
	out->rss_mb = (double)all.ru_maxrss / 1024;
}

static int take_words(struct hand *h, struct fault *why)
{
	const wasl_Plan *plan = &h->survey.plan;
	const wasl_Segment *last = &plan->segments[plan->segments_count - 1];
	if (h->survey.wordless)
		return 0;
	const struct folder_film film = {
		.fd = h->fd,
		.size = h->size,
		.duration_ms =
			grid_scale(last->start_ticks + last->duration_ticks, 1000, plan->timescale),
		.start_us = plan->has_foreign ? plan->foreign.start_us : 0
	};
	return folder_words(&h->folder, &film, h->kitchen, h->loop, why);
}

static int cook(struct hand *h, struct fault *why)
{
	int rc = kitchen_libraries(h->order->program, h->libraries, why);
	if (!rc)
		rc = make_plan(h, why);
	if (rc || !h->survey.has_plan)
		return rc;
	rc = folder_begin(&h->folder, &h->survey.plan, ladder(h), h->out->generation, why);
	if (!rc)
		rc = folder_playlists(&h->folder, why);
	if (!rc)
		rc = cook_all(h, why);
	if (!rc && !h->order->segment && take_words(h, why))
		note(h, why);
	if (!rc)
		rc = folder_playlists(&h->folder, why);
	/* A lesson without a preview is one still. */
	if (!rc && !h->order->segment && folder_preview(&h->folder, h->kitchen, h->loop, why))
		note(h, why);
	if (!rc)
		measure(h);
	return rc;
}

int hand_cook(const struct hand_order *o, struct hand_result *out, struct fault *why)
{
	*out = (struct hand_result){ 0 };
	CLEANUP(clean_hand)
	struct hand h = { .order = o, .out = out, .fd = -1, .folder.lock = -1 };
	const struct kitchen_limits limits = { .workers = o->workers,
					       .memory_bytes = o->memory_bytes,
					       .cpu_s = o->cpu_s,
					       .program = o->program };
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	h.room = AHEAD * (o->workers ? o->workers : cores > 0 ? (unsigned)cores : 1);
	int rc = open_source(&h, why);
	if (!rc)
		rc = folder_open(&h.folder, o->folder, why);
	if (!rc)
		rc = name_source(&h, why);
	if (!rc && sd_event_new(&h.loop) < 0)
		rc = fault_set(why, -ENOMEM, "memory", "out of memory");
	if (!rc)
		rc = kitchen_new(h.loop, &limits, &h.kitchen, why);
	if (!rc)
		rc = cook(&h, why);
	if (h.kitchen)
		kitchen_walls_missing(h.kitchen, out->walls);
	kitchen_free(h.kitchen); /* every child is reaped, and counted */
	h.kitchen = NULL;
	count_costs(out);
	return rc;
}
