// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_plan.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "content/transcoder/grid.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

/* Goes into every generation's name: raise it when a change makes other bytes of the same plan. */
#define RECIPE 8u

#define SIDE_MAX 4096u
#define SEGMENTS_MAX 20000u
#define SEGMENT_MAX_S 60u

static const struct {
	const char *name;
	uint32_t lines;   /* short side */
	uint32_t cap_bps; /* no segment of 4 s or more is above it */
	bool main_profile;
} rungs[RUNG_COUNT] = {
	[RUNG_AUDIO] = { "audio", 0, 64000, false },  [RUNG_144P] = { "144p", 144, 120000, false },
	[RUNG_240P] = { "240p", 240, 280000, true },  [RUNG_360P] = { "360p", 360, 560000, true },
	[RUNG_480P] = { "480p", 480, 1000000, true }, [RUNG_720P] = { "720p", 720, 2000000, true },
};

/* ITU-T H.264 table A-1: macroblocks a second, in a frame, in the picture buffer; levels that phones decode. */
static const struct {
	unsigned level;
	uint32_t per_second, frame, buffer;
} levels[] = {
	{ 11, 3000, 396, 900 },        { 12, 6000, 396, 2376 },     { 13, 11880, 396, 2376 },
	{ 21, 19800, 792, 4752 },      { 22, 20250, 1620, 8100 },   { 30, 40500, 1620, 8100 },
	{ 31, 108000, 3600, 18000 },   { 32, 216000, 5120, 20480 }, { 40, 245760, 8192, 32768 },
	{ 51, 983040, 36864, 184320 },
};
#define BUFFER_FRAMES 4u /* three references and the picture under way */

unsigned kitchen_plan_recipe(void)
{
	return RECIPE;
}

const char *kitchen_rung_name(enum kitchen_rung rung)
{
	return rung < RUNG_COUNT ? rungs[rung].name : "?";
}

int kitchen_rung_parse(const char *name, enum kitchen_rung *out)
{
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++)
		if (!strcmp(name, rungs[r].name)) {
			*out = r;
			return 0;
		}
	return -EINVAL;
}

static uint32_t short_side(const wasl_Plan *plan)
{
	return plan->width < plan->height ? plan->width : plan->height;
}

uint32_t kitchen_ladder(const wasl_Plan *plan, uint32_t allowed_mask)
{
	uint32_t mask = 0, lowest = 0;
	uint32_t lines = short_side(plan);
	for (enum kitchen_rung r = RUNG_144P; r < RUNG_COUNT && lines; r++) {
		if (!(allowed_mask & (1u << r)))
			continue;
		if (!lowest)
			lowest = 1u << r;
		if (lines >= rungs[r].lines)
			mask |= 1u << r;
	}
	/* A picture smaller than every allowed rung is still shown, at its own size. */
	if (!mask)
		mask = lowest;
	if (plan->sample_rate)
		mask |= allowed_mask & (1u << RUNG_AUDIO);
	return mask;
}

static uint32_t even(uint64_t n)
{
	return n < 2 ? 2 : (uint32_t)(n & ~UINT64_C(1));
}

static void fit(const wasl_Plan *plan, uint32_t lines, uint32_t *width, uint32_t *height)
{
	uint32_t small = short_side(plan);
	uint32_t large = plan->width < plan->height ? plan->height : plan->width;
	uint32_t shown = small < lines ? small : lines;
	uint32_t far = even(grid_scale(large, shown, small) + 1); /* to the nearest even number */
	if (far > large)
		far = even(large);
	*width = plan->width < plan->height ? even(shown) : far;
	*height = plan->width < plan->height ? far : even(shown);
}

unsigned kitchen_plan_profile(enum kitchen_rung rung)
{
	return rungs[rung].main_profile ? 77 : 66;
}

