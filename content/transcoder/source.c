// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/source.h"

#include <errno.h>
#include <libavutil/avstring.h>
#include <string.h>
#include <unistd.h>

#include "content/transcoder/tail.h"
#include "firmware/base/fault.h"

#define BUFFER 32768
#define STREAMS_MAX 64
#define DAMAGED_MAX 5000u
#define RESYNC_MAX (32 << 20) /* bytes of a transport stream without a packet, before it is over */
#define PASSED_MAX 500u       /* packets outside the spans between a seek and the first inside */

/* Containers and codecs that lessons come in. What is not named is not tried: each is code that reads foreign bytes. */
static const char containers[] =
	"mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,flv,ogg,mpeg,mpegvideo,"
	"asf,gif,dv,mp3,wav,aac,amr,flac,aiff,caf,ac3,au";
static const enum AVCodecID codecs[] = {
	AV_CODEC_ID_AV1,        AV_CODEC_ID_H264,          AV_CODEC_ID_HEVC,
	AV_CODEC_ID_VP8,        AV_CODEC_ID_VP9,           AV_CODEC_ID_MPEG4,
	AV_CODEC_ID_H263,       AV_CODEC_ID_FLV1,          AV_CODEC_ID_MPEG1VIDEO,
	AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_THEORA,        AV_CODEC_ID_MJPEG,
	AV_CODEC_ID_MSMPEG4V2,  AV_CODEC_ID_MSMPEG4V3,     AV_CODEC_ID_PRORES,
	AV_CODEC_ID_QTRLE,      AV_CODEC_ID_DVVIDEO,       AV_CODEC_ID_VP6F,
	AV_CODEC_ID_OPUS,       AV_CODEC_ID_AAC,           AV_CODEC_ID_AAC_LATM,
	AV_CODEC_ID_MP3,        AV_CODEC_ID_MP2,           AV_CODEC_ID_AC3,
	AV_CODEC_ID_EAC3,       AV_CODEC_ID_VORBIS,        AV_CODEC_ID_FLAC,
	AV_CODEC_ID_PCM_S16LE,  AV_CODEC_ID_PCM_S16BE,     AV_CODEC_ID_PCM_U8,
	AV_CODEC_ID_PCM_S24LE,  AV_CODEC_ID_PCM_S24BE,     AV_CODEC_ID_PCM_S32LE,
	AV_CODEC_ID_PCM_S32BE,  AV_CODEC_ID_PCM_F32LE,     AV_CODEC_ID_PCM_F32BE,
	AV_CODEC_ID_PCM_F64LE,  AV_CODEC_ID_PCM_F64BE,     AV_CODEC_ID_PCM_ALAW,
	AV_CODEC_ID_PCM_MULAW,  AV_CODEC_ID_ADPCM_IMA_QT,  AV_CODEC_ID_ADPCM_MS,
	AV_CODEC_ID_ADPCM_SWF,  AV_CODEC_ID_AMR_NB,        AV_CODEC_ID_AMR_WB,
	AV_CODEC_ID_ALAC,       AV_CODEC_ID_NELLYMOSER,    AV_CODEC_ID_SPEEX,
	AV_CODEC_ID_WMV1,       AV_CODEC_ID_WMV2,          AV_CODEC_ID_WMV3,
	AV_CODEC_ID_VC1,        AV_CODEC_ID_MSMPEG4V1,     AV_CODEC_ID_CINEPAK,
	AV_CODEC_ID_MSVIDEO1,   AV_CODEC_ID_HUFFYUV,       AV_CODEC_ID_FFVHUFF,
	AV_CODEC_ID_RAWVIDEO,   AV_CODEC_ID_TSCC,          AV_CODEC_ID_CSCD,
	AV_CODEC_ID_WMAV1,      AV_CODEC_ID_WMAV2,         AV_CODEC_ID_WMAPRO,
	AV_CODEC_ID_WMAVOICE,   AV_CODEC_ID_ADPCM_IMA_WAV, AV_CODEC_ID_SVQ1,
	AV_CODEC_ID_SVQ3,       AV_CODEC_ID_PNG,           AV_CODEC_ID_GIF,
	AV_CODEC_ID_FFV1,       AV_CODEC_ID_FLASHSV,       AV_CODEC_ID_DTS,
	AV_CODEC_ID_MP1,        AV_CODEC_ID_PCM_BLURAY,    AV_CODEC_ID_PCM_DVD,
	AV_CODEC_ID_PCM_S8,
};

