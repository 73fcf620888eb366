// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "content/shelf/captions.h"
#include "content/shelf/vtt.h"
#include "firmware/base/clean.h"
#include "firmware/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever captions are given: what comes out is UTF-8, is WebVTT that can be searched, and comes out of itself unchanged. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *out = NULL;
	AUTO_FREE char *again = NULL;
	AUTO_FREE char *words = NULL;
	size_t len = 0, again_len = 0;
	struct captions_found found, second;
	if (captions_to_vtt(data, size, &out, &len, &found, NULL))
		return 0;
	if (!found.cues || !text_is_utf8(out, len) || vtt_words(out, len, &words))
		abort();
	if (len > CAPTIONS_LIMIT_BYTES)
		return 0;
	if (captions_to_vtt(out, len, &again, &again_len, &second, NULL) ||
	    second.cues != found.cues || again_len != len || memcmp(again, out, len) != 0)
		abort();
	return 0;
}
