// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzz target over files kept from earlier runs, in flavours without libFuzzer:
 *	NAME [FILE-OR-FOLDER…]		default: tests/fuzz/corpus/NAME
 * Speaks TAP. No file at all is a failure: a replay of nothing proves nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

#define INPUT_LIMIT_BYTES (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

CLEAN_FN(dir, DIR, closedir)

static int replay_file(const char *path, struct fault *why)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	int r = fileio_read(path, INPUT_LIMIT_BYTES, &text, &len, why);
	if (r < 0)
		return r;
	/* a block of exactly this size, so that a sanitizer sees a read past the end */
	AUTO_FREE uint8_t *exact = malloc(len ? len : 1);
	if (!exact)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	memcpy(exact, text, len);
	LLVMFuzzerTestOneInput(exact, len);
	return 1;
}

/* How many files were replayed, or a negative errno. */
static int replay(const char *path, struct fault *why)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return fault_set(why, -errno, "file.read", "'%s': %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return replay_file(path, why);
	DIR *opened = opendir(path);
	if (!opened)
		return fault_set(why, -errno, "file.read", "'%s': %s", path, strerror(errno));
	CLEANUP(clean_dir) DIR *dir = opened;
	int total = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		int n = replay(paths_at("%s/%s", path, entry->d_name).at, why);
		if (n < 0)
			return n;
		total += n;
	}
	return total;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	struct path corpus = paths_at("tests/fuzz/corpus/%s", name);
	struct fault why = { 0 };
	int total = argc > 1 ? 0 : replay(corpus.at, &why);
	for (int i = 1; i < argc && total >= 0; i++) {
		int n = replay(argv[i], &why);
		total = n < 0 ? n : total + n;
	}
	printf("1..1\n");
	if (total < 0)
		printf("not ok 1 - %s: %s\n", name, why.text);
	else
		printf("%s 1 - %s replayed %d files\n", total ? "ok" : "not ok", name, total);
	return total > 0 ? 0 : 1;
}
