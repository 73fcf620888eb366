// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/jsonout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "firmware/base/clean.h"

static const struct {
	int32_t millionths;
	const char *text;
} degrees[] = {
	{ 0, "0.0" },        { 36806500, "36.8065" }, { -8550000, "-8.55" },
	{ -1, "-0.000001" }, { 180000000, "180.0" },  { INT32_MIN, "-2147.483648" },
};

static void writes_degrees(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(degrees); i++) {
		CLEANUP(jsonout_done) struct jsonout j = { 0 };
		jsonout_e6(&j, degrees[i].millionths);
		assert_string_equal(j.text, degrees[i].text);
	}
}

/* Whatever a name holds, another reader of JSON gets it back. */
static void every_character_survives(void **state)
{
	(void)state;
	char all[300] = "\"quoted\" \\ / ";
	size_t n = strlen(all);
	for (int c = 1; c < 128; c++)
		all[n++] = (char)c;
	memcpy(all + n, "مدرسة École 😀", sizeof("مدرسة École 😀"));
	CLEANUP(jsonout_done) struct jsonout j = { 0 };
	jsonout_raw(&j, "[");
	jsonout_string(&j, all);
	jsonout_raw(&j, ",");
	jsonout_int(&j, INT64_MIN);
	jsonout_raw(&j, ",");
	jsonout_time(&j, 0);
	jsonout_raw(&j, ",");
	jsonout_time(&j, 1795335300);
	jsonout_raw(&j, "]");
	assert_int_equal(j.bad, 0);
	json_t *back = json_loadb(j.text, j.len, 0, NULL);
	assert_non_null(back);
	assert_string_equal(json_string_value(json_array_get(back, 0)), all);
	assert_true(json_integer_value(json_array_get(back, 1)) == INT64_MIN);
	assert_true(json_is_null(json_array_get(back, 2)));
	assert_string_equal(json_string_value(json_array_get(back, 3)), "2026-11-22T08:15:00Z");
	json_decref(back);
}

static void grows_as_needed(void **state)
{
	(void)state;
	CLEANUP(jsonout_done) struct jsonout j = { 0 };
	for (int i = 0; i < 10000; i++)
		jsonout_raw(&j, "0123456789");
	assert_int_equal(j.len, 100000);
	assert_int_equal(strlen(j.text), 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_degrees),
		cmocka_unit_test(every_character_survives),
		cmocka_unit_test(grows_as_needed),
	};
	return cmocka_run_group_tests_name("hub/jsonout", tests, NULL, NULL);
}
