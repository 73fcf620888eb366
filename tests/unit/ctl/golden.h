// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

/*
 * What is printed against a file of tests/unit/ctl/golden (run from the top of the tree).
 * WASL_GOLDEN=write in the environment writes the files anew: look at them before they are committed.
 */
static inline void golden_check(const char *name, const char *text)
{
	struct path path = paths_at("tests/unit/ctl/golden/%s", name);
	const char *mode = getenv("WASL_GOLDEN");
	if (mode && strcmp(mode, "write") == 0)
		assert_int_equal(fileio_replace(path.at, text, strlen(text), 0644, NULL), 0);
	AUTO_FREE void *want = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(path.at, 1 << 20, &want, &len, NULL), 0);
	assert_string_equal(text, want);
}

static inline json_t *golden_json(const char *name)
{
	json_t *all = json_load_file(paths_at("tests/unit/ctl/golden/%s", name).at, 0, NULL);
	assert_non_null(all);
	return all;
}

static inline void golden_drop(json_t *held)
{
	json_decref(held);
}

CLEAN_FN(json, json_t, golden_drop)
