// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts files into a store as segments of a lesson's rendition, as if they had been cooked:
 *	bench-stock STORE LESSON GENERATION RUNG SEGMENTS FILE…
 * The first FILE is segment 1. Nobody else may have the store open for writing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

enum { FILE_MOST = 64 << 20, SEGMENT_MS = 4000 };

CLEAN_FN(store, struct store, store_close)
CLEAN_FN(rendition, struct store_rendition, store_rendition_close)

static int put_file(struct store_rendition *to, uint32_t segment, const char *path,
		    struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int r = fileio_read(path, FILE_MOST, &bytes, &len, why);
	return r ? r : store_rendition_put(to, segment, SEGMENT_MS, bytes, len, why);
}

static int stock(char **arg, int files, struct fault *why)
{
	static const struct store_limits unlimited;
	CLEANUP(clean_store) struct store *store = NULL;
	CLEANUP(clean_rendition) struct store_rendition *to = NULL;
	int r = store_open(arg[0], &unlimited, &store, why);
	if (r == 0)
		r = store_rendition_open(store, arg[1], arg[2], arg[3],
					 (uint32_t)strtoul(arg[4], NULL, 10), 0, &to, why);
	for (int i = 0; r == 0 && i < files; i++)
		r = put_file(to, (uint32_t)i + 1, arg[5 + i], why);
	return r;
}

int main(int argc, char **argv)
{
	struct fault why = { 0 };
	if (argc < 7)
		return 2;
	if (stock(argv + 1, argc - 6, &why)) {
		fprintf(stderr, "bench-stock: %s\n", why.text);
		return 1;
	}
	return 0;
}
