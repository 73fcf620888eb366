// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/offers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/record/codec.h"
#include "firmware/record/report.pb.h"
#include "provisioning/hub/frames.h"
#include "provisioning/hub/ingest.h"
#include "tests/hub/fakehub.h"

#define NOW (INT64_C(20770) * 86400)

struct stage {
	struct fakehub hub;
	struct fakebox box, other;
	uint64_t number;
	int64_t now_s;
	struct lesson_offer seen[STORE_OFFERS_MOST + 8];
	size_t count;
};

static int setup(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	fakehub_make(&s->hub);
	fakehub_enrol(&s->hub, "S-1", FAKEHUB_CLAIMED, &s->box);
	fakehub_enrol(&s->hub, "S-2", FAKEHUB_CLAIMED, &s->other);
	s->now_s = NOW;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct stage *s = *state;
	fakehub_remove(&s->hub);
	free(s);
	return 0;
}

static wasl_LessonOffer lesson(unsigned n)
{
	wasl_LessonOffer f = { .title_fr = "Volcan", .language = "fr", .film_bytes = 4711 };
	f.film[0] = (uint8_t)n;
	f.film[1] = (uint8_t)(n >> 8);
	snprintf(f.lesson, sizeof(f.lesson), "own-%u", n);
	return f;
}

static void tell(struct stage *s, struct fakebox *box, wasl_LessonOffer *all, size_t count,
		 struct ingest_result *out)
{
	wasl_Report report = { .offers = all, .offers_count = (pb_size_t)count };
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		all[i].number = ++s->number;
	fakebox_seal(box, &report, 20770, 20770, &bytes, &len);
	const struct frame frame = { bytes, (uint32_t)len };
	assert_int_equal(ingest_batch(&s->hub.hub, &frame, 1, NULL, 0, s->now_s++, out, NULL), 0);
	assert_int_equal(out->ends[INGEST_COUNTED], 1);
}

static void offer(struct stage *s, struct fakebox *box, wasl_LessonOffer one)
{
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	tell(s, box, &one, 1, &result);
}

static void say(struct stage *s, const struct fakebox *box, const wasl_LessonOffer *of,
		enum offer_said said)
{
	struct lesson_offer f = { .said = said };
	struct store *store = s->hub.hub.store;
	snprintf(f.lesson, sizeof(f.lesson), "%s", of->lesson);
	memcpy(f.device, box->id, sizeof(f.device));
	memcpy(f.film, of->film, sizeof(f.film));
	assert_int_equal(store_begin(store, NULL), 0);
	assert_int_equal(store_offer_say(store, &f, NULL), 0);
	assert_int_equal(store_commit(store, NULL), 0);
}

static int keep(void *data, const struct lesson_offer *f)
{
	struct stage *s = data;
	assert_true(s->count < ARRAY_LEN(s->seen));
	s->seen[s->count++] = *f;
	return 0;
}

static void look(struct stage *s, int limit)
{
	s->count = 0;
	assert_int_equal(store_offers_each(s->hub.hub.store, limit, keep, s, NULL), 0);
}

static void title(wasl_LessonOffer *f)
{
	snprintf(f->title_fr, sizeof(f->title_fr), "Autre chose");
}
static void other_title(wasl_LessonOffer *f)
{
	snprintf(f->title_ar, sizeof(f->title_ar), "x");
}
static void language(wasl_LessonOffer *f)
{
	snprintf(f->language, sizeof(f->language), "en");
}
static void subject(wasl_LessonOffer *f)
{
	snprintf(f->subject, sizeof(f->subject), "geology");
}
static void grade(wasl_LessonOffer *f)
{
	f->grade = 3;
}
static void bytes(wasl_LessonOffer *f)
{
	f->film_bytes = UINT64_C(1) << 40;
}

static void what_was_said_was_said_of_what_was_seen(void **state)
{
	static void (*const changes[])(wasl_LessonOffer *) = { title,   other_title, language,
							       subject, grade,       bytes };
	static const enum offer_said words[] = { OFFER_WANTED, OFFER_DECLINED, OFFER_ACCEPTED };
	struct stage *s = *state;
	for (size_t w = 0; w < ARRAY_LEN(words); w++)
		for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
			const bool stays = words[w] == OFFER_ACCEPTED; /* in the catalogue */
			wasl_LessonOffer f = lesson(1);
			offer(s, &s->box, f);
			say(s, &s->box, &f, words[w]);
			offer(s, &s->box, f);
			look(s, 10);
			assert_int_equal(s->seen[0].said, words[w]); /* told once more */
			assert_false(s->seen[0].changed);
			changes[i](&f);
			offer(s, &s->box, f);
			look(s, 10);
			assert_int_equal(s->seen[0].said, stays ? words[w] : OFFER_UNSAID);
			assert_int_equal(s->seen[0].changed, !stays);
			offer(s, &s->box, f);
			look(s, 10);
			assert_int_equal(s->seen[0].changed,
					 !stays); /* until somebody says something */
			say(s, &s->box, &f, OFFER_WANTED);
			look(s, 10);
			assert_false(s->seen[0].changed);
			f.withdrawn = true;
			offer(s, &s->box, f);
		}
}

