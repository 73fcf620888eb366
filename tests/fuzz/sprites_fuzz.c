// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "content/shelf/sprites.h"
#include "firmware/base/clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A preview as a broken child may hand it over: sheets lie inside the bytes, and texts can be made of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t us[] = { 4000000, 8000000, 8000000 };
	static struct sprites s;
	const struct sprites_times times = { us, 3 };
	size_t len = 0;
	if (sprites_read(data, size, &s))
		return 0;
	for (uint32_t i = 0; i < s.head.sheets; i++)
		if (s.sheets[i].jpeg < data || s.sheets[i].jpeg + s.sheets[i].len > data + size)
			abort();
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *chapters = NULL;
	if (sprites_vtt(&s, &times, "", &text, &len))
		abort();
	sprites_chapters_vtt(&s, &times, &chapters, &len);
	return 0;
}
