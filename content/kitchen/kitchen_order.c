// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "content/kitchen/kitchen_plan.h"
#include "firmware/base/fault.h"

static int add_rung(struct job_order *o, const wasl_Plan *plan, enum kitchen_rung rung)
{
	struct kitchen_shape shape;
	int rc = kitchen_shape(plan, rung, &shape);
	if (rc)
		return rc;
	struct job_rung r = { .rung = rung, .sound = rung == RUNG_AUDIO, .cap_bps = shape.cap_bps };
	if (!r.sound) {
		r.width = shape.width;
		r.height = shape.height;
		r.fps_num = shape.fps_num;
		r.fps_den = shape.fps_den;
		r.profile = kitchen_plan_profile(rung);
		r.level = kitchen_plan_level(&shape);
	}
	o->rungs[o->rung_count++] = r;
	return 0;
}

/* Index and segment; a plan without spans (a file whose bytes are not laid out by the grid) allows the whole. */
static void set_spans(struct job_order *o, const wasl_Plan *plan, const wasl_Segment *s)
{
	if (!s->byte_len || !plan->head_bytes) {
		o->spans[0] = (struct job_span){ 0, o->source_size };
		o->span_count = 1;
		return;
	}
	o->spans[0] = (struct job_span){ 0, plan->head_bytes };
	o->spans[1] = (struct job_span){ s->byte_from, s->byte_len };
	o->span_count = 2;
}

static void set_foreign(struct job_order *o, const wasl_Plan *plan, uint32_t segment)
{
	const wasl_Foreign *f = &plan->foreign;
	if (!plan->has_foreign)
		return;
	o->foreign = (struct job_foreign){ .is = 1,
					   .turn = f->turn,
					   .fields = f->fields,
					   .wind = f->wind,
					   .first_only = f->first_only,
					   .picture = (int32_t)f->picture,
					   .sound = f->sound,
					   .gain_centibel = f->gain_centibel,
					   .fps_num = plan->fps_num,
					   .fps_den = plan->fps_den,
					   .start_us = f->start_us };
	o->foreign.jumps = f->moved_us_count < JOB_JUMPS_MAX ? f->moved_us_count : JOB_JUMPS_MAX;
	for (uint32_t i = 0; i < o->foreign.jumps; i++)
		o->foreign.moved_us[i] = f->moved_us[i];
	if (segment > f->anchors_count)
		return;
	const wasl_Anchor *a = &f->anchors[segment - 1];
	o->foreign.anchored = 1;
	o->foreign.anchor_seek = a->seek;
	o->foreign.anchor_stamp = a->stamp;
	o->foreign.anchor_at = a->at;
}

int kitchen_plan_order(const struct kitchen_order *from, uint64_t memory_bytes, unsigned cpu_s,
		       struct job_order *out, struct fault *why)
{
	const wasl_Plan *plan = from->plan;
	int rc = kitchen_plan_check(plan, why);
	if (rc)
		return rc;
	if (!from->segment || from->segment > plan->segments_count || !from->rung_mask)
		return fault_set(why, -EINVAL, "kitchen.order", "segment %u of %u", from->segment,
				 (unsigned)plan->segments_count);
	struct job_order *o = out;
	*o = (struct job_order){ 0 };
	o->magic = JOB_MAGIC;
	o->version = JOB_VERSION;
	o->source_size = from->source_size;
	o->segment = from->segment;
	o->timescale = plan->timescale;
	o->content_class = plan->segments[from->segment - 1].content_class;
	o->pace = from->point == POINT_IDLE ? JOB_IDLE : JOB_NOW;
	o->cpu_s = cpu_s;
	o->memory_bytes = memory_bytes;
	kitchen_plan_span(plan, RUNG_240P, from->segment, &o->from_ticks, &o->to_ticks);
	kitchen_plan_span(plan, RUNG_AUDIO, from->segment, &o->from_sample, &o->to_sample);
	set_spans(o, plan, &plan->segments[from->segment - 1]);
	set_foreign(o, plan, from->segment);
	o->foreign.blank = o->foreign.is && from->blank;
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++)
		if (from->rung_mask & 1u << r && add_rung(o, plan, r))
			return fault_set(why, -EINVAL, "kitchen.order",
					 "this lesson has no rung %s", kitchen_rung_name(r));
	if (job_order_check(o, sizeof(*o)))
		return fault_set(why, -EINVAL, "kitchen.order",
				 "segment %u lies outside the file of %llu bytes", from->segment,
				 (unsigned long long)from->source_size);
	return 0;
}

#define LOOK_CPU_S 900u /* all sound of six hours is decoded */

void kitchen_plan_look(uint64_t source_size, uint64_t memory_bytes, struct job_order *out)
{
	*out = (struct job_order){ .magic = JOB_MAGIC,
				   .version = JOB_VERSION,
				   .task = JOB_SURVEY,
				   .source_size = source_size,
				   .span_count = source_size ? 1 : 0,
				   .cpu_s = LOOK_CPU_S,
				   .memory_bytes = memory_bytes };
	out->spans[0] = (struct job_span){ 0, source_size };
}

#define PREVIEW_CPU_S 120u

void kitchen_plan_preview(const struct kitchen_preview *from, uint64_t memory_bytes,
			  struct job_order *out)
{
	kitchen_plan_look(from->film_size, memory_bytes, out);
	out->task = from->errand == KITCHEN_WORDS ? JOB_WORDS : JOB_PREVIEW;
	out->segment = from->pictures;
	out->foreign.start_us = from->start_us;
	out->cpu_s = PREVIEW_CPU_S;
}