/* --- bytes --------------------------------------------------------------------------------------- */

static const struct job_span *span_at(const struct source *s, uint64_t at)
{
	for (size_t i = 0; i < s->span_count; i++)
		if (at >= s->spans[i].from && at - s->spans[i].from < s->spans[i].len)
			return &s->spans[i];
	return NULL;
}

/* Bytes to the next span, or to the end of the file. */
static uint64_t gap_at(const struct source *s, uint64_t at)
{
	uint64_t next = s->size;
	for (size_t i = 0; i < s->span_count; i++)
		if (s->spans[i].from > at && s->spans[i].from < next)
			next = s->spans[i].from;
	return next - at;
}

static int read_some(void *opaque, uint8_t *out, int room)
{
	struct source *s = opaque;
	if (s->at >= s->size)
		return AVERROR_EOF;
	const struct job_span *span = span_at(s, s->at);
	uint64_t left = span ? span->from + span->len - s->at : gap_at(s, s->at);
	size_t want = left < (uint64_t)room ? (size_t)left : (size_t)room;
	ssize_t got = (ssize_t)want;
	if (span) {
		do
			got = pread(s->fd, out, want, (off_t)s->at);
		while (got < 0 && errno == EINTR);
		if (got < 0) {
			s->error = -errno;
			return AVERROR(errno);
		}
		if (got == 0)
			return AVERROR_EOF;
	} else {
		memset(out, 0, want);
	}
	s->at += (uint64_t)got;
	return (int)got;
}

static int64_t seek_to(void *opaque, int64_t offset, int whence)
{
	struct source *s = opaque;
	if (whence == AVSEEK_SIZE)
		return (int64_t)s->size;
	int64_t base = whence == SEEK_CUR   ? (int64_t)s->at
		       : whence == SEEK_END ? (int64_t)s->size
					    : 0;
	if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
		return AVERROR(EINVAL);
	if (offset < -base || offset > INT64_MAX - base)
		return AVERROR(EINVAL);
	s->at = (uint64_t)(base + offset);
	return base + offset;
}

bool source_has(const struct source *s, const AVPacket *packet)
{
	if (packet->pos < 0 || packet->size < 0)
		return true; /* containers that do not say: they were given the whole file */
	const struct job_span *span = span_at(s, (uint64_t)packet->pos);
	return span && (uint64_t)packet->pos + (uint64_t)packet->size <= span->from + span->len;
}

/* --- container ----------------------------------------------------------------------------------- */

static void close_io(struct source *s)
{
	if (s->io)
		av_freep(&s->io->buffer);
	avio_context_free(&s->io);
}

/* The decoders of `codecs` by name, for those that libavformat opens to look into streams. */
static char *name_codecs(void)
{
	char *list = av_strdup("");
	for (size_t i = 0; i < ARRAY_LEN(codecs) && list; i++) {
		const AVCodec *codec = avcodec_find_decoder(codecs[i]);
		char *more =
			codec ? av_asprintf("%s%s%s", list, *list ? "," : "", codec->name) : NULL;
		if (codec) {
			av_free(list);
			list = more;
		}
	}
	return list;
}

