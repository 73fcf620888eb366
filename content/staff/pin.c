// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/pin.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

struct question {
	char pin[PEOPLE_PIN_BYTES];
	char hash[PEOPLE_HASH_BYTES];
	pins_done *done; /* NULL: nobody waits any more */
	void *data;
};

struct pins {
	sd_event_source *ended;
	int event;
	pthread_t thread;
	bool running;
	struct question now; /* the thread's while it runs, but for `done` and `data` */
	int code;            /* the thread's answer */
	struct question waiting[PIN_QUEUE];
	size_t count;
};

CLEAN_FN(pins, struct pins, pins_free)

_Static_assert(PEOPLE_HASH_BYTES == crypto_pwhash_STRBYTES, "a hash has its place");

static void *work(void *data)
{
	struct pins *p = data;
	struct question *q = &p->now;
	const unsigned long long len = strlen(q->pin);
	if (q->hash[0])
		p->code = crypto_pwhash_str_verify(q->hash, q->pin, len) ? -EKEYREJECTED : 0;
	else
		p->code = crypto_pwhash_str_alg(q->hash, q->pin, len,
						crypto_pwhash_OPSLIMIT_INTERACTIVE,
						crypto_pwhash_MEMLIMIT_INTERACTIVE,
						crypto_pwhash_ALG_ARGON2ID13)
				  ? -ENOMEM
				  : 0;
	sodium_memzero(q->pin, sizeof(q->pin));
	const uint64_t one = 1;
	while (write(p->event, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

static void next(struct pins *p)
{
	while (!p->running && p->count) {
		p->now = p->waiting[0];
		memmove(&p->waiting[0], &p->waiting[1], --p->count * sizeof(p->now));
		sodium_memzero(p->waiting[p->count].pin, sizeof(p->now.pin));
		p->running = pthread_create(&p->thread, NULL, work, p) == 0;
		if (!p->running && p->now.done)
			p->now.done(p->now.data, -ENOMEM, "");
	}
}

static int on_end(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)s, (void)events;
	struct pins *p = data;
	uint64_t ended;
	if (read(fd, &ended, sizeof(ended)) != sizeof(ended) || !p->running)
		return 0;
	pthread_join(p->thread, NULL);
	p->running = false;
	if (p->now.done)
		p->now.done(p->now.data, p->code, p->now.hash);
	next(p);
	return 0;
}

int pins_new(struct sd_event *loop, struct pins **out, struct fault *why)
{
	CLEANUP(clean_pins) struct pins *p = calloc(1, sizeof(*p));
	if (!p)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	p->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->event < 0 || sd_event_add_io(loop, &p->ended, p->event, EPOLLIN, on_end, p) < 0)
		return fault_set(why, -EIO, "staff.pins", "the event loop refuses (%s)",
				 strerror(errno));
	*out = MOVE_PTR(p);
	return 0;
}

void pins_free(struct pins *p)
{
	if (!p)
		return;
	if (p->running)
		pthread_join(p->thread, NULL);
	sd_event_source_disable_unref(p->ended);
	if (p->event >= 0)
		close(p->event);
	sodium_memzero(p, sizeof(*p));
	free(p);
}

int pins_ask(struct pins *p, const char *pin, const char *hash, pins_done *done, void *data,
	     struct fault *why)
{
	if (p->count == PIN_QUEUE)
		return fault_set(why, -EAGAIN, "staff.busy",
				 "many log in at the same moment; try again in a moment");
	struct question *q = &p->waiting[p->count++];
	*q = (struct question){ .done = done, .data = data };
	snprintf(q->pin, sizeof(q->pin), "%s", pin);
	snprintf(q->hash, sizeof(q->hash), "%s", hash);
	next(p);
	return 0;
}

void pins_leave(struct pins *p, void *data)
{
	if (p->running && p->now.data == data)
		p->now.done = NULL;
	for (size_t i = 0; i < p->count; i++)
		if (p->waiting[i].data == data)
			p->waiting[i].done = NULL;
}