static void one_box_has_so_many_on_offer(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	const size_t count = STORE_OFFERS_MOST + 5;
	AUTO_FREE wasl_LessonOffer *all = calloc(count, sizeof(*all));
	assert_non_null(all);
	for (size_t i = 0; i < count; i++)
		all[i] = lesson((unsigned)i);
	offer(s, &s->other, lesson(7));
	tell(s, &s->box, all, count, &result);
	assert_int_equal(result.offers, STORE_OFFERS_MOST);
	look(s, (int)ARRAY_LEN(s->seen));
	assert_int_equal(s->count, STORE_OFFERS_MOST + 1);
	look(s, 10);
	assert_int_equal(s->count, 10);
	assert_string_equal(s->seen[9].school, "S-2"); /* though it told first */
	/* One for one, also in a report that tells the new one first. */
	ingest_result_done(&result);
	wasl_LessonOffer two[] = { lesson(900), lesson(3) };
	two[1].withdrawn = true;
	tell(s, &s->box, two, 2, &result);
	assert_int_equal(result.offers, 2);
	look(s, (int)ARRAY_LEN(s->seen));
	assert_int_equal(s->count, STORE_OFFERS_MOST + 1);
	assert_string_equal(s->seen[0].lesson, "own-900");
	offer(s, &s->box, lesson(901));
	look(s, (int)ARRAY_LEN(s->seen));
	assert_int_equal(s->count, STORE_OFFERS_MOST + 1);
}

static int answer_count(void *data, const struct lesson_offer *f)
{
	(void)f;
	return ++*(int *)data, 0;
}

static void what_was_said_last_is_heard(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	wasl_LessonOffer all[50];
	int n = 0;
	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		all[i] = lesson(i);
	tell(s, &s->box, all, 1, &result); /* the oldest one */
	ingest_result_done(&result);
	tell(s, &s->box, all + 1, ARRAY_LEN(all) - 1, &result);
	for (unsigned i = 1; i < ARRAY_LEN(all); i++)
		say(s, &s->box, all + i, i < 40 ? OFFER_WANTED : OFFER_DECLINED);
	say(s, &s->box, all, OFFER_DECLINED);
	assert_int_equal(store_offers_of(s->hub.hub.store, s->box.id, answer_count, &n, NULL), 0);
	assert_int_equal(n, 50);
	s->count = 0;
	assert_int_equal(store_offers_of(s->hub.hub.store, s->box.id, keep, s, NULL), 0);
	bool heard = false, newest_wanted = false;
	for (size_t i = 0; i < 2; i++) {
		heard = heard || strcmp(s->seen[i].lesson, "own-0") == 0;
		newest_wanted = newest_wanted || strcmp(s->seen[i].lesson, "own-39") == 0;
	}
	assert_true(heard && newest_wanted);
}

static void text_does_not_turn_around(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	wasl_LessonOffer f = lesson(1), odd = lesson(2);
	snprintf(f.title_fr, sizeof(f.title_fr), "%s",
		 "a\xe2\x80\xae"
		 "b\xe2\x80\xaa\xe2\x81\xa6\xe2\x81\xa9"
		 "c\xe2\x80\x8f\xe2\x80\xa9");
	snprintf(f.title_en, sizeof(f.title_en), "%s", "\xe2\x80\xac");
	offer(s, &s->box, f);
	look(s, 10);
	assert_string_equal(s->seen[0].title[1], "abc\xe2\x80\x8f\xe2\x80\xa9");
	assert_string_equal(s->seen[0].title[2], "");
	snprintf(odd.title_fr, sizeof(odd.title_fr), "%s",
		 "\xc2\x9b"
		 "31m");
	tell(s, &s->box, &odd, 1, &result);
	assert_int_equal(result.offers, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_said_was_said_of_what_was_seen, setup,
						teardown),
		cmocka_unit_test_setup_teardown(one_box_has_so_many_on_offer, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_said_last_is_heard, setup, teardown),
		cmocka_unit_test_setup_teardown(text_does_not_turn_around, setup, teardown),
	};
	return cmocka_run_group_tests_name("hub/offers", tests, NULL, NULL);
}