static int prepare(struct source *s)
{
	uint8_t *buffer = av_malloc(BUFFER);
	if (!buffer)
		return -ENOMEM;
	s->io = avio_alloc_context(buffer, BUFFER, 0, s, read_some, NULL, seek_to);
	if (!s->io) {
		av_free(buffer);
		return -ENOMEM;
	}
	s->format = avformat_alloc_context();
	if (!s->format)
		return -ENOMEM;
	s->format->pb = s->io;
	s->format->flags |= AVFMT_FLAG_CUSTOM_IO;
	s->format->max_streams = STREAMS_MAX;
	s->format->probesize = 4 << 20;
	s->format->max_analyze_duration = 10 * AV_TIME_BASE;
	s->format->format_probesize = 1 << 20;
	s->format->max_probe_packets = 500;
	s->format->format_whitelist = av_strdup(containers);
	s->format->protocol_whitelist = av_strdup("none");
	s->format->codec_whitelist = name_codecs();
	return s->format->format_whitelist && s->format->protocol_whitelist &&
			       s->format->codec_whitelist
		       ? 0
		       : -ENOMEM;
}

/* 0, or what libavformat says; everything is released then. */
static int open_container(struct source *s, const char *format)
{
	int rc = prepare(s);
	if (rc) {
		avformat_free_context(s->format);
		s->format = NULL;
	} else {
		const AVInputFormat *forced = format ? av_find_input_format(format) : NULL;
		AVDictionary *options = NULL;
		av_dict_set_int(&options, "resync_size", RESYNC_MAX, 0);
		/* Frees the context on failure. */
		rc = avformat_open_input(&s->format, NULL, forced, &options);
		av_dict_free(&options);
	}
	if (rc < 0)
		close_io(s);
	return rc;
}

int source_open(struct source *s, int fd, uint64_t size, const struct job_span *spans,
		size_t span_count, const char *format, struct fault *why)
{
	*s = (struct source){ .fd = fd, .size = size, .spans = spans, .span_count = span_count };
	int rc = open_container(s, format);
	bool is_odd = rc < 0 && rc != AVERROR(ENOMEM) && !s->error;
	uint64_t whole = is_odd ? tail_whole(fd, size) : 0;
	if (whole && whole < size) {
		s->size = whole;
		s->at = 0;
		s->is_cut = true;
		rc = open_container(s, format);
	}
	if (rc >= 0)
		return 0;
	if (s->error)
		return fault_set(why, s->error, "source.read",
				 "the file cannot be read (%s); try again from another disk",
				 strerror(-s->error));
	return fault_set(
		why, libav_errno(rc), "source.container",
		"this is neither a video nor a recording that Wasl reads (%s); export it as MP4",
		libav_text(rc).at);
}

int source_again(const struct source *s, struct source *out, struct fault *why)
{
	int rc = source_open(out, s->fd, s->size, s->spans, s->span_count, NULL, why);
	if (!rc)
		out->clock = s->clock;
	/* Failing to look is no verdict: streams that were found may still be whole. */
	if (!rc)
		avformat_find_stream_info(out->format, NULL);
	return rc;
}

void source_close(struct source *s)
{
	avformat_close_input(&s->format);
	close_io(s);
}

/* --- decoding ------------------------------------------------------------------------------------ */

bool source_is_stereo(const struct source *s, int stream)
{
	return s->format->streams[stream]->codecpar->ch_layout.nb_channels == 2;
}

bool source_decodes(enum AVCodecID id)
{
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
		if (codecs[i] == id)
			return true;
	return false;
}

