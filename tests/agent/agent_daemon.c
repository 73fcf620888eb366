// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The real wasl-agentd among played others. Speaks TAP through cmocka; B says where the programs
 * are.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/text.h"
#include "tests/agent/box.h"
#include "tests/agent/kit_box.h"

CLEAN_FN(json, json_t, json_decref)

static int set_up(void **state)
{
	static struct box box;
	*state = &box;
	return box_set_up(&box);
}

static int tear_down(void **state)
{
	return box_tear_down(*state);
}

static int64_t number(const json_t *from, const char *name)
{
	return json_integer_value(json_object_get(from, name));
}

static const char *text(const json_t *from, const char *name)
{
	const char *s = json_string_value(json_object_get(from, name));
	return s ? s : "";
}

static void flush_works(void)
{
	struct fault why = { 0 };
	if (box_flush(&why))
		fail_msg("%s", why.text);
}

/* A box that is in the books of the hub, and has told it everything. */
static void begin_enrolled(struct box *b)
{
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	box_enrol(b);
	flush_works();
}

static void flush_fails(void)
{
	struct fault why = { 0 };
	assert_true(box_flush(&why) < 0);
}

static void keeps_its_keys(void **state)
{
	struct box *b = *state;
	CLEANUP(clean_json) json_t *first = NULL;
	CLEANUP(clean_json) json_t *second = NULL;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	assert_int_equal(box_ask("GET", "/v1/identity", &first, NULL), 0);
	assert_int_equal(strlen(text(first, "device")), 32);
	assert_int_equal(strlen(text(first, "claim_code")), 19);
	assert_true(json_is_false(json_object_get(first, "enrolled")));
	assert_int_equal(box_end(b, SIGKILL), 1000 + SIGKILL);
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	assert_int_equal(box_ask("GET", "/v1/identity", &second, NULL), 0);
	assert_true(json_equal(first, second));
	assert_int_equal(box_end(b, SIGTERM), 0);
}

/* A damaged key file: one sentence, and the file is as it was. */
static void refuses_damaged_and_lost_keys(void **state)
{
	struct box *b = *state;
	struct path key = paths_at("/var/lib/wasl/agent/device.key");
	int status = 0;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	assert_int_equal(box_end(b, SIGTERM), 0);
	assert_int_equal(truncate(key.at, 50), 0);
	assert_int_equal(box_start(b, BOX_PLAIN, 0, &status), -ESRCH);
	assert_int_equal(status, 1);
	AUTO_FREE char *log = box_log(b);
	assert_non_null(strstr(log, "device.key' is damaged"));
	assert_non_null(strstr(log, "restore it from a backup"));
	struct stat st;
	assert_int_equal(stat(key.at, &st), 0);
	assert_int_equal(st.st_size, 50);
	assert_int_equal(unlink(key.at), 0);
	assert_int_equal(box_start(b, BOX_PLAIN, 0, &status), -ESRCH);
	AUTO_FREE char *lost = box_log(b);
	assert_non_null(strstr(lost, "is gone, but"));
	assert_int_equal(stat(key.at, &st), -1);
}

static void takes_only_good_grants(void **state)
{
	struct box *b = *state;
	const unsigned by_enrol[] = { kit_role_key(TRUST_ENROL, 0), 0 }, by_stranger[] = { 99, 0 };
	const unsigned by_receipt[] = { kit_role_key(TRUST_RECEIPT, 0), 0 };
	struct fault why = { 0 };
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	assert_true(box_flush(&why) < 0);
	assert_string_equal(why.id, "flush.unenrolled");
	assert_true(box_grant(b, 1, 1, by_stranger, &why) < 0);
	assert_true(box_grant(b, 1, 1, by_receipt, &why) < 0);
	assert_string_equal(why.id, "trust.signatures");
	assert_true(box_grant(b, 1, 7, by_enrol, &why) <
		    0); /* the hub has six reports that this box never made */
	assert_string_equal(why.id, "grant.past");
	assert_int_equal(box_grant(b, 2, 1, by_enrol, &why), 0);
	assert_int_equal(box_grant(b, 2, 1, by_enrol, &why), 0); /* again is fine */
	assert_true(box_grant(b, 1, 1, by_enrol, &why) < 0);
	assert_string_equal(why.id, "grant.epoch");
	flush_works();
	assert_int_equal(box_end(b, SIGKILL), 1000 + SIGKILL);
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	CLEANUP(clean_json) json_t *me = NULL;
	assert_int_equal(box_ask("GET", "/v1/identity", &me, NULL), 0);
	assert_true(json_is_true(json_object_get(me, "enrolled")));
	assert_int_equal(number(me, "epoch"), 2);
	assert_string_equal(text(me, "school_code"), "TN0001");
	assert_string_equal(text(me, "school_name"), "مدرسة النور");
}

