// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/colour.h"

#include <libavutil/mastering_display_metadata.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CODES 4096u      /* entries of a table */
#define WHITE_NITS 203.0 /* a white page in HDR, ITU-R BT.2408; full white on our screens */
#define PEAK_NITS 1000u  /* what films are graded for, when they do not say */
#define HLG_NITS 1000.0  /* of the screen that HLG's system gamma belongs to, ITU-R BT.2100 */
#define HLG_GAMMA 1.2
#define GAMMA 2.4 /* of ordinary screens, ITU-R BT.1886 */

struct triple {
	float a, b, c;
};

/* Every step of the way as a table or a matrix. Light is counted in full whites of our screens. */
struct colour_map {
	float red_v, green_u, green_v, blue_u; /* of the film's colour differences */
	float light[CODES];                    /* by code */
	bool is_scene; /* light is that before the camera: `screen` makes it that of a screen */
	float screen[CODES + 1]; /* factor, by the root of luminance */
	float bent[CODES + 1];   /* factor, by the root of the brightest part, up to `most` */
	float most;
	float primaries[9];
	float code[CODES + 1]; /* by the root of light */
};

/* --- what it is ---------------------------------------------------------------------------------- */

static unsigned peak_of(const AVFrame *f)
{
	const AVFrameSideData *s = av_frame_get_side_data(f, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL);
	if (s && s->size >= sizeof(AVContentLightMetadata)) {
		unsigned nits = ((const AVContentLightMetadata *)(const void *)s->data)->MaxCLL;
		if (nits >= 100 && nits <= 10000)
			return nits;
	}
	s = av_frame_get_side_data(f, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA);
	if (s && s->size >= sizeof(AVMasteringDisplayMetadata)) {
		const AVMasteringDisplayMetadata *m = (const void *)s->data;
		double nits =
			m->has_luminance && m->max_luminance.den > 0 ? av_q2d(m->max_luminance) : 0;
		if (nits >= 100 && nits <= 10000)
			return (unsigned)nits;
	}
	return 0;
}

struct colour_light colour_light_of(const AVFrame *f)
{
	return (struct colour_light){ .space = f->colorspace,
				      .primaries = f->color_primaries,
				      .transfer = f->color_trc,
				      .peak_nits = peak_of(f) };
}

static bool is_hdr(const struct colour_light *l)
{
	return l->transfer == AVCOL_TRC_SMPTE2084 || l->transfer == AVCOL_TRC_ARIB_STD_B67;
}

static bool is_wide(const struct colour_light *l)
{
	return l->primaries == AVCOL_PRI_BT2020 || l->primaries == AVCOL_PRI_SMPTE431 ||
	       l->primaries == AVCOL_PRI_SMPTE432;
}

bool colour_is_foreign(const struct colour_light *l)
{
	return is_hdr(l) || is_wide(l);
}

bool colour_is_same(const struct colour_light *a, const struct colour_light *b)
{
	return a->space == b->space && a->primaries == b->primaries && a->transfer == b->transfer &&
	       (a->peak_nits == b->peak_nits || !a->peak_nits || !b->peak_nits);
}

/* --- light --------------------------------------------------------------------------------------- */

/* SMPTE ST 2084: code to nits, and back. */
#define PQ_M1 (2610.0 / 16384)
#define PQ_M2 (2523.0 / 4096 * 128)
#define PQ_C1 (3424.0 / 4096)
#define PQ_C2 (2413.0 / 4096 * 32)
#define PQ_C3 (2392.0 / 4096 * 32)

static double pq_to_nits(double code)
{
	double p = pow(code, 1 / PQ_M2);
	double over = p - PQ_C1;
	return over <= 0 ? 0 : 10000 * pow(over / (PQ_C2 - PQ_C3 * p), 1 / PQ_M1);
}

static double nits_to_pq(double nits)
{
	double p = pow(nits / 10000, PQ_M1);
	return pow((PQ_C1 + PQ_C2 * p) / (1 + PQ_C3 * p), PQ_M2);
}

/* ARIB STD-B67: code to light before the camera, 0 to 1. */
static double hlg_to_scene(double code)
{
	static const double a = 0.17883277, b = 0.28466892, c = 0.55991073;
	return code <= 0.5 ? code * code / 3 : (exp((code - c) / a) + b) / 12;
}

