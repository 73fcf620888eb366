// SPDX-License-Identifier: GPL-2.0-or-later
#include "board/board.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/board_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"

enum { ID_DIGITS = 32 };

/* A new machine life: its id, and when it began on the clock of the machine below. */
static int boot_now(const char *path, struct fault *why)
{
	uint8_t id[ID_DIGITS / 2];
	char hex[ID_DIGITS + 1], text[80];
	randombytes_buf(id, sizeof(id));
	text_hex(id, sizeof(id), hex);
	int len = snprintf(text, sizeof(text), "%s %" PRIu64 "\n", hex, clock_mono_ms());
	return fileio_replace(path, text, (size_t)len, 0644, why);
}

int board_boot(const struct board *b, struct board_boot *out, struct fault *why)
{
	(void)b;
	if (sodium_init() < 0)
		return fault_set(why, -EIO, "board.random", "no random numbers from the kernel");
	struct path path = paths_at("/run/wasl/sim-boot");
	AUTO_FREE void *text = NULL;
	size_t len;
	int r = fileio_read(path.at, 80, &text, &len, NULL);
	if (r == -ENOENT) {
		r = paths_mkdir(paths_at("/run/wasl").at, 0755, why);
		if (r == 0)
			r = boot_now(path.at, why);
		if (r == 0)
			r = fileio_read(path.at, 80, &text, &len, why);
		if (r < 0)
			return r;
	}
	struct board_boot boot = { 0 };
	char hex[ID_DIGITS + 1] = "";
	uint64_t began_ms = 0, now_ms = clock_mono_ms();
	if (r < 0 || sscanf(text, "%32s %" SCNu64, hex, &began_ms) != 2 ||
	    text_unhex(hex, boot.id, sizeof(boot.id)) < 0)
		return fault_set(why, -EBADMSG, "board.sim",
				 "'%s' is damaged; remove it and start again", path.at);
	boot.uptime_ms = now_ms > began_ms ? now_ms - began_ms : 0;
	*out = boot;
	return 0;
}

enum board_ending board_ending(const struct board *b)
{
	(void)b;
	return BOARD_RUNS_ON;
}
