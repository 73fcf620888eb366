// SPDX-License-Identifier: GPL-2.0-or-later
/* What every engine behind provisioning/hub/store.h must do with the rows of reports. */
#include "tests/unit/hub/store_place.h"

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

static const uint8_t box[16] = { 0xb0 };

static int note_hour(void *data, const struct coverage_hour *h)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%d/%u/%s/%u ", h->day, h->hour, h->uplink, h->s.up);
	return 0;
}

static void hours_are_replaced_and_ordered(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	int32_t day = 0;
	uint8_t hour = 0;
	assert_int_equal(store_hour_last(p->store, "A", &day, &hour, NULL), -ENOENT);
	struct coverage_hour h = { .day = 20000,
				   .hour = 9,
				   .uplink = "adsl",
				   .kind = 2,
				   .s = { 10, 20, 30, 40 },
				   .rx_bytes = UINT64_C(1) << 60,
				   .tx_bytes = 2,
				   .rtt_us = 3,
				   .down_kbps = 4,
				   .up_kbps = 5,
				   .samples = 6 },
			     got;
	place_begin(state);
	assert_int_equal(store_hour_put(p->store, "A", &h, NULL), 0);
	h.s.up = 11;
	assert_int_equal(store_hour_put(p->store, "A", &h, NULL), 0);
	h.uplink[0] = 'z';
	assert_int_equal(store_hour_put(p->store, "A", &h, NULL), 0);
	h.uplink[0] = 'a';
	h.hour = 8;
	assert_int_equal(store_hour_put(p->store, "A", &h, NULL), 0);
	h.day = 20001;
	h.s = (struct coverage_s){ 0, 0, 0, 3600 };
	assert_int_equal(store_hour_put(p->store, "A", &h, NULL), 0);
	place_commit(state);
	assert_int_equal(store_hour_get(p->store, "A", 20000, 9, "none", &got, NULL), -ENOENT);
	assert_int_equal(store_hour_get(p->store, "A", 20000, 9, "adsl", &got, NULL), 0);
	assert_int_equal(got.s.up, 11);
	assert_true(got.rx_bytes == UINT64_C(1) << 60);
	assert_int_equal(got.samples, 6);
	assert_int_equal(store_hours_each(p->store, "A", 20000, 20000, note_hour, text, NULL), 0);
	assert_string_equal(text, "20000/8/adsl/11 20000/9/adsl/11 20000/9/zdsl/11 ");
	assert_int_equal(store_hour_last(p->store, "A", &day, &hour, NULL), 0);
	assert_int_equal(day, 20000); /* an hour of which nothing is known is no news */
	assert_int_equal(hour, 9);
}

static int note_use(void *data, const struct lesson_use *u)
{
	*(struct lesson_use *)data = *u;
	return 0;
}

static void lesson_use_adds_up(void **state)
{
	struct place *p = *state;
	struct lesson_use u = { .day = 20000,
				.lesson = "fractions",
				.rung = "240p",
				.starts = 2,
				.completions = 1,
				.watched_s = 100,
				.sent_bytes = 1000,
				.devices = 0,
				.small_cells = 1 },
			  got = { 0 };
	place_begin(state);
	assert_int_equal(store_use_add(p->store, "A", &u, NULL), 0);
	u.devices = 12;
	u.small_cells = 0;
	assert_int_equal(store_use_add(p->store, "A", &u, NULL), 0);
	assert_int_equal(store_uses_each(p->store, "A", 19999, 20001, note_use, &got, NULL), 0);
	assert_int_equal(got.starts, 4);
	assert_int_equal(got.completions, 2);
	assert_int_equal(got.watched_s, 200);
	assert_int_equal(got.devices, 12);
	assert_int_equal(got.small_cells, 1);
	u.watched_s = u.sent_bytes = INT64_MAX / 2; /* sums stop instead of running over */
	u.starts = UINT32_MAX;
	for (int i = 0; i < 4; i++)
		assert_int_equal(store_use_add(p->store, "A", &u, NULL), 0);
	place_commit(state);
	assert_int_equal(store_uses_each(p->store, "A", 19999, 20001, note_use, &got, NULL), 0);
	assert_int_equal(got.starts, UINT32_MAX);
	assert_true(got.watched_s == UINT64_C(1) << 60);
	got.day = 0;
	assert_int_equal(store_uses_each(p->store, "A", 20001, 20002, note_use, &got, NULL), 0);
	assert_int_equal(got.day, 0);
}