/* ITU-R BT.2390-10, section 5.4.1.1: below the knee as it is, above it a spline that ends at our white. */
static double bend(double nits, double peak)
{
	if (nits <= 0 || peak <= WHITE_NITS)
		return nits;
	double top = nits_to_pq(peak);
	double room = nits_to_pq(WHITE_NITS) / top, knee = 1.5 * room - 0.5;
	double e = nits_to_pq(nits) / top;
	if (e >= 1)
		return WHITE_NITS;
	if (e < knee)
		return nits;
	double t = (e - knee) / (1 - knee), t2 = t * t, t3 = t2 * t;
	double bent = (2 * t3 - 3 * t2 + 1) * knee + (t3 - 2 * t2 + t) * (1 - knee) +
		      (-2 * t3 + 3 * t2) * room;
	return pq_to_nits(bent * top);
}

/* --- the tables ---------------------------------------------------------------------------------- */

/* Light for a code of 0 to 1: in whites, or before the camera (HLG). */
static double light_of(const struct colour_light *l, double code)
{
	if (l->transfer == AVCOL_TRC_SMPTE2084)
		return pq_to_nits(code) / WHITE_NITS;
	if (l->transfer == AVCOL_TRC_ARIB_STD_B67)
		return hlg_to_scene(code);
	return pow(code, GAMMA);
}

static void set_tables(struct colour_map *m, const struct colour_light *l)
{
	double peak = l->peak_nits ? l->peak_nits : PEAK_NITS;
	m->is_scene = l->transfer == AVCOL_TRC_ARIB_STD_B67;
	m->most = (float)((m->is_scene ? HLG_NITS : 10000.0) / WHITE_NITS);
	for (unsigned i = 0; i < CODES; i++)
		m->light[i] = (float)light_of(l, i / (CODES - 1.0));
	for (unsigned i = 0; i <= CODES; i++) {
		double root = (double)i / CODES, nits = root * root * (double)m->most * WHITE_NITS;
		m->screen[i] = (float)(HLG_NITS / WHITE_NITS * pow(root * root, HLG_GAMMA - 1));
		m->bent[i] = is_hdr(l) && i
				     ? (float)(bend(nits, m->is_scene ? HLG_NITS : peak) / nits)
				     : 1;
		m->code[i] = (float)pow(root * root, 1 / GAMMA);
	}
}

/* Linear light of other primaries in those of BT.709 (all with the white D65). */
static void set_primaries(struct colour_map *m, const struct colour_light *l)
{
	static const float same[9] = { 1, 0, 0, 0, 1, 0, 0, 0, 1 };
	static const float bt2020[9] = { 1.6604910f,  -0.5876411f, -0.0728499f,
					 -0.1245505f, 1.1328999f,  -0.0083494f,
					 -0.0181508f, -0.1005789f, 1.1187297f };
	static const float p3[9] = { 1.2249402f, -0.2249404f, 0,           -0.0420570f, 1.0420571f,
				     0,          -0.0196376f, -0.0786361f, 1.0982735f };
	memcpy(m->primaries,
	       !is_wide(l)                        ? same
	       : l->primaries == AVCOL_PRI_BT2020 ? bt2020
						  : p3,
	       sizeof(m->primaries));
}

static void set_differences(struct colour_map *m, enum AVColorSpace space)
{
	float r = 0.2627f, b = 0.0593f; /* shares of red and blue in luma */
	if (space == AVCOL_SPC_BT709) {
		r = 0.2126f;
		b = 0.0722f;
	} else if (space == AVCOL_SPC_BT470BG || space == AVCOL_SPC_SMPTE170M) {
		r = 0.299f;
		b = 0.114f;
	}
	m->red_v = 2 * (1 - r);
	m->blue_u = 2 * (1 - b);
	m->green_u = -m->blue_u * b / (1 - r - b);
	m->green_v = -m->red_v * r / (1 - r - b);
}

struct colour_map *colour_map_new(const struct colour_light *l)
{
	struct colour_map *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	set_tables(m, l);
	set_primaries(m, l);
	set_differences(m, l->space);
	return m;
}

void colour_map_free(struct colour_map *m)
{
	free(m);
}

/* --- pictures ------------------------------------------------------------------------------------ */

static inline float light_at(const struct colour_map *m, float code)
{
	float i = code * (CODES - 1) + 0.5f;
	return m->light[i <= 0 ? 0 : i >= CODES - 1 ? CODES - 1 : (unsigned)i];
}

