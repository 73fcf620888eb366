// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/mux.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "content/transcoder/grid.h"
#include "content/transcoder/source.h"
#include "content/transcoder/tone.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define BUFFER 65536
#define PACKET \
	960 /* samples of an Opus packet: the one that holds the first sample begins before it */

static int write_some(void *opaque, uint8_t *bytes, int len)
{
	struct mux *m = opaque;
	int rc = fileio_pwrite_all(m->fd, bytes, (size_t)len, (uint64_t)m->at);
	if (rc) {
		m->error = rc;
		return rc;
	}
	m->at += len;
	m->end = m->at > m->end ? m->at : m->end;
	return len;
}

static int64_t seek_to(void *opaque, int64_t offset, int whence)
{
	struct mux *m = opaque;
	if (whence == AVSEEK_SIZE)
		return m->end;
	m->at = whence == SEEK_CUR ? m->at + offset : whence == SEEK_END ? m->end + offset : offset;
	return m->at;
}

/* --- the second handle by which the index is moved to the front ----------------------------------- */

struct back {
	const struct mux *mux;
	int64_t at;
};

static int read_back(void *opaque, uint8_t *out, int room)
{
	struct back *b = opaque;
	ssize_t got = pread(b->mux->fd, out, (size_t)room, (off_t)b->at);
	if (got < 0)
		return AVERROR(errno);
	b->at += got;
	return got ? (int)got : AVERROR_EOF;
}

static int64_t seek_back(void *opaque, int64_t offset, int whence)
{
	struct back *b = opaque;
	if (whence == AVSEEK_SIZE)
		return b->mux->end;
	b->at = whence == SEEK_CUR   ? b->at + offset
		: whence == SEEK_END ? b->mux->end + offset
				     : offset;
	return b->at;
}

static int open_back(AVFormatContext *f, AVIOContext **out, const char *url, int flags,
		     AVDictionary **options)
{
	(void)url;
	(void)options;
	if (flags != AVIO_FLAG_READ)
		return AVERROR(EACCES);
	struct back *b = av_mallocz(sizeof(*b));
	uint8_t *buffer = av_malloc(BUFFER);
	if (b)
		*b = (struct back){ .mux = f->opaque };
	*out = b && buffer ? avio_alloc_context(buffer, BUFFER, 0, b, read_back, NULL, seek_back)
			   : NULL;
	if (*out)
		return 0;
	av_free(buffer);
	av_free(b);
	return AVERROR(ENOMEM);
}

static int close_back(AVFormatContext *f, AVIOContext *io)
{
	(void)f;
	av_free(io->opaque);
	av_freep(&io->buffer);
	avio_context_free(&io);
	return 0;
}

/* --- writing -------------------------------------------------------------------------------------- */

static AVStream *add_stream(struct mux *m, AVRational base, AVRational rate, AVRational shape)
{
	AVStream *st = avformat_new_stream(m->format, NULL);
	if (!st)
		return NULL;
	st->time_base = base;
	st->avg_frame_rate = rate;
	st->sample_aspect_ratio = shape;
	return st;
}

static int add_encoder(struct mux *m, const AVCodecContext *codec, AVRational base)
{
	AVStream *st = add_stream(m, base, codec->framerate, codec->sample_aspect_ratio);
	if (!st)
		return AVERROR(ENOMEM);
	m->base[st->index] = codec->time_base;
	return avcodec_parameters_from_context(st->codecpar, codec);
}

static int add_track(struct mux *m, const struct mux_track *t)
{
	AVStream *st = add_stream(m, t->base, t->rate, t->shape);
	if (!st)
		return AVERROR(ENOMEM);
	m->base[st->index] = t->base;
	uint8_t *matrix = t->turned ? av_stream_new_side_data(st, AV_PKT_DATA_DISPLAYMATRIX,
							      sizeof(t->matrix))
				    : NULL;
	if (t->turned && !matrix)
		return AVERROR(ENOMEM);
	if (matrix)
		memcpy(matrix, t->matrix, sizeof(t->matrix));
	return avcodec_parameters_copy(st->codecpar, t->parameters);
}

static int prepare(struct mux *m)
{
	uint8_t *buffer = av_malloc(BUFFER);
	m->io = buffer ? avio_alloc_context(buffer, BUFFER, 1, m, NULL, write_some, seek_to) : NULL;
	if (!m->io) {
		av_free(buffer);
		return AVERROR(ENOMEM);
	}
	int rc = avformat_alloc_output_context2(&m->format, NULL, "mp4", "mezzanine");
	if (rc < 0)
		return rc;
	m->format->pb = m->io;
	m->format->opaque = m;
	m->format->io_open = open_back;
	m->format->io_close2 = close_back;
	m->format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
	return 0;
}

static int begin(struct mux *m, uint32_t timescale, int rc, struct fault *why)
{
	CLEANUP(clean_av_dict) AVDictionary *options = NULL;
	av_dict_set(&options, "movflags", "+faststart", 0);
	av_dict_set_int(&options, "video_track_timescale", timescale, 0);
	if (rc >= 0)
		rc = avformat_write_header(m->format, &options);
	if (rc >= 0)
		return 0;
	mux_close(m);
	return fault_set(why, libav_errno(rc), "mux.open",
			 "the mezzanine's MP4 cannot be begun (%s)", libav_text(rc).at);
}

int mux_open(struct mux *m, int fd, const AVCodecContext *picture, const AVCodecContext *sound,
	     uint32_t timescale, struct fault *why)
{
	*m = (struct mux){ .fd = fd };
	int rc = prepare(m);
	if (rc >= 0 && picture)
		rc = add_encoder(m, picture, (AVRational){ 1, (int)timescale });
	if (rc >= 0 && sound)
		rc = add_encoder(m, sound, (AVRational){ 1, GRID_RATE });
	return begin(m, timescale, rc, why);
}