static int note_event(void *data, const struct box_event *e)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%d:%s ", (int)e->number, e->reason);
	return 0;
}

static void events_and_health_are_kept(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	struct box_event e = {
		.number = 1, .unix_s = 10, .kind = "uplink.down", .subject = "adsl", .reason = "isp"
	};
	struct box_health h = { .unix_s = 100,
				.image_version = "1",
				.lessons_ready = 3,
				.disk_bad = 5,
				.disk_unreadable = 2,
				.disk_read_bytes = 1u << 31,
				.disk_read_s = 90,
				.disk_wear = 8 },
			  got;
	place_begin(state);
	assert_int_equal(store_event_put(p->store, box, "A", &e, NULL), 0);
	snprintf(e.reason, sizeof(e.reason), "other");
	assert_int_equal(store_event_put(p->store, box, "A", &e, NULL),
			 0); /* the same number: passed over */
	e.number = 2;
	e.unix_s = 20;
	assert_int_equal(store_event_put(p->store, box, "A", &e, NULL), 0);
	assert_int_equal(store_health_put(p->store, box, &h, NULL), 0);
	h.unix_s = 99; /* older: passed over */
	h.lessons_ready = 1;
	assert_int_equal(store_health_put(p->store, box, &h, NULL), 0);
	place_commit(state);
	assert_int_equal(store_events_each(p->store, "A", 10, note_event, text, NULL), 0);
	assert_string_equal(text, "2:other 1:isp ");
	assert_int_equal(store_health_get(p->store, box, &got, NULL), 0);
	assert_int_equal(got.lessons_ready, 3);
	assert_int_equal(got.disk_bad, 5);
	assert_int_equal(got.disk_unreadable, 2);
	assert_int_equal(got.disk_read_bytes, 1u << 31);
	assert_int_equal(got.disk_read_s, 90);
	assert_int_equal(got.disk_wear, 8);
	const uint8_t nobody[16] = { 1 };
	assert_int_equal(store_health_get(p->store, nobody, &got, NULL), -ENOENT);
}

static int note_day(void *data, int32_t day, const struct coverage_s *sum)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%d:%u ", day, sum->up);
	return 0;
}

static void a_day_that_is_no_day_is_refused(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	struct coverage_s day = { 400, 0, 0, 86000 }, short_day = { 400, 0, 0, 85999 }, got;
	place_begin(state);
	assert_int_equal(store_day_put(p->store, "A", 20000, &day, NULL), 0);
	day = (struct coverage_s){ 500, 0, 0, 85900 };
	assert_int_equal(store_day_put(p->store, "A", 20000, &day, NULL), 0);
	assert_int_equal(store_day_put(p->store, "A", 20002, &day, NULL), 0);
	assert_int_not_equal(store_day_put(p->store, "A", 20001, &short_day, NULL), 0);
	place_commit(state);
	assert_int_equal(store_day_get(p->store, "A", 20000, &got, NULL), 0);
	assert_int_equal(got.up, 500);
	assert_int_equal(store_day_get(p->store, "A", 20001, &got, NULL), -ENOENT);
	assert_int_equal(store_days_each(p->store, "A", 19000, 21000, note_day, text, NULL), 0);
	assert_string_equal(text, "20000:500 20002:500 ");
}

static int note_region(void *data, int32_t day, const struct region_delta *sum)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%d:%d:%d ", day, (int)sum->schools, (int)sum->up);
	return 0;
}

