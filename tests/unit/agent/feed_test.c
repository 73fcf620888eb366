// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/feed.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

CLEAN_FN(json, json_t, json_decref)

static json_t *parse(const char *text)
{
	json_t *j = json_loads(text, 0, NULL);
	if (!j)
		fail_msg("bad JSON in the test: %s", text);
	return j;
}

static void reads_pages(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t after;
		int want;
		size_t count;
		int64_t next;
		bool again;
	} rows[] = {
		{ "{\"rows\":[],\"next\":0}", 0, 0, 0, 0, false },
		{ "{\"rows\":[],\"next\":7}", 7, 0, 0, 7, false },
		{ "{\"rows\":[],\"next\":3}", 7, 0, 0, 3, true },
		{ "{\"rows\":[{\"cursor\":8},{\"cursor\":12}],\"next\":12}", 7, 0, 2, 12, false },
		{ "{\"rows\":[{\"cursor\":8},{\"cursor\":12}],\"next\":20}", 7, 0, 2, 20, false },
		{ "{\"rows\":[{\"cursor\":7}],\"next\":7}", 7, -EBADMSG, 0, 0,
		  false }, /* had it: would count twice */
		{ "{\"rows\":[{\"cursor\":9},{\"cursor\":9}],\"next\":9}", 7, -EBADMSG, 0, 0,
		  false },
		{ "{\"rows\":[{\"cursor\":9},{\"cursor\":8}],\"next\":9}", 7, -EBADMSG, 0, 0,
		  false },
		{ "{\"rows\":[{\"cursor\":9}],\"next\":8}", 7, -EBADMSG, 0, 0,
		  false }, /* would come again */
		{ "{\"rows\":[{\"cursor\":\"9\"}],\"next\":9}", 7, -EBADMSG, 0, 0, false },
		{ "{\"rows\":[{}],\"next\":9}", 7, -EBADMSG, 0, 0, false },
		{ "{\"rows\":{},\"next\":9}", 7, -EBADMSG, 0, 0, false },
		{ "{\"rows\":[]}", 7, -EBADMSG, 0, 0, false },
		{ "[]", 7, -EBADMSG, 0, 0, false },
		{ "{\"error\":\"x\",\"text\":\"y\"}", 7, -EBADMSG, 0, 0, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_json) json_t *j = parse(rows[i].text);
		struct feed_page page;
		assert_int_equal(feed_open(j, rows[i].after, &page, NULL), rows[i].want);
		if (rows[i].want)
			continue;
		assert_int_equal(page.count, rows[i].count);
		assert_int_equal(page.next, rows[i].next);
		assert_int_equal(page.began_again, rows[i].again);
	}
}

static void refuses_pages_that_are_too_long(void **state)
{
	(void)state;
	CLEANUP(clean_json) json_t *rows = json_array();
	for (int i = 1; i <= 1001; i++)
		json_array_append_new(rows, json_pack("{s:i}", "cursor", i));
	CLEANUP(clean_json) json_t *j = json_pack("{s:O, s:i}", "rows", rows, "next", 1001);
	struct feed_page page;
	assert_int_equal(feed_open(j, 0, &page, NULL), -EBADMSG);
	json_array_remove(rows, 1000);
	assert_int_equal(feed_open(j, 0, &page, NULL), 0);
	assert_int_equal(page.count, FEED_LIMIT);
}

#define SECONDS "\"up_s\":30,\"down_s\":10,\"unpowered_s\":15,\"unknown_s\":5"

static void reads_minutes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{ "{\"minute\":29808000,\"uplink\":\"adsl\",\"kind\":\"mobile\"," SECONDS
		  ",\"rx_bytes\":5,\"rtt_us\":9,\"new\":1}",
		  0 },
		{ "{\"minute\":29808000,\"uplink\":\"adsl\",\"kind\":3," SECONDS
		  ",\"rx_bytes\":5,\"rtt_us\":9}",
		  0 },
		{ "{\"minute\":29808000,\"uplink\":\"adsl\",\"kind\":3,\"up_s\":60,\"down_s\":1,"
		  "\"unpowered_s\":0,\"unknown_s\":0}",
		  -EBADMSG },
		{ "{\"minute\":29808000,\"uplink\":\"adsl\",\"kind\":3,\"up_s\":60}", -EBADMSG },
		{ "{\"minute\":-1,\"uplink\":\"adsl\"," SECONDS "}", -EBADMSG },
		{ "{\"minute\":\"x\",\"uplink\":\"adsl\"," SECONDS "}", -EBADMSG },
		{ "{\"minute\":1.5,\"uplink\":\"adsl\"," SECONDS "}", -EBADMSG },
		{ "{\"minute\":1,\"uplink\":\"\"," SECONDS "}", -EBADMSG },
		{ "{\"minute\":1,\"uplink\":\"12345678901234567890123456789012\"," SECONDS "}",
		  -EBADMSG },
		{ "{\"minute\":1,\"uplink\":\"a\\nb\"," SECONDS "}", -EBADMSG },
		{ "{\"minute\":1,\"uplink\":\"a\"," SECONDS ",\"rx_bytes\":-5}", -EBADMSG },
		{ "{\"minute\":1,\"uplink\":\"a\"," SECONDS ",\"rtt_us\":4294967296}", -EBADMSG },
		{ "3", -EBADMSG },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_json) json_t *j = json_loads(rows[i].text, JSON_DECODE_ANY, NULL);
		struct aggregate_minute m;
		struct fault why = { 0 };
		assert_int_equal(feed_minute(j, &m, &why), rows[i].want);
		assert_int_equal(why.text[0] != 0, rows[i].want != 0);
		if (rows[i].want)
			continue;
		assert_int_equal(m.minute, 29808000);
		assert_string_equal(m.uplink, "adsl");
		assert_int_equal(m.kind, 3);
		assert_int_equal(m.unpowered_s, 15);
		assert_int_equal(m.rx_bytes, 5);
		assert_int_equal(m.tx_bytes, 0);
		assert_int_equal(m.rtt_us, 9);
	}
}

