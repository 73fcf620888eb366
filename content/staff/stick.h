// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * Films on a stick that somebody has put in: files of its folder and of the folders in it. Names are a stranger's: no links are
 * followed, nothing outside is opened, and only plain files with the ending of a film are seen.
 */
#define STICK_MOST 100u
#define STICK_DEPTH 3u

struct stick_file {
	char path[160]; /* below the folder, UTF-8 */
	uint64_t bytes;
};
/* Sorted by path; 0 files where there is no stick. */
size_t stick_list(const char *folder, struct stick_file *out, size_t room);
/* -ENOENT: the stick, or the file, is not there (any more). */
int stick_open(const char *folder, const char *path, int *fd, struct fault *why);