static void wait_for(sem_t *sem)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60;
	assert_int_equal(sem_timedwait(sem, &until), 0);
}

/* netmgrd asks the hub's echo with it. Refused, it is told again in the next round; taken, it is not. */
static void hands_the_grants_key_to_netmgrd(void **state)
{
	struct box *b = *state;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	struct fault why = { 0 };
	assert_true(box_flush(&why) < 0); /* nothing is told before there is a grant */
	assert_int_equal(b->stage->tellings, 0);
	box_enrol(b);
	flush_works();
	wait_for(&b->stage->told);
	for (unsigned i = 0; i < 1000 && b->stage->tellings < 2; i++)
		flush_works();
	flush_works();
	flush_works();
	assert_int_equal(b->stage->tellings, 2);
	CLEANUP(clean_json) json_t *me = NULL, *told = json_loads(b->stage->telling, 0, NULL);
	assert_non_null(told);
	assert_int_equal(box_ask("GET", "/v1/identity", &me, NULL), 0);
	assert_string_equal(text(told, "device"), text(me, "device"));
	uint8_t key[32], want[32];
	memset(want, KIT_ECHO_KEY, sizeof(want));
	assert_int_equal(text_unhex(text(told, "key"), key, sizeof(key)), 0);
	assert_memory_equal(key, want, sizeof(key));
}

static void reports_and_keeps_receipts(void **state)
{
	struct box *b = *state;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	box_live(b, 2500, 20, 7); /* three pages of minutes */
	box_enrol(b);
	flush_works();
	box_all_counted(b);
	box_live(b, 1, 1, 1);
	flush_works();
	box_all_counted(b);
	CLEANUP(clean_json) json_t *status = box_status();
	assert_int_equal(number(status, "outbox_rows"), 0);
	assert_int_equal(number(status, "sealed"), 0);
	assert_int_equal(number(status, "through_seq"), b->stage->through);
	assert_string_equal(text(status, "last_error"), "");
	assert_int_equal(number(status, "time_quality"), CLOCK_HUB);
	CLEANUP(clean_json) json_t *list = NULL;
	assert_int_equal(box_ask("GET", "/v1/receipts", &list, NULL), 0);
	const json_t *rows = json_object_get(list, "rows");
	assert_true(json_array_size(rows) >= 2);
	const json_t *last = json_array_get(rows, json_array_size(rows) - 1);
	assert_int_equal(number(last, "through_seq"), b->stage->through);
	assert_int_equal(number(list, "next"), number(last, "cursor"));
	assert_int_equal(strlen(text(last, "head_hash")), 64);
}

/* Each kind of bad answer: nothing is taken as received that was not, nothing is counted twice. */
/* A lesson that a teacher offers is told once, also across a kill; one that is withdrawn is told, too. */
static void carries_offers(void **state)
{
	struct box *b = *state;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	box_enrol(b);
	b->stage->offers = 2;
	flush_works();
	assert_int_equal(b->stage->offered, 2);
	assert_int_equal(box_end(b, SIGKILL), 1000 + SIGKILL);
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	b->stage->offers = 1;
	flush_works();
	flush_works();
	assert_int_equal(b->stage->offered, 2);
	assert_int_equal(b->stage->withdrawn, 1);
}

static void survives_every_bad_answer(void **state)
{
	struct box *b = *state;
	struct fault why = { 0 };
	begin_enrolled(b);
	for (int does = HUB_DROPS; does < HUB_MISBEHAVES; does++) {
		uint64_t before = b->stage->through;
		box_live(b, 3, 1, 1);
		b->stage->hub = does;
		int r = box_flush(&why);
		/* Two receipts in one answer are as good as one; every other answer fails. */
		assert_int_equal(r == 0, does == HUB_TWICE);
		CLEANUP(clean_json) json_t *status = box_status();
		assert_int_equal(number(status, "through_seq"),
				 does == HUB_TWICE ? before + 1 : before);
		if (r)
			assert_true(text(status, "last_error")[0]);
		b->stage->hub = HUB_COUNTS;
		flush_works();
		box_all_counted(b);
	}
	CLEANUP(clean_json) json_t *status = box_status();
	assert_int_equal(number(status, "sealed"), 0);
	assert_string_equal(text(status, "last_error"), "");
}

/* The hub takes its time: the control socket does not. */
static void answers_while_the_hub_is_slow(void **state)
{
	struct box *b = *state;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	while (sem_trywait(&b->stage->asked) == 0)
		;
	b->stage->hub = HUB_HOLDS;
	box_enrol(b); /* sends by itself */
	sem_wait(&b->stage->asked);
	for (int i = 0; i < 20; i++) {
		CLEANUP(clean_json) json_t *status = box_status();
		assert_int_equal(number(status, "sealed"), 1);
	}
	b->stage->hub = HUB_COUNTS;
	sem_post(&b->stage->hold);
	flush_works();
	box_all_counted(b);
}