static void calls_unknown_kinds_other(void **state)
{
	(void)state;
	static const char *const kinds[] = { "\"laser\"", "0", "6", "-1", "null", "[]" };
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char text[200];
		snprintf(text, sizeof(text),
			 "{\"minute\":1,\"uplink\":\"a\",\"kind\":%s," SECONDS "}", kinds[i]);
		CLEANUP(clean_json) json_t *j = parse(text);
		struct aggregate_minute m;
		assert_int_equal(feed_minute(j, &m, NULL), 0);
		assert_int_equal(m.kind, 5);
	}
}

static void reads_uses(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{ "{\"day\":20700,\"lesson\":\"waves\",\"rung\":\"240p\",\"starts\":3,\"watched_"
		  "s\":70,\"devices\":2}",
		  0 },
		{ "{\"day\":\"2026-09-04\",\"lesson\":\"waves\",\"rung\":\"240p\"}", -EBADMSG },
		{ "{\"day\":3000000000,\"lesson\":\"waves\",\"rung\":\"240p\"}", -EBADMSG },
		{ "{\"day\":20700,\"rung\":\"240p\"}", -EBADMSG },
		{ "{\"day\":20700,\"lesson\":\"waves\",\"rung\":5}", -EBADMSG },
		{ "{\"day\":20700,\"lesson\":\"waves\",\"rung\":\"240p\",\"starts\":-1}",
		  -EBADMSG },
		{ "{\"day\":20700,\"lesson\":\"waves\",\"rung\":\"a-rung-with-a-name-too-long\"}",
		  -EBADMSG },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_json) json_t *j = parse(rows[i].text);
		struct aggregate_use u;
		assert_int_equal(feed_use(j, &u, NULL), rows[i].want);
		if (rows[i].want)
			continue;
		assert_int_equal(u.day, 20700);
		assert_string_equal(u.lesson, "waves");
		assert_int_equal(u.starts, 3);
		assert_int_equal(u.completions, 0);
		assert_int_equal(u.watched_s, 70);
		assert_int_equal(u.devices, 2);
	}
}

static void reads_events(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{ "{\"at\":1790000000,\"kind\":\"uplink.down\",\"subject\":\"adsl\",\"reason\":"
		  "\"ISP\"}",
		  0 },
		{ "{\"at\":1790000000,\"kind\":\"uplink.down\",\"subject\":\"adsl\",\"reason\":"
		  "null}",
		  0 },
		{ "{\"kind\":\"uplink.down\"}", -EBADMSG },
		{ "{\"at\":1790000000}", -EBADMSG },
		{ "{\"at\":1790000000,\"kind\":\"a-kind-that-is-longer-than-the-31-it-may-be\"}",
		  -EBADMSG },
		{ "{\"at\":1790000000,\"kind\":\"x\",\"reason\":7}", -EBADMSG },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_json) json_t *j = parse(rows[i].text);
		struct outbox_event e;
		assert_int_equal(feed_event(j, &e, NULL), rows[i].want);
		if (!rows[i].want) {
			assert_int_equal(e.at_s, 1790000000);
			assert_string_equal(e.kind, "uplink.down");
			assert_string_equal(e.subject, "adsl");
		}
	}
}

#define FILM_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OFFER(lesson, object)                                                                    \
	"{\"at\":1,\"lesson\":" lesson ",\"title\":{\"ar\":\"درس\",\"fr\":null,\"en\":\"\"}," \
	"\"subject\":\"x\",\"grade\":7,\"language\":\"ar\",\"duration_ms\":60000,"               \
	"\"film\":{\"object\":\"" object "\",\"bytes\":12345,\"media_type\":\"video/mp4\"}}"

