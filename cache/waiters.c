// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/waiters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256 };

enum state {
	QUEUED,   /* contentd must hear of it */
	ASKED,    /* has heard */
	SHARED,   /* has, and must hear that others want it, too */
	CANCELLED /* must hear that nobody wants it */
};

struct waiters_thing {
	struct waiters_thing *next_want, *next_token;
	struct waiters_thing *sooner, *later; /* in the queue of messages, unless ASKED */
	struct sender_want want;
	uint64_t token;
	enum state state;
	uint32_t client; /* 0: not known; WANT_SEVERAL: of the first two */
	struct waiter *first;
};

struct waiters {
	struct waiters_thing *by_want[BUCKETS], *by_token[BUCKETS];
	struct waiters_thing *soonest, *latest;
	uint64_t last_token;
	size_t count;
};

static bool is_object(const struct sender_want *want)
{
	static const struct objmap_id none;
	return memcmp(&want->id, &none, sizeof(none)) != 0;
}

/* `count` is advice and not part of what is wanted. */
static bool same(const struct sender_want *a, const struct sender_want *b)
{
	return a->rendition == b->rendition && a->first == b->first && a->error == b->error &&
	       !memcmp(&a->id, &b->id, sizeof(a->id));
}

static struct waiters_thing **want_bucket(struct waiters *w, const struct sender_want *want)
{
	return &w->by_want[(want->id.b[0] + want->rendition * 31 + want->first) % BUCKETS];
}

static struct waiters_thing **token_bucket(struct waiters *w, uint64_t token)
{
	return &w->by_token[token % BUCKETS];
}

static void enqueue(struct waiters *w, struct waiters_thing *t)
{
	t->sooner = w->latest;
	t->later = NULL;
	*(w->latest ? &w->latest->later : &w->soonest) = t;
	w->latest = t;
}

static void dequeue(struct waiters *w, struct waiters_thing *t)
{
	*(t->sooner ? &t->sooner->later : &w->soonest) = t->later;
	*(t->later ? &t->later->sooner : &w->latest) = t->sooner;
	t->sooner = t->later = NULL;
}

static void set_state(struct waiters *w, struct waiters_thing *t, enum state state)
{
	if (t->state != ASKED)
		dequeue(w, t);
	t->state = state;
	if (state != ASKED)
		enqueue(w, t);
}

static void forget(struct waiters *w, struct waiters_thing *t)
{
	struct waiters_thing **at = want_bucket(w, &t->want);
	while (*at != t)
		at = &(*at)->next_want;
	*at = t->next_want;
	at = token_bucket(w, t->token);
	while (*at != t)
		at = &(*at)->next_token;
	*at = t->next_token;
	if (t->state != ASKED)
		dequeue(w, t);
	w->count--;
	free(t);
}

/* Nobody waits for it: where contentd holds the want, it is told. */
static void drop(struct waiters *w, struct waiters_thing *t)
{
	if (t->state == ASKED || t->state == SHARED)
		set_state(w, t, CANCELLED);
	else
		forget(w, t);
}

struct waiters *waiters_new(void)
{
	return calloc(1, sizeof(struct waiters));
}

static struct waiter *take_chain(struct waiters_thing *t, int error)
{
	for (struct waiter *who = t->first; who; who = who->next) {
		who->thing = NULL;
		who->error = error;
	}
	return t->first;
}

void waiters_free(struct waiters *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (w->by_want[i]) {
			take_chain(w->by_want[i], -ECANCELED);
			forget(w, w->by_want[i]);
		}
	}
	free(w);
}

static struct waiters_thing *add(struct waiters *w, const struct sender_want *want, uint32_t client)
{
	struct waiters_thing *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->want = *want;
	t->client = client;
	t->token = ++w->last_token;
	t->state = QUEUED;
	t->next_want = *want_bucket(w, want);
	*want_bucket(w, want) = t;
	t->next_token = *token_bucket(w, t->token);
	*token_bucket(w, t->token) = t;
	enqueue(w, t);
	w->count++;
	return t;
}

/*
 * Two clients have a turn of their own together, one for all that both wait for: whoever asks from two addresses gains one turn by
 * it, not one for each place. Pupils who play in step are another two at each.
 */
