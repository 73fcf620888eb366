// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/uplinks.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define NOW 1790000000

static const struct {
	const char *why, *json;
	int code;
	enum site_internet internet;
	int64_t since_s;
	const char *layer;
	size_t count;
} rows[] = {
	{ "no JSON", "<html>", -EBADMSG, SITE_INTERNET_UNKNOWN, 0, "", 0 },
	{ "no list", "{\"uplinks\":5}", -EBADMSG, SITE_INTERNET_UNKNOWN, 0, "", 0 },
	{ "no line at all", "{\"uplinks\":[]}", 0, SITE_INTERNET_UNKNOWN, 0, "", 0 },
	{ "one line up",
	  "{\"uplinks\":[{\"name\":\"adsl\",\"state\":\"up\",\"grade\":\"good\",\"since_s\":60}],"
	  "\"preferred\":\"adsl\"}",
	  0, SITE_INTERNET_ON, NOW - 60, "", 1 },
	{ "one of two up",
	  "{\"uplinks\":[{\"name\":\"adsl\",\"state\":\"down\",\"reason\":\"isp\",\"since_s\":5},"
	  "{\"name\":\"4g\",\"state\":\"up\",\"since_s\":600}]}",
	  0, SITE_INTERNET_ON, NOW - 600, "", 2 },
	{ "both down: since the last went, for the preferred one's reason",
	  "{\"uplinks\":[{\"name\":\"adsl\",\"state\":\"down\",\"reason\":\"isp\",\"since_s\":500},"
	  "{\"name\":\"4g\",\"state\":\"down\",\"reason\":\"cable\",\"since_s\":20}],\"preferred\":"
	  "\"4g\"}",
	  0, SITE_INTERNET_OFF, NOW - 20, "cable", 2 },
	{ "no preferred one: the first that has a reason",
	  "{\"uplinks\":[{\"name\":\"a\",\"state\":\"down\",\"since_s\":9},"
	  "{\"name\":\"b\",\"state\":\"down\",\"reason\":\"gateway\",\"since_s\":9}],\"preferred\":"
	  "null}",
	  0, SITE_INTERNET_OFF, NOW - 9, "gateway", 2 },
	{ "a clock that lies",
	  "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\",\"since_s\":9000000000}]}", 0,
	  SITE_INTERNET_ON, 0, "", 1 },
	{ "texts too long are none",
	  "{\"uplinks\":[{\"name\":\"a\",\"state\":\"uuuuuuuuuuuuuuuuuuuuuuuuuuuuup\",\"since_s\":"
	  "1}]}",
	  0, SITE_INTERNET_OFF, NOW - 1, "", 1 },
	{ "other types", "{\"uplinks\":[5,{\"name\":7},{\"name\":\"a\",\"state\":[]}]}", 0,
	  SITE_INTERNET_OFF, NOW, "", 1 },
};

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct uplinks_view v = { 0 };
		int r = uplinks_parse(rows[i].json, strlen(rows[i].json), NOW, &v);
		if (r != rows[i].code || v.internet != rows[i].internet ||
		    v.since_s != rows[i].since_s)
			print_message("row %zu: %s: since %lld\n", i, rows[i].why,
				      (long long)v.since_s);
		assert_int_equal(r, rows[i].code);
		assert_int_equal(v.internet, rows[i].internet);
		assert_int_equal(v.since_s, rows[i].since_s);
		assert_string_equal(v.layer, rows[i].layer);
		assert_int_equal(v.count, rows[i].count);
	}
}

static void only_what_people_see_differs(void **state)
{
	(void)state;
	struct uplinks_view a = { .internet = SITE_INTERNET_ON, .since_s = NOW }, b = a;
	assert_false(uplinks_differ(&a, &b));
	b.since_s++;
	assert_false(uplinks_differ(&a, &b));
	b.since_s += 120;
	assert_true(uplinks_differ(&a, &b));
	b = a;
	b.count = 1;
	assert_true(uplinks_differ(&a, &b));
}

static void what_the_line_brings(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		uint32_t kbps;
	} lines[] = {
		{ "{\"uplinks\":[]}", 0 },
		{ "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\",\"down_kbps\":900}]}", 900 },
		{ "{\"uplinks\":[{\"name\":\"a\",\"state\":\"down\",\"down_kbps\":900}]}", 0 },
		{ "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\",\"down_kbps\":900},"
		  "{\"name\":\"b\",\"state\":\"up\",\"down_kbps\":70}],\"preferred\":\"b\"}",
		  70 },
		{ "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\",\"down_kbps\":-5}]}", 0 },
		{ "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\",\"down_kbps\":\"fast\"}]}", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct uplinks_view v;
		assert_int_equal(uplinks_parse(lines[i].json, strlen(lines[i].json), NOW, &v), 0);
		assert_int_equal(uplinks_down_kbps(&v), lines[i].kbps);
	}
}

