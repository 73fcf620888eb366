// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/status_view.h"

#include "firmware/ctl/view.h"
#include "tests/unit/ctl/golden.h"

static char *shown(const json_t *all, const struct view *v)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	status_view(all, v, to);
	fclose(to);
	return text;
}

static void in_three_languages(void **state)
{
	(void)state;
	static const char *const situations[] = { "usual", "carton" };
	for (size_t s = 0; s < ARRAY_LEN(situations); s++) {
		char name[64];
		snprintf(name, sizeof(name), "%s.json", situations[s]);
		CLEANUP(clean_json) json_t *all = golden_json(name);
		for (int l = 0; l < STRINGS_LANG_COUNT; l++) {
			const struct view v = { .lang = (enum strings_lang)l, .zone_s = 3600 };
			AUTO_FREE char *text = shown(all, &v);
			snprintf(name, sizeof(name), "status-%s-%s.txt", situations[s],
				 strings_lang_code(v.lang));
			golden_shown(name, text);
		}
	}
}

static void in_colour(void **state)
{
	(void)state;
	CLEANUP(clean_json) json_t *all = golden_json("usual.json");
	const struct view v = { .lang = STRINGS_EN, .paint = VIEW_COLOUR };
	AUTO_FREE char *text = shown(all, &v);
	assert_non_null(strstr(text, "\x1b[31m■\x1b[0m adsl"));
	assert_non_null(strstr(text, "\x1b[32m●\x1b[0m 4g"));
	assert_non_null(strstr(text, "\x1b[33m◐\x1b[0m vsat"));
}

/* Each row changes one thing in the usual situation; the words must follow. */
static void what_each_state_says(void **state)
{
	(void)state;
	static const struct {
		const char *program, *key, *value; /* JSON; NULL removes */
		const char *words, *not_words;
	} rows[] = {
		{ "netmgrd", "uplinks", "[]", "⋯ No line is set up yet", "4g" },
		{ "netmgrd", "uplinks", "[]", "◐ Internet is off. Lessons work.",
		  "Internet is on" },
		{ "netmgrd", "uplinks", "[{\"name\":\"a\",\"state\":\"up\"}]", "● Internet is on.",
		  NULL },
		{ "netmgrd", "uplinks", "[{\"name\":\"a\",\"state\":\"novel\"}]",
		  "○ a          unknown", NULL },
		{ "netmgrd", "uplinks",
		  "[{\"name\":\"a\",\"state\":\"portal\",\"reason\":\"portal\"}]",
		  "■ a          asks to sign in · Reason: sign-in page", NULL },
		{ "netmgrd", "uplinks", "[{\"name\":\"\\u001b[2J\\u009b\",\"state\":\"up\"}]", "● ",
		  "\x1b" },
		{ "netmgrd", "uplinks",
		  "[{\"name\":\"a\",\"state\":\"up\",\"quota_level\":\"low\",\"rx_bytes\":80,"
		  "\"tx_bytes\":5,\"quota_bytes\":100}]",
		  "● a          good · 85% of the plan used", "rest" },
		{ "netmgrd", "uplinks",
		  "[{\"name\":\"a\",\"state\":\"up\",\"quota_level\":\"hold\",\"rx_bytes\":96,"
		  "\"quota_bytes\":100}]",
		  "96% of the plan used: the rest is for people and reports", NULL },
		{ "netmgrd", "uplinks",
		  "[{\"name\":\"a\",\"state\":\"up\",\"quota_level\":\"free\",\"rx_bytes\":6,"
		  "\"quota_bytes\":100}]",
		  "● a          ", "plan" },
		{ "netmgrd", "uplinks", "7", "No line is set up yet", NULL },
		{ "contentd", "lessons_ready", "0", "Lessons have not arrived yet",
		  "Lessons work" },
		{ "contentd", "lessons_ready", "14", "● Lessons ready: 14 of 14", NULL },
		{ "contentd", "error", "\"x\"", "○ We do not know about the lessons",
		  "Lessons work" },
		{ "contentd", "error", "\"x\"", "Lessons: wasl-contentd does not answer", NULL },
		{ "contentd", "origin", "{\"ok\":true}", "12 GB", "does not answer" },
		{ "agentd", "last_receipt_at", "0", "⋯ No receipt yet", "Last receipt" },
		{ "agentd", "sealed", "0", "Last receipt: 2031", "waiting to be sent" },
		{ "agentd", "settings", "{\"version\":0,\"runs\":0}", "Last receipt", "settings" },
		{ "agentd", "settings", "{\"version\":7,\"runs\":7,\"refused\":\"\"}",
		  "● The ministry's settings: version 7\n", "still runs" },
		{ "agentd", "settings", "{\"version\":8,\"runs\":7,\"refused\":\"no such night\"}",
		  "The ministry's settings 8 are here; the box still runs 7\n    no such night\n",
		  "settings: version" },
		{ "agentd", "last_error", "\"the hub\\nis away\"", "■ the hub is away", NULL },
		{ "agentd", "error", "\"x\"", "Reports: wasl-agentd does not answer", "receipt" },
		{ "provisiond", "provisional", "false", "مدرسة النور · TN0001\n",
		  "second officer" },
		{ "provisiond", "error", "\"x\"", "Set-up: wasl-provisiond does not answer", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_json) json_t *all = golden_json("usual.json");
		json_object_set_new(json_object_get(all, rows[i].program), rows[i].key,
				    json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		const struct view v = { .lang = STRINGS_EN };
		AUTO_FREE char *text = shown(all, &v);
		if (!strstr(text, rows[i].words) ||
		    (rows[i].not_words && strstr(text, rows[i].not_words)))
			fail_msg("row %zu: wanted '%s', not '%s', in:\n%s", i, rows[i].words,
				 rows[i].not_words ? rows[i].not_words : "", text);
	}
}

static void on_the_way_to_a_school(void **state)
{
	(void)state;
	static const struct {
		const char *claim, *words;
	} rows[] = {
		{ "{\"state\":\"ordered\",\"school_code\":\"TN7\",\"text\":\"no line\"}",
		  "⋯ Enrolling as the school TN7.\n    no line\n" },
		{ "{\"state\":\"refused\",\"school_code\":\"TN7\",\"text\":\"it is spent\"}",
		  "■ The order was refused. Ask the ministry for a new one.\n    it is spent\n" },
		{ "{\"state\":\"enrolled\",\"school_code\":\"TN7\",\"school_name\":\"N\"}",
		  "N · TN7\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(clean_json) json_t *all = golden_json("carton.json");
		json_object_set_new(all, "provisiond", json_loads(rows[i].claim, 0, NULL));
		const struct view v = { .lang = STRINGS_EN };
		AUTO_FREE char *text = shown(all, &v);
		assert_non_null(strstr(text, rows[i].words));
	}
}

static void nonsense_is_no_harm(void **state)
{
	(void)state;
	static const char *const all[] = { "{}", "[]",
					   "{\"agentd\":5,\"netmgrd\":[],\"contentd\":null}",
					   "{\"netmgrd\":{\"uplinks\":[5,null,{}]}}" };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		CLEANUP(clean_json) json_t *answer = json_loads(all[i], 0, NULL);
		const struct view v = { .lang = STRINGS_AR };
		AUTO_FREE char *text = shown(answer, &v);
		assert_true(strlen(text) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_three_languages),   cmocka_unit_test(in_colour),
		cmocka_unit_test(what_each_state_says), cmocka_unit_test(on_the_way_to_a_school),
		cmocka_unit_test(nonsense_is_no_harm),
	};
	return cmocka_run_group_tests_name("ctl/status_view", tests, NULL, NULL);
}