/* `x` of 0 to 1; tables by the root are fine where the eye is. */
static inline float by_root(const float table[CODES + 1], float x)
{
	float root = sqrtf(x < 0 ? 0 : x > 1 ? 1 : x) * CODES;
	unsigned i = (unsigned)root;
	return i >= CODES ? table[CODES] : table[i] + (table[i + 1] - table[i]) * (root - (float)i);
}

static inline struct triple times(struct triple t, float by)
{
	return (struct triple){ t.a * by, t.b * by, t.c * by };
}

static inline float luma_709(struct triple t)
{
	return 0.2126f * t.a + 0.7152f * t.b + 0.0722f * t.c;
}

static inline float least(float a, float b)
{
	return a < b ? a : b;
}

static inline float largest(struct triple t)
{
	float most = t.a > t.b ? t.a : t.b;
	return most > t.c ? most : t.c;
}

/*
 * Towards the grey of the same luminance, just as far as our screens need to show it at all. What is too bright in one part stays as
 * bright as that part can be: going on towards grey would make pink of red.
 */
static inline struct triple into_gamut(struct triple t)
{
	float low = least(t.a, least(t.b, t.c)), y = luma_709(t);
	if (low >= 0)
		return t;
	if (y <= 0)
		return (struct triple){ 0, 0, 0 };
	float keep = y / (y - low);
	return (struct triple){ y + (t.a - y) * keep, y + (t.b - y) * keep, y + (t.c - y) * keep };
}

/* One pixel from the film's codes to those of our screens: red, green, blue of 0 to 1. */
static inline struct triple convert(const struct colour_map *m, unsigned y16, unsigned u16,
				    unsigned v16)
{
	float y = ((float)y16 - 16 * 256) / (219 * 256), u = ((float)u16 - 128 * 256) / (224 * 256),
	      v = ((float)v16 - 128 * 256) / (224 * 256);
	struct triple t = { light_at(m, y + m->red_v * v),
			    light_at(m, y + m->green_u * u + m->green_v * v),
			    light_at(m, y + m->blue_u * u) };
	if (m->is_scene)
		t = times(t, by_root(m->screen, 0.2627f * t.a + 0.6780f * t.b + 0.0593f * t.c));
	float most = largest(t);
	t = times(t, by_root(m->bent, most / m->most));
	const float *p = m->primaries;
	t = into_gamut((struct triple){ p[0] * t.a + p[1] * t.b + p[2] * t.c,
					p[3] * t.a + p[4] * t.b + p[5] * t.c,
					p[6] * t.a + p[7] * t.b + p[8] * t.c });
	return (struct triple){ by_root(m->code, t.a), by_root(m->code, t.b),
				by_root(m->code, t.c) };
}

static inline uint8_t part(float code)
{
	return (uint8_t)(code < 0 ? 0 : code > 255 ? 255 : code + 0.5f);
}

static const uint16_t *row_of(const AVFrame *f, int plane, int y)
{
	return (const uint16_t *)(const void *)(f->data[plane] + (ptrdiff_t)y * f->linesize[plane]);
}

/* Two lines of luma, and the one of chroma that they share. */
static void run_lines(const struct colour_map *m, const AVFrame *in, AVFrame *out, int y)
{
	int lines[2] = { y, y + 1 < in->height ? y + 1 : y };
	uint8_t *to_u = out->data[1] + (ptrdiff_t)(y / 2) * out->linesize[1];
	uint8_t *to_v = out->data[2] + (ptrdiff_t)(y / 2) * out->linesize[2];
	for (int x = 0; x < in->width; x += 2) {
		struct triple sum = { 0, 0, 0 };
		for (int i = 0; i < 4; i++) {
			int line = lines[i / 2], column = x + i % 2 < in->width ? x + i % 2 : x;
			struct triple t =
				convert(m, row_of(in, 0, line)[column], row_of(in, 1, line)[column],
					row_of(in, 2, line)[column]);
			out->data[0][(ptrdiff_t)line * out->linesize[0] + column] =
				part(16 + 219 * luma_709(t));
			sum = (struct triple){ sum.a + t.a, sum.b + t.b, sum.c + t.c };
		}
		float luma = luma_709(sum);
		to_u[x / 2] = part(128 + 224 * (sum.c - luma) / (4 * 2 * (1 - 0.0722f)));
		to_v[x / 2] = part(128 + 224 * (sum.a - luma) / (4 * 2 * (1 - 0.2126f)));
	}
}

void colour_map_run(const struct colour_map *m, const AVFrame *in, AVFrame *out)
{
	for (int y = 0; y < in->height; y += 2)
		run_lines(m, in, out, y);
}
