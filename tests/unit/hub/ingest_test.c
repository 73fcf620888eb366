// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/ingest.h"

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
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/envelope.h"
#include "firmware/record/manage.pb.h"
#include "provisioning/hub/keyring.h"
#include "provisioning/hub/manage.h"
#include "tests/hub/fakehub.h"

#define TODAY 20770
#define NOW ((int64_t)TODAY * 86400 + 20 * 3600)
enum { COUNT = 6 };

static void clean_key(struct signed_key *key)
{
	signed_key_wipe(key);
}

struct stage {
	struct fakehub hub;
	struct fakebox box;
	void *sealed[COUNT]; /* hour k of today: up for 100 s * (k + 1) */
	size_t len[COUNT];
};

static int setup_mode(void **state, enum fakehub_mode mode)
{
	struct stage *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	fakehub_make(&s->hub);
	fakehub_enrol(&s->hub, "S-1", mode, &s->box);
	for (unsigned k = 0; k < COUNT; k++)
		fakebox_hour(&s->box, TODAY, 8 + k, 100 * (k + 1), 0, &s->sealed[k], &s->len[k]);
	*state = s;
	return 0;
}

static int setup(void **state)
{
	return setup_mode(state, FAKEHUB_CLAIMED);
}

static int setup_one_visit(void **state)
{
	return setup_mode(state, FAKEHUB_ONE_VISIT);
}

static int teardown(void **state)
{
	struct stage *s = *state;
	for (unsigned k = 0; k < COUNT; k++)
		free(s->sealed[k]);
	fakehub_remove(&s->hub);
	free(s);
	return 0;
}

/* Sends envelopes by their numbers in `which` ("0 1 2"), and answers through_seq of the receipt, -1 without one. */
static int64_t send_which(struct stage *s, const char *which, struct ingest_result *out)
{
	static const uint8_t nonce[16] = { 5 };
	struct frame frames[FRAMES_MAX], answers[FRAMES_MAX];
	struct fault why = { 0 };
	size_t count = 0, got = 0;
	for (const char *p = which; *p; p++)
		if (*p >= '0' && *p < '0' + COUNT)
			frames[count++] =
				(struct frame){ s->sealed[*p - '0'], (uint32_t)s->len[*p - '0'] };
	ingest_result_done(out);
	if (ingest_batch(&s->hub.hub, frames, count, nonce, sizeof(nonce), NOW, out, &why))
		fail_msg("%s", why.text);
	assert_int_equal(frames_read(out->receipts, out->receipts_len, 4096, answers, &got, &why),
			 0);
	if (got == 0)
		return -1;
	for (size_t i = 1; i < got; i++) /* signed records have their kind there */
		assert_int_equal(answers[i].bytes[4], SIGNED_SETTINGS);
	wasl_Receipt r = wasl_Receipt_init_zero;
	assert_int_equal(fakebox_receipt(&s->box, s->hub.hub.trust, answers[0].bytes,
					 answers[0].len, nonce, sizeof(nonce), &r),
			 0);
	assert_string_equal(r.school_code, "S-1");
	assert_string_equal(r.region, "Kef");
	assert_int_equal(r.epoch, 1);
	assert_int_equal(r.hub_unix_s, NOW);
	return (int64_t)r.through_seq;
}

static uint32_t up_today(struct stage *s)
{
	struct coverage_s day = { 0 };
	int rc = store_day_get(s->hub.hub.store, "S-1", TODAY, &day, NULL);
	assert_true(rc == 0 || rc == -ENOENT);
	return rc ? 0 : day.up;
}

/* What is sent, batch after batch, and what is counted and receipted after each. */
static const struct {
	const char *why;
	struct {
		const char *send;
		int64_t through;
		uint32_t up;
	} steps[6];
} journeys[] = {
	{ "one after the other", { { "0", 1, 100 }, { "1", 2, 300 }, { "2", 3, 600 } } },
	{ "all at once", { { "0 1 2 3 4 5", 6, 2100 } } },
	{ "everything twice in one batch", { { "0 0 1 1 2 2", 3, 600 }, { "0 1 2", 3, 600 } } },
	{ "backwards", { { "5", 0, 0 }, { "4 3", 0, 0 }, { "2 1", 0, 0 }, { "0", 6, 2100 } } },
	{ "backwards in one batch", { { "5 4 3 2 1 0", 6, 2100 } } },
	{ "a gap that closes",
	  { { "0", 1, 100 },
	    { "2 3", 1, 100 },
	    { "2", 1, 100 },
	    { "1", 4, 1000 },
	    { "4 5", 6, 2100 } } },
	{ "the receipt was lost: all of it again",
	  { { "0 1 2 3", 4, 1000 }, { "0 1 2 3", 4, 1000 }, { "0 1 2 3 4", 5, 1500 } } },
};