static int open_codec(struct source_reader *r, int threads, struct fault *why)
{
	enum AVCodecID id = r->stream->codecpar->codec_id;
	const AVCodec *codec = source_decodes(id) ? avcodec_find_decoder(id) : NULL;
	/* libavcodec prefers libdav1d for AV1; its own decoder needs hardware. */
	if (!codec)
		return fault_set(why, -ENOTSUP, "source.codec",
				 "no decoder for %s; export the lesson as H.264 and AAC in MP4",
				 avcodec_get_name(id));
	r->codec = avcodec_alloc_context3(codec);
	r->packet = av_packet_alloc();
	if (!r->codec || !r->packet)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = avcodec_parameters_to_context(r->codec, r->stream->codecpar);
	r->codec->thread_count = threads;
	r->codec->pkt_timebase = r->stream->time_base;
	r->codec->max_pixels = SOURCE_PIXELS_MAX;
	if (rc >= 0)
		rc = avcodec_open2(r->codec, codec, NULL);
	if (rc < 0)
		return fault_set(why, libav_errno(rc), "source.codec",
				 "the %s stream cannot be decoded (%s)", codec->name,
				 libav_text(rc).at);
	return 0;
}

int source_reader_open(struct source_reader *r, struct source *s, int stream, int threads,
		       struct fault *why)
{
	*r = (struct source_reader){ 0 };
	if (stream < 0 || stream >= (int)s->format->nb_streams)
		return fault_set(why, -ENODATA, "source.stream", "the file has no stream %d",
				 stream);
	*r = (struct source_reader){ .source = s,
				     .stream = s->format->streams[stream],
				     .stop_pts = INT64_MAX,
				     .last_dts = AV_NOPTS_VALUE };
	r->smooth = s->format->iformat->flags & AVFMT_TS_DISCONT;
	int rc = open_codec(r, threads, why);
	if (rc)
		source_reader_close(r);
	return rc;
}

void source_reader_close(struct source_reader *r)
{
	avcodec_free_context(&r->codec);
	av_packet_free(&r->packet);
}

void source_reader_begin(struct source_reader *r)
{
	AVFormatContext *f = r->source->format;
	for (unsigned i = 0; i < f->nb_streams; i++)
		f->streams[i]->discard =
			f->streams[i] == r->stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
}

static void start_anew(struct source_reader *r)
{
	avcodec_flush_buffers(r->codec);
	r->draining = false;
	r->begun = false;
	r->palette_told = false;
	r->last_dts = AV_NOPTS_VALUE;
	r->moved = 0;
	r->jump_count = 0;
}

/* From the first byte. */
static int rewind_all(struct source_reader *r)
{
	AVFormatContext *f = r->source->format;
	int rc = av_seek_frame(f, -1, 0, AVSEEK_FLAG_BYTE);
	if (rc < 0)
		rc = avformat_seek_file(f, r->stream->index, INT64_MIN, INT64_MIN, INT64_MAX, 0);
	start_anew(r);
	return rc;
}

static int64_t time_of(const AVPacket *p)
{
	return p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
}

/* Reads until `pts` is passed: which packet is the last key frame that is not behind it? 0: none. */
static size_t last_key(struct source_reader *r, int64_t pts)
{
	size_t found = 0;
	for (size_t n = 1; source_reader_packet(r); n++) {
		int64_t at = time_of(r->packet);
		if (at == AV_NOPTS_VALUE)
			continue;
		if (at <= pts && (r->packet->flags & AV_PKT_FLAG_KEY))
			found = n;
		/* Pictures are coded in another order than shown: only the decoding time says that nothing more comes. */
		if ((r->packet->dts != AV_NOPTS_VALUE ? r->packet->dts : at) > pts)
			break;
	}
	return found;
}

/* By reading from `back_s` before, 0: from the first byte. 1 when it stands before the right packet. */
static int seek_by_reading(struct source_reader *r, int64_t pts, int back_s)
{
	AVFormatContext *f = r->source->format;
	int64_t back = av_rescale_q(back_s, (AVRational){ 1, 1 }, r->stream->time_base);
	size_t key = 0;
	for (int pass = 0; pass < 2; pass++) {
		int rc = back_s ? av_seek_frame(f, r->stream->index, av_sat_sub64(pts, back),
						AVSEEK_FLAG_BACKWARD)
				: rewind_all(r);
		start_anew(r);
		if (rc < 0)
			return 0;
		if (pass == 0) {
			key = last_key(r, pts);
			if (!key)
				return 0;
		}
	}
	for (size_t n = 1; n < key; n++)
		if (!source_reader_packet(r))
			return 0;
	return 1;
}

