// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/job.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define SIDE_MAX 4096u
#define STREAMS_MAX 64
#define GAIN_MAX 400 /* tenths of a decibel */
#define SAMPLES_MAX (UINT64_C(120) * 48000)

static bool rung_is_sane(const struct job_rung *r)
{
	if (r->sound)
		return r->sound == 1;
	return r->width >= 2 && r->height >= 2 && r->width <= SIDE_MAX && r->height <= SIDE_MAX &&
	       !(r->width & 1) && !(r->height & 1) && r->fps_num && r->fps_den && r->cap_bps &&
	       (r->profile == 66 || r->profile == 77) && r->level >= 10 && r->level <= 51;
}

static bool foreign_is_sane(const struct job_foreign *f)
{
	if (!f->is)
		return true;
	return f->is == 1 && f->turn <= 7 && f->fields <= 3 && f->wind <= 1 && f->first_only <= 1 &&
	       f->jumps <= JOB_JUMPS_MAX && f->blank <= 1 && f->picture >= -1 &&
	       f->picture < STREAMS_MAX && f->sound >= -1 && f->sound < STREAMS_MAX &&
	       f->gain_centibel >= -GAIN_MAX && f->gain_centibel <= GAIN_MAX && f->fps_num &&
	       f->fps_den && f->anchored <= 1;
}

int job_order_check(const void *packet, size_t len)
{
	const struct job_order *o = packet;
	if (len != sizeof(*o) || o->magic != JOB_MAGIC || o->version != JOB_VERSION ||
	    o->task > JOB_PREVIEW)
		return -EBADMSG;
	/* An empty file has no span, and may still be looked at. */
	bool empty = o->task == JOB_SURVEY && !o->source_size;
	if ((!o->span_count && !empty) || o->span_count > JOB_SPANS_MAX ||
	    o->rung_count > JOB_RUNGS_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < o->span_count; i++) {
		const struct job_span *s = &o->spans[i];
		if (!s->len || s->from > o->source_size || s->len > o->source_size - s->from)
			return -EBADMSG;
	}
	if (o->task != JOB_COOK)
		return 0;
	for (uint32_t i = 0; i < o->rung_count; i++)
		if (!rung_is_sane(&o->rungs[i]))
			return -EBADMSG;
	if (!o->rung_count || !foreign_is_sane(&o->foreign) || !o->segment || !o->timescale ||
	    o->to_ticks <= o->from_ticks || o->pace > JOB_IDLE || o->to_sample < o->from_sample ||
	    o->to_sample - o->from_sample > SAMPLES_MAX || o->from_sample % 1024 ||
	    o->to_sample % 1024)
		return -EBADMSG;
	return 0;
}

static bool ends(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

int job_reply_check(void *packet, size_t len)
{
	struct job_reply *r = packet;
	if (len != sizeof(*r) || r->magic != JOB_MAGIC || r->kind < JOB_WALLS ||
	    r->kind > JOB_FAILED)
		return -EBADMSG;
	if (!ends(r->id, sizeof(r->id)) || !ends(r->text, sizeof(r->text)))
		return -EBADMSG;
	if (r->kind == JOB_DISH && (!r->length || r->length > JOB_DISH_MAX))
		return -EBADMSG;
	if (r->kind == JOB_FAILED && (r->code >= 0 || r->code < -4095))
		return -EBADMSG;
	for (char *c = r->text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	for (char *c = r->id; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '.' ||
		      *c == '-' || *c == '_'))
			return -EBADMSG;
	return 0;
}
