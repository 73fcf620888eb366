// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/settings.h"

#include <errno.h>

#include "firmware/record/manage.pb.h"
#include "tests/unit/record/kit.h"

#define DEVICE "00112233445566778899aabbccddeeff"

static const struct {
	const char *scope;
	int want;
	enum settings_scope kind;
} scopes[] = {
	{ "", 0, SETTINGS_EVERYWHERE },
	{ "region:KEF", 0, SETTINGS_REGION },
	{ "school:TN-0001.b", 0, SETTINGS_SCHOOL },
	{ "device:" DEVICE, 0, SETTINGS_DEVICE },
	{ "device:" DEVICE "0", -EINVAL, 0 },
	{ "device:xx", -EINVAL, 0 },
	{ "region:", -EINVAL, 0 },
	{ "region:Le Kef", 0, SETTINGS_REGION },
	{ "region:القصرين", 0, SETTINGS_REGION },
	{ "region: Kef", -EINVAL, 0 },
	{ "region:Kef\n", -EINVAL, 0 },
	{ "school:TN 1", -EINVAL, 0 },
	{ "school:TN\n[agent]", -EINVAL, 0 },
	{ "everyone", -EINVAL, 0 },
};

static void knows_scopes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
		enum settings_scope kind = 0;
		assert_int_equal(settings_scope_parse(scopes[i].scope, &kind), scopes[i].want);
		if (!scopes[i].want)
			assert_int_equal(kind, scopes[i].kind);
	}
}

static void applies_to_whom_it_names(void **state)
{
	(void)state;
	static const struct settings_box box = { "KEF", "TN0001", DEVICE };
	static const struct settings_box unknown = { "", "", DEVICE };
	static const struct {
		const char *scope;
		bool box, unknown;
	} rows[] = {
		{ "", true, true },
		{ "region:KEF", true, false },
		{ "region:KE", false, false },
		{ "region:KEFF", false, false },
		{ "school:TN0001", true, false },
		{ "school:KEF", false, false },
		{ "device:" DEVICE, true, true },
		{ "device:00112233445566778899AABBCCDDEEFF", true, true },
		{ "device:10112233445566778899aabbccddeeff", false, false },
		{ "nonsense", false, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(settings_applies(rows[i].scope, &box), rows[i].box);
		assert_int_equal(settings_applies(rows[i].scope, &unknown), rows[i].unknown);
	}
}

static const struct {
	const char *key, *value;
	int want;
} values[] = {
	{ "agent.seal_interval", "600", 0 },
	{ "agent.seal_interval", "59", -ERANGE },
	{ "agent.seal_interval", "86401", -ERANGE },
	{ "agent.seal_interval", "often", -EINVAL },
	{ "agent.seal_interval", "", -EINVAL },
	{ "agent.seal_interval", " 600", -EINVAL },
	{ "fetch.window", "20:00-06:00", 0 },
	{ "fetch.window", "00:00-23:59", 0 },
	{ "fetch.window", "", 0 }, /* the whole day */
	{ "fetch.window", "24:00-06:00", -EINVAL },
	{ "fetch.window", "20:60-06:00", -EINVAL },
	{ "fetch.window", "20:00", -EINVAL },
	{ "fetch.window", "20:00-06:00-", -EINVAL },
	{ "fetch.window", "20:00-06:00\n[setup]\nschool=x",
	  -EINVAL }, /* a line of its own in settings.conf */
	{ "fetch.window", "20:00-\xff", -EINVAL },
	{ "fetch.night", "50M", 0 },
	{ "fetch.night", "-1", -EINVAL },
	{ "fetch.night", "17T", -ERANGE },
	{ "fetch.by_day", "unmetered", 0 },
	{ "fetch.by_day", "always", -EINVAL },
	{ "fetch.share", "101", -ERANGE },
	{ "hub.url", "https://hub.example/", -EPERM }, /* nothing that makes a box mute */
	{ "origin.url", "https://hub.example/", -EPERM },
	{ "net.check_url", "http://hub.example/v1/check/", -EPERM },
	{ "box.language", "fr", 0 },
	{ "box.language", "de", -EINVAL },
	{ "agent.password", "x", -EPERM },
	{ "agent/x.seal_interval", "600", -EPERM },
	{ "setup.school", "x", -EPERM },
	{ "seal_interval", "600", -EPERM },
	{ "agent.", "600", -EPERM },
	{ ".seal_interval", "600", -EPERM },
	{ "", "", -EPERM },
	{ "agent]\n[fetch.share", "1", -EPERM },
};

static void lets_only_listed_keys_and_good_values_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct fault why = { 0 };
		assert_int_equal(settings_check("", values[i].key, values[i].value, &why),
				 values[i].want);
		assert_int_equal(why.text[0] != 0, values[i].want != 0);
		assert_int_equal(settings_check("", values[i].key, values[i].value, NULL),
				 values[i].want);
	}
	assert_int_equal(settings_check("moon", "agent.seal_interval", "600", NULL), -EINVAL);
}

