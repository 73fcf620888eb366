// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/kitchen/kitchen.h"

/*
 * A plan as canonical text: everything that decides the bytes of a rendition, one fact a line, in one order. Two runs
 * with the same text make the same segments; a run that was cut goes on only where the text is the same. Pure.
 */
struct plan_text_of {
	const wasl_Plan *plan;
	const char *source; /* object id of the file, 64 hexadecimal digits (record/objmap.h) */
	uint64_t source_bytes;
	uint32_t rung_mask; /* 1 << rung */
	enum kitchen_point point;
	const char *
		libraries; /* what decodes and encodes, "libavcodec-59.37.100 libx264.so.164"; "" where not known */
};

/* *out malloc'ed and terminated; the last line is "hash ", 64 digits of BLAKE2b-256 over the lines before. 0 or -ENOMEM. */
int plan_text(const struct plan_text_of *of, char **out, size_t *len);

/* "g-1a2b3c4d5e6f" from the text's hash line: a folder's name. `out` has 24 bytes; -EBADMSG where there is none. */
int plan_text_generation(const char *text, char out[static 24]);
