// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/lens.h"
#include "content/transcoder/probe.h"
#include "content/transcoder/stay.h"

struct fault;

/*
 * The pictures of a file at an even pace, in the lesson's form (size, upright, 8-bit 4:2:0, BT.709): picture `n` is what a player
 * would show at n periods after the start. After the last one it stays.
 */
struct watch {
	struct source source;
	struct source_reader reader;
	const struct probe *probe; /* borrowed */
	struct lens lens;
	struct stay stay; /* watch_news() */
	AVFrame *past, *held, *next;
	int64_t next_us;       /* when `next` comes on show, from the start; INT64_MAX: never */
	uint64_t serial;       /* of `held` */
	uint64_t shown;        /* pictures handed out */
	unsigned decoded, bad; /* `bad`: of them, those that the decoder had to guess at */
};
int watch_open(struct watch *w, const struct source *file, const struct probe *probe, int threads,
	       struct fault *why);
void watch_close(struct watch *w);
/* The next picture is number `index`: reading goes on at the key frame before it. */
int watch_seek(struct watch *w, enum source_way way, uint64_t index, struct fault *why);
/* *out is borrowed until the next call. */
int watch_next(struct watch *w, const AVFrame **out, struct fault *why);
/* The same for who skips what stays (stay.h): 1 when the picture is new, 0 when the one before is handed out again. */
int watch_news(struct watch *w, const AVFrame **out, struct fault *why);
