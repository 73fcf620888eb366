// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"

/* One answer of a daemon, and the text that a person gets of it. */
struct shown {
	enum strings_lang lang;
	const char *answer, *text;
	void (*show)(const json_t *answer, const struct view *v, FILE *to);
};

static inline void shown_as_written(const struct shown *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		json_t *answer = json_loads(rows[i].answer, 0, NULL);
		const struct view v = { .lang = rows[i].lang };
		FILE *to = open_memstream(&text, &len);
		assert_non_null(answer);
		assert_non_null(to);
		rows[i].show(answer, &v, to);
		fclose(to);
		json_decref(answer);
		assert_string_equal(text, rows[i].text);
	}
}
