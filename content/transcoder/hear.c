// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/hear.h"

#include <errno.h>
#include <string.h>

#include "content/transcoder/grid.h"
#include "firmware/base/fault.h"

int hear_open(struct hear *h, const struct source *file, int stream, int64_t start_us,
	      int first_only, struct fault *why)
{
	*h = (struct hear){ 0 };
	mono_init(&h->mono);
	h->mono.first_only = first_only;
	h->origin = av_rescale_q(start_us, AV_TIME_BASE_Q, (AVRational){ 1, GRID_RATE });
	h->frame = av_frame_alloc();
	if (!h->frame)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = source_again(file, &h->source, why);
	if (rc) {
		av_frame_free(&h->frame);
		return rc;
	}
	rc = source_reader_open(&h->reader, &h->source, stream, 1, why);
	if (rc) {
		source_close(&h->source);
		av_frame_free(&h->frame);
		return rc;
	}
	source_reader_begin(&h->reader);
	return 0;
}

void hear_close(struct hear *h)
{
	source_reader_close(&h->reader);
	source_close(&h->source);
	mono_done(&h->mono);
	av_frame_free(&h->frame);
}

/* The next decoded piece; `ended` when there is none. */
static int next_piece(struct hear *h, struct fault *why)
{
	int got = source_reader_next(&h->reader, h->frame, why);
	if (got < 0)
		return got;
	h->ended = got == 0;
	if (h->ended)
		return 0;
	int64_t at, count;
	int rc = mono_take(&h->mono, h->frame, h->reader.stream->time_base, &at, &count, why);
	av_frame_unref(h->frame);
	if (rc)
		return rc;
	/* Without any time stamp it follows what came before. */
	h->piece_at = at == INT64_MIN ? h->at : at - h->origin;
	h->piece_used = 0;
	h->piece_count = count;
	return 0;
}

int hear_read(struct hear *h, float *out, int64_t count, struct fault *why)
{
	int64_t done = 0;
	while (done < count) {
		while (h->piece_used < h->piece_count && h->piece_at + h->piece_used < h->at)
			h->piece_used++; /* it overlaps what was handed out */
		if (h->piece_used == h->piece_count && !h->ended) {
			int rc = next_piece(h, why);
			if (rc)
				return rc;
			continue;
		}
		int64_t left = count - done;
		int64_t from = h->piece_at + h->piece_used;
		if (h->piece_used == h->piece_count || from > h->at) {
			int64_t hole =
				h->ended && h->piece_used == h->piece_count ? left : from - h->at;
			hole = hole < left ? hole : left;
			memset(out + done, 0, (size_t)hole * sizeof(*out));
			done += hole;
			h->at += hole;
			continue;
		}
		int64_t have = h->piece_count - h->piece_used;
		int64_t n = have < left ? have : left;
		memcpy(out + done, h->mono.pcm + h->piece_used, (size_t)n * sizeof(*out));
		h->piece_used += n;
		h->at += n;
		done += n;
	}
	return 0;
}