static void the_line_that_traffic_takes(void **state)
{
	(void)state;
	static const struct {
		const char *why, *json, *last, *name;
		bool metered;
		uint64_t used, quota;
		int quota_day;
		bool sync_held, sync_never;
	} picks[] = {
		{ .why = "none", .json = "{\"uplinks\":[]}", .last = "a", .name = NULL },
		{ .why = "the preferred one, with what it has carried",
		  .json = "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\"},{\"name\":\"b\","
			  "\"state\":"
			  "\"up\",\"metered\":true,\"rx_bytes\":70,\"tx_bytes\":7,\"quota_bytes\":"
			  "900,"
			  "\"quota_day\":5}],\"preferred\":\"b\"}",
		  .last = "",
		  .name = "b",
		  .metered = true,
		  .used = 77,
		  .quota = 900,
		  .quota_day = 5 },
		{ .why = "the one that is up",
		  .json = "{\"uplinks\":[{\"name\":\"a\",\"state\":\"down\"},{\"name\":\"b\","
			  "\"state\":"
			  "\"up\"}],\"preferred\":null}",
		  .last = "a",
		  .name = "b" },
		{ .why = "all are down: the last one that was used",
		  .json = "{\"uplinks\":[{\"name\":\"a\",\"state\":\"down\",\"metered\":true},{"
			  "\"name\":"
			  "\"b\",\"state\":\"down\"}],\"preferred\":null}",
		  .last = "b",
		  .name = "b" },
		{ .why = "else one that costs money",
		  .json = "{\"uplinks\":[{\"name\":\"a\",\"state\":\"down\"},{\"name\":\"b\","
			  "\"state\":"
			  "\"down\",\"metered\":true}]}",
		  .last = "",
		  .name = "b",
		  .metered = true },
		{ .why = "one whose quota is nearly used up",
		  .json = "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\",\"sync\":\"quota\"}]}",
		  .last = "",
		  .name = "a",
		  .sync_held = true },
		{ .why = "the one for lessons that nobody waits for",
		  .json = "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\",\"sync\":\"never\"},"
			  "{\"name\":\"b\",\"state\":\"up\"}],\"preferred\":\"a\","
			  "\"classes\":{\"sync\":\"b\"}}",
		  .last = "",
		  .name = "b" },
		{ .why = "none may be used for them",
		  .json = "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\",\"sync\":\"never\"}],"
			  "\"preferred\":\"a\",\"classes\":{\"sync\":null}}",
		  .last = "",
		  .name = "a",
		  .sync_never = true },
		{ .why = "one that may be used",
		  .json = "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\",\"sync\":\"go\"}]}",
		  .last = "",
		  .name = "a" },
		{ .why = "numbers that are none",
		  .json = "{\"uplinks\":[{\"name\":\"a\",\"state\":\"up\",\"metered\":1,\"rx_"
			  "bytes\":-5,"
			  "\"quota_bytes\":\"many\",\"quota_day\":31}]}",
		  .last = "",
		  .name = "a" },
	};
	for (size_t i = 0; i < ARRAY_LEN(picks); i++) {
		struct uplinks_view v;
		assert_int_equal(uplinks_parse(picks[i].json, strlen(picks[i].json), NOW, &v), 0);
		const struct uplinks_one *u = uplinks_line(&v, picks[i].last);
		if (!picks[i].name) {
			assert_null(u);
			continue;
		}
		assert_string_equal(u->name, picks[i].name);
		assert_int_equal(u->metered, picks[i].metered);
		assert_int_equal(u->used_bytes, picks[i].used);
		assert_int_equal(u->quota_bytes, picks[i].quota);
		assert_int_equal(u->quota_day, picks[i].quota_day);
		assert_int_equal(u->sync_held, picks[i].sync_held);
		assert_int_equal(u->sync_never, picks[i].sync_never);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(only_what_people_see_differs),
		cmocka_unit_test(what_the_line_brings),
		cmocka_unit_test(the_line_that_traffic_takes),
	};
	return cmocka_run_group_tests_name("content/uplinks", tests, NULL, NULL);
}
