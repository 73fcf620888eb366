// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/waiters.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sender_want segment(uint64_t rendition, uint64_t number)
{
	return (struct sender_want){ .rendition = rendition, .first = number, .count = 1 };
}

static struct sender_want chunks(uint8_t id, uint64_t first, uint64_t count)
{
	return (struct sender_want){ .id = { { id } }, .first = first, .count = count };
}

static struct want_msg next(struct waiters *w, enum want_type type)
{
	struct want_msg m;
	assert_true(waiters_next(w, &m));
	assert_int_equal(m.type, type);
	assert_int_equal(want_check(&m, sizeof(m)), 0);
	waiters_sent(w);
	return m;
}

static void silent(struct waiters *w)
{
	struct want_msg m;
	assert_false(waiters_next(w, &m));
}

static size_t chain_length(const struct waiter *chain)
{
	size_t n = 0;
	for (; chain; chain = chain->next)
		n++;
	return n;
}

static void many_wait_and_one_is_asked(void **state)
{
	(void)state;
	struct waiters *w = waiters_new();
	struct waiter who[200] = { 0 };
	const struct sender_want want = segment(7, 3);
	for (int i = 0; i < 200; i++)
		assert_int_equal(waiters_join(w, &want, 0, &who[i]), 0);
	assert_int_equal(waiters_join(w, &want, 0, &who[0]), -EBUSY);
	assert_int_equal(waiters_things(w), 1);
	struct want_msg m = next(w, WANT_WANT);
	assert_int_equal(m.kind, WANT_SEGMENT);
	assert_int_equal(m.rendition, 7);
	assert_int_equal(m.first, 3);
	assert_int_equal(m.priority, 0);
	silent(w);

	struct want_msg stray = want_ready(&m, 3, 1);
	stray.token += 5;
	assert_null(waiters_hear(w, &stray));
	struct want_msg ready = want_ready(&m, 3, 1);
	struct waiter *chain = waiters_hear(w, &ready);
	assert_int_equal(chain_length(chain), 200);
	for (; chain; chain = chain->next) {
		assert_null(chain->thing);
		assert_int_equal(chain->error, 0);
	}
	assert_null(waiters_hear(w, &ready));
	silent(w);
	assert_int_equal(waiters_things(w), 0);
	waiters_free(w);
}

static void things_differ_by_what_and_where(void **state)
{
	(void)state;
	struct waiters *w = waiters_new();
	struct waiter who[5] = { 0 };
	const struct sender_want wants[] = { segment(1, 1), segment(1, 2), segment(2, 1),
					     chunks(9, 1, 4), chunks(9, 2, 3) };
	for (int i = 0; i < 5; i++)
		assert_int_equal(waiters_join(w, &wants[i], 0, &who[i]), 0);
	struct waiter further = { 0 };
	const struct sender_want longer = chunks(9, 1, 100);
	assert_int_equal(waiters_join(w, &longer, 0, &further),
			 0); /* how far one means to read does not matter */
	assert_int_equal(waiters_things(w), 5);
	uint64_t tokens[5];
	for (int i = 0; i < 5; i++) {
		struct want_msg m = next(w, WANT_WANT);
		assert_int_equal(m.kind, i < 3 ? WANT_SEGMENT : WANT_OBJECT);
		assert_int_equal(m.first, wants[i].first);
		assert_int_equal(m.count, wants[i].count);
		tokens[i] = m.token;
		for (int j = 0; j < i; j++)
			assert_true(tokens[j] != tokens[i]);
	}
	const struct want_msg failed = { .type = WANT_FAILED, .token = tokens[3], .error = -EIO };
	struct waiter *chain = waiters_hear(w, &failed);
	assert_int_equal(chain_length(chain), 2);
	assert_int_equal(chain->error, -EIO);
	waiters_free(w);
	assert_null(who[0].thing);
	assert_int_equal(who[0].error, -ECANCELED);
}

