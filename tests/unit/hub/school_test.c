// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/school.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "provisioning/hub/csv.h"
#include "provisioning/hub/demo.h"

static const char header[] =
	"code,name_ar,name_fr,name_en,country,region,lat,lon,pupils,level,region_ar,giga_id,sample";

static int read_row(const char *head, const char *line, struct school *out, struct fault *why)
{
	char first[512], second[4096];
	struct csv c;
	struct csv_row row;
	struct school_columns columns;
	snprintf(first, sizeof(first), "%s", head);
	snprintf(second, sizeof(second), "%s", line);
	csv_init(&c, first, strlen(first));
	assert_int_equal(csv_next(&c, &row, why), 1);
	int rc = school_columns_read(&row, &columns, why);
	if (rc)
		return rc;
	csv_init(&c, second, strlen(second));
	c.separator = ',';
	assert_int_equal(csv_next(&c, &row, why), 1);
	return school_read(&row, &columns, out, why);
}

static void reads_every_column(void **state)
{
	(void)state;
	struct school s;
	struct fault why = { 0 };
	assert_int_equal(
		read_row(header,
			 "TN330041,مدرسة,École,School,TN,Le Kef,35.8921,-8.55,447,primary,الكاف,"
			 "7f9c24e8-3b12-4fef-91e0-56a2d4b61c7d,yes",
			 &s, &why),
		0);
	assert_string_equal(s.code, "TN330041");
	assert_string_equal(s.name_ar, "مدرسة");
	assert_string_equal(s.name_fr, "École");
	assert_string_equal(s.name_en, "School");
	assert_string_equal(s.country, "TN");
	assert_string_equal(s.region, "Le Kef");
	assert_string_equal(s.region_ar, "الكاف");
	assert_int_equal(s.lat_e6, 35892100);
	assert_int_equal(s.lon_e6, -8550000);
	assert_int_equal(s.pupils, 447);
	assert_string_equal(s.level, "primary");
	assert_string_equal(s.giga_id, "7f9c24e8-3b12-4fef-91e0-56a2d4b61c7d");
	assert_true(s.sample);
	/* Columns in another order, optional ones absent. */
	assert_int_equal(
		read_row("level,pupils,lon,lat,region,country,name_en,name_fr,name_ar,code",
			 "mixed,0,1,2,K,DZ,,Lycée,,A-1", &s, &why),
		0);
	assert_string_equal(s.code, "A-1");
	assert_false(s.sample);
	assert_string_equal(school_name(&s, "ar"), "Lycée");
}

static const struct {
	const char *line, *names; /* what the sentence must name */
} bad[] = {
	{ ",a,b,c,TN,K,1,2,3,primary,,,", "code ''" },
	{ "a b,a,b,c,TN,K,1,2,3,primary,,,", "code 'a b'" },
	{ "../x,a,b,c,TN,K,1,2,3,primary,,,", "code '../x'" },
	{ "A23456789012345678901234567890123,a,b,c,TN,K,1,2,3,primary,,,", "code" },
	{ "A,,,,TN,K,1,2,3,primary,,,", "name_ar" },
	{ "A,\xff,b,c,TN,K,1,2,3,primary,,,", "UTF-8" },
	{ "A,a\tb,b,c,TN,K,1,2,3,primary,,,", "control" },
	{ "A,a,b,c,tn,K,1,2,3,primary,,,", "country 'tn'" },
	{ "A,a,b,c,TUN,K,1,2,3,primary,,,", "country 'TUN'" },
	{ "A,a,b,c,TN,,1,2,3,primary,,,", "region" },
	{ "A,a,b,c,TN,K,91,2,3,primary,,,", "lat '91'" },
	{ "A,a,b,c,TN,K,x,2,3,primary,,,", "lat 'x'" },
	{ "A,a,b,c,TN,K,1,-180.1,3,primary,,,", "lon '-180.1'" },
	{ "A,a,b,c,TN,K,1,2,-3,primary,,,", "pupils '-3'" },
	{ "A,a,b,c,TN,K,1,2,,primary,,,", "pupils ''" },
	{ "A,a,b,c,TN,K,1,2,1e3,primary,,,", "pupils '1e3'" },
	{ "A,a,b,c,TN,K,1,2,3,school,,,", "level 'school'" },
	{ "A,a,b,c,TN,K,1,2,3,primary,,1234,", "giga_id '1234'" },
	{ "A,a,b,c,TN,K,1,2,3,primary,,7f9c24e8-3b12-4fef-91e0-56a2d4b61c7g,", "giga_id" },
	{ "A,a,b,c,TN,K,1,2,3,primary,,,maybe", "sample 'maybe'" },
	{ "A,a,b,c,TN", "region" },
};

