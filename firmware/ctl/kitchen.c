// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/run.h"
#include "firmware/ctl/wasl.h"

/* Becomes wasl-kitchen, with everything that stood behind the command's name. */
int wasl_kitchen(const struct wasl *w, int argc, char **argv)
{
	static char name[] = "wasl-kitchen", json[] = "--json";
	char path[PATH_MAX];
	struct fault why;
	AUTO_FREE char **args = calloc((size_t)argc + 3, sizeof(*args));
	if (run_find(name, path, sizeof(path)) < 0 || !args) {
		fault_set(&why, -ENOENT, "wasl.kitchen",
			  "there is no wasl-kitchen beside this program; reinstall Wasl");
		return wasl_failed(&why);
	}
	size_t n = 0;
	args[n++] = name;
	for (int i = 0; i < argc; i++)
		args[n++] = argv[i];
	if (w->form == WASL_JSON)
		args[n++] = json;
	fflush(stdout);
	execv(path, args);
	fault_set(&why, -errno, "wasl.kitchen", "'%s' cannot be run: %s", path, strerror(errno));
	return wasl_failed(&why);
}
