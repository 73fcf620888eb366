// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/rate.h"

#include "content/transcoder/orient.h"
#include "firmware/base/clean.h"

static const AVRational usual[] = { { 5, 1 },  { 8, 1 },  { 10, 1 },       { 12, 1 },
				    { 25, 2 }, { 15, 1 }, { 20, 1 },       { 24000, 1001 },
				    { 24, 1 }, { 25, 1 }, { 30000, 1001 }, { 30, 1 } };

static int is_rate(AVRational r)
{
	return r.num > 0 && r.den > 0 && av_q2d(r) >= 0.5 && av_q2d(r) <= 1000.0;
}

/* Within half a per mille of a usual rate (or a whole part of one): that rate, spelt exactly. */
static int snap(double fps, AVRational *out)
{
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		double want = av_q2d(usual[i]);
		if (fps > want * 0.9995 && fps < want * 1.0005) {
			*out = usual[i];
			return 1;
		}
	}
	return 0;
}

AVRational rate_pick(AVRational base, AVRational average)
{
	AVRational out = { 25, 1 };
	if (!is_rate(average))
		average = base;
	if (!is_rate(average))
		return out;
	double fps = av_q2d(average);
	/* The base is exact where the pace is even; the average is rounded by the file's length. */
	if (is_rate(base) && av_q2d(base) > fps * 0.97 && av_q2d(base) < fps * 1.03)
		fps = av_q2d(base);
	double part = fps;
	for (int n = 2; part > 30.02; n++)
		part = fps / n;
	if (snap(part, &out))
		return out;
	/* Twice to four times a slow rate: each picture begins on time all the same. */
	for (int n = 2; n <= 4; n++)
		if (snap(part * n, &out))
			return out;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		out = usual[i];
		if (av_q2d(out) >= part)
			break;
	}
	return out;
}

uint32_t rate_timescale(AVRational fps)
{
	return (uint32_t)(fps.num < 1000 ? fps.num * 1000 : fps.num);
}

static uint32_t even(double n)
{
	uint32_t half = (uint32_t)(n / 2 + 0.5);
	return half ? half * 2 : 2;
}

void rate_size(int width, int height, AVRational sar, unsigned turn, uint32_t lines,
	       uint32_t *out_width, uint32_t *out_height)
{
	double w = width, h = height;
	/* Pixels are made square as players do it: lines stay, so that none is lost. */
	if (sar.num > 0 && sar.den > 0 && av_q2d(sar) > 0.1 && av_q2d(sar) < 10.0)
		w *= av_q2d(sar);
	if (turn & ORIENT_SWAP) {
		double swap = w;
		w = h;
		h = swap;
	}
	double small = w < h ? w : h, large = w < h ? h : w;
	double by = 1.0;
	if (small > lines)
		by = lines / small;
	if (large * by > lines * 4.0)
		by = lines * 4.0 / large;
	double least = RATE_SIDE_MIN / small;
	if (by < least && large * least <= lines * 4.0)
		by = least;
	*out_width = even(w * by);
	*out_height = even(h * by);
}
