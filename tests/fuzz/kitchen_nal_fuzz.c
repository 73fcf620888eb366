// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "content/transcoder/frag.h"
#include "content/transcoder/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Units with 4-byte lengths fill the buffer exactly. */
static void check_units(const struct box_out *o)
{
	struct box_in in = { .bytes = o->bytes, .len = o->len };
	while (in.at < in.len) {
		uint32_t unit = box_get32(&in);
		if (!unit)
			abort();
		box_skip(&in, unit);
		if (in.bad)
			abort();
	}
}

/* What the packager makes of any encoder's bytes, its own reader accepts. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct box_out picture = { 0 }, config = { 0 }, file = { 0 };
	if (pack_picture(bytes, len, &picture) == 0) {
		struct pack_sample s = { .size = (uint32_t)picture.len,
					 .duration = 1000,
					 .key = 1 },
				   back;
		struct frag f;
		check_units(&picture);
		pack_pictures(1, 0, &s, 1, picture.bytes, picture.len, &file);
		if (file.bad || frag_segment(file.bytes, file.len, &f, &back, 1, NULL) ||
		    back.size != s.size)
			abort();
		box_done(&file);
	}
	if (pack_avcc(bytes, len, &config) == 0) {
		struct pack_track t = { .kind = PACK_PICTURE,
					.timescale = 25000,
					.width = 2,
					.height = 2,
					.config = config.bytes,
					.config_len = config.len };
		struct frag_init back;
		pack_init(&t, &file);
		if (file.bad || frag_init(file.bytes, file.len, &back) ||
		    back.config_len != config.len)
			abort();
	}
	box_done(&picture);
	box_done(&config);
	box_done(&file);
	return 0;
}