static void the_last_to_leave_cancels(void **state)
{
	(void)state;
	struct waiters *w = waiters_new();
	struct waiter a = { 0 }, b = { 0 }, c = { 0 };
	const struct sender_want want = segment(1, 1);
	/* Before it was asked: nothing to cancel. */
	waiters_join(w, &want, 0, &a);
	waiters_leave(w, &a);
	waiters_leave(w, &a);
	silent(w);
	assert_int_equal(waiters_things(w), 0);

	waiters_join(w, &want, 0, &a);
	waiters_join(w, &want, 0, &b);
	waiters_join(w, &want, 0, &c);
	const uint64_t token = next(w, WANT_WANT).token;
	waiters_leave(w, &b);
	waiters_leave(w, &c);
	silent(w);
	waiters_leave(w, &a);
	/* Somebody comes back before the CANCEL left: the want simply stays. */
	waiters_join(w, &want, 0, &b);
	silent(w);
	waiters_leave(w, &b);
	assert_int_equal(next(w, WANT_CANCEL).token, token);
	silent(w);
	assert_int_equal(waiters_things(w), 0);
	/* READY that crossed the CANCEL concerns nobody. */
	const struct want_msg ready = { .type = WANT_READY, .token = token };
	assert_null(waiters_hear(w, &ready));
	waiters_free(w);
}

static void contentd_hears_who_waits_and_that_it_is_not_one_alone(void **state)
{
	(void)state;
	struct waiters *w = waiters_new();
	struct waiter a = { 0 }, b = { 0 }, c = { 0 };
	const struct sender_want want = chunks(1, 3, 8);
	waiters_join(w, &want, 70, &a);
	waiters_join(w, &want, 70, &b);
	const struct want_msg m = next(w, WANT_WANT);
	assert_int_equal(m.client, 70);
	silent(w);
	waiters_join(w, &want, 71, &c);
	const struct want_msg shared = next(w, WANT_SHARED);
	assert_int_equal(shared.token, m.token);
	assert_true(shared.client & WANT_SEVERAL);
	silent(w);
	waiters_leave(w, &c);
	waiters_leave(w, &b);
	waiters_join(w, &want, 72, &b); /* they are several already */
	silent(w);
	waiters_leave(w, &a);
	waiters_leave(w, &b);
	waiters_join(w, &want, 71, &c);
	silent(w);
	waiters_leave(w, &c);
	next(w, WANT_CANCEL);
	/* Who joins before it was asked for is part of the question; who joins before the CANCEL left has it told. */
	waiters_join(w, &want, 71, &a);
	waiters_join(w, &want, 70, &b);
	assert_int_equal(next(w, WANT_WANT).client, shared.client); /* whoever came first */
	waiters_free(w);
	w = waiters_new();
	waiters_join(w, &want, 70, &a);
	next(w, WANT_WANT);
	waiters_leave(w, &a);
	waiters_join(w, &want, 71, &b);
	waiters_leave(w, &b); /* before SHARED left */
	next(w, WANT_CANCEL);
	waiters_join(w, &want, 70, &a);
	next(w, WANT_WANT);
	waiters_join(w, &want, 71, &b);
	waiters_disconnected(w);
	assert_int_equal(next(w, WANT_WANT).client, shared.client);
	silent(w);
	/* Who is not known changes nothing. */
	waiters_free(w);
	w = waiters_new();
	waiters_join(w, &want, 70, &a);
	next(w, WANT_WANT);
	waiters_join(w, &want, 0, &b);
	silent(w);
	waiters_free(w);
}

static void all_is_asked_again_after_a_reconnect(void **state)
{
	(void)state;
	struct waiters *w = waiters_new();
	struct waiter a = { 0 }, b = { 0 }, c = { 0 };
	const struct sender_want one = segment(1, 1), two = segment(1, 2), three = segment(1, 3);
	waiters_join(w, &one, 0, &a);
	waiters_join(w, &two, 0, &b);
	const struct want_msg first = next(w, WANT_WANT);
	next(w, WANT_WANT);
	waiters_leave(w, &b);           /* a CANCEL is queued, and moot */
	waiters_join(w, &three, 0, &c); /* was not asked yet */
	waiters_disconnected(w);
	/* An answer of the old connection, to what was not asked on this one. */
	const struct want_msg ready = want_ready(&first, 1, 1);
	assert_null(waiters_hear(w, &ready));
	const uint64_t x = next(w, WANT_WANT).first, y = next(w, WANT_WANT).first;
	assert_true((x == 1 && y == 3) || (x == 3 && y == 1));
	silent(w);
	waiters_free(w);
}

