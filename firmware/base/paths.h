// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits.h>

struct fault;

/*
 * Where things live. The environment variable WASL_ROOT, when set, is put before every absolute path
 * below /etc, /run, /usr/share/wasl and /var, in every program: a whole box fits in one folder.
 */
struct path {
	char at[PATH_MAX];
};

/* paths_at("/var/lib/wasl/conf/%s", "site.conf"); a path too long ends in ".toolong" and cannot exist. */
struct path paths_at(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same without WASL_ROOT: for what a person or another program names, which is where its name says. */
struct path paths_given(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Makes the folder and its parents (mode 0755; `mode` for the last). 0 also when it exists. */
int paths_mkdir(const char *path, unsigned mode, struct fault *why);
