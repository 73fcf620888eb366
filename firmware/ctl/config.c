// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/config_pick.h"
#include "firmware/ctl/run.h"
#include "firmware/ctl/wasl.h"

/* Every daemon of the house that reads the configuration; those not installed here are passed over. */
static const struct {
	const char *program, *instead_of;
} daemons[] = {
	{ "wasl-netmgrd", NULL },    { "wasl-netmgrd-sim", "wasl-netmgrd" },
	{ "wasl-contentd", NULL },   { "wasl-agentd", NULL },
	{ "wasl-provisiond", NULL }, { "wasl-update", NULL },
	{ "wasl-hubd", NULL },       { "wasl-ndtd", NULL },
};

/* 0 and its path when the daemon is to be asked. */
static int wanted(size_t i, char path[static PATH_MAX])
{
	char other[PATH_MAX];
	if (daemons[i].instead_of && run_find(daemons[i].instead_of, other, sizeof(other)) == 0)
		return -ENOENT;
	return run_find(daemons[i].program, path, PATH_MAX);
}

static int nobody(void)
{
	struct fault why;
	fault_set(&why, -ENOENT, "wasl.run", "no daemon is installed beside this program");
	return wasl_failed(&why);
}

static int check(void)
{
	size_t asked = 0, bad = 0;
	char path[PATH_MAX];
	for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
		struct fault why = { 0 };
		int status = 0;
		if (wanted(i, path) < 0)
			continue;
		asked++;
		if (run_through(path, "-n", &status, &why) < 0) {
			wasl_failed(&why);
			status = 1;
		}
		bad += status != 0;
	}
	if (asked == 0)
		return nobody();
	return bad ? WASL_FAILED : WASL_GOOD;
}

static int get(const char *want)
{
	struct config_seen seen = { .count = 0 };
	size_t asked = 0, written = 0;
	int result = WASL_GOOD;
	char path[PATH_MAX];
	for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
		struct fault why = { 0 };
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		int status = 0;
		if (wanted(i, path) < 0)
			continue;
		asked++;
		if (run_capture(path, "--print-conf", &text, &len, &status, &why) < 0)
			result = wasl_failed(&why);
		else if (status != 0)
			result = WASL_FAILED; /* the daemon has said why */
		else
			written += config_pick(text, want, &seen, stdout);
	}
	if (asked == 0)
		return nobody();
	if (written > 0 || result != WASL_GOOD)
		return result;
	struct fault why;
	fault_set(&why, -ENOENT, "wasl.conf",
		  "there is no section or key '%.100s'; 'wasl config get' shows all", want);
	return wasl_failed(&why);
}

int wasl_config(const struct wasl *w, int argc, char **argv)
{
	(void)w;
	if (strcmp(argv[0], "check") == 0)
		return argc == 1 ? check() : wasl_misused("'config check' takes nothing more");
	if (strcmp(argv[0], "get") == 0)
		return get(argc > 1 ? argv[1] : "");
	return wasl_misused("'config' knows 'get' and 'check', not '%s'", argv[0]);
}
