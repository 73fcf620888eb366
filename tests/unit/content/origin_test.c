// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/origin.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"

static void addresses(void **state)
{
	(void)state;
	struct origin o;
	struct objmap_id id;
	memset(id.b, 0xab, sizeof(id.b));
	assert_int_equal(origin_set(&o, "https://lessons.example///", 20, 1, NULL), 0);
	assert_string_equal(origin_root(&o, 2).at, "https://lessons.example/wasl/v1/root/2");
	assert_string_equal(origin_catalogue(&o).at,
			    "https://lessons.example/wasl/v1/catalogue/latest");
	assert_string_equal(origin_map(&o, &id).at,
			    "https://lessons.example/wasl/v1/map/"
			    "abababababababababababababababababababababababababababababababab");
	assert_string_equal(origin_object(&o, &id).at,
			    "https://lessons.example/wasl/v1/object/"
			    "abababababababababababababababababababababababababababababababab");
	static const char *const bad[] = { "lessons.example", "file:///etc/passwd", "ftp://x",
					   "http:/x" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct fault why = { 0 };
		assert_int_equal(origin_set(&o, bad[i], 20, 1, &why), -EINVAL);
		assert_non_null(strstr(why.text, bad[i]));
	}
	assert_int_equal(origin_set(&o, "", 20, 1, NULL), 0);
	assert_true(origin_waits(&o, 0));
}

static void one_cut_is_no_news(void **state)
{
	(void)state;
	struct origin o;
	assert_int_equal(origin_set(&o, "http://x", 20, 1, NULL), 0);
	assert_false(origin_waits(&o, 1000));
	assert_false(origin_failed(&o, "cut", 1000));
	assert_true(origin_waits(&o, 1001));
	assert_false(origin_waits(&o, 2000));
	assert_false(origin_worked(&o));
	assert_false(origin_failed(&o, "cut", 3000));
	assert_true(origin_failed(&o, "no route", 4000));
	assert_false(o.ok);
	assert_string_equal(o.reason, "no route");
	assert_false(origin_failed(&o, "no route", 9000));
	assert_true(origin_waits(&o, 9001));
	origin_hurry(&o);
	assert_false(origin_waits(&o, 9001));
	assert_true(origin_worked(&o));
	assert_false(origin_worked(&o));
	assert_true(o.ok);
}

static void waits_never_grow_beyond_a_minute(void **state)
{
	(void)state;
	struct origin o;
	assert_int_equal(origin_set(&o, "http://x", 20, 77, NULL), 0);
	for (uint64_t i = 0; i < 100; i++)
		origin_failed(&o, "away", 1000);
	assert_in_range(o.not_before_ms, 1000 + 45000, 1000 + 60000);
}

static void judges_answers(void **state)
{
	(void)state;
	static const struct {
		struct http_result result;
		int code;
		const char *reason;
	} rows[] = {
		{ { .status = 200 }, 0, "" },
		{ { .status = 206 }, 0, "" },
		{ { .status = 404 }, -ENOENT, "404" },
		{ { .status = 410 }, -ENOENT, "410" },
		{ { .status = 404, .code = -EIO }, -ENOENT, "404" },
		{ { .status = 503 }, -EIO, "503" },
		{ { .status = 302 }, -EIO, "302" },
		{ { .code = -ETIMEDOUT, .error = "too slow" }, -EIO, "too slow" },
		{ { .code = -ECONNREFUSED, .error = "" }, -EIO, "refused" },
		{ { .status = 200, .code = -EPIPE, .error = "cut" }, -EIO, "cut" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char reason[200] = "";
		assert_int_equal(origin_judge(&rows[i].result, reason), rows[i].code);
		assert_non_null(strstr(reason, rows[i].reason));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(one_cut_is_no_news),
		cmocka_unit_test(waits_never_grow_beyond_a_minute),
		cmocka_unit_test(judges_answers),
	};
	return cmocka_run_group_tests_name("content/origin", tests, NULL, NULL);
}
