// SPDX-License-Identifier: GPL-2.0-or-later
#include "board/board.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "board/board_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

int board_open(const char *root, struct board **out, struct fault *why)
{
	struct board *b = calloc(1, sizeof(*b));
	if (!b)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	snprintf(b->root, sizeof(b->root), "%s", root);
	*out = b;
	return 0;
}

void board_close(struct board *b)
{
	free(b);
}

int board_read(const struct board *b, char *out, size_t room, const char *fmt, ...)
{
	enum { LIMIT = 4096 };
	char path[PATH_MAX], tail[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(tail, sizeof(tail), fmt, args);
	va_end(args);
	if ((size_t)snprintf(path, sizeof(path), "%s%s", b->root, tail) >= sizeof(path))
		return -ENAMETOOLONG;
	AUTO_FREE void *text = NULL;
	size_t len;
	int r = fileio_read(path, LIMIT, &text, &len, NULL);
	if (r < 0)
		return r;
	snprintf(out, room, "%s", (const char *)text);
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

bool board_clock_synced(const struct board *b)
{
	(void)b;
	struct timex t = { 0 };
	int state = adjtimex(&t);
	return state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC);
}

void board_model(const struct board *b, char out[static 64])
{
	static const char *const files[] = { "/proc/device-tree/model",
					     "/sys/class/dmi/id/product_name" };
	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (board_read(b, out, 64, "%s", files[i]) == 0 && out[0])
			return;
	out[0] = '\0';
}

/* eMMC: "0x01 0x02" for its two areas, in tenths of the rated life; 0x00 means it does not say. */
static int emmc_wear(const struct board *b)
{
	char text[64];
	unsigned a, c;
	if (board_read(b, text, sizeof(text), "/sys/class/block/mmcblk0/device/life_time") < 0 ||
	    sscanf(text, "%x %x", &a, &c) != 2)
		return -1;
	unsigned worst = a > c ? a : c;
	if (!worst)
		return -1;
	return worst > 10 ? 100 : (int)worst * 10;
}

int board_storage(const struct board *b, const char *path, struct board_storage *out,
		  struct fault *why)
{
	struct statvfs fs;
	if (statvfs(path, &fs) < 0)
		return fault_set(why, -errno, "board.storage",
				 "cannot look at the file system of '%s': %s", path,
				 strerror(errno));
	*out = (struct board_storage){ .total_bytes = (uint64_t)fs.f_blocks * fs.f_frsize,
				       .free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize,
				       .wear_percent = emmc_wear(b) };
	return 0;
}

int board_heat(const struct board *b, int *milli_celsius)
{
	enum { ZONES = 32 };
	char text[32];
	bool found = false;
	int hottest = 0;
	for (int zone = 0; zone < ZONES; zone++) {
		if (board_read(b, text, sizeof(text), "/sys/class/thermal/thermal_zone%d/temp",
			       zone) < 0)
			continue;
		char *end;
		long value = strtol(text, &end, 10);
		/* A zone that is switched off reports nonsense such as -274000. */
		if (end == text || value < -60000 || value > 200000)
			continue;
		hottest = !found || value > hottest ? (int)value : hottest;
		found = true;
	}
	if (!found)
		return -ENODATA;
	*milli_celsius = hottest;
	return 0;
}
