// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "content/shelf/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *at = (const char *)bytes, *end = at + len, *before = at;
	struct words_track t;
	while (words_next(&at, end, &t, NULL) > 0) {
		if (at <= before || at > end || strlen(t.vtt) != t.len ||
		    strlen(t.language) >= sizeof(t.language))
			abort();
		before = at;
		free(t.vtt);
	}
	return 0;
}
