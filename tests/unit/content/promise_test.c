// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/promise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define MB UINT64_C(1000000)
#define WEDNESDAY 20782 /* 2026-11-25 */

static const struct {
	struct planner_promise p;
	const char *ar, *fr, *en;
} rows[] = {
	{ { .when = PLANNER_HERE }, "", "", "" },
	{ { .when = PLANNER_DAY,
	    .wait = PLANNER_NIGHT,
	    .day = WEDNESDAY + 8,
	    .bytes = 380 * MB,
	    .night_bytes = 45 * MB,
	    .stick = true },
	  "ينقص منه 380 م.ب، ويصل 45 م.ب كل ليلة: جاهز يوم 3 ديسمبر. الإحضار على مفتاح USB أسرع.",
	  "Il manque 380 Mo, à raison de 45 Mo par nuit : prête le 3 décembre. Une clé USB irait "
	  "plus "
	  "vite.",
	  "Needs 380 MB, 45 MB a night: ready on 3 December. A stick would be sooner." },
	{ { .when = PLANNER_DAY,
	    .wait = PLANNER_SPENT,
	    .day = WEDNESDAY + 1,
	    .bytes = 30 * MB,
	    .night_bytes = 45 * MB },
	  "ينقص منه 30 م.ب، ويصل 45 م.ب كل ليلة: جاهز غدًا.",
	  "Il manque 30 Mo, à raison de 45 Mo par nuit : prête demain.",
	  "Needs 30 MB, 45 MB a night: ready tomorrow." },
	{ { .when = PLANNER_DAY,
	    .wait = PLANNER_NIGHT,
	    .day = WEDNESDAY + 5,
	    .due_day = WEDNESDAY + 2,
	    .bytes = 120 * MB,
	    .night_bytes = PLANNER_NO_LIMIT,
	    .late = true,
	    .stick = true },
	  "ينقص منه 120 م.ب، ويصل ليلًا: جاهز يوم الاثنين. هذا بعد 27 نوفمبر، يوم الحاجة إليه. "
	  "الإحضار على "
	  "مفتاح USB أسرع.",
	  "Il manque 120 Mo, qui arrive la nuit : prête lundi. C’est après le 27 novembre, jour où "
	  "il la "
	  "faut. Une clé USB irait plus vite.",
	  "Needs 120 MB, which comes at night: ready on Monday. That is after 27 November, when it "
	  "is "
	  "needed. A stick would be sooner." },
	{ { .when = PLANNER_DAY,
	    .day = WEDNESDAY,
	    .bytes = 5 * MB,
	    .night_bytes = PLANNER_NO_LIMIT },
	  "ينقص منه 5,0 م.ب: جاهز اليوم.",
	  "Il manque 5,0 Mo : prête aujourd’hui.",
	  "Needs 5.0 MB: ready today." },
	{ { .when = PLANNER_HOURS, .count = 2, .bytes = 600 * MB, .night_bytes = PLANNER_NO_LIMIT },
	  "ينقص منه 600 م.ب: جاهز بعد ساعتين.",
	  "Il manque 600 Mo : prête dans 2 heures.",
	  "Needs 600 MB: ready in 2 hours." },
	{ { .when = PLANNER_HOURS, .count = 11, .night_bytes = 45 * MB },
	  "يُحضَّر هنا: جاهز بعد 11 ساعة.",
	  "Se prépare ici : prête dans 11 heures.",
	  "Being prepared here: ready in 11 hours." },
	{ { .when = PLANNER_NIGHTS,
	    .wait = PLANNER_QUIET,
	    .count = 3,
	    .bytes = 90 * MB,
	    .night_bytes = 45 * MB,
	    .stick = true },
	  "ينقص منه 90 م.ب، ويصل 45 م.ب كل ليلة: جاهز بعد 3 ليالٍ. الإحضار على مفتاح USB أسرع.",
	  "Il manque 90 Mo, à raison de 45 Mo par nuit : prête après 3 nuits. Une clé USB irait "
	  "plus "
	  "vite.",
	  "Needs 90 MB, 45 MB a night: ready after 3 nights. A stick would be sooner." },
	{ { .when = PLANNER_UNKNOWN,
	    .wait = PLANNER_OFF,
	    .bytes = 90 * MB,
	    .night_bytes = PLANNER_NO_LIMIT },
	  "ينقص منه 90 م.ب. الإنترنت مقطوع: يتواصل من حيث توقّف.",
	  "Il manque 90 Mo. Internet est coupé : la suite viendra dès son retour.",
	  "Needs 90 MB. The Internet is off: it goes on from where it was." },
	{ { .when = PLANNER_UNKNOWN, .bytes = 90 * MB, .no_room = true },
	  "لا مكان لهذا الدرس بعد: يصل حين يفتحه أحد.",
	  "Pas de place pour l’instant : elle vient quand quelqu’un l’ouvre.",
	  "No room for it yet: it comes when somebody opens it." },
};