static void says_when_its_past_is_not_the_hubs(void **state)
{
	struct box *b = *state;
	static const int lies[] = { HUB_TOO_FAR, HUB_OTHER_PAST };
	static const char *const words[] = { "its past was lost", "was copied" };
	begin_enrolled(b);
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		box_live(b, 2, 0, 0);
		b->stage->hub = lies[i];
		flush_fails();
		CLEANUP(clean_json) json_t *status = box_status();
		assert_non_null(strstr(text(status, "last_error"), words[i]));
		b->stage->hub = HUB_COUNTS; /* it was only a lie: all goes on */
		flush_works();
	}
	box_all_counted(b);
}

static void tells_again_what_an_ended_epoch_did_not_count(void **state)
{
	struct box *b = *state;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	box_enrol(b);
	box_live(b, 50, 3, 2);
	flush_works();
	box_live(b, 70, 6, 4);
	b->stage->hub = HUB_CLOSES;
	struct fault why = { 0 };
	box_flush(&why);
	flush_works();
	box_all_counted(b);
	CLEANUP(clean_json) json_t *status = box_status();
	assert_int_equal(number(status, "epoch"), 2);
	assert_int_equal(number(status, "parked_rows"), 0);
	assert_int_equal(b->stage->refused, 0);
}

static void finds_a_new_root_by_itself(void **state)
{
	struct box *b = *state;
	begin_enrolled(b);
	box_live(b, 4, 0, 0);
	b->stage->hub = HUB_NEW_KEY;
	flush_fails(); /* nobody has brought root 2 yet */
	box_put_root(2);
	flush_works();
	box_all_counted(b);
	CLEANUP(clean_json) json_t *status = box_status();
	assert_int_equal(number(status, "root_version"), 2);
}

/* Who stole a key that the ministry has withdrawn since: the box has heard of it by contentd, if not yet of its own accord. */
static void a_withdrawn_key_signs_nothing(void **state)
{
	struct box *b = *state;
	begin_enrolled(b);
	box_live(b, 4, 0, 0);
	box_put_root(2);
	flush_fails();
	b->stage->hub = HUB_NEW_KEY;
	flush_works();
	box_all_counted(b);
}

static int64_t settings_version(void)
{
	CLEANUP(clean_json) json_t *status = box_status();
	return number(json_object_get(status, "settings"), "version");
}

/* Whoever stole the key for settings has used up all numbers: with the key they go, and nothing else may go back. */
static void numbers_of_a_withdrawn_key_hold_nothing_up(void **state)
{
	struct box *b = *state;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	box_enrol(b);
	b->stage->settings_key = kit_role_key(TRUST_MANAGE, 0);
	b->stage->settings_version = UINT32_MAX;
	flush_works();
	assert_int_equal(settings_version(), UINT32_MAX);
	box_put_root(2);
	b->stage->hub = HUB_NEW_KEY;
	flush_works();
	assert_int_equal(settings_version(), UINT32_MAX); /* kept, until there is another */
	b->stage->settings_key = NEW_KEY;
	b->stage->settings_version = 8;
	flush_works();
	assert_int_equal(settings_version(), 8);
	b->stage->settings_version = 7;
	flush_works();
	assert_int_equal(settings_version(), 8);
}

/* The hub comes back from an old backup: the box has kept what it sent, and sends it again. */
static void refills_a_restored_hub(void **state)
{
	struct box *b = *state;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	box_enrol(b);
	for (int i = 0; i < 4; i++) {
		box_live(b, 30, 2, 1);
		flush_works();
	}
	b->stage->hub = HUB_RESTORED;
	flush_works();
	box_all_counted(b);
	CLEANUP(clean_json) json_t *status = box_status();
	assert_int_equal(number(status, "sealed"), 0);
	assert_true(b->stage->through >= 5);
}

/* netmgrd lost its book and counts from 1 again: what it has now is news. */
static void follows_a_list_that_began_again(void **state)
{
	struct box *b = *state;
	uint64_t up = 0;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	box_live(b, 20, 0, 0);
	box_enrol(b);
	flush_works();
	b->stage->minutes = 5;
	flush_works();
	flush_works();
	for (int64_t i = 1; i <= 20; i++)
		up += play_up_s(i) * (i <= 5 ? 2 : 1);
	assert_int_equal(b->stage->up_s, up);
}

