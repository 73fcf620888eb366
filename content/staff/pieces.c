// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/pieces.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "content/staff/own.h"
#include "content/staff/upload.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

struct order {
	char folder[PATH_MAX], id[OWN_ID_BYTES];
	uint64_t size, offset, have;
	void *bytes;
	size_t len;
	struct fault why;
	pieces_done *done;
	void *data;
};

struct pieces {
	sd_event_source *ended;
	int event;
	pthread_t thread;
	bool running; /* all[0] is the thread's */
	struct order *all[PIECES_MOST];
	size_t count;
};

CLEAN_FN(pieces, struct pieces, pieces_free)

static void *work(void *data)
{
	const struct pieces *p = data;
	struct order *o = p->all[0];
	const uint64_t one = 1;
	(void)upload_write(o->folder, o->id, o->size, o->offset, o->bytes, o->len, &o->have,
			   &o->why);
	while (write(p->event, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

/* Takes the first one out and tells who waits for it. */
static void tell(struct pieces *p)
{
	struct order *o = p->all[0];
	memmove(&p->all[0], &p->all[1], --p->count * sizeof(p->all[0]));
	o->done(o->data, o->have, o->why.code ? &o->why : NULL);
	free(o->bytes);
	free(o);
}

static void next(struct pieces *p)
{
	while (!p->running && p->count) {
		p->running = pthread_create(&p->thread, NULL, work, p) == 0;
		if (p->running)
			return;
		fault_set(&p->all[0]->why, -EAGAIN, "staff.busy",
			  "no thread could be started; try again in a moment");
		tell(p);
	}
}

static int on_end(sd_event_source *s, int fd, uint32_t events, void *data)
{
	(void)s, (void)events;
	struct pieces *p = data;
	uint64_t ended;
	if (read(fd, &ended, sizeof(ended)) != sizeof(ended) || !p->running)
		return 0;
	pthread_join(p->thread, NULL);
	p->running = false;
	tell(p);
	next(p);
	return 0;
}

int pieces_new(struct sd_event *loop, struct pieces **out, struct fault *why)
{
	CLEANUP(clean_pieces) struct pieces *p = calloc(1, sizeof(*p));
	if (!p)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	p->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->event < 0 || sd_event_add_io(loop, &p->ended, p->event, EPOLLIN, on_end, p) < 0)
		return fault_set(why, -EIO, "staff.pieces", "the event loop refuses (%s)",
				 strerror(errno));
	*out = MOVE_PTR(p);
	return 0;
}

void pieces_free(struct pieces *p)
{
	if (!p)
		return;
	if (p->running)
		pthread_join(p->thread, NULL);
	while (p->count) {
		fault_set(&p->all[0]->why, -ECANCELED, "staff.busy",
			  "wasl-contentd is ending; go on when it is back");
		tell(p);
	}
	sd_event_source_disable_unref(p->ended);
	if (p->event >= 0)
		close(p->event);
	free(p);
}

int pieces_write(struct pieces *p, const struct piece *piece, pieces_done *done, void *data,
		 struct fault *why)
{
	if (p->count == PIECES_MOST)
		return fault_set(why, -EAGAIN, "staff.busy",
				 "many bring films at the same moment; try again in a moment");
	struct order *o = calloc(1, sizeof(*o));
	void *bytes = malloc(piece->len + 1);
	if (!o || !bytes ||
	    (size_t)snprintf(o->folder, sizeof(o->folder), "%s", piece->folder) >=
		    sizeof(o->folder) ||
	    (size_t)snprintf(o->id, sizeof(o->id), "%s", piece->id) >= sizeof(o->id)) {
		free(bytes);
		free(o);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	if (piece->len)
		memcpy(bytes, piece->bytes, piece->len);
	o->bytes = bytes;
	o->len = piece->len;
	o->size = piece->size;
	o->offset = piece->offset;
	o->done = done;
	o->data = data;
	p->all[p->count++] = o;
	next(p);
	return 0;
}