static void every_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *ar = promise_text(STRINGS_AR, &rows[i].p, WEDNESDAY);
		AUTO_FREE char *fr = promise_text(STRINGS_FR, &rows[i].p, WEDNESDAY);
		AUTO_FREE char *en = promise_text(STRINGS_EN, &rows[i].p, WEDNESDAY);
		assert_string_equal(en, rows[i].en);
		assert_string_equal(fr, rows[i].fr);
		assert_string_equal(ar, rows[i].ar);
	}
}

static void names_of_days(void **state)
{
	(void)state;
	static const char *const names[] = { "on Thursday", "on Friday", "on Saturday",
					     "on Sunday",   "on Monday", "on Tuesday" };
	for (int ahead = 2; ahead < 7; ahead++) {
		const struct planner_promise p = { .when = PLANNER_DAY,
						   .day = WEDNESDAY + ahead,
						   .bytes = 1,
						   .night_bytes = PLANNER_NO_LIMIT };
		AUTO_FREE char *text = promise_text(STRINGS_EN, &p, WEDNESDAY);
		assert_non_null(strstr(text, names[ahead - 1]));
	}
}

static void all_together(void **state)
{
	(void)state;
	struct promise_sum sum = { .gate = { PLANNER_NIGHT, 0, 45 * MB, 3600 },
				   .today = WEDNESDAY };
	AUTO_FREE char *none = promise_sum_text(STRINGS_EN, &sum);
	assert_string_equal(none, "");
	/* All of it is here, and a version of it is still being made: nothing is to come. */
	promise_add(&sum, &(struct planner_promise){ .when = PLANNER_MINUTES, .count = 10 });
	AUTO_FREE char *cooked = promise_sum_text(STRINGS_EN, &sum);
	assert_string_equal(cooked, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].p.when == PLANNER_DAY || rows[i].p.no_room)
			promise_add(&sum, &rows[i].p);
	AUTO_FREE char *en = promise_sum_text(STRINGS_EN, &sum);
	AUTO_FREE char *ar = promise_sum_text(STRINGS_AR, &sum);
	assert_string_equal(
		en, "4 lessons are still to come: 535 MB. The last one: ready on 3 December. "
		    "This line costs money: lessons come at night, 45 MB a night at most. One "
		    "lesson will be late. A stick would be sooner.");
	assert_string_equal(
		ar, "بقيت 4 دروس: 535 م.ب. آخرها جاهز يوم 3 ديسمبر. هذا الخط له ثمن: تصل الدروس "
		    "ليلًا، 45 م.ب كل ليلة على الأكثر. درس واحد يتأخر عن يومه. الإحضار على "
		    "مفتاح USB أسرع.");
	json_t *json = promise_sum_json(&sum);
	assert_int_equal(json_integer_value(json_object_get(json, "lessons")), 4);
	assert_int_equal(json_integer_value(json_object_get(json, "late")), 1);
	assert_string_equal(json_string_value(json_object_get(json, "wait")), "night");
	json_decref(json);
}

static void for_programs(void **state)
{
	(void)state;
	json_t *json = promise_json(&rows[1].p, WEDNESDAY);
	assert_string_equal(json_string_value(json_object_get(json, "when")), "day");
	assert_string_equal(json_string_value(json_object_get(json, "day")), "2026-12-03");
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "text"), "en")),
			    rows[1].en);
	json_decref(json);
	assert_true(json_is_null(promise_json(&rows[0].p, WEDNESDAY)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sentence),
		cmocka_unit_test(names_of_days),
		cmocka_unit_test(all_together),
		cmocka_unit_test(for_programs),
	};
	return cmocka_run_group_tests_name("content/promise", tests, NULL, NULL);
}