static void region_days_add_up(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	struct region_delta d = { 1, 100, 0, 0, 86300 }, back = { 0, -50, 50, 0, 0 };
	place_begin(state);
	assert_int_equal(store_region_day_add(p->store, "TN", "Kef", 1, &d, NULL), 0);
	assert_int_equal(store_region_day_add(p->store, "TN", "Kef", 1, &back, NULL), 0);
	assert_int_equal(store_region_day_add(p->store, "TN", "Tunis", 1, &d, NULL), 0);
	assert_int_equal(store_region_day_add(p->store, "DZ", "Kef", 2, &d, NULL), 0);
	place_commit(state);
	assert_int_equal(store_region_days_each(p->store, "TN", "Kef", 0, 9, note_region, text,
						NULL),
			 0);
	assert_string_equal(text, "1:1:50 ");
	text[0] = '\0';
	assert_int_equal(store_region_days_each(p->store, "TN", "", 0, 9, note_region, text, NULL),
			 0);
	assert_string_equal(text, "1:2:150 ");
	text[0] = '\0';
	assert_int_equal(store_region_days_each(p->store, "", "", 0, 9, note_region, text, NULL),
			 0);
	assert_string_equal(text, "1:2:150 2:1:100 ");
}

static int note_alert(void *data, const struct alert *a)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%s ", a->kind);
	return 0;
}

static void alerts_come_newest_first(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	struct alert a = { .kind = "fork", .school = "A", .text = "t" },
		     b = { .kind = "rows", .school = "A", .text = "t" };
	place_begin(state);
	assert_int_equal(store_alert_put(p->store, &a, NULL), 0);
	assert_int_equal(store_alert_put(p->store, &b, NULL), 0);
	place_commit(state);
	assert_int_equal(store_alerts_each(p->store, 10, note_alert, text, NULL), 0);
	assert_string_equal(text, "rows fork ");
}

static int note_settings(void *data, const struct kept_settings *k)
{
	char *text = data;
	size_t n = strlen(text);
	snprintf(text + n, 128 - n, "%s=%u:%.*s ", k->scope, k->version, (int)k->len,
		 (const char *)k->bytes);
	return 0;
}

static void the_newest_settings_of_a_scope_are_kept(void **state)
{
	struct place *p = *state;
	char text[128] = "";
	void *bytes = NULL;
	struct kept_settings got,
		all = { .version = 1, .made_s = 9, .len = 3, .bytes = "one" },
		school = { .scope = "school:A", .version = 2, .len = 3, .bytes = "two" },
		again = { .version = 3, .made_s = 10, .len = 5, .bytes = "three" };
	assert_int_equal(store_settings_get(p->store, "", &got, &bytes, NULL), -ENOENT);
	place_begin(state);
	assert_int_equal(store_settings_put(p->store, &all, NULL), 0);
	assert_int_equal(store_settings_put(p->store, &school, NULL), 0);
	assert_int_equal(store_settings_put(p->store, &again, NULL), 0);
	place_commit(state);
	assert_int_equal(store_settings_each(p->store, note_settings, text, NULL), 0);
	assert_string_equal(text, "=3:three school:A=2:two ");
	assert_int_equal(store_settings_get(p->store, "school:A", &got, &bytes, NULL), 0);
	assert_int_equal(got.version, 2);
	assert_int_equal(got.len, 3);
	assert_memory_equal(bytes, "two", 3);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_CASE(hours_are_replaced_and_ordered),
		PLACE_CASE(lesson_use_adds_up),
		PLACE_CASE(events_and_health_are_kept),
		PLACE_CASE(a_day_that_is_no_day_is_refused),
		PLACE_CASE(region_days_add_up),
		PLACE_CASE(alerts_come_newest_first),
		PLACE_CASE(the_newest_settings_of_a_scope_are_kept),
	};
	return cmocka_run_group_tests_name("hub/store rows", tests, NULL, NULL);
}