static bool is_first(const struct sender_want *want, void *data)
{
	(*(int *)data)++;
	return want->first == 1;
}

static void a_lost_ready_is_made_up_for(void **state)
{
	(void)state;
	struct waiters *w = waiters_new();
	struct waiter who[4] = { 0 };
	const struct sender_want wants[] = { segment(1, 1), segment(1, 2), segment(2, 1) };
	int asked = 0;
	for (int i = 0; i < 3; i++)
		waiters_join(w, &wants[i], 0, &who[i]);
	waiters_join(w, &wants[0], 0, &who[3]);
	next(w, WANT_WANT); /* segment 1 of 1 was asked for, 1 of 2 was not */
	struct waiter *chain = waiters_recheck(w, is_first, &asked);
	assert_int_equal(asked, 3);
	assert_int_equal(chain_length(chain), 3);
	assert_int_equal(waiters_things(w), 2); /* one to cancel, one that waits */
	const struct want_msg m = next(w, WANT_WANT);
	assert_int_equal(m.first, 2);
	next(w, WANT_CANCEL);
	silent(w);
	waiters_leave(w, &who[1]);
	next(w, WANT_CANCEL);
	assert_int_equal(waiters_things(w), 0);
	waiters_free(w);
}

static void what_cannot_be_read_is_asked_for_with_its_error(void **state)
{
	(void)state;
	struct waiters *w = waiters_new();
	struct waiter who[3] = { 0 };
	struct sender_want want = chunks(1, 3, 8);
	assert_int_equal(waiters_join(w, &want, 0, &who[0]), 0);
	want.error = -EIO;
	assert_int_equal(waiters_join(w, &want, 0, &who[1]), 0);
	assert_int_equal(waiters_join(w, &want, 0, &who[2]), 0);
	assert_int_equal(next(w, WANT_WANT).error, 0);
	const struct want_msg m = next(w, WANT_WANT);
	assert_int_equal(m.error, -EIO);
	assert_int_equal(m.count, 8);
	silent(w);
	const struct want_msg ready = want_ready(&m, 3, 1);
	assert_int_equal(want_check(&ready, sizeof(ready)), 0);
	assert_int_equal(chain_length(waiters_hear(w, &ready)), 2);
	assert_int_equal(waiters_join(w, &want, 0, &who[1]), 0);
	next(w, WANT_WANT);
	waiters_leave(w, &who[1]);
	assert_int_equal(next(w, WANT_CANCEL).error, 0);
	waiters_free(w);
}

static void is_bounded(void **state)
{
	(void)state;
	struct waiters *w = waiters_new();
	struct waiter *who = calloc(WAITERS_MAX_THINGS + 1, sizeof(*who));
	for (unsigned i = 0; i <= WAITERS_MAX_THINGS; i++) {
		const struct sender_want want = segment(1, i);
		assert_int_equal(waiters_join(w, &want, 0, &who[i]),
				 i < WAITERS_MAX_THINGS ? 0 : -ENOBUFS);
	}
	waiters_leave(w, &who[5]);
	const struct sender_want want = segment(2, 0);
	assert_int_equal(waiters_join(w, &want, 0, &who[5]), 0);
	waiters_free(w);
	waiters_free(NULL);
	free(who);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_wait_and_one_is_asked),
		cmocka_unit_test(things_differ_by_what_and_where),
		cmocka_unit_test(the_last_to_leave_cancels),
		cmocka_unit_test(contentd_hears_who_waits_and_that_it_is_not_one_alone),
		cmocka_unit_test(all_is_asked_again_after_a_reconnect),
		cmocka_unit_test(a_lost_ready_is_made_up_for),
		cmocka_unit_test(what_cannot_be_read_is_asked_for_with_its_error),
		cmocka_unit_test(is_bounded),
	};
	return cmocka_run_group_tests_name("cache/waiters", tests, NULL, NULL);
}