int mux_open_as(struct mux *m, int fd, const struct mux_track *tracks, size_t count,
		struct fault *why)
{
	*m = (struct mux){ .fd = fd };
	uint32_t timescale = 0;
	int rc = count > ARRAY_LEN(m->base) ? AVERROR(EINVAL) : prepare(m);
	for (size_t i = 0; i < count && rc >= 0; i++) {
		rc = add_track(m, &tracks[i]);
		if (tracks[i].parameters->codec_type == AVMEDIA_TYPE_VIDEO)
			timescale = (uint32_t)tracks[i].base.den;
	}
	return begin(m, timescale, rc, why);
}

void mux_close(struct mux *m)
{
	avformat_free_context(m->format);
	if (m->io)
		av_freep(&m->io->buffer);
	avio_context_free(&m->io);
	m->format = NULL;
}

static int failed(const struct mux *m, int rc, struct fault *why)
{
	if (m->error)
		return fault_set(
			why, m->error, "mux.write",
			"the mezzanine cannot be written (%s); make room and publish again",
			strerror(-m->error));
	return fault_set(why, libav_errno(rc), "mux.write", "the mezzanine cannot be written (%s)",
			 libav_text(rc).at);
}

int mux_write(struct mux *m, int stream, AVPacket *packet, struct fault *why)
{
	packet->stream_index = stream;
	av_packet_rescale_ts(packet, m->base[stream], m->format->streams[stream]->time_base);
	int rc = av_write_frame(m->format, packet);
	return rc < 0 || m->error ? failed(m, rc, why) : 0;
}

int mux_finish(struct mux *m, struct fault *why)
{
	int rc = av_write_trailer(m->format);
	return rc < 0 || m->error ? failed(m, rc, why) : 0;
}

/* --- spans ---------------------------------------------------------------------------------------- */

struct reach {
	uint64_t from, to;
};

static void include(struct reach *r, const AVIndexEntry *e)
{
	uint64_t from = (uint64_t)e->pos, to = from + (uint64_t)e->size;
	if (r->to == 0 || from < r->from)
		r->from = from;
	if (to > r->to)
		r->to = to;
}

/* All samples of `st` with from <= time < to, in units of `base`. The count of them; *key: is the first a key frame? */
static unsigned gather(AVStream *st, int64_t from, int64_t to, AVRational base, struct reach *r,
		       int *key)
{
	unsigned found = 0;
	int count = avformat_index_get_entries_count(st);
	for (int i = 0; i < count; i++) {
		const AVIndexEntry *e = avformat_index_get_entry(st, i);
		int64_t at = av_rescale_q(e->timestamp, st->time_base, base);
		if (at < from || at >= to)
			continue;
		if (!found++)
			*key = (e->flags & AVINDEX_KEYFRAME) != 0 && at == from;
		include(r, e);
	}
	return found;
}

static uint64_t first_byte(AVFormatContext *f)
{
	uint64_t first = UINT64_MAX;
	for (unsigned i = 0; i < f->nb_streams; i++) {
		int count = avformat_index_get_entries_count(f->streams[i]);
		for (int k = 0; k < count; k++) {
			const AVIndexEntry *e = avformat_index_get_entry(f->streams[i], k);
			if ((uint64_t)e->pos < first)
				first = (uint64_t)e->pos;
		}
	}
	return first;
}

static int fill_spans(struct source *s, wasl_Plan *plan, struct fault *why)
{
	AVRational ticks = { 1, (int)plan->timescale }, samples = { 1, GRID_RATE };
	AVStream *picture = plan->width ? s->format->streams[0] : NULL;
	const unsigned before = picture ? 1 : 0;
	AVStream *sound = s->format->nb_streams > before ? s->format->streams[before] : NULL;
	plan->head_bytes = first_byte(s->format);
	for (pb_size_t i = 0; i < plan->segments_count; i++) {
		wasl_Segment *seg = &plan->segments[i];
		int64_t from = (int64_t)seg->start_ticks, to = from + seg->duration_ticks;
		struct reach r = { 0 };
		int key = 0, any;
		unsigned found = picture ? gather(picture, from, to, ticks, &r, &key) : 0;
		uint64_t want = grid_scale(seg->duration_ticks, plan->fps_num,
					   (uint64_t)plan->timescale * plan->fps_den);
		if (picture && (!key || found != want))
			return fault_set(why, -EPROTO, "mux.grid",
					 "segment %u of the mezzanine has %u of %llu pictures, or "
					 "does not begin with a key frame",
					 (unsigned)i + 1, found, (unsigned long long)want);
		if (sound) {
			int64_t begin =
				(int64_t)grid_sound_edge(seg->start_ticks, plan->timescale) -
				(int64_t)(TONE_BEFORE + PACKET);
			int64_t end = (int64_t)grid_sound_end((uint64_t)to, plan->timescale) +
				      (int64_t)TONE_AFTER;
			gather(sound, begin, end, samples, &r, &any);
		}
		seg->byte_from = r.from;
		seg->byte_len = r.to - r.from;
	}
	return 0;
}

int mux_spans(int fd, uint64_t size, wasl_Plan *plan, struct fault *why)
{
	struct job_span whole = { 0, size };
	struct source s;
	int rc = source_open(&s, fd, size, &whole, 1, "mov", why);
	if (rc)
		return rc;
	rc = fill_spans(&s, plan, why);
	source_close(&s);
	return rc;
}
