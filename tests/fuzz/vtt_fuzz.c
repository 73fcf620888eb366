// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "content/shelf/fold.h"
#include "content/shelf/vtt.h"
#include "firmware/base/clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Caption files as they are searched: words taken out, then folded; folded words fold to themselves. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE
	char *words = NULL, *folded = NULL;
	if (vtt_words((const char *)data, size, &words) == 0 &&
	    fold_text(words, __builtin_strlen(words), &folded) != 0)
		abort();
	AUTO_FREE
	char *raw = NULL;
	if (fold_text((const char *)data, size, &raw) != 0)
		abort();
	return 0;
}