/* A list that is none says nothing about what is offered; a row that is none is passed over. */
static void reads_offers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int want;
		size_t count;
	} rows[] = {
		{ "{\"offers\":[]}", 0, 0 },
		{ "{\"offers\":[" OFFER("\"own-1\"", FILM_ID) "]}", 0, 1 },
		{ "{\"offers\":[" OFFER("7", FILM_ID) "," OFFER("\"own-2\"", FILM_ID) "]}", 0, 1 },
		{ "{\"offers\":[" OFFER("\"own-1\"", "0123") "]}", 0, 0 },
		{ "{\"offers\":[7]}", 0, 0 },
		{ "{\"offers\":{}}", -EBADMSG, 0 },
		{ "{}", -EBADMSG, 0 },
		{ "[]", -EBADMSG, 0 },
	};
	AUTO_FREE struct outbox_offer *all = calloc(OUTBOX_OFFERS, sizeof(*all));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_json) json_t *j = parse(rows[i].text);
		size_t count = 99;
		assert_int_equal(feed_offers(j, all, &count, NULL), rows[i].want);
		assert_int_equal(count, rows[i].want ? 99 : rows[i].count);
		if (count != 1)
			continue;
		assert_true(strcmp(all[0].lesson, i == 1 ? "own-1" : "own-2") == 0);
		assert_string_equal(all[0].title[0], "درس");
		assert_string_equal(all[0].title[1], "");
		assert_int_equal(all[0].duration_ms, 60000);
		assert_int_equal(all[0].film_bytes, 12345);
		assert_int_equal(all[0].film[31], 0xef);
	}
	CLEANUP(clean_json) json_t *many = json_pack("{s:[]}", "offers");
	for (int i = 0; i <= OUTBOX_OFFERS; i++)
		json_array_append_new(json_object_get(many, "offers"), json_object());
	size_t count = 0;
	assert_int_equal(feed_offers(many, all, &count, NULL), -EBADMSG);
}

static void reads_as_much_health_as_there_is(void **state)
{
	(void)state;
	CLEANUP(clean_json)
	json_t *j =
		parse("{\"disk_free_bytes\":12345678901,\"lessons_ready\":-3,\"lessons_total\":4,"
		      "\"disk\":{\"bad\":2,\"unreadable\":\"x\",\"bytes\":7,\"last_pass_s\":"
		      "1795000000}}");
	struct feed_health h;
	feed_health(j, &h);
	assert_int_equal(h.disk_free_bytes, 12345678901);
	assert_int_equal(h.lessons_ready, 0);
	assert_int_equal(h.lessons_total, 4);
	assert_int_equal(h.catalogue_version, 0);
	assert_int_equal(h.disk_bad, 2);
	assert_int_equal(h.disk_unreadable, 0);
	assert_int_equal(h.disk_read_bytes, 7);
	assert_int_equal(h.disk_read_s, 1795000000);
	feed_health(NULL, &h);
	assert_int_equal(h.lessons_total, 0);
}

static void reads_the_head_of_the_minutes(void **state)
{
	(void)state;
#define HEX62 "abababababababababababababababababababababababababababababababab"
#define ZERO62 "0000000000000000000000000000000000000000000000000000000000000000"
	static const struct {
		const char *text;
		int want;
		uint64_t through;
	} rows[] = {
		{ "{\"through\":7,\"head\":\"" HEX62 "\"}", 0, 7 },
		{ "{\"through\":0,\"head\":\"" ZERO62 "\",\"first\":0}", 0, 0 },
		{ "{\"through\":0,\"head\":\"" HEX62 "\"}", -EBADMSG, 0 },
		{ "{\"through\":7,\"head\":\"" ZERO62 "\"}", -EBADMSG, 0 },
		{ "{\"through\":-7,\"head\":\"" HEX62 "\"}", -EBADMSG, 0 },
		{ "{\"through\":7,\"head\":\"ab\"}", -EBADMSG, 0 },
		{ "{\"through\":7}", -EBADMSG, 0 },
		{ "{\"head\":\"" HEX62 "\"}", -EBADMSG, 0 },
		{ "[]", -EBADMSG, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_json) json_t *j = parse(rows[i].text);
		struct outbox_minutes m = { .through = 99 };
		assert_int_equal(feed_chain(j, &m, NULL), rows[i].want);
		assert_int_equal(m.through, rows[i].want ? 99 : rows[i].through);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_head_of_the_minutes),
		cmocka_unit_test(reads_pages),
		cmocka_unit_test(refuses_pages_that_are_too_long),
		cmocka_unit_test(reads_minutes),
		cmocka_unit_test(calls_unknown_kinds_other),
		cmocka_unit_test(reads_uses),
		cmocka_unit_test(reads_events),
		cmocka_unit_test(reads_offers),
		cmocka_unit_test(reads_as_much_health_as_there_is),
	};
	return cmocka_run_group_tests_name("agent/feed", tests, NULL, NULL);
}
