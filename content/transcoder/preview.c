// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/preview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "content/shelf/sprites_format.h"
#include "content/transcoder/source.h"
#include "content/transcoder/still.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

struct preview {
	struct sprites_head head;
	uint16_t changes[SPRITES_TILES_MAX];
	uint32_t sheet_bytes[SPRITES_SHEETS_MAX];
	struct box_out sheets;
	AVFrame *sheet, *before, *best;
	uint64_t detail; /* of the best */
	struct box_out poster;
	struct SwsContext *scaler;
	uint32_t on_sheet, seen; /* tiles; key frames */
};

static void preview_done(struct preview *p)
{
	av_frame_free(&p->sheet);
	av_frame_free(&p->before);
	av_frame_free(&p->best);
	box_done(&p->poster);
	sws_freeContext(p->scaler);
	box_done(&p->sheets);
}

static uint32_t even(uint32_t n)
{
	return n < 2 ? 2 : n & ~1u;
}

/* A tile keeps the picture's shape. */
static int prepare(struct preview *p, const AVFrame *f, struct fault *why)
{
	const uint32_t w = (uint32_t)f->width, h = (uint32_t)f->height, side = SPRITES_TILE_SIDE;
	const uint32_t large = w > h ? w : h;
	p->head.tile_width = even(w * side / large + 1);
	p->head.tile_height = even(h * side / large + 1);
	p->scaler = sws_getContext(f->width, f->height, AV_PIX_FMT_YUV420P, (int)p->head.tile_width,
				   (int)p->head.tile_height, AV_PIX_FMT_YUVJ420P,
				   SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);
	if (!p->scaler)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	/* JPEG is read as BT.601, full range. */
	sws_setColorspaceDetails(p->scaler, sws_getCoefficients(SWS_CS_ITU709), 0,
				 sws_getCoefficients(SWS_CS_ITU601), 1, 0, 1 << 16, 1 << 16);
	return 0;
}