unsigned kitchen_plan_level(const struct kitchen_shape *shape)
{
	uint64_t across = (shape->width + 15) / 16, down = (shape->height + 15) / 16;
	uint64_t frame = across * down;
	uint64_t longest = across > down ? across : down;
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		if (frame <= levels[i].frame &&
		    longest * longest <= UINT64_C(8) * levels[i].frame &&
		    frame * BUFFER_FRAMES <= levels[i].buffer &&
		    frame * shape->fps_num <= (uint64_t)levels[i].per_second * shape->fps_den)
			return levels[i].level;
	}
	return levels[ARRAY_LEN(levels) - 1].level;
}

int kitchen_shape(const wasl_Plan *plan, enum kitchen_rung rung, struct kitchen_shape *out)
{
	if (rung >= RUNG_COUNT || kitchen_plan_check(plan, NULL))
		return -EINVAL;
	struct kitchen_shape s = { .cap_bps = rungs[rung].cap_bps };
	if (rung == RUNG_AUDIO) {
		if (!plan->sample_rate)
			return -ENOENT;
		snprintf(s.codecs, sizeof(s.codecs), "mp4a.40.2");
		*out = s;
		return 0;
	}
	if (!plan->width)
		return -ENOENT;
	fit(plan, rungs[rung].lines, &s.width, &s.height);
	s.fps_num = plan->fps_num;
	s.fps_den = plan->fps_den;
	/* The smallest rung is for the worst lines: half the frames look better than half the bits each. */
	if (rung == RUNG_144P && plan->fps_num >= 20 * plan->fps_den)
		s.fps_den *= 2;
	snprintf(s.codecs, sizeof(s.codecs), "avc1.%s%02x",
		 rungs[rung].main_profile ? "4d40" : "42c0", kitchen_plan_level(&s));
	*out = s;
	return 0;
}

static int check_picture(const wasl_Plan *plan, struct fault *why)
{
	if (plan->width < 2 || plan->height < 2 || plan->width > SIDE_MAX ||
	    plan->height > SIDE_MAX)
		return fault_set(why, -EINVAL, "plan.size", "picture of %ux%u; allowed are 2 to %u",
				 plan->width, plan->height, SIDE_MAX);
	if (!plan->fps_num || !plan->fps_den || plan->fps_den > 1000000 ||
	    plan->fps_num > 60 * plan->fps_den || plan->fps_num > 60000000)
		return fault_set(why, -EINVAL, "plan.rate",
				 "%u/%u frames a second; allowed are up to 60", plan->fps_num,
				 plan->fps_den);
	return 0;
}

static int check_foreign(const wasl_Plan *plan, struct fault *why)
{
	const wasl_Foreign *f = &plan->foreign;
	if (plan->has_foreign && f->anchors_count && f->anchors_count != plan->segments_count)
		return fault_set(why, -EINVAL, "plan.anchors", "%u anchors for %u segments",
				 (unsigned)f->anchors_count, (unsigned)plan->segments_count);
	return 0;
}

int kitchen_plan_check(const wasl_Plan *plan, struct fault *why)
{
	if (!plan->timescale || plan->timescale > 10000000)
		return fault_set(why, -EINVAL, "plan.timescale", "time scale %u", plan->timescale);
	if (!plan->segments_count || plan->segments_count > SEGMENTS_MAX || !plan->segments)
		return fault_set(why, -EINVAL, "plan.segments", "%u segments; allowed are 1 to %u",
				 (unsigned)plan->segments_count, SEGMENTS_MAX);
	if (!plan->width && !plan->height && !plan->sample_rate)
		return fault_set(why, -EINVAL, "plan.empty", "neither picture nor sound");
	int rc = plan->width || plan->height ? check_picture(plan, why) : 0;
	if (!rc)
		rc = check_foreign(plan, why);
	uint64_t at = 0;
	for (pb_size_t i = 0; i < plan->segments_count && !rc; i++) {
		const wasl_Segment *s = &plan->segments[i];
		if (s->start_ticks != at || !s->duration_ticks ||
		    s->duration_ticks > plan->timescale * (uint64_t)SEGMENT_MAX_S)
			rc = fault_set(why, -EINVAL, "plan.grid",
				       "segment %u is not where the one before ends, or is longer "
				       "than %u s",
				       (unsigned)i + 1, SEGMENT_MAX_S);
		at = s->start_ticks + s->duration_ticks;
	}
	return rc;
}

