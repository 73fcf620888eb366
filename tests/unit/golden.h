// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

/*
 * A text against the file that holds what it should be (run from the top of the tree).
 * WASL_GOLDEN=write in the environment writes the files anew: look at them before they are committed.
 */
static inline void golden_check(const char *file, const char *text)
{
	const char *mode = getenv("WASL_GOLDEN");
	if (mode && strcmp(mode, "write") == 0)
		assert_int_equal(fileio_replace(file, text, strlen(text), 0644, NULL), 0);
	AUTO_FREE void *want = NULL;
	size_t len = 0;
	assert_int_equal(fileio_read(file, 1 << 20, &want, &len, NULL), 0);
	assert_string_equal(text, want);
}
