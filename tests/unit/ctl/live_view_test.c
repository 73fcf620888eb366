// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/live_view.h"

#include "firmware/ctl/view.h"
#include "tests/unit/ctl/golden.h"

static const char classes[] =
	"{\"classes\":["
	"{\"name\":\"physics\",\"state\":\"live\",\"mode\":\"video\",\"keeping\":true,\"reason\":"
	"\"old\"},"
	"{\"name\":\"maths\",\"state\":\"live\",\"mode\":\"sound\"},"
	"{\"name\":\"arabic\",\"state\":\"stale\",\"reason\":\"the stream stands still\"},"
	"{\"name\":\"history\",\"state\":\"off\",\"reason\":\"\\u001b[2J\"},"
	"{\"name\":\"music\",\"state\":\"over\",\"reason\":\"the class is over\"},"
	"{\"name\":\"art\",\"state\":\"looking\",\"reason\":\"old\"},"
	"{\"name\":\"law\",\"state\":\"what\"}],"
	"\"kept\":[{\"id\":\"physics-20261121-0930\",\"at\":1795248900,\"ms\":2700000,\"bytes\":"
	"140000000}]}";

static void in_three_languages(void **state)
{
	(void)state;
	CLEANUP(clean_json) json_t *some = json_loads(classes, 0, NULL);
	CLEANUP(clean_json) json_t *none = json_object();
	assert_non_null(some);
	for (int lang = 0; lang < STRINGS_LANG_COUNT; lang++) {
		const struct view v = { .lang = (enum strings_lang)lang, .zone_s = -3600 };
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&text, &len);
		live_view(some, &v, to);
		live_view(none, &v, to);
		fclose(to);
		char name[64];
		snprintf(name, sizeof(name), "live-%s.txt", strings_lang_code(v.lang));
		golden_shown(name, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(in_three_languages) };
	return cmocka_run_group_tests_name("ctl/live_view", tests, NULL, NULL);
}
