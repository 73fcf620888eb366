// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/matrix.h"

#include <math.h>

#define ONE 32768
#define ROUND (ONE / 2)
#define CHROMA_MAX 4096

static const struct weights {
	int space;
	double red, blue; /* of luma */
} forms[] = {
	{ SWS_CS_ITU601, 0.299, 0.114 },
	{ SWS_CS_SMPTE240M, 0.212, 0.087 },
	{ SWS_CS_BT2020, 0.2627, 0.0593 },
};
static const struct weights wanted = { SWS_CS_ITU709, 0.2126, 0.0722 };

/* What a step of each chroma becomes in the wanted form: luma (in steps of 219), and both chromas. */
static void turn_chroma(const struct weights *w, double cb, double cr, double out[static 3])
{
	double red = 2 * (1 - w->red) * cr, blue = 2 * (1 - w->blue) * cb;
	double green = -(w->red * red + w->blue * blue) / (1 - w->red - w->blue);
	double y = wanted.red * red + wanted.blue * blue + (1 - wanted.red - wanted.blue) * green;
	out[0] = y * 219 / 224;
	out[1] = (blue - y) / (2 * (1 - wanted.blue));
	out[2] = (red - y) / (2 * (1 - wanted.red));
}

int matrix_make(int space, struct matrix *out)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		double cb[3], cr[3];
		if (forms[i].space != space)
			continue;
		turn_chroma(&forms[i], 1, 0, cb);
		turn_chroma(&forms[i], 0, 1, cr);
		*out = (struct matrix){
			.y_cb = (int)lrint(cb[0] * ONE),
			.y_cr = (int)lrint(cr[0] * ONE),
			.cb_cb = (int)lrint(cb[1] * ONE),
			.cb_cr = (int)lrint(cr[1] * ONE),
			.cr_cb = (int)lrint(cb[2] * ONE),
			.cr_cr = (int)lrint(cr[2] * ONE),
		};
		return 1;
	}
	return 0;
}

static uint8_t clip(int v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void add_to_luma(uint8_t *line, const int16_t *add, int width)
{
	int x = 0;
	for (; x + 1 < width; x += 2) {
		line[x] = clip(line[x] + add[x / 2]);
		line[x + 1] = clip(line[x + 1] + add[x / 2]);
	}
	if (x < width)
		line[x] = clip(line[x] + add[x / 2]);
}

/* One line of chroma in place; `add` is what its luma gets. */
static void turn_line(const struct matrix *m, uint8_t *cb, uint8_t *cr, int16_t *add, int width)
{
	for (int x = 0; x < width; x++) {
		int u = cb[x] - 128, v = cr[x] - 128;
		add[x] = (int16_t)((m->y_cb * u + m->y_cr * v + ROUND) >> 15);
		cb[x] = clip(128 + ((m->cb_cb * u + m->cb_cr * v + ROUND) >> 15));
		cr[x] = clip(128 + ((m->cr_cb * u + m->cr_cr * v + ROUND) >> 15));
	}
}

void matrix_run(const struct matrix *m, AVFrame *f)
{
	int16_t add[CHROMA_MAX];
	int across = (f->width + 1) / 2, down = (f->height + 1) / 2;
	for (int y = 0; y < down; y++)
		for (int from = 0; from < across; from += CHROMA_MAX) {
			int n = across - from < CHROMA_MAX ? across - from : CHROMA_MAX;
			int lumas = f->width - 2 * from < 2 * n ? f->width - 2 * from : 2 * n;
			uint8_t *luma = f->data[0] + (ptrdiff_t)2 * y * f->linesize[0] + 2 * from;
			turn_line(m, f->data[1] + (ptrdiff_t)y * f->linesize[1] + from,
				  f->data[2] + (ptrdiff_t)y * f->linesize[2] + from, add, n);
			add_to_luma(luma, add, lumas);
			if (2 * y + 1 < f->height)
				add_to_luma(luma + f->linesize[0], add, lumas);
		}
}
