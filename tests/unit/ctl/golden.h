// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "tests/unit/golden.h"

#include <jansson.h>

/* What is printed, and the answers that it is made of: tests/unit/ctl/golden. */
static inline void golden_shown(const char *name, const char *text)
{
	golden_check(paths_given("tests/unit/ctl/golden/%s", name).at, text);
}

static inline json_t *golden_json(const char *name)
{
	json_t *all = json_load_file(paths_given("tests/unit/ctl/golden/%s", name).at, 0, NULL);
	assert_non_null(all);
	return all;
}

static inline void golden_drop(json_t *held)
{
	json_decref(held);
}

CLEAN_FN(json, json_t, golden_drop)