static int begin_sheet(struct preview *p, struct fault *why)
{
	AVFrame *s = p->sheet = av_frame_alloc();
	if (s) {
		s->format = AV_PIX_FMT_YUVJ420P;
		s->width = (int)(SPRITES_COLUMNS * p->head.tile_width);
		s->height = (int)(SPRITES_ROWS * p->head.tile_height);
		s->color_range = AVCOL_RANGE_JPEG;
		s->quality = 6 * FF_QP2LAMBDA;
	}
	if (!s || av_frame_get_buffer(s, 0) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	/* Places that stay empty are black. */
	memset(s->buf[0]->data, 0, s->buf[0]->size);
	for (int plane = 1; plane < 3; plane++)
		for (int y = 0; y < s->height / 2; y++)
			memset(s->data[plane] + (ptrdiff_t)y * s->linesize[plane], 128,
			       (size_t)s->width / 2);
	p->on_sheet = 0;
	return 0;
}

static int end_sheet(struct preview *p, struct fault *why)
{
	if (!p->sheet || !p->on_sheet)
		return 0;
	CLEANUP(clean_av_packet) AVPacket *packet = av_packet_alloc();
	if (!packet)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	/* The last sheet is as long as it has rows. */
	const uint32_t rows = (p->on_sheet + SPRITES_COLUMNS - 1) / SPRITES_COLUMNS;
	p->sheet->height = (int)(rows * p->head.tile_height);
	int rc = still_encode(p->sheet, packet);
	if (rc < 0)
		return fault_set(why, libav_errno(rc), "preview.jpeg",
				 "the preview cannot be encoded (%s)", libav_text(rc).at);
	box_put(&p->sheets, packet->data, (size_t)packet->size);
	p->sheet_bytes[p->head.sheets++] = (uint32_t)packet->size;
	av_frame_free(&p->sheet);
	return 0;
}

static int put_tile(struct preview *p, const AVFrame *f, struct fault *why)
{
	int rc = p->sheet ? 0 : begin_sheet(p, why);
	if (rc)
		return rc;
	const uint32_t x = p->on_sheet % SPRITES_COLUMNS * p->head.tile_width;
	const uint32_t y = p->on_sheet / SPRITES_COLUMNS * p->head.tile_height;
	uint8_t *to[4] = { 0 };
	for (int plane = 0; plane < 3; plane++) {
		const unsigned half = plane > 0;
		to[plane] = p->sheet->data[plane] +
			    (ptrdiff_t)(y >> half) * p->sheet->linesize[plane] + (x >> half);
	}
	sws_scale(p->scaler, (const uint8_t *const *)f->data, f->linesize, 0, f->height, to,
		  p->sheet->linesize);
	p->head.tiles++;
	if (++p->on_sheet == SPRITES_COLUMNS * SPRITES_ROWS)
		return end_sheet(p, why);
	return 0;
}

/* Thousandths of the picture that are not as in the one before. */
static uint16_t change(const struct preview *p, const AVFrame *f)
{
	uint64_t compared = 0, changed = 0;
	if (p->before)
		still_compare(p->before, f, &compared, &changed);
	return compared ? (uint16_t)(changed * 1000 / compared) : 0;
}

/* The poster is the one with most to see, as with the ministry's. */
static int consider(struct preview *p, const AVFrame *f, struct fault *why)
{
	const uint64_t detail = still_detail(f);
	if (p->best && detail <= p->detail)
		return 0;
	av_frame_free(&p->best);
	p->best = av_frame_clone(f);
	p->detail = detail;
	return p->best ? 0 : fault_set(why, -ENOMEM, "memory", "out of memory");
}

static int make_poster(struct preview *p, struct fault *why)
{
	AUTO_FD int fd = memfd_create("poster", MFD_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return fault_set(why, -errno, "preview.memfd", "no memory file (%s)",
				 strerror(errno));
	int rc = still_jpeg(p->best, fd, why);
	if (rc)
		return rc;
	AUTO_FREE void *bytes = fstat(fd, &st) ? NULL : malloc((size_t)st.st_size + 1);
	if (!bytes || fileio_pread_all(fd, bytes, (size_t)st.st_size, 0))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	box_put(&p->poster, bytes, (size_t)st.st_size);
	p->head.poster_bytes = (uint32_t)st.st_size;
	return 0;
}

static int take(struct preview *p, const AVFrame *f, struct fault *why)
{
	int rc = 0;
	if (f->format != AV_PIX_FMT_YUV420P ||
	    (p->before && (p->before->width != f->width || p->before->height != f->height)))
		return fault_set(why, -EBADMSG, "preview.picture",
				 "the key frames are not of one kind");
	if (!p->scaler)
		rc = prepare(p, f, why);
	const uint16_t now = change(p, f);
	if (!rc && p->seen % p->head.stride == 0 && p->head.tiles < SPRITES_TILES_MAX) {
		p->changes[p->head.tiles] = now;
		rc = put_tile(p, f, why);
	} else if (!rc && p->head.tiles && now > p->changes[p->head.tiles - 1]) {
		p->changes[p->head.tiles - 1] = now;
	}
	p->seen++;
	if (!rc)
		rc = consider(p, f, why);
	av_frame_free(&p->before);
	p->before = av_frame_clone(f);
	return !rc && !p->before ? fault_set(why, -ENOMEM, "memory", "out of memory") : rc;
}

static int read_all(struct preview *p, struct source *s, struct fault *why)
{
	struct source_reader r;
	CLEANUP(clean_av_frame) AVFrame *f = av_frame_alloc();
	if (!f)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (s->format->nb_streams != 1 ||
	    s->format->streams[0]->codecpar->codec_type != AVMEDIA_TYPE_VIDEO)
		return fault_set(why, -EBADMSG, "preview.film", "this is no film of key frames");
	int rc = source_reader_open(&r, s, 0, 1, why);
	if (rc)
		return rc;
	source_reader_begin(&r);
	while (!rc && (rc = source_reader_next(&r, f, why)) == 1) {
		rc = take(p, f, why);
		av_frame_unref(f);
	}
	source_reader_close(&r);
	return rc;
}

static void put_all(const struct preview *p, struct box_out *out)
{
	static const uint8_t zeros[4] = { 0 };
	const size_t changes = p->head.tiles * sizeof(p->changes[0]);
	box_put(out, &p->head, sizeof(p->head));
	box_put(out, p->changes, changes);
	box_put(out, zeros, -changes & 3);
	box_put(out, p->sheet_bytes, p->head.sheets * sizeof(p->sheet_bytes[0]));
	box_put(out, p->sheets.bytes, p->sheets.len);
	box_put(out, p->poster.bytes, p->poster.len);
}

int preview_make(int fd, uint64_t size, uint32_t pictures, struct box_out *out, struct fault *why)
{
	CLEANUP(preview_done) struct preview p = { .head.magic = SPRITES_MAGIC };
	struct source s;
	const struct job_span whole = { 0, size };
	p.head.stride = (pictures + SPRITES_TILES_MAX - 1) / SPRITES_TILES_MAX;
	if (!p.head.stride)
		p.head.stride = 1;
	int rc = source_open(&s, fd, size, &whole, 1, "mov", why);
	if (rc)
		return rc;
	rc = read_all(&p, &s, why);
	source_close(&s);
	if (!rc)
		rc = end_sheet(&p, why);
	if (!rc && !p.head.tiles)
		rc = fault_set(why, -ENODATA, "preview.empty", "no key frame of it decodes");
	if (!rc)
		rc = make_poster(&p, why);
	if (rc)
		return rc;
	put_all(&p, out);
	rc = p.sheets.bad ? p.sheets.bad : p.poster.bad ? p.poster.bad : out->bad;
	return rc ? fault_set(why, rc, "memory", "out of memory") : 0;
}
