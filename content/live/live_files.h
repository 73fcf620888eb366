// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * The folder of running classes, /run/wasl/live, in memory and served by nginx as it is: CLASS/{*.m3u8,state.json} and
 * CLASS/SESSION/PIECE. Whole files only, within a bound of bytes; what a class leaves is removed, and everything when it is opened.
 */
struct live_files;

int live_files_open(const char *path, uint64_t max_bytes, struct live_files **out,
		    struct fault *why);
void live_files_close(struct live_files *f); /* NULL is fine; removes everything */

/* `name` is "state.json" or "SESSION/m12.ts": one folder deep at most. -ENOSPC: more than the bound, nothing is left behind. */
int live_files_put(struct live_files *f, const char *class, const char *name, const void *bytes,
		   size_t len, struct fault *why);
void live_files_drop(struct live_files *f, const char *class, const char *name);
/* Everything of the class. */
void live_files_clear(struct live_files *f, const char *class);
uint64_t live_files_bytes(const struct live_files *f);
