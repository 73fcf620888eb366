// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/staff_view.h"

#include "tests/unit/ctl/shown.h"

static void answers_as_people_read_them(void **state)
{
	(void)state;
	static const struct shown rows[] = {
		{ STRINGS_EN,
		  "{\"people\":[{\"name\":\"Omar\",\"role\":\"head\"},"
		  "{\"name\":\"A\\u001b[2J\",\"role\":\"teacher\"}]}",
		  "Omar · head of school\nA [2J · teacher\n", staff_view },
		{ STRINGS_AR, "{\"people\":[{\"name\":\"أمينة\",\"role\":\"teacher\"}]}",
		  "أمينة · معلّم\n", staff_view },
		{ STRINGS_EN, "{\"name\":\"Omar\",\"pin\":\"246802\"}",
		  "Omar: PIN 246802. Write it down: it is not shown again.\n", staff_view },
		{ STRINGS_FR, "{\"people\":[]}",
		  "Aucun enseignant n’est encore inscrit. Le technicien ou le directeur vous "
		  "ajoute sur l’appareil.\n",
		  staff_view },
	};
	shown_as_written(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers_as_people_read_them) };
	return cmocka_run_group_tests_name("ctl/staff_view", tests, NULL, NULL);
}