static int seek_by_index(struct source_reader *r, int64_t pts)
{
	AVFormatContext *f = r->source->format;
	/* What comes with the first packet alone would be passed over. */
	if (r->stream->codecpar->format == AV_PIX_FMT_PAL8 && !r->palette_known)
		source_reader_packet(r);
	int rc = av_seek_frame(f, r->stream->index, pts, AVSEEK_FLAG_BACKWARD);
	if (rc < 0) /* before the first: from the beginning */
		rc = av_seek_frame(f, r->stream->index, pts, 0);
	start_anew(r);
	return rc;
}

int source_reader_seek(struct source_reader *r, int64_t ticks, AVRational tb, struct fault *why)
{
	static const int back_s[] = { 6, 30, 0 };
	source_reader_begin(r);
	int64_t pts = av_rescale_q_rnd(ticks, tb, r->stream->time_base, AV_ROUND_DOWN);
	if (!r->smooth) {
		int rc = seek_by_index(r, pts);
		return rc < 0 ? fault_set(why, libav_errno(rc), "source.seek",
					  "no key frame at %.3f s (%s)",
					  (double)ticks * tb.num / tb.den, libav_text(rc).at)
			      : 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(back_s); i++)
		if ((!back_s[i] || !r->source->clock.count) && seek_by_reading(r, pts, back_s[i]))
			return 0;
	/* No key frame before: from the beginning. */
	int rc = rewind_all(r);
	return rc < 0 ? fault_set(why, libav_errno(rc), "source.seek",
				  "the file cannot be read again from its beginning (%s)",
				  libav_text(rc).at)
		      : 0;
}

/* --- winding ------------------------------------------------------------------------------------- */

/* The file opened anew, at its beginning; the decoder stays. */
static int reopen(struct source_reader *r, struct fault *why)
{
	struct source *s = r->source;
	const struct source before = *s;
	int index = r->stream->index;
	source_close(s);
	int rc = source_again(&before, s, why);
	if (rc)
		return rc;
	if (index >= (int)s->format->nb_streams)
		return fault_set(why, -ENODATA, "source.stream", "the file has no stream %d",
				 index);
	r->stream = s->format->streams[index];
	start_anew(r);
	source_reader_begin(r);
	return 0;
}

static int wind(struct source_reader *r, int64_t pts, struct fault *why)
{
	int rc = reopen(r, why);
	size_t key = rc ? 0 : last_key(r, pts);
	if (!rc)
		rc = reopen(r, why);
	for (size_t n = 1; n < key && !rc; n++)
		if (!source_reader_packet(r))
			break;
	return rc;
}

int source_reader_go(struct source_reader *r, enum source_way way, int64_t ticks, AVRational tb,
		     struct fault *why)
{
	if (way == SOURCE_SEEK)
		return source_reader_seek(r, ticks, tb, why);
	return wind(r, av_rescale_q_rnd(ticks, tb, r->stream->time_base, AV_ROUND_DOWN), why);
}

#define JUMP_S 10   /* a step ahead of the clock larger than this is a new beginning, not a pause */
#define BACK_MS 500 /* and so is one back: packets come in the order of their decoding */

/* The clock was set anew before this packet. */
static void jump(struct source_reader *r, int64_t dts)
{
	AVRational tb = r->stream->time_base;
	const struct source_clock *c = &r->source->clock;
	uint32_t n = r->jump_count++;
	if (n < SOURCE_JUMPS_MAX)
		r->jumps[n] = (struct source_jump){ av_rescale_q(r->last_end, tb, AV_TIME_BASE_Q),
						    av_rescale_q(dts, tb, AV_TIME_BASE_Q) };
	if (n < c->count && n < SOURCE_JUMPS_MAX)
		r->moved = av_rescale_q(c->moved_us[n], AV_TIME_BASE_Q, tb);
	else
		r->moved = av_sat_add64(r->moved, av_sat_sub64(r->last_end, dts));
}