/* Whoever adds a rule gives it everything that the others rely on. */
static void has_a_complete_table(void **state)
{
	(void)state;
	size_t count = 0;
	const struct settings_rule *rules = settings_rules(&count);
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		assert_true(rules[i].section[0] && rules[i].value.name[0] &&
			    rules[i].value.help[0]);
		assert_true(rules[i].scopes != 0);
		assert_int_equal(rules[i].value.at, 0);
		assert_true(rules[i].value.room <= 256);
		if (rules[i].value.type == CONF_TYPE_INT || rules[i].value.type == CONF_TYPE_BYTES)
			assert_true(rules[i].value.min < rules[i].value.max);
		else
			assert_true(rules[i].shape ||
				    (rules[i].value.words && rules[i].value.words[0]));
	}
}

/* What only one school can know is not set for a country. */
static void keeps_lines_to_their_school(void **state)
{
	(void)state;
	static const struct {
		const char *scope, *key, *value;
		int want;
	} rows[] = {
		{ "school:TN0001", "uplink/adsl.quota", "20G", 0 },
		{ "device:" DEVICE, "uplink/4g.b-2.quota_day", "28", 0 },
		{ "", "uplink/adsl.quota", "20G", -EPERM },
		{ "region:KEF", "uplink/adsl.quota", "20G", -EPERM },
		{ "school:TN0001", "uplink.quota", "20G", -EPERM },
		{ "school:TN0001", "uplink/.quota", "20G", -EPERM },
		{ "school:TN0001", "uplink/a b.quota", "20G", -EPERM },
		{ "school:TN0001", "uplink/.adsl.quota", "20G", -EPERM }, /* as in conf.h */
		{ "school:TN0001", "uplink/-adsl.quota", "20G", -EPERM },
		{ "school:TN0001", "uplink/a/b.quota", "20G", -EPERM },
		{ "school:TN0001", "uplink/adsl.device", "eth0", -EPERM },
		{ "school:TN0001", "uplink/adsl.metered", "perhaps", -EINVAL },
		{ "school:TN0001", "uplink/a-name-that-is-longer-than-thirty-one.quota", "1G",
		  -EPERM },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(settings_check(rows[i].scope, rows[i].key, rows[i].value, NULL),
				 rows[i].want);
}

static void checks_whole_records(void **state)
{
	(void)state;
	wasl_Settings s = { .version = 3, .settings_count = 2 };
	snprintf(s.settings[0].key, sizeof(s.settings[0].key), "agent.seal_interval");
	snprintf(s.settings[0].value, sizeof(s.settings[0].value), "600");
	s.settings[1] = s.settings[0];
	struct fault why = { 0 };
	assert_int_equal(settings_check_all(&s, &why), -EINVAL);
	assert_string_equal(why.id, "settings.twice");
	snprintf(s.settings[1].key, sizeof(s.settings[1].key), "agent.collect_interval");
	assert_int_equal(settings_check_all(&s, &why), 0);
	snprintf(s.settings[1].value, sizeof(s.settings[1].value), "0");
	assert_int_equal(settings_check_all(&s, &why), -ERANGE);
	assert_non_null(strstr(why.text, "agent.collect_interval"));
	s.settings_count = 1;
	snprintf(s.scope, sizeof(s.scope), "planet:mars");
	assert_int_equal(settings_check_all(&s, &why), -EINVAL);
	s.scope[0] = '\0';
	s.version = 0;
	assert_int_equal(settings_check_all(&s, &why), -EINVAL);
}

static void set_one(wasl_Settings *s, const char *key, const char *value)
{
	wasl_Setting *one = &s->settings[s->settings_count++];
	snprintf(one->key, sizeof(one->key), "%s", key);
	snprintf(one->value, sizeof(one->value), "%s", value);
}

/* One text, in whatever order the keys came; the narrower scope's value stands. */
static void makes_one_text_of_all_sets(void **state)
{
	(void)state;
	wasl_Settings country = { .version = 7 }, school = { .version = 5 };
	const wasl_Settings *const sets[] = { &country, &school };
	char *text = NULL;
	size_t len = 0;
	set_one(&country, "uplink/b.quota", "1G");
	set_one(&country, "fetch.share", "30");
	set_one(&country, "agent.seal_interval", "600");
	set_one(&country, "fetch.night", "5M");
	set_one(&school, "fetch.night", "7M");
	set_one(&school, "uplink/a.quota", "2G");
	set_one(&school, "uplink/b.quota_day", "3");
	assert_int_equal(settings_text(sets, 2, &text, &len, NULL), 0);
	assert_string_equal(strchr(text, '\n') + 1,
			    "[settings]\nversion = 7\n[agent]\nseal_interval = 600\n"
			    "[fetch]\nnight = 7M\nshare = 30\n[uplink a]\nquota = 2G\n"
			    "[uplink b]\nquota = 1G\nquota_day = 3\n");
	assert_int_equal(text[0], '#');
	assert_int_equal(len, strlen(text));
	free(text);
	assert_int_equal(settings_text(sets, 0, &text, &len, NULL), 0);
	assert_string_equal(strchr(text, '\n') + 1, "[settings]\nversion = 0\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_scopes),
		cmocka_unit_test(applies_to_whom_it_names),
		cmocka_unit_test(lets_only_listed_keys_and_good_values_pass),
		cmocka_unit_test(has_a_complete_table),
		cmocka_unit_test(keeps_lines_to_their_school),
		cmocka_unit_test(checks_whole_records),
		cmocka_unit_test(makes_one_text_of_all_sets),
	};
	return cmocka_run_group_tests_name("record/settings", tests, NULL, NULL);
}
