// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/libav.h"
#include "firmware/record/catalogue.pb.h"

struct fault;

/* The mezzanine's file: MP4 with its index first, written through a descriptor that is open for reading too. */
struct mux {
	int fd; /* borrowed */
	int64_t at, end;
	int error;
	AVIOContext *io;
	AVFormatContext *format;
	AVRational base[2]; /* of the packets that come, by stream */
};
/* `picture` or `sound` may be NULL. `timescale` is the plan's. */
int mux_open(struct mux *m, int fd, const AVCodecContext *picture, const AVCodecContext *sound,
	     uint32_t timescale, struct fault *why);
/* The same for packets that no encoder of ours made. */
struct mux_track {
	AVCodecParameters *parameters; /* borrowed; nothing else of the stream is told */
	AVRational base, rate, shape;  /* of its packets' times, its pictures and its pixels */
	bool turned;
	int32_t matrix[9]; /* that says how, if `turned` */
};
int mux_open_as(struct mux *m, int fd, const struct mux_track *tracks, size_t count,
		struct fault *why);
/* Stream 0 is the picture, 1 the sound; 0 where that is alone. Written in the order given: the caller interleaves. Takes the packet's contents. */
int mux_write(struct mux *m, int stream, AVPacket *packet, struct fault *why);
/* Writes the index and moves it to the front. */
int mux_finish(struct mux *m, struct fault *why);
void mux_close(struct mux *m);

/*
 * Fills head_bytes and every segment's byte span from the finished file's own index, and checks that each
 * segment begins with a key frame where the plan says.
 */
int mux_spans(int fd, uint64_t size, wasl_Plan *plan, struct fault *why);
