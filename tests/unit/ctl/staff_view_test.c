// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/staff_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

CLEAN_FN(json, json_t, json_decref)

static void answers_as_people_read_them(void **state)
{
	(void)state;
	static const struct {
		enum strings_lang lang;
		const char *answer, *text;
	} rows[] = {
		{ STRINGS_EN,
		  "{\"people\":[{\"name\":\"Omar\",\"role\":\"head\"},"
		  "{\"name\":\"A\\u001b[2J\",\"role\":\"teacher\"}]}",
		  "Omar · head of school\nA [2J · teacher\n" },
		{ STRINGS_AR, "{\"people\":[{\"name\":\"أمينة\",\"role\":\"teacher\"}]}",
		  "أمينة · معلّم\n" },
		{ STRINGS_EN, "{\"name\":\"Omar\",\"pin\":\"246802\"}",
		  "Omar: PIN 246802. Write it down: it is not shown again.\n" },
		{ STRINGS_FR, "{\"people\":[]}",
		  "Aucun enseignant n’est encore inscrit. Le technicien ou le directeur vous "
		  "ajoute sur l’appareil.\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *text = NULL;
		size_t len = 0;
		CLEANUP(clean_json) json_t *answer = json_loads(rows[i].answer, 0, NULL);
		const struct view v = { .lang = rows[i].lang };
		FILE *to = open_memstream(&text, &len);
		assert_non_null(answer);
		assert_non_null(to);
		staff_view(answer, &v, to);
		fclose(to);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers_as_people_read_them) };
	return cmocka_run_group_tests_name("ctl/staff_view", tests, NULL, NULL);
}
