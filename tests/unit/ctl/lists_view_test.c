// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/lists_view.h"

#include "firmware/ctl/claim_view.h"
#include "firmware/ctl/view.h"
#include "tests/unit/ctl/golden.h"

static const char lessons[] =
	"{\"catalogue_version\":7,\"lessons\":["
	"{\"id\":\"fractions-1\",\"title\":{\"ar\":\"الكسور\",\"fr\":\"Les "
	"fractions\",\"en\":\"Fractions\"},"
	" \"complete\":true,\"ready\":true,\"rungs\":[{\"rung\":\"240p\",\"done\":9,\"of\":9}]},"
	"{\"id\":\"light\",\"title\":{\"ar\":\"الضوء\"},\"mezzanine_have\":1500000,\"mezzanine_"
	"size\":42000000,"
	" \"complete\":false,\"ready\":true,\"eta_s\":400,\"rungs\":[{\"rung\":\"240p\",\"done\":3,"
	"\"of\":9},"
	" {\"rung\":\"audio\",\"done\":9,\"of\":9}]},"
	"{\"id\":\"cells\",\"title\":{\"fr\":\"La "
	"cellule\"},\"mezzanine_have\":5,\"mezzanine_size\":5,"
	" \"complete\":false,\"ready\":false,\"rungs\":[{\"rung\":\"240p\",\"done\":0,\"of\":4}]}]"
	"}";

static const char receipts[] = "[{\"cursor\":1,\"epoch\":1,\"through_seq\":2030,\"head_hash\":"
			       "\"00112233445566778899\",\"hub_time\":1795248900},"
			       "{\"cursor\":2,\"epoch\":1,\"through_seq\":2031,\"head_hash\":"
			       "\"ff112233445566778899\",\"hub_time\":1795335300}]";

static void in_three_languages(void **state)
{
	(void)state;
	CLEANUP(clean_json) json_t *l = json_loads(lessons, 0, NULL);
	CLEANUP(clean_json) json_t *r = json_loads(receipts, 0, NULL);
	CLEANUP(clean_json) json_t *none = json_array();
	CLEANUP(clean_json) json_t *empty = json_object();
	for (int lang = 0; lang < STRINGS_LANG_COUNT; lang++) {
		const struct view v = { .lang = (enum strings_lang)lang, .zone_s = -3600 };
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&text, &len);
		lessons_view(l, &v, to);
		lessons_view(empty, &v, to);
		receipts_view(r, &v, to);
		receipts_view(none, &v, to);
		fclose(to);
		char name[64];
		snprintf(name, sizeof(name), "lists-%s.txt", strings_lang_code(v.lang));
		golden_shown(name, text);
	}
}

static void the_claim(void **state)
{
	(void)state;
	static const char claim[] =
		"{\"claim_code\":\"ABCD-EFGH-JKMN-PQRS\",\"state\":\"%s\",\"retry_s\":%d,"
		"\"school_code\":\"TN0001\",\"school_name\":\"N\",\"text\":\"told\","
		"\"provisional\":%s}";
	static const struct {
		const char *state;
		int retry_s;
		const char *provisional, *words, *not_words;
	} rows[] = {
		{ "unclaimed", 0, "false", "⋯ This box belongs to no school yet.", "told" },
		{ "ordered", 0, "false", "◐ Enrolling as the school TN0001.", "told" },
		{ "ordered", 5, "false", "◐ Enrolling as the school TN0001.\n    told\n",
		  "officer" },
		{ "refused", 0, "false",
		  "■ The order was refused. Ask the ministry for a new one.\n    told\n",
		  "officer" },
		{ "enrolled", 0, "false", "● This box belongs to the school TN0001, N.", "told" },
		{ "enrolled", 0, "true", "◐ Reports count once a second officer", "told" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char json[400];
		snprintf(json, sizeof(json), claim, rows[i].state, rows[i].retry_s,
			 rows[i].provisional);
		CLEANUP(clean_json) json_t *answer = json_loads(json, 0, NULL);
		assert_non_null(answer);
		const struct view v = { .lang = STRINGS_EN };
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&text, &len);
		assert_int_equal(claim_view(answer, &v, to, NULL), 0);
		fclose(to);
		assert_int_equal(strncmp(text, "ABCD-EFGH-JKMN-PQRS\n", 20), 0);
		assert_non_null(strstr(text, rows[i].words));
		assert_null(strstr(text, rows[i].not_words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_three_languages),
		cmocka_unit_test(the_claim),
	};
	return cmocka_run_group_tests_name("ctl/lists_view", tests, NULL, NULL);
}
