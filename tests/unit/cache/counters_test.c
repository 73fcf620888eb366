// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/counters.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[COUNTERS_TEXT_BYTES + 2048];

static void render(const struct counters *c, const struct counters_extra *extra, size_t count)
{
	const size_t len = counters_text(c, extra, count, text, sizeof(text));
	assert_true(len > 0);
	assert_int_equal(len, strlen(text));
}

/* A whole line of the text. */
static void has(const char *line)
{
	char want[256];
	snprintf(want, sizeof(want), "\n%s\n", line);
	if (!strstr(text, want))
		fail_msg("no line '%s'", line);
}

static void counts_and_adds_up(void **state)
{
	(void)state;
	struct counters a = { 0 }, b = { 0 }, sum = { 0 };
	counters_add(&a, COUNTERS_SENT_BYTES, UINT64_C(5000000000));
	counters_add(&b, COUNTERS_SENT_BYTES, 7);
	counters_add(&b, COUNTERS_REPLIES_HIT, 1);
	counters_set(&a, COUNTERS_WORKERS, 1);
	counters_set(&b, COUNTERS_WORKERS, 1);
	counters_sum(&sum, &a);
	counters_sum(&sum, &b);
	render(&sum, NULL, 0);
	has("wasl_sent_bytes_total 5000000007");
	has("wasl_replies_total{how=\"hit\"} 1");
	has("wasl_replies_total{how=\"cut\"} 0");
	has("wasl_workers 2");
	has("# TYPE wasl_workers gauge");
	has("# TYPE wasl_sent_bytes_total counter");
	/* One that is gone: its counts stay, what it was does not. */
	counters_clear_gauges(&a);
	assert_int_equal(a.values[COUNTERS_WORKERS], 0);
	assert_int_equal(a.values[COUNTERS_SENT_BYTES], UINT64_C(5000000000));
}

static void a_histogram_is_cumulative(void **state)
{
	(void)state;
	static const struct {
		uint64_t ms;
		const char *line;
	} rows[] = {
		{ 0, "wasl_wait_seconds_bucket{le=\"0.01\"} 2" },
		{ 10, "wasl_wait_seconds_bucket{le=\"0.025\"} 3" },
		{ 11, "wasl_wait_seconds_bucket{le=\"20\"} 4" },
		{ 20000, "wasl_wait_seconds_bucket{le=\"60\"} 4" },
		{ 60001, "wasl_wait_seconds_bucket{le=\"+Inf\"} 5" },
	};
	struct counters c = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		counters_took(&c, COUNTERS_HISTOGRAM_WAIT, rows[i].ms);
	render(&c, NULL, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		has(rows[i].line);
	has("wasl_wait_seconds_sum 80.022");
	has("wasl_wait_seconds_count 5");
}

/* What a Prometheus server asks of the text: one HELP and TYPE a metric, before its lines; no line twice. */
static void the_text_is_well_formed(void **state)
{
	(void)state;
	static const struct counters_extra extra[] = {
		{ "wasl_players", "room=\"lab\"", "Players.", 40 },
		{ "wasl_players", "room=\"all\"", "", 41 },
	};
	struct counters c = { 0 };
	char seen[256][160], metric[160] = "";
	size_t count = 0;
	render(&c, extra, 2);
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line;) {
		if (!strncmp(line, "# HELP ", 7)) {
			snprintf(metric, sizeof(metric), "%s", line + 7);
			*strchr(metric, ' ') = '\0';
			assert_true(strlen(line) > strlen(metric) + 10);
		} else if (strncmp(line, "# TYPE ", 7)) {
			assert_true(!strncmp(line, metric, strlen(metric)));
			char *value = strrchr(line, ' ');
			assert_true(value && isdigit(value[1]));
			*value = '\0';
			for (size_t i = 0; i < count; i++)
				assert_string_not_equal(seen[i], line);
			assert_true(count < 256);
			snprintf(seen[count++], sizeof(seen[0]), "%s", line);
		} else {
			assert_true(!strncmp(line + 7, metric, strlen(metric)));
		}
	}
	assert_true(count > COUNTERS_COUNT);
	/* The order of lines: a metric's stand together. */
	for (size_t i = 0; i < count; i++)
		seen[i][strcspn(seen[i], "{")] = '\0';
	for (size_t i = 1; i < count; i++)
		for (size_t k = 0; strcmp(seen[i], seen[i - 1]) && k < i; k++)
			assert_string_not_equal(seen[k], seen[i]);
}

static void too_small_a_room_is_said(void **state)
{
	(void)state;
	struct counters c = { 0 };
	const size_t need = counters_text(&c, NULL, 0, text, sizeof(text));
	assert_true(need > 0 && need < COUNTERS_TEXT_BYTES / 2);
	for (size_t room = 1; room <= need; room += 97)
		assert_int_equal(counters_text(&c, NULL, 0, text, room), 0);
	assert_int_equal(counters_text(&c, NULL, 0, text, need), 0);
	assert_int_equal(counters_text(&c, NULL, 0, text, need + 1), need);
	/* The biggest numbers that there are. */
	memset(&c, 0xff, sizeof(c));
	assert_true(counters_text(&c, NULL, 0, text, COUNTERS_TEXT_BYTES) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_and_adds_up),
		cmocka_unit_test(a_histogram_is_cumulative),
		cmocka_unit_test(the_text_is_well_formed),
		cmocka_unit_test(too_small_a_room_is_said),
	};
	return cmocka_run_group_tests_name("cache/counters", tests, NULL, NULL);
}
