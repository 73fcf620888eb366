// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/job.h"
#include "content/transcoder/libav.h"

struct fault;

#define SOURCE_PIXELS_MAX (INT64_C(4096) * 2304) /* of a picture as it is coded */

/*
 * Where the clock of a container without an index (MPEG streams) is set anew, and what is added to time stamps from the n-th time
 * on: once for all streams, so that picture and sound stay together. Plain data; found by probe_file().
 */
#define SOURCE_JUMPS_MAX 16u
struct source_clock {
	uint32_t count;
	uint32_t reserved;
	int64_t moved_us[SOURCE_JUMPS_MAX];
};

/*
 * A media file behind an inherited descriptor, of which only some spans may be read (a lesson may still be
 * arriving). Bytes between spans read as zeros, so that the demuxer may skip over them; packets that would need them
 * are not handed out.
 */
struct source {
	int fd;        /* borrowed */
	uint64_t size; /* less than what was given when the last box of an MP4 is cut */
	bool is_cut;
	const struct job_span *spans; /* borrowed */
	size_t span_count;
	uint64_t at;
	int error;                 /* of the last pread, negative errno */
	struct source_clock clock; /* none after source_open(); source_again() hands it on */
	AVIOContext *io;
	AVFormatContext *format;
};

/*
 * Opens the container. `format` names the demuxer ("mov"), or NULL: the bytes decide, among those that the house
 * reads. Nothing is decoded. On failure *s needs no release.
 */
int source_open(struct source *s, int fd, uint64_t size, const struct job_span *spans,
		size_t span_count, const char *format, struct fault *why);
void source_close(struct source *s);

/*
 * The same file once more, at its beginning and with its streams looked into (some containers only say in their packets what
 * is in them): for readers that go through the whole file, each on its own.
 */
int source_again(const struct source *s, struct source *out, struct fault *why);

/* Are all bytes of this packet in the spans? */
bool source_has(const struct source *s, const AVPacket *packet);

/* Is this among the codecs that the house decodes? */
bool source_decodes(enum AVCodecID id);

/* Has the stream two channels of sound, of which one may undo the other? */
bool source_is_stereo(const struct source *s, int stream);

/* A decoder of one stream; other streams are passed over. */
struct source_reader {
	struct source *source;
	AVStream *stream;
	AVCodecContext *codec;
	AVPacket *packet;
	int64_t stop_pts; /* stream time: packets that begin here or later end the reading; INT64_MAX: never */
	bool begun; /* a packet was handed out since the last seek */
	bool draining;
	bool smooth; /* the container's clock may jump (MPEG streams): packets are put one after the other */
	int64_t last_dts, last_end,
		moved; /* for `smooth`, stream time; the first two as the container says */
	struct source_jump {
		int64_t end_us,
			begin_us; /* on the container's clock: of what came before, and of what came after */
	} jumps[SOURCE_JUMPS_MAX];
	uint32_t jump_count; /* since the beginning; those beyond SOURCE_JUMPS_MAX are not kept */
	unsigned damaged;    /* packets that did not decode */
	/* Containers tell a palette once, with the first packet: it is kept, and told again after each seek. */
	uint8_t palette[AVPALETTE_SIZE];
	bool palette_known, palette_told;
};
/* `threads` 1: nothing but this thread, the same bytes everywhere. */
int source_reader_open(struct source_reader *r, struct source *s, int stream, int threads,
		       struct fault *why);
void source_reader_close(struct source_reader *r);
/* From where the container stands: its first packet, after source_again(). Other streams are passed over. */
void source_reader_begin(struct source_reader *r);
/*
 * From the key frame at or before `ticks` of `tb`. Containers without an index are read up to there: from a little before, or from the
 * beginning when that was too little or their clock jumps.
 */
int source_reader_seek(struct source_reader *r, int64_t ticks, AVRational tb, struct fault *why);
/* How a place in the file is found: by the container's own means, or by counting packets from the beginning. */
enum source_way { SOURCE_SEEK, SOURCE_WIND };
/*
 * The same, either way. Winding is for containers that cannot seek, or not where they say: it reads everything before the
 * place twice, and decodes none of it.
 */
int source_reader_go(struct source_reader *r, enum source_way way, int64_t ticks, AVRational tb,
		     struct fault *why);
/* The next packet of this stream in r->packet: 1, or 0 when no more can be had. */
int source_reader_packet(struct source_reader *r);
/* 1 and a frame, 0 at the end, negative on failure. Damaged packets are passed over and counted. */
int source_reader_next(struct source_reader *r, AVFrame *frame, struct fault *why);