static uint32_t together(uint32_t one, uint32_t other)
{
	return ((one ^ other) * 0x9e3779b1u) >> 1 | WANT_SEVERAL;
}

/* Contentd hears it when it has heard of another. */
static void share(struct waiters *w, struct waiters_thing *t, uint32_t client)
{
	if (t->client == client || !t->client || !client || t->client & WANT_SEVERAL)
		return;
	t->client = together(t->client, client);
	if (t->state == ASKED)
		set_state(w, t, SHARED);
}

int waiters_join(struct waiters *w, const struct sender_want *want, uint32_t client,
		 struct waiter *who)
{
	if (who->thing)
		return -EBUSY;
	struct waiters_thing *t = *want_bucket(w, want);
	while (t && !same(&t->want, want))
		t = t->next_want;
	if (!t && w->count >= WAITERS_MAX_THINGS)
		return -ENOBUFS;
	if (!t)
		t = add(w, want, client);
	if (!t)
		return -ENOMEM;
	/* Somebody else's CANCEL did not leave yet: contentd still holds the want. */
	if (t->state == CANCELLED)
		set_state(w, t, ASKED);
	share(w, t, client);
	*who = (struct waiter){ .next = t->first, .thing = t };
	if (t->first)
		t->first->prev = who;
	t->first = who;
	return 0;
}

void waiters_leave(struct waiters *w, struct waiter *who)
{
	struct waiters_thing *t = who->thing;
	if (!t)
		return;
	*(who->prev ? &who->prev->next : &t->first) = who->next;
	if (who->next)
		who->next->prev = who->prev;
	*who = (struct waiter){ 0 };
	if (t->first)
		return;
	drop(w, t);
}

static enum want_type type_of(enum state state)
{
	if (state == QUEUED)
		return WANT_WANT;
	return state == SHARED ? WANT_SHARED : WANT_CANCEL;
}

bool waiters_next(struct waiters *w, struct want_msg *out)
{
	const struct waiters_thing *t = w->soonest;
	if (!t)
		return false;
	*out = (struct want_msg){
		.type = type_of(t->state),
		.kind = is_object(&t->want) ? WANT_OBJECT : WANT_SEGMENT,
		.token = t->token,
		.id = t->want.id,
		.rendition = t->want.rendition,
		.first = t->want.first,
		.count = t->want.count,
		.error = t->state == QUEUED ? t->want.error : 0,
		.client = t->client,
	};
	return true;
}

void waiters_sent(struct waiters *w)
{
	struct waiters_thing *t = w->soonest;
	if (t->state == CANCELLED)
		forget(w, t);
	else
		set_state(w, t, ASKED);
}

void waiters_disconnected(struct waiters *w)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct waiters_thing *t = w->by_want[i], *next; t; t = next) {
			next = t->next_want;
			if (t->state == CANCELLED)
				forget(w, t);
			else
				set_state(w, t, QUEUED);
		}
	}
}

struct waiter *waiters_hear(struct waiters *w, const struct want_msg *msg)
{
	struct waiters_thing *t = *token_bucket(w, msg->token);
	while (t && t->token != msg->token)
		t = t->next_token;
	/* Not asked on this connection: an answer to nothing. */
	if (!t || t->state == QUEUED)
		return NULL;
	struct waiter *chain = take_chain(t, msg->type == WANT_FAILED ? msg->error : 0);
	forget(w, t);
	return chain;
}

struct waiter *waiters_recheck(struct waiters *w,
			       bool (*there)(const struct sender_want *want, void *data),
			       void *data)
{
	struct waiter *chain = NULL;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct waiters_thing *t = w->by_want[i], *next; t; t = next) {
			next = t->next_want;
			if (!t->first || !there(&t->want, data))
				continue;
			struct waiter *own = take_chain(t, 0), *last = own;
			while (last->next)
				last = last->next;
			last->next = chain;
			chain = own;
			t->first = NULL;
			drop(w, t);
		}
	}
	return chain;
}

size_t waiters_things(const struct waiters *w)
{
	return w->count;
}
