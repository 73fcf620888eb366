// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/request_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"

CLEAN_FN(json, json_t, json_decref)

static void answers_as_people_read_them(void **state)
{
	(void)state;
	static const struct {
		enum strings_lang lang;
		const char *answer, *text;
		void (*show)(const json_t *answer, const struct view *v, FILE *to);
	} rows[] = {
		{ STRINGS_EN, "{\"lesson\":\"light\",\"needed_by\":\"2026-11-26\"}",
		  "light is asked for by 2026-11-26\n", request_view },
		{ STRINGS_FR, "{\"lesson\":\"light\\u001b[2J\",\"needed_by\":null}",
		  "light [2J n’est plus demandé\n", request_view },
		{ STRINGS_AR, "{\"requests\":[]}", "دروس مطلوبة\n  ○ لا طلبات.\n",
		  request_view_list },
		{ STRINGS_EN,
		  "{\"requests\":[{\"lesson\":\"light\",\"needed_by\":\"2026-11-26\",\"here\":"
		  "false,"
		  "\"promise\":{\"text\":{\"en\":\"ready Thursday\"}}},"
		  "{\"lesson\":\"gone\",\"needed_by\":\"2026-11-27\"},"
		  "{\"lesson\":\"cells\",\"needed_by\":\"2026-11-28\",\"here\":true}]}",
		  "Lessons asked for\n  ◐ light is asked for by 2026-11-26\n    ready Thursday\n"
		  "  ◐ gone is asked for by 2026-11-27\n"
		  "  ● cells is here (asked for by 2026-11-28)\n",
		  request_view_list },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		CLEANUP(clean_json) json_t *answer = json_loads(rows[i].answer, 0, NULL);
		const struct view v = { .lang = rows[i].lang };
		FILE *to = open_memstream(&text, &len);
		assert_non_null(answer);
		assert_non_null(to);
		rows[i].show(answer, &v, to);
		fclose(to);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers_as_people_read_them) };
	return cmocka_run_group_tests_name("ctl/staff_view", tests, NULL, NULL);
}