static void each_is_counted_once(void **state)
{
	(void)state;
	for (size_t j = 0; j < ARRAY_LEN(journeys); j++) {
		void *held = NULL;
		setup(&held);
		struct stage *s = held;
		CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
		for (size_t i = 0; i < ARRAY_LEN(journeys[j].steps) && journeys[j].steps[i].send;
		     i++) {
			int64_t through = send_which(s, journeys[j].steps[i].send, &result);
			if (through != journeys[j].steps[i].through ||
			    up_today(s) != journeys[j].steps[i].up)
				fail_msg("%s, step %zu: through %d, up %u", journeys[j].why, i + 1,
					 (int)through, up_today(s));
			fakehub_reopen(&s->hub); /* nothing lives in memory only */
		}
		teardown(&held);
	}
}

static void no_flipped_bit_is_accepted(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	uint8_t *bytes = s->sealed[0];
	for (size_t bit = 0; bit < 8 * s->len[0]; bit += 5) {
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_equal(send_which(s, "0", &result), -1);
		assert_int_equal(result.ends[INGEST_REFUSED], 1);
		assert_int_not_equal(result.refusal.code, 0);
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	assert_int_equal(up_today(s), 0);
	/* A bad one among good ones takes nothing with it. */
	bytes[200] ^= 1;
	assert_int_equal(send_which(s, "0 1", &result), 0);
	assert_int_equal(result.ends[INGEST_REFUSED], 1);
	assert_int_equal(result.ends[INGEST_HELD], 1);
	bytes[200] ^= 1;
	assert_int_equal(send_which(s, "0", &result), 2);
	assert_int_equal(up_today(s), 300);
}

static void truncated_and_lengthened_are_refused(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	size_t whole = s->len[0];
	for (s->len[0] = 1; s->len[0] < whole; s->len[0] += 7)
		assert_int_equal(send_which(s, "0", &result), -1);
	void *longer = calloc(1, whole + 1);
	memcpy(longer, s->sealed[0], whole);
	free(s->sealed[0]);
	s->sealed[0] = longer;
	s->len[0] = whole + 1;
	assert_int_equal(send_which(s, "0", &result), -1);
	s->len[0] = whole;
	assert_int_equal(send_which(s, "0", &result), 1);
}

static void a_stranger_is_refused(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	struct fakebox stranger;
	fakebox_make(&stranger);
	stranger.epoch = 1;
	memcpy(stranger.sealing_public, s->box.sealing_public, 32);
	free(s->sealed[0]);
	fakebox_hour(&stranger, TODAY, 8, 100, 0, &s->sealed[0], &s->len[0]);
	assert_int_equal(send_which(s, "0", &result), -1);
	assert_int_equal(result.refusal.code, -EPERM);
	/* Signed by the stranger in the name of the box. */
	memcpy(stranger.id, s->box.id, sizeof(stranger.id));
	stranger.seq = 0;
	memset(stranger.head, 0, sizeof(stranger.head));
	free(s->sealed[0]);
	fakebox_hour(&stranger, TODAY, 8, 100, 0, &s->sealed[0], &s->len[0]);
	assert_int_equal(send_which(s, "0", &result), -1);
	assert_int_equal(up_today(s), 0);
}

static void another_epoch_is_refused(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	s->box.epoch = 2;
	s->box.seq = 0;
	memset(s->box.head, 0, sizeof(s->box.head));
	free(s->sealed[0]);
	fakebox_hour(&s->box, TODAY, 8, 100, 0, &s->sealed[0], &s->len[0]);
	send_which(s, "0", &result);
	assert_int_equal(result.ends[INGEST_REFUSED], 1);
	assert_int_equal(up_today(s), 0);
}

static int first_alert(void *data, const struct alert *a)
{
	struct alert *out = data;
	if (!*out->kind)
		*out = *a;
	return 0;
}

/* The box's card was copied: both copies go on from the second envelope. */
static void a_fork_is_quarantined(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	struct alert alert = { 0 };
	struct device d;
	int64_t forks = 0;
	assert_int_equal(send_which(s, "0 1 2", &result), 3);
	void *other = NULL;
	size_t other_len = 0;
	struct fakebox copy = s->box;
	copy.seq = 1;
	memcpy(copy.head, (const uint8_t[32]){ 0 }, 32);
	envelope_hash(s->sealed[0], s->len[0], copy.head);
	fakebox_hour(&copy, TODAY, 20, 3600, 0, &other, &other_len);
	free(s->sealed[5]);
	s->sealed[5] = other;
	s->len[5] = other_len;
	assert_int_equal(send_which(s, "5", &result), 3);
	assert_int_equal(result.ends[INGEST_FORKED], 1);
	assert_int_equal(up_today(s), 600);
	assert_int_equal(store_device_get(s->hub.hub.store, s->box.id, &d, NULL), 0);
	assert_int_equal(d.state, DEVICE_FORKED);
	assert_int_equal(store_fork_count(s->hub.hub.store, s->box.id, &forks, NULL), 0);
	assert_int_equal(forks, 1);
	assert_int_equal(store_alerts_each(s->hub.hub.store, 9, first_alert, &alert, NULL), 0);
	assert_string_equal(alert.kind, "fork");
	assert_string_equal(alert.school, "S-1");
	/* From now on it is stored and receipted, and waits. */
	assert_int_equal(send_which(s, "3", &result), 4);
	assert_int_equal(result.ends[INGEST_WAITING], 1);
	assert_int_equal(up_today(s), 600);
	uint64_t counted = 0;
	struct fault why = { 0 };
	assert_int_equal(ingest_accept(&s->hub.hub, "S-1", s->box.claim_code, NOW, &counted, &why),
			 0);
	assert_int_equal(counted, 1);
	assert_int_equal(up_today(s), 1000);
}

static void a_gap_that_closes_on_another_past_is_a_fork(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	assert_int_equal(send_which(s, "2", &result), 0);
	assert_int_equal(send_which(s, "0", &result), 1);
	struct fakebox copy = s->box;
	copy.seq = 1;
	envelope_hash(s->sealed[0], s->len[0], copy.head);
	free(s->sealed[1]);
	fakebox_hour(&copy, TODAY, 20, 3600, 0, &s->sealed[1], &s->len[1]);
	assert_int_equal(send_which(s, "1", &result),
			 2); /* the held third does not follow from this second */
	struct device d;
	assert_int_equal(store_device_get(s->hub.hub.store, s->box.id, &d, NULL), 0);
	assert_int_equal(d.state, DEVICE_FORKED);
}

static void one_visit_waits_for_an_officer(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	struct fault why = { 0 };
	uint64_t counted = 0;
	assert_true(s->box.provisional);
	assert_int_equal(send_which(s, "0 1", &result), 2);
	assert_int_equal(result.ends[INGEST_WAITING], 2);
	assert_int_equal(up_today(s), 0);
	struct fakebox other;
	fakebox_make(&other);
	assert_int_equal(ingest_accept(&s->hub.hub, "S-1", other.claim_code, NOW, &counted, &why),
			 -ENOENT);
	assert_int_equal(ingest_accept(&s->hub.hub, "S-2", s->box.claim_code, NOW, &counted, &why),
			 -ENOENT);
	assert_int_equal(ingest_accept(&s->hub.hub, "S-1", "nonsense", NOW, &counted, &why),
			 -EINVAL);
	assert_int_equal(ingest_accept(&s->hub.hub, "S-1", s->box.claim_code, NOW, &counted, &why),
			 0);
	assert_int_equal(counted, 2);
	assert_int_equal(up_today(s), 300);
	assert_int_equal(ingest_accept(&s->hub.hub, "S-1", s->box.claim_code, NOW, &counted, &why),
			 -EALREADY);
	assert_int_equal(send_which(s, "0 1 2", &result), 3);
	assert_int_equal(up_today(s), 600);
}

static void what_cannot_be_opened_is_kept_and_told(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	struct alert alert = { 0 };
	struct stored_envelope e;
	/* Sealed for a key that this hub never had. */
	struct fakebox astray = s->box;
	astray.seq = 0;
	memset(astray.head, 0, sizeof(astray.head));
	memcpy(astray.sealing_public, astray.keys.box_public, 32);
	free(s->sealed[0]);
	fakebox_hour(&astray, TODAY, 8, 100, 0, &s->sealed[0], &s->len[0]);
	assert_int_equal(send_which(s, "0", &result), 1);
	assert_int_equal(result.ends[INGEST_UNREADABLE], 1);
	assert_int_equal(store_envelope_get(s->hub.hub.store, s->box.id, 1, 1, &e, NULL, NULL), 0);
	assert_int_equal(e.state, ENVELOPE_UNREADABLE);
	assert_int_equal(store_alerts_each(s->hub.hub.store, 9, first_alert, &alert, NULL), 0);
	assert_string_equal(alert.kind, "unreadable");
}

/* Rows that cannot be: the others of the same envelope count. */
static void senseless_rows_are_left_out(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	struct alert alert = { 0 };
	wasl_UplinkHour hours[7];
	wasl_LessonUse use[3];
	for (size_t i = 0; i < ARRAY_LEN(hours); i++) {
		hours[i] = (wasl_UplinkHour)wasl_UplinkHour_init_zero;
		hours[i].day = TODAY;
		hours[i].hour = 8;
		hours[i].up_s = 60;
		snprintf(hours[i].uplink, sizeof(hours[i].uplink), "adsl");
	}
	hours[1].hour = 24;
	hours[2].day = TODAY + 400; /* not in the header */
	hours[3].uplink[0] = '\0';
	hours[4].rx_bytes = UINT64_MAX;
	hours[5].uplink[0] = '\n';
	hours[6].hour = 9;
	hours[6].up_s = UINT32_MAX; /* cut to an hour, told */
	for (size_t i = 0; i < ARRAY_LEN(use); i++) {
		use[i] = (wasl_LessonUse)wasl_LessonUse_init_zero;
		use[i].day = TODAY;
		use[i].starts = 3;
		use[i].watched_s = 90;
		snprintf(use[i].lesson, sizeof(use[i].lesson), "fractions");
		snprintf(use[i].rung, sizeof(use[i].rung), "240p");
	}
	snprintf(use[1].lesson, sizeof(use[1].lesson), "../../etc");
	use[2].watched_s = UINT64_MAX;
	wasl_Report report = wasl_Report_init_zero;
	report.uplink_hours = hours;
	report.uplink_hours_count = ARRAY_LEN(hours);
	report.lesson_use = use;
	report.lesson_use_count = ARRAY_LEN(use);
	s->box.seq = 0;
	memset(s->box.head, 0, sizeof(s->box.head));
	free(s->sealed[0]);
	fakebox_seal(&s->box, &report, TODAY, TODAY, &s->sealed[0], &s->len[0]);
	assert_int_equal(send_which(s, "0", &result), 1);
	assert_int_equal(result.ends[INGEST_COUNTED], 1);
	assert_int_equal(up_today(s), 60 + 3600);
	assert_int_equal(store_alerts_each(s->hub.hub.store, 9, first_alert, &alert, NULL), 0);
	assert_string_equal(alert.kind, "rows");
	assert_non_null(strstr(alert.text, "7 of 10 rows"));
	struct school_status status;
	assert_int_equal(store_status_get(s->hub.hub.store, "S-1", &status, NULL), 0);
	assert_int_equal(status.week.day[6].starts, 3);
	assert_int_equal(status.week.day[6].watched_s, 90);
}

static void the_school_and_its_region_follow(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	struct school_status status;
	assert_int_equal(send_which(s, "0 1", &result), 2);
	assert_int_equal(store_status_get(s->hub.hub.store, "S-1", &status, NULL), 0);
	assert_true(status.enrolled);
	assert_int_equal(status.last_seen_s, NOW);
	assert_int_equal(status.as_of_s, (int64_t)TODAY * 86400 + 10 * 3600);
	assert_int_equal(status.day.up, 300);
	assert_int_equal(status.in_school.up, 300);
	assert_int_equal(status.week.day[6].s.up, 300);
	struct coverage_week_sum week = coverage_week_total(&status.week);
	assert_int_equal(week.days, 1);
}

static uint32_t sign_settings(struct stage *s, const char *scope, const char *word)
{
	CLEANUP(clean_key) struct signed_key key = { 0 };
	wasl_Settings *set = calloc(1, sizeof(*set));
	struct store *store = s->hub.hub.store;
	struct fault why = { 0 };
	assert_non_null(set);
	assert_int_equal(keyring_load(s->hub.folder, TRUST_MANAGE, &key, NULL), 0);
	if (manage_read(store, s->hub.hub.trust, scope, set, &why) ||
	    manage_change(set, word, &why) ||
	    manage_sign(store, s->hub.hub.trust, &key, set, NOW, &why))
		fail_msg("%s", why.text);
	uint32_t version = set->version;
	free(set);
	return version;
}

/* Behind the receipt: what is for everyone, its region, its school, the box itself; nothing that is for others. */
static void settings_go_out_to_whom_they_are_for(void **state)
{
	struct stage *s = *state;
	CLEANUP(ingest_result_done) struct ingest_result result = { 0 };
	struct frame frames[FRAMES_MAX];
	char own[48] = "device:", hex[33];
	size_t count = 0;
	text_hex(s->box.id, 16, hex);
	snprintf(own, sizeof(own), "device:%s", hex);
	const char *const scopes[] = { "", "region:Kef", "school:S-1", own };
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
		assert_int_equal(sign_settings(s, scopes[i], "fetch.share=40"), i + 1);
	assert_int_equal(sign_settings(s, "school:S-2", "fetch.share=40"), 5);
	assert_int_equal(sign_settings(s, "region:Gafsa", "fetch.share=40"), 6);
	assert_int_equal(sign_settings(s, "", "fetch.night=9M"), 7);
	assert_int_equal(sign_settings(s, "", "fetch.share="), 8);
	assert_int_equal(send_which(s, "0", &result), 1);
	assert_int_equal(frames_read(result.receipts, result.receipts_len, 65536, frames, &count,
				     NULL),
			 0);
	assert_int_equal(count, 5);
	for (size_t i = 1; i < count; i++) {
		const void *body = NULL;
		size_t len = 0;
		wasl_Settings got;
		assert_int_equal(trust_check(s->hub.hub.trust, SIGNED_SETTINGS, frames[i].bytes,
					     frames[i].len, &body, &len, NULL),
				 0);
		assert_int_equal(codec_decode(wasl_Settings_fields, body, len, &got, NULL), 0);
		assert_string_equal(got.scope, scopes[i - 1]);
		assert_int_equal(got.version, i == 1 ? 8 : i);
		assert_int_equal(got.settings_count, 1);
		assert_string_equal(got.settings[0].value, i == 1 ? "9M" : "40");
	}
}

/* A key of another role, a word that is none, a scope of nobody: nothing is kept. */
static void settings_that_no_box_would_take_are_not_signed(void **state)
{
	struct stage *s = *state;
	CLEANUP(clean_key) struct signed_key key = { 0 };
	CLEANUP(clean_key) struct signed_key stranger = { 0 };
	struct hub *hub = &s->hub.hub;
	wasl_Settings set = { .settings_count = 0 };
	struct fault why = { 0 };
	void *bytes = NULL;
	struct kept_settings kept;
	assert_int_equal(signed_key_make(&stranger), 0);
	assert_int_equal(keyring_load(s->hub.folder, TRUST_MANAGE, &key, NULL), 0);
	assert_int_equal(manage_change(&set, "fetch.share=40", &why), 0);
	assert_int_equal(manage_sign(hub->store, hub->trust, &hub->enrol_key, &set, NOW, &why),
			 -EKEYREJECTED);
	assert_int_equal(manage_sign(hub->store, hub->trust, &stranger, &set, NOW, &why),
			 -EKEYREJECTED);
	static const struct {
		const char *word;
		int want;
	} words[] = {
		{ "fetch.share", -EINVAL },      { "=40", -EPERM },
		{ "hub.url=http://x", -EPERM },  { "fetch.share=400", -ERANGE },
		{ "store.max=1G", -EPERM },      { "fetch.night=", -ENOENT },
		{ "fetch.window=9-5", -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_int_equal(manage_change(&set, words[i].word, &why), words[i].want);
	snprintf(set.scope, sizeof(set.scope), "planet:mars");
	assert_int_equal(manage_sign(hub->store, hub->trust, &key, &set, NOW, &why), -EINVAL);
	assert_int_equal(store_settings_get(hub->store, "", &kept, &bytes, NULL), -ENOENT);
	assert_int_equal(sign_settings(s, "", "fetch.share=40"), 1); /* no number was lost */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_counted_once),
		CASE(no_flipped_bit_is_accepted),
		CASE(truncated_and_lengthened_are_refused),
		CASE(a_stranger_is_refused),
		CASE(another_epoch_is_refused),
		CASE(a_fork_is_quarantined),
		CASE(a_gap_that_closes_on_another_past_is_a_fork),
		cmocka_unit_test_setup_teardown(one_visit_waits_for_an_officer, setup_one_visit,
						teardown),
		CASE(what_cannot_be_opened_is_kept_and_told),
		CASE(senseless_rows_are_left_out),
		CASE(the_school_and_its_region_follow),
		CASE(settings_go_out_to_whom_they_are_for),
		CASE(settings_that_no_box_would_take_are_not_signed),
	};
	return cmocka_run_group_tests_name("hub/ingest", tests, NULL, NULL);
}