/* Ended at its 1st, 2nd, 3rd … write, sync or rename, from the making of the keys on. */
static void loses_nothing_when_killed_at_any_write(void **state)
{
	struct box *b = *state;
	struct fault why = { 0 };
	unsigned survived = 0, killed = 0;
	bool enrolled = false;
	b->stage->hub = HUB_MISBEHAVES;
	for (unsigned at = 1; survived < 3 && at < 400; at++) {
		int r = box_start(b, BOX_KILLED, at, NULL);
		box_live(b, 2 + (int)(at % 3), (int)(at % 2), (int)(at % 2));
		const unsigned by_enrol[] = { kit_role_key(TRUST_ENROL, 0), 0 };
		if (r == 0 && !enrolled)
			enrolled = box_grant(b, 1, 1, by_enrol, &why) == 0;
		for (int i = 0; r == 0 && i < 3; i++)
			box_flush(&why); /* the hub is in all its moods; or the box is gone */
		if (r == 0)
			r = box_end(b, SIGTERM) == 0 ? 0 : -ESRCH;
		survived += r == 0;
		killed += r != 0;
	}
	assert_true(killed > 20);
	assert_int_equal(survived, 3);
	b->stage->hub = HUB_COUNTS;
	assert_int_equal(box_start(b, BOX_PLAIN, 0, NULL), 0);
	if (!enrolled)
		box_enrol(b);
	flush_works();
	box_all_counted(b);
	print_message("# killed %u times, %d envelopes in %d requests\n", killed,
		      (int)b->stage->envelopes, (int)b->stage->requests);
}

/* The disk is full: one sentence, the daemon stays, and all is told once there is room. */
static void loses_nothing_on_a_full_disk(void **state)
{
	struct box *b = *state;
	struct fault why = { 0 };
	AUTO_FREE char *filler = calloc(1, 2 << 20);
	struct path agent = paths_at("/var/lib/wasl/agent");
	assert_int_equal(paths_mkdir(agent.at, 0700, NULL), 0);
	int started = box_start(b, BOX_SMALL_DISK, 0, NULL);
	if (started == -ENOSYS) {
		print_message("# a file system of its own cannot be mounted here\n");
		skip();
	}
	assert_int_equal(started, 0);
	/* Its folder, as the daemon sees it. */
	struct path folder = paths_at("/proc/%d/root%s", (int)b->daemon, agent.at);
	struct device_keys keys;
	assert_int_equal(keyfile_read(paths_at("%s/device.key", folder.at).at, &keys, NULL), 0);
	memcpy(b->stage->device_public, keys.sign.public_key, 32);
	char url[64];
	AUTO_FREE void *grant = NULL, *answer = NULL;
	size_t len = 0, answer_len = 0;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", b->stage->port);
	kit_grant(&keys, 1, 1, url, (const unsigned[]){ kit_role_key(TRUST_ENROL, 0), 0 }, &grant,
		  &len);
	assert_int_equal(ctl_call_bytes(paths_at("/run/wasl/agentd.sock").at, "POST", "/v1/grant",
					"application/octet-stream", grant, len, 60000, &answer,
					&answer_len, &why),
			 0);
	flush_works();
	/* Everything that is left of the megabyte. */
	struct path filler_at = paths_at("%s/filler", folder.at);
	int fd = open(filler_at.at, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fileio_write_all(fd, filler, 2 << 20), -ENOSPC);
	close(fd);
	int r = 0;
	for (int i = 0; r == 0 && i < 200; i++) {
		box_live(b, 40, 3, 3);
		r = box_flush(&why);
	}
	assert_true(r < 0);
	CLEANUP(clean_json) json_t *status = box_status();
	assert_non_null(strstr(text(status, "last_error"), "free some space"));
	assert_int_equal(unlink(filler_at.at), 0);
	box_live(b, 40, 3, 3);
	flush_works();
	box_all_counted(b);
	AUTO_FREE char *log = box_log(b);
	const char *first = strstr(log, "fault=db.full");
	assert_non_null(first);
}

#define ON_STAGE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(keeps_its_keys),
		ON_STAGE(refuses_damaged_and_lost_keys),
		ON_STAGE(takes_only_good_grants),
		ON_STAGE(hands_the_grants_key_to_netmgrd),
		ON_STAGE(reports_and_keeps_receipts),
		ON_STAGE(carries_offers),
		ON_STAGE(survives_every_bad_answer),
		ON_STAGE(answers_while_the_hub_is_slow),
		ON_STAGE(says_when_its_past_is_not_the_hubs),
		ON_STAGE(tells_again_what_an_ended_epoch_did_not_count),
		ON_STAGE(finds_a_new_root_by_itself),
		ON_STAGE(a_withdrawn_key_signs_nothing),
		ON_STAGE(numbers_of_a_withdrawn_key_hold_nothing_up),
		ON_STAGE(refills_a_restored_hub),
		ON_STAGE(follows_a_list_that_began_again),
		ON_STAGE(loses_nothing_when_killed_at_any_write),
		ON_STAGE(loses_nothing_on_a_full_disk),
	};
	return cmocka_run_group_tests_name("agent/daemon", tests, NULL, NULL);
}
