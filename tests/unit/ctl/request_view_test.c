// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/request_view.h"

#include "tests/unit/ctl/shown.h"

static void answers_as_people_read_them(void **state)
{
	(void)state;
	static const struct shown rows[] = {
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
	shown_as_written(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers_as_people_read_them) };
	return cmocka_run_group_tests_name("ctl/request_view", tests, NULL, NULL);
}
