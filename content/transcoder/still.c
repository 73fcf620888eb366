// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/still.h"

#include <errno.h>
#include <stdlib.h>

#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define BLOCK 16
#define NOISE 3 /* mean difference of luma in a block that a lossy source makes by itself */
#define POSTER_SIDE 640

static unsigned block_difference(const AVFrame *a, const AVFrame *b, int x, int y)
{
	unsigned sum = 0;
	for (int row = y; row < y + BLOCK; row++) {
		const uint8_t *p = a->data[0] + (ptrdiff_t)row * a->linesize[0] + x;
		const uint8_t *q = b->data[0] + (ptrdiff_t)row * b->linesize[0] + x;
		for (int i = 0; i < BLOCK; i++)
			sum += (unsigned)abs(p[i] - q[i]);
	}
	return sum;
}

void still_compare(const AVFrame *a, const AVFrame *b, uint64_t *compared, uint64_t *changed)
{
	for (int y = 0; y + BLOCK <= a->height; y += BLOCK)
		for (int x = 0; x + BLOCK <= a->width; x += BLOCK) {
			(*compared)++;
			*changed += block_difference(a, b, x, y) > NOISE * BLOCK * BLOCK;
		}
}

int still_add(struct still *s, const AVFrame *picture)
{
	AVFrame *mine = av_frame_clone(picture);
	if (!mine)
		return -ENOMEM;
	if (s->before)
		still_compare(s->before, mine, &s->compared, &s->changed);
	av_frame_free(&s->before);
	s->before = mine;
	return 0;
}

enum still_class still_end(struct still *s)
{
	uint64_t compared = s->compared, changed = s->changed;
	s->compared = s->changed = 0;
	if (!compared)
		return STILL_UNKNOWN;
	if (changed * 100 < compared)
		return STILL_STATIC;
	return changed * 2 < compared ? STILL_SCREEN : STILL_CAMERA;
}

void still_done(struct still *s)
{
	av_frame_free(&s->before);
	*s = (struct still){ 0 };
}

uint64_t still_detail(const AVFrame *f)
{
	uint64_t edges = 0;
	for (int y = 0; y < f->height; y += 2) {
		const uint8_t *p = f->data[0] + (ptrdiff_t)y * f->linesize[0];
		for (int x = 1; x < f->width; x++)
			edges += abs(p[x] - p[x - 1]) > 24;
	}
	return edges;
}

int still_encode(const AVFrame *picture, AVPacket *out)
{
	CLEANUP(clean_av_codec)
	AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_MJPEG));
	if (!c)
		return AVERROR(ENOMEM);
	c->width = picture->width;
	c->height = picture->height;
	c->pix_fmt = AV_PIX_FMT_YUVJ420P;
	c->color_range = AVCOL_RANGE_JPEG;
	c->time_base = (AVRational){ 1, 25 };
	c->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
	c->global_quality = 5 * FF_QP2LAMBDA;
	int rc = avcodec_open2(c, c->codec, NULL);
	if (rc >= 0)
		rc = avcodec_send_frame(c, picture);
	if (rc >= 0)
		rc = avcodec_receive_packet(c, out);
	return rc;
}

int still_jpeg(const AVFrame *picture, int fd, struct fault *why)
{
	CLEANUP(clean_av_frame) AVFrame *small = av_frame_alloc();
	CLEANUP(clean_av_packet) AVPacket *packet = av_packet_alloc();
	if (!small || !packet)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int large = picture->width > picture->height ? picture->width : picture->height;
	int part = large > POSTER_SIDE ? POSTER_SIDE : large;
	small->format = AV_PIX_FMT_YUVJ420P;
	small->width = (picture->width * part / large + 1) & ~1;
	small->height = (picture->height * part / large + 1) & ~1;
	small->color_range = AVCOL_RANGE_JPEG;
	small->quality = 5 * FF_QP2LAMBDA;
	if (av_frame_get_buffer(small, 0) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	struct SwsContext *sws = sws_getContext(picture->width, picture->height, AV_PIX_FMT_YUV420P,
						small->width, small->height, AV_PIX_FMT_YUVJ420P,
						SWS_LANCZOS | SWS_ACCURATE_RND, NULL, NULL, NULL);
	if (!sws)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	/* JPEG is read as BT.601, full range. */
	sws_setColorspaceDetails(sws, sws_getCoefficients(SWS_CS_ITU709), 0,
				 sws_getCoefficients(SWS_CS_ITU601), 1, 0, 1 << 16, 1 << 16);
	sws_scale(sws, (const uint8_t *const *)picture->data, picture->linesize, 0, picture->height,
		  small->data, small->linesize);
	sws_freeContext(sws);
	int rc = still_encode(small, packet);
	if (rc < 0)
		return fault_set(why, libav_errno(rc), "still.jpeg",
				 "the poster cannot be encoded (%s)", libav_text(rc).at);
	rc = fileio_write_all(fd, packet->data, (size_t)packet->size);
	return rc ? fault_set(why, rc, "still.jpeg", "the poster cannot be written (%s)",
			      strerror(-rc))
		  : 0;
}
