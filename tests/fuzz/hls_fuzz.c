// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever a playlist says, the addresses taken from it lie on the same server and fit. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/stage/hls.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(const struct hls_paths *paths)
{
	if (paths->count > HLS_PATHS)
		abort();
	for (size_t i = 0; i < paths->count; i++) {
		const char *at = paths->at[i];
		if (at[0] != '/' || !memchr(at, '\0', HLS_PATH_BYTES))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct hls_paths paths;
	AUTO_FREE char *text = strndup((const char *)bytes, len);
	if (text && hls_master("/m/x/master.m3u8", text, &paths) == 0)
		check(&paths);
	if (text && hls_media("/m/x/g/240p/index.m3u8", text, &paths) == 0)
		check(&paths);
	return 0;
}