void kitchen_plan_span(const wasl_Plan *plan, enum kitchen_rung rung, uint32_t segment,
		       uint64_t *from, uint64_t *to)
{
	const wasl_Segment *s = &plan->segments[segment - 1];
	uint64_t begin = s->start_ticks, end = s->start_ticks + s->duration_ticks;
	if (rung != RUNG_AUDIO) {
		*from = begin;
		*to = end;
		return;
	}
	*from = grid_sound_edge(begin, plan->timescale);
	*to = segment == plan->segments_count ? grid_sound_end(end, plan->timescale)
					      : grid_sound_edge(end, plan->timescale);
}

uint64_t kitchen_segment_us(const wasl_Plan *plan, enum kitchen_rung rung, uint32_t segment)
{
	if (!segment || segment > plan->segments_count || !plan->timescale)
		return 0;
	uint64_t from, to;
	kitchen_plan_span(plan, rung, segment, &from, &to);
	uint32_t scale = rung == RUNG_AUDIO ? GRID_RATE : plan->timescale;
	/* Rounded at the edges, not each by itself: the sum stays the whole. */
	return grid_us(to, scale) - grid_us(from, scale);
}

static void hash_number(crypto_generichash_state *h, uint64_t n)
{
	unsigned char le[8];
	for (unsigned i = 0; i < 8; i++)
		le[i] = (unsigned char)(n >> (8 * i));
	crypto_generichash_update(h, le, sizeof(le));
}

static void hash_foreign(crypto_generichash_state *h, const wasl_Foreign *f)
{
	hash_number(h, f->picture);
	hash_number(h, (uint64_t)(int64_t)f->sound);
	hash_number(h, (uint64_t)f->start_us);
	hash_number(h, f->turn);
	hash_number(h, f->fields);
	hash_number(h, f->wind);
	for (pb_size_t i = 0; i < f->moved_us_count; i++)
		hash_number(h, (uint64_t)f->moved_us[i]);
	hash_number(h, (uint64_t)(int64_t)f->gain_centibel);
	if (f->first_only) /* generations from before keep their names */
		hash_number(h, f->first_only);
	for (pb_size_t i = 0; i < f->anchors_count; i++) {
		hash_number(h, (uint64_t)f->anchors[i].seek);
		hash_number(h, (uint64_t)f->anchors[i].stamp);
		hash_number(h, (uint64_t)f->anchors[i].at);
	}
}

void kitchen_generation(const wasl_Plan *plan, enum kitchen_point point, char out[static 24])
{
	static const unsigned char domain[] = "wasl:generation:1";
	const uint64_t head[] = { RECIPE,
				  point,
				  plan->version,
				  plan->timescale,
				  plan->width,
				  plan->height,
				  plan->fps_num,
				  plan->fps_den,
				  plan->sample_rate,
				  plan->head_bytes,
				  plan->segments_count };
	unsigned char hash[crypto_generichash_BYTES];
	crypto_generichash_state h;
	crypto_generichash_init(&h, NULL, 0, sizeof(hash));
	crypto_generichash_update(&h, domain, sizeof(domain));
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		hash_number(&h, head[i]);
	for (pb_size_t i = 0; i < plan->segments_count; i++) {
		const wasl_Segment *s = &plan->segments[i];
		hash_number(&h, s->start_ticks);
		hash_number(&h, s->duration_ticks);
		hash_number(&h, s->content_class);
		hash_number(&h, s->byte_from);
		hash_number(&h, s->byte_len);
	}
	if (plan->has_foreign)
		hash_foreign(&h, &plan->foreign);
	crypto_generichash_final(&h, hash, sizeof(hash));
	memcpy(out, "g-", 2);
	text_hex(hash, 6, out + 2);
}