/* Puts a packet where it belongs when the container's clock was set anew in mid-stream. */
static void smooth_out(struct source_reader *r)
{
	AVPacket *p = r->packet;
	if (p->dts == AV_NOPTS_VALUE)
		return;
	AVRational tb = r->stream->time_base;
	int64_t dts = p->dts;
	if (r->last_dts != AV_NOPTS_VALUE &&
	    (av_sat_sub64(dts, r->last_dts) > av_rescale_q(JUMP_S, (AVRational){ 1, 1 }, tb) ||
	     av_sat_sub64(r->last_dts, dts) > av_rescale_q(BACK_MS, (AVRational){ 1, 1000 }, tb)))
		jump(r, dts);
	r->last_dts = dts;
	r->last_end = av_sat_add64(dts, p->duration > 0 ? p->duration : 1);
	p->dts = av_sat_add64(dts, r->moved);
	if (p->pts != AV_NOPTS_VALUE)
		p->pts = av_sat_add64(p->pts, r->moved);
}

static void keep_palette(struct source_reader *r)
{
	size_t len = 0;
	const uint8_t *told = av_packet_get_side_data(r->packet, AV_PKT_DATA_PALETTE, &len);
	if (told && len == sizeof(r->palette)) {
		memcpy(r->palette, told, len);
		r->palette_known = r->palette_told = true;
	}
	if (!r->palette_known || r->palette_told)
		return;
	uint8_t *again =
		av_packet_new_side_data(r->packet, AV_PKT_DATA_PALETTE, sizeof(r->palette));
	if (again)
		memcpy(again, r->palette, sizeof(r->palette));
	r->palette_told = true;
}

int source_reader_packet(struct source_reader *r)
{
	unsigned passed = 0;
	for (;;) {
		av_packet_unref(r->packet);
		int rc = av_read_frame(r->source->format, r->packet);
		if (rc < 0)
			return 0; /* end, or as far as the file can be followed: what is missing is seen in what was produced */
		if (r->packet->stream_index != r->stream->index)
			continue;
		/* A seek may land a little before what may be read; after it, what is not there is the end. */
		if (!source_has(r->source, r->packet)) {
			if (r->begun || ++passed > PASSED_MAX)
				return 0;
			continue;
		}
		r->begun = true;
		keep_palette(r);
		if (r->smooth)
			smooth_out(r);
		int64_t pts = time_of(r->packet);
		if (pts != AV_NOPTS_VALUE && pts >= r->stop_pts &&
		    (r->packet->flags & AV_PKT_FLAG_KEY))
			return 0;
		return 1;
	}
}

int source_reader_next(struct source_reader *r, AVFrame *frame, struct fault *why)
{
	for (;;) {
		int rc = avcodec_receive_frame(r->codec, frame);
		if (rc == 0)
			return 1;
		if (rc == AVERROR_EOF)
			return 0;
		if (rc == AVERROR(ENOMEM))
			return fault_set(why, -ENOMEM, "memory", "out of memory while decoding");
		if (rc != AVERROR(EAGAIN) && ++r->damaged > DAMAGED_MAX)
			return fault_set(why, -EBADMSG, "source.damaged",
					 "the file is damaged: nothing decodes (%s)",
					 libav_text(rc).at);
		if (r->draining && rc != AVERROR(EAGAIN))
			continue;
		if (!r->draining && source_reader_packet(r)) {
			rc = avcodec_send_packet(r->codec, r->packet);
			if (rc < 0 && rc != AVERROR(EAGAIN))
				r->damaged++;
		} else {
			if (r->draining)
				return 0;
			r->draining = true;
			avcodec_send_packet(r->codec, NULL);
		}
	}
}