static void names_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct school s = { .pupils = 7 };
		struct fault why = { 0 };
		assert_int_equal(read_row(header, bad[i].line, &s, &why), -EINVAL);
		if (!strstr(why.text, bad[i].names))
			fail_msg("row %zu: '%s' does not name %s", i, why.text, bad[i].names);
		assert_non_null(strstr(why.text, "line 1"));
		assert_int_equal(s.pupils, 7);
	}
}

static void names_wrong_columns(void **state)
{
	(void)state;
	struct school s;
	struct fault why = { 0 };
	assert_int_equal(read_row("code,name_ar", "a,b", &s, &why), -EINVAL);
	assert_non_null(strstr(why.text, "'name_fr' is missing"));
	assert_int_equal(read_row("code,color", "a,b", &s, &why), -EINVAL);
	assert_non_null(strstr(why.text, "'color'"));
	assert_int_equal(read_row("code,code", "a,b", &s, &why), -EINVAL);
	assert_non_null(strstr(why.text, "twice"));
}

static const struct {
	const char *text;
	int limit, want;
	int32_t value;
} degrees[] = {
	{ "0", 90, 0, 0 },
	{ "36.8065", 90, 0, 36806500 },
	{ "-0.000001", 90, 0, -1 },
	{ "+9,5", 90, 0, 9500000 },
	{ "90", 90, 0, 90000000 },
	{ "90.0000009", 90, 0, 90000000 }, /* beyond 6 decimals nothing counts */
	{ "90.000001", 90, -ERANGE, 0 },
	{ "-180", 180, 0, -180000000 },
	{ "99999999999999999999", 180, -ERANGE, 0 },
	{ "", 90, -EINVAL, 0 },
	{ "-", 90, -EINVAL, 0 },
	{ ".5", 90, -EINVAL, 0 },
	{ "1.5N", 90, -EINVAL, 0 },
	{ "1 ", 90, -EINVAL, 0 },
};

static void reads_degrees(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(degrees); i++) {
		int32_t got = 42;
		assert_int_equal(school_degrees_parse(degrees[i].text, degrees[i].limit, &got),
				 degrees[i].want);
		assert_int_equal(got, degrees[i].want ? 42 : degrees[i].value);
	}
}

static void demo_schools_are_valid_and_repeatable(void **state)
{
	(void)state;
	unsigned countries[3] = { 0 };
	for (unsigned n = 0; n < 2000; n++) {
		struct school a, b;
		demo_school(n, &a);
		demo_school(n, &b);
		assert_memory_equal(&a, &b, sizeof(a));
		assert_true(a.sample);
		assert_true(school_code_ok(a.code));
		assert_in_range(a.lat_e6, 21000000, 38000000);
		assert_in_range(a.lon_e6 + 14000000, 0, 27000000);
		assert_in_range(a.pupils, 1, 2000);
		countries[a.country[0] == 'T' ? 0 : a.country[0] == 'D' ? 1 : 2]++;
	}
	for (int i = 0; i < 3; i++)
		assert_true(countries[i] > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_column),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(names_wrong_columns),
		cmocka_unit_test(reads_degrees),
		cmocka_unit_test(demo_schools_are_valid_and_repeatable),
	};
	return cmocka_run_group_tests_name("hub/school", tests, NULL, NULL);
}
