// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/kitchen_check.h"

#include <errno.h>
#include <stdlib.h>

#include "content/transcoder/frag.h"
#include "content/transcoder/grid.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

int kitchen_check_init(const void *bytes, size_t len, const struct job_order *order,
		       const struct job_rung *rung, struct fault *why)
{
	struct frag_init got;
	if (frag_init(bytes, len, &got))
		return fault_set(why, -EBADMSG, "kitchen.init",
				 "the transcoder's init segment is not one");
	if (rung->sound) {
		if (got.kind != PACK_SOUND || got.timescale != GRID_RATE)
			return fault_set(why, -EBADMSG, "kitchen.init",
					 "the transcoder made no 48 kHz sound");
		return 0;
	}
	if (got.kind != PACK_PICTURE || got.timescale != order->timescale ||
	    got.width != rung->width || got.height != rung->height)
		return fault_set(why, -EBADMSG, "kitchen.init",
				 "the transcoder made %ux%u instead of %ux%u", got.width,
				 got.height, rung->width, rung->height);
	/* What the playlist says in CODECS has to be what the stream says. */
	if (got.config[1] != rung->profile || got.config[3] != rung->level)
		return fault_set(why, -EBADMSG, "kitchen.init",
				 "the transcoder made profile %u level %u instead of %u and %u",
				 got.config[1], got.config[3], rung->profile, rung->level);
	return 0;
}

int kitchen_check_media(const void *bytes, size_t len, const struct job_order *order,
			const struct job_rung *rung, struct fault *why)
{
	AUTO_FREE struct pack_sample *samples = calloc(FRAG_SAMPLES_MAX, sizeof(*samples));
	if (!samples)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	struct frag got;
	uint32_t key_bytes;
	/* Pictures: the key frame in a fragment of its own. */
	if (frag_segment(bytes, len, &got, samples, FRAG_SAMPLES_MAX, &key_bytes) ||
	    (!rung->sound && got.count > 1 && key_bytes == len))
		return fault_set(why, -EBADMSG, "kitchen.segment",
				 "the transcoder's segment %u is not one", order->segment);
	uint64_t from = rung->sound ? order->from_sample : order->from_ticks;
	uint64_t to = rung->sound ? order->to_sample : order->to_ticks;
	if (got.number != pack_sequence(rung->sound ? PACK_SOUND : PACK_PICTURE, order->segment) ||
	    got.begin != from || got.duration != to - from || !samples[0].key)
		return fault_set(why, -EBADMSG, "kitchen.segment",
				 "the transcoder's segment %u begins at %llu and lasts %llu "
				 "instead of %llu and %llu",
				 order->segment, (unsigned long long)got.begin,
				 (unsigned long long)got.duration, (unsigned long long)from,
				 (unsigned long long)(to - from));
	return 0;
}
