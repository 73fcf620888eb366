// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/films.h"

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
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/envelope.h"
#include "firmware/record/objmap.h"
#include "provisioning/hub/filmcheck.h"
#include "provisioning/hub/ingest.h"
#include "tests/hub/fakehub.h"

#define NOW (INT64_C(20770) * 86400)
enum { FILM_BYTES = OFFER_PIECE_BYTES + 70000 };

struct stage {
	struct fakehub hub;
	struct fakebox box, other;
	uint8_t film[FILM_BYTES];
	struct objmap_id id;
	uint64_t have, all;
	uint64_t number, reserve;
};

static int setup(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct objmap_maker *maker = objmap_maker_new();
	struct objmap *map = NULL;
	assert_true(s && maker);
	s->reserve = 1;
	fakehub_make(&s->hub);
	fakehub_enrol(&s->hub, "S-1", FAKEHUB_CLAIMED, &s->box);
	fakehub_enrol(&s->hub, "S-2", FAKEHUB_CLAIMED, &s->other);
	for (size_t i = 0; i < FILM_BYTES; i++)
		s->film[i] = (uint8_t)(i * 7 + i / 251);
	assert_int_equal(objmap_maker_feed(maker, s->film, FILM_BYTES), 0);
	assert_int_equal(objmap_maker_finish(maker, &map), 0);
	s->id = *objmap_get_id(map);
	objmap_free(map);
	objmap_maker_free(maker);
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

/* What the box says of "own-1", by way of a report; the answer's frames go to `out`. */
static void tell(struct stage *s, struct fakebox *box, const wasl_LessonOffer *offer,
		 struct ingest_result *out)
{
	static const uint8_t nonce[32] = { 7 };
	wasl_LessonOffer one = *offer;
	wasl_Report report = { .offers = &one, .offers_count = 1 };
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	one.number = ++s->number;
	fakebox_seal(box, &report, 20770, 20770, &bytes, &len);
	const struct frame frame = { bytes, (uint32_t)len };
	assert_int_equal(ingest_batch(&s->hub.hub, &frame, 1, nonce, sizeof(nonce), NOW, out, NULL),
			 0);
	assert_int_equal(out->ends[INGEST_COUNTED], 1);
	assert_int_equal(out->offers, 1);
}

static void offer(struct stage *s, struct fakebox *box, bool withdrawn)
{
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	wasl_LessonOffer f = { .lesson = "own-1",
			       .withdrawn = withdrawn,
			       .film_bytes = FILM_BYTES,
			       .subject = "geology",
			       .grade = 7 };
	memcpy(f.film, s->id.b, sizeof(f.film));
	tell(s, box, &f, &result);
}

static int say(struct stage *s, const struct fakebox *box, enum offer_said said)
{
	struct lesson_offer f = { .lesson = "own-1", .said = said };
	struct store *store = s->hub.hub.store;
	memcpy(f.device, box->id, sizeof(f.device));
	memcpy(f.film, s->id.b, sizeof(f.film));
	if (said == OFFER_DECLINED)
		snprintf(f.reason, sizeof(f.reason), "people");
	assert_int_equal(store_begin(store, NULL), 0);
	int rc = store_offer_say(store, &f, NULL);
	assert_int_equal(store_commit(store, NULL), 0);
	return rc;
}

static void seal(const struct stage *s, const struct fakebox *box, uint64_t at, const void *bytes,
		 size_t n, void **out, size_t *len)
{
	struct envelope_header h = { .type = ENVELOPE_FILM, .epoch = box->epoch, .seq = 1 };
	struct offer_piece p = { .at = at, .bytes = bytes, .len = n };
	AUTO_FREE uint8_t *plain = malloc(OFFER_PIECE_HEAD + n);
	assert_non_null(plain);
	memcpy(h.device, box->id, sizeof(h.device));
	memcpy(p.film, s->id.b, sizeof(p.film));
	envelope_sealing_key_id(box->sealing_public, h.sealing_key_id);
	offer_piece_put(&p, plain);
	assert_int_equal(envelope_seal(&h, plain, OFFER_PIECE_HEAD + n, box->sealing_public,
				       &box->keys.sign, out, len, NULL, NULL),
			 0);
}

static int post(struct stage *s, const struct fakebox *box, uint64_t at, const void *bytes,
		size_t n)
{
	AUTO_FREE void *sealed = NULL;
	size_t len = 0;
	seal(s, box, at, bytes, n, &sealed, &len);
	s->hub.hub.film_reserve_bytes = s->reserve;
	return films_take(&s->hub.hub, sealed, len, &s->have, &s->all, NULL);
}

CLEAN_FN(check, struct filmcheck, filmcheck_free)

/* The check of what waits, to its end; `steps` at least. */
static int check_next(struct stage *s, unsigned steps)
{
	CLEANUP(clean_check) struct filmcheck *c = NULL;
	assert_int_equal(filmcheck_next(s->hub.folder, s->hub.hub.store, &c, NULL), 0);
	assert_non_null(c);
	int rc = 1;
	while ((rc = filmcheck_step(c, 0, NULL)) == 1)
		steps -= steps > 0;
	assert_int_equal(steps, 0);
	return rc;
}

/* As if each film were checked at once. */
static int piece(struct stage *s, const struct fakebox *box, uint64_t at, const void *bytes,
		 size_t n)
{
	int rc = post(s, box, at, bytes, n);
	if (rc != -EAGAIN)
		return rc;
	rc = check_next(s, 0);
	return rc ? rc : post(s, box, 0, NULL, 0);
}

static bool is_here(struct stage *s)
{
	char path[PATH_MAX];
	return films_find(s->hub.folder, s->id.b, path) == 0;
}

static void sweep(struct stage *s)
{
	assert_int_equal(films_sweep(s->hub.folder, s->hub.hub.store, NULL), 0);
}

static int send_all(struct stage *s, const struct fakebox *box)
{
	int rc = piece(s, box, 0, s->film, OFFER_PIECE_BYTES);
	return rc ? rc
		  : piece(s, box, OFFER_PIECE_BYTES, s->film + OFFER_PIECE_BYTES,
			  FILM_BYTES - OFFER_PIECE_BYTES);
}

static void a_film_comes_when_it_is_wanted(void **state)
{
	struct stage *s = *state;
	assert_int_equal(piece(s, &s->box, 0, NULL, 0), -ENOENT);
	offer(s, &s->box, false);
	assert_int_equal(piece(s, &s->box, 0, NULL, 0), -ENOENT);
	assert_int_equal(say(s, &s->box, OFFER_WANTED), 0);
	assert_int_equal(piece(s, &s->other, 0, NULL, 0), -ENOENT); /* not this box's */
	assert_int_equal(piece(s, &s->box, 0, NULL, 0), 0);
	assert_int_equal(s->have, 0);
	assert_int_equal(s->all, FILM_BYTES);
	assert_int_equal(piece(s, &s->box, 65536, s->film, 10), -EEXIST);
	assert_int_equal(s->have, 0);
	assert_int_equal(piece(s, &s->box, 0, s->film, OFFER_PIECE_BYTES), 0);
	fakehub_reopen(&s->hub);
	assert_int_equal(piece(s, &s->box, 0, s->film, OFFER_PIECE_BYTES), -EEXIST);
	assert_int_equal(s->have, OFFER_PIECE_BYTES); /* how far it was, also after a crash */
	assert_int_equal(piece(s, &s->box, OFFER_PIECE_BYTES, s->film, OFFER_PIECE_BYTES),
			 -EBADMSG); /* longer than what was offered */
	assert_false(is_here(s));
	assert_int_equal(piece(s, &s->box, OFFER_PIECE_BYTES, s->film + OFFER_PIECE_BYTES, 70000),
			 0);
	assert_int_equal(s->have, FILM_BYTES);
	assert_true(is_here(s));
	assert_int_equal(piece(s, &s->box, 0, NULL, 0), 0);
	assert_int_equal(s->have, FILM_BYTES);
	sweep(s);
	assert_true(is_here(s));
}

static void another_film_than_the_one_offered_is_not_kept(void **state)
{
	struct stage *s = *state;
	offer(s, &s->box, false);
	assert_int_equal(say(s, &s->box, OFFER_WANTED), 0);
	s->film[12345] ^= 1;
	assert_int_equal(send_all(s, &s->box), -EBADMSG);
	assert_false(is_here(s));
	s->film[12345] ^= 1;
	assert_int_equal(piece(s, &s->box, 0, NULL, 0), 0);
	assert_int_equal(s->have, 0); /* it begins again */
	assert_int_equal(send_all(s, &s->box), 0);
	assert_true(is_here(s));
}

static void what_nobody_wants_any_more_goes(void **state)
{
	static const enum offer_said ends[] = { OFFER_ACCEPTED, OFFER_DECLINED };
	struct stage *s = *state;
	for (size_t i = 0; i <= ARRAY_LEN(ends); i++) {
		offer(s, &s->box, false);
		assert_int_equal(say(s, &s->box, OFFER_WANTED), 0);
		assert_int_equal(piece(s, &s->box, 0, s->film, 100), 0);
		sweep(s);
		assert_int_equal(piece(s, &s->box, 0, NULL, 0), 0);
		assert_int_equal(s->have, 100);
		if (i < ARRAY_LEN(ends))
			assert_int_equal(say(s, &s->box, ends[i]), 0);
		else
			offer(s, &s->box, true);
		assert_int_equal(piece(s, &s->box, 100, s->film + 100, 100), -ENOENT);
		sweep(s);
		offer(s, &s->box, true);
		assert_int_equal(say(s, &s->box, OFFER_WANTED),
				 -ENOENT); /* withdrawn: nothing is said */
		offer(s, &s->box, false);
		assert_int_equal(piece(s, &s->box, 0, NULL, 0), -ENOENT); /* and all is forgotten */
		assert_int_equal(say(s, &s->box, OFFER_WANTED), 0);
		assert_int_equal(piece(s, &s->box, 0, NULL, 0), 0);
		assert_int_equal(s->have, 0);
	}
}

static void of_two_schools_one_sends_it(void **state)
{
	struct stage *s = *state;
	offer(s, &s->box, false);
	offer(s, &s->other, false);
	assert_int_equal(say(s, &s->box, OFFER_WANTED), 0);
	assert_int_equal(say(s, &s->other, OFFER_WANTED), 0);
	assert_int_equal(piece(s, &s->other, 0, s->film + 1, 100),
			 0); /* what is wrong stays its own */
	assert_int_equal(send_all(s, &s->box), 0);
	assert_true(is_here(s));
	assert_int_equal(piece(s, &s->other, 0, NULL, 0), 0);
	assert_int_equal(s->have, FILM_BYTES);
	offer(s, &s->box, true);
	sweep(s);
	assert_true(is_here(s)); /* the other one offers it still */
	offer(s, &s->other, true);
	sweep(s);
	assert_false(is_here(s));
}

static void pieces_and_reports_keep_to_their_doors(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	AUTO_FREE void *sealed = NULL;
	AUTO_FREE void *report = NULL;
	AUTO_FREE void *forged = NULL;
	size_t len = 0, report_len = 0, forged_len = 0;
	struct fakebox box = s->box, thief = s->box;
	offer(s, &s->box, false);
	assert_int_equal(say(s, &s->box, OFFER_WANTED), 0);
	seal(s, &s->box, 0, s->film, 100, &sealed, &len);
	const struct frame frame = { sealed, (uint32_t)len };
	assert_int_equal(ingest_batch(&s->hub.hub, &frame, 1, NULL, 0, NOW, &result, NULL), 0);
	assert_int_equal(result.ends[INGEST_REFUSED], 1); /* it would be a fork of the box's past */
	assert_string_equal(result.refusal.id, "ingest.type");
	fakebox_hour(&box, 20770, 8, 100, 0, &report, &report_len);
	assert_int_equal(films_take(&s->hub.hub, report, report_len, &s->have, &s->all, NULL),
			 -EBADMSG);
	thief.keys = s->other.keys;
	seal(s, &thief, 0, s->film, 100, &forged, &forged_len);
	assert_int_equal(films_take(&s->hub.hub, forged, forged_len, &s->have, &s->all, NULL),
			 -EKEYREJECTED);
	for (size_t cut = 0; cut < len; cut += 37)
		assert_true(films_take(&s->hub.hub, sealed, cut, &s->have, &s->all, NULL) < 0);
	assert_int_equal(films_take(&s->hub.hub, sealed, len, &s->have, &s->all, NULL), 0);
	assert_int_equal(films_take(&s->hub.hub, sealed, len, &s->have, &s->all, NULL), -EEXIST);
}

static void films_leave_room_for_reports(void **state)
{
	struct stage *s = *state;
	assert_int_equal(films_reserve(0), FILMS_RESERVE_BYTES);
	assert_int_equal(films_reserve(UINT64_C(40) << 30), FILMS_RESERVE_BYTES);
	assert_int_equal(films_reserve(UINT64_C(1) << 40), (UINT64_C(1) << 40) / 100 * 5);
	offer(s, &s->box, false);
	assert_int_equal(say(s, &s->box, OFFER_WANTED), 0);
	s->reserve = UINT64_MAX;
	assert_int_equal(piece(s, &s->box, 0, NULL, 0), -ENOSPC);
	assert_int_equal(piece(s, &s->box, 0, s->film, 100), -ENOSPC);
	s->reserve = 1;
	assert_int_equal(piece(s, &s->box, 0, NULL, 0), 0);
	assert_int_equal(s->have, 0); /* nothing was written */
	assert_int_equal(piece(s, &s->box, 0, s->film, 100), 0);
	s->reserve = UINT64_MAX;
	assert_int_equal(piece(s, &s->box, 100, s->film + 100, 100), -ENOSPC);
	s->reserve = 1;
	assert_int_equal(piece(s, &s->box, 0, NULL, 0), 0);
	assert_int_equal(s->have, 100); /* it goes on */
	assert_int_equal(send_all(s, &s->box), -EEXIST);
	assert_int_equal(piece(s, &s->box, 100, s->film + 100, OFFER_PIECE_BYTES), 0);
	assert_int_equal(piece(s, &s->box, OFFER_PIECE_BYTES + 100,
			       s->film + OFFER_PIECE_BYTES + 100, 70000 - 100),
			 0);
	s->reserve = UINT64_MAX; /* what is here needs no more */
	assert_int_equal(piece(s, &s->box, 0, NULL, 0), 0);
	assert_int_equal(s->have, FILM_BYTES);
}

static void a_film_is_checked_a_little_at_a_time(void **state)
{
	struct stage *s = *state;
	CLEANUP(clean_check) struct filmcheck *none = NULL;
	CLEANUP(clean_check) struct filmcheck *cut = NULL;
	offer(s, &s->box, false);
	assert_int_equal(say(s, &s->box, OFFER_WANTED), 0);
	assert_int_equal(post(s, &s->box, 0, s->film, OFFER_PIECE_BYTES), 0);
	assert_int_equal(filmcheck_next(s->hub.folder, s->hub.hub.store, &none, NULL), 0);
	assert_null(none);
	assert_int_equal(post(s, &s->box, OFFER_PIECE_BYTES, s->film + OFFER_PIECE_BYTES, 70000),
			 -EAGAIN);
	assert_int_equal(post(s, &s->box, 0, NULL, 0), -EAGAIN);
	assert_int_equal(post(s, &s->box, 0, s->film, 100), -EAGAIN);
	assert_int_equal(filmcheck_next(s->hub.folder, s->hub.hub.store, &cut, NULL), 0);
	assert_int_equal(filmcheck_step(cut, 0, NULL), 1);
	assert_false(is_here(s));
	fakehub_reopen(&s->hub);
	assert_int_equal(check_next(s, 4), 0); /* 326 KiB, 64 a turn: it began again */
	assert_true(is_here(s));
	int rc = 1;
	while (rc == 1)
		rc = filmcheck_step(cut, 0, NULL);
	assert_int_equal(rc, -ESTALE); /* its file has another name */
	assert_int_equal(post(s, &s->box, 0, NULL, 0), 0);
	assert_int_equal(s->have, FILM_BYTES);
}

static void drop(struct stage *s, const struct fakebox *box)
{
	struct lesson_offer f = { .lesson = "own-1" };
	memcpy(f.device, box->id, sizeof(f.device));
	assert_int_equal(films_drop(s->hub.folder, s->hub.hub.store, &f, NULL), 0);
}

static void a_film_goes_before_it_is_declined(void **state)
{
	struct stage *s = *state;
	offer(s, &s->box, false);
	offer(s, &s->other, false);
	assert_int_equal(say(s, &s->box, OFFER_WANTED), 0);
	assert_int_equal(say(s, &s->other, OFFER_WANTED), 0);
	assert_int_equal(piece(s, &s->box, 0, s->film, 100), 0);
	assert_int_equal(piece(s, &s->other, 0, s->film, 200), 0);
	drop(s, &s->box);
	assert_int_equal(piece(s, &s->box, 0, NULL, 0), 0);
	assert_int_equal(s->have, 0);
	assert_int_equal(piece(s, &s->other, 0, NULL, 0), 0);
	assert_int_equal(s->have, 200);
	assert_int_equal(send_all(s, &s->box), 0);
	drop(s, &s->box);
	assert_true(is_here(s)); /* the other one's is wanted still */
	assert_int_equal(say(s, &s->other, OFFER_DECLINED), 0);
	drop(s, &s->box);
	assert_false(is_here(s));
}

/* The answers in what the hub answered; false: there is no such record. */
static bool answers_of(struct stage *s, const struct ingest_result *result, wasl_OfferAnswers *out)
{
	struct frame frames[FRAMES_MAX];
	size_t count = 0, len = 0;
	const void *body = NULL;
	assert_int_equal(frames_read(result->receipts, result->receipts_len, 65536, frames, &count,
				     NULL),
			 0);
	assert_true(count == 1 || count == 2);
	if (count == 1)
		return false;
	assert_int_equal(trust_check(s->hub.hub.trust, SIGNED_OFFER_ANSWERS, frames[1].bytes,
				     frames[1].len, &body, &len, NULL),
			 0);
	assert_int_equal(codec_decode(wasl_OfferAnswers_fields, body, len, out, NULL), 0);
	return true;
}

static void a_box_hears_what_is_said_of_its_lessons(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	wasl_OfferAnswers heard = wasl_OfferAnswers_init_zero;
	wasl_LessonOffer f = { .lesson = "own-2", .film_bytes = 5 };
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	fakebox_hour(&s->other, 20770, 8, 100, 0, &bytes, &len);
	const struct frame frame = { bytes, (uint32_t)len };
	assert_int_equal(ingest_batch(&s->hub.hub, &frame, 1, NULL, 0, NOW, &result, NULL), 0);
	assert_false(answers_of(s, &result, &heard)); /* it offers nothing */
	ingest_result_done(&result);
	offer(s, &s->box, false);
	assert_int_equal(say(s, &s->box, OFFER_DECLINED), 0);
	tell(s, &s->box, &f, &result);
	assert_true(answers_of(s, &result, &heard));
	assert_memory_equal(heard.device, s->box.id, 16);
	assert_int_equal(heard.nonce.size, 32);
	assert_int_equal(heard.nonce.bytes[0], 7);
	assert_int_equal(heard.answers_count, 1);
	assert_string_equal(heard.answers[0].lesson, "own-1");
	assert_memory_equal(heard.answers[0].film, s->id.b, 32);
	assert_int_equal(heard.answers[0].said, OFFER_DECLINED);
	assert_string_equal(heard.answers[0].reason, "people");
	offer(s, &s->box, true);
	ingest_result_done(&result);
	f.withdrawn = true;
	tell(s, &s->box, &f, &result);
	assert_true(
		answers_of(s, &result, &heard)); /* an empty list: what was said is not any more */
	assert_int_equal(heard.answers_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_film_comes_when_it_is_wanted, setup, teardown),
		cmocka_unit_test_setup_teardown(another_film_than_the_one_offered_is_not_kept,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_nobody_wants_any_more_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(of_two_schools_one_sends_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_film_is_checked_a_little_at_a_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(films_leave_room_for_reports, setup, teardown),
		cmocka_unit_test_setup_teardown(a_film_goes_before_it_is_declined, setup, teardown),
		cmocka_unit_test_setup_teardown(pieces_and_reports_keep_to_their_doors, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_box_hears_what_is_said_of_its_lessons, setup,
						teardown),
	};
	return cmocka_run_group_tests_name("hub/films", tests, NULL, NULL);
}
