// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/live/live_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"

/*
 * Requests that nginx had no file for: the first of a class, a knock at the door (live.h), a piece on its way. Held until there is an
 * answer, at most LIVE_HOLDS_MOST at once and `patience_s` long.
 */

static const char playlist_type[] = "application/vnd.apple.mpegurl";

static void say(struct ctl_request *req, unsigned status, const char *id, const char *text)
{
	struct fault why = { 0 };
	fault_set(&why, -EIO, id, "%s", text);
	if (status == 503)
		ctl_reply_header(req, "Retry-After", "2");
	ctl_reply_fault(req, status, &why);
}

static void reply_text(struct ctl_request *req, const char *text, size_t len)
{
	if (text)
		ctl_reply_bytes(req, 200, playlist_type, text, len);
	else
		say(req, 503, "memory", "out of memory");
}

/* nginx sends the file itself. */
static void reply_file(struct ctl_request *req, const struct live_class *c, const char *rest)
{
	static const struct {
		const char *end, *type;
	} types[] = { { ".ts", "video/mp2t" },
		      { ".m4s", "video/iso.segment" },
		      { ".mp4", "video/mp4" },
		      { ".aac", "audio/aac" } };
	char at[256];
	const char *end = strrchr(rest, '.'), *type = "application/octet-stream";
	for (size_t i = 0; end && i < ARRAY_LEN(types); i++)
		if (strcmp(end, types[i].end) == 0)
			type = types[i].type;
	snprintf(at, sizeof(at), "/live-pieces/%s/%s", c->conf.name, rest);
	ctl_reply_header(req, "X-Accel-Redirect", at);
	ctl_reply_bytes(req, 200, type, "", 0);
}

static bool answer_state(struct ctl_request *req, const struct live_class *c)
{
	if (c->state == LIVE_LOOKING || c->state == LIVE_IDLE)
		return false;
	ctl_reply_json(req, 200, live_state_json(c));
	return true;
}

static struct live_track *track_of(struct live_class *c, const char *rest)
{
	if (strcmp(rest, "main.m3u8") == 0)
		return &c->main;
	return strcmp(rest, "sound.m3u8") == 0 ? &c->sound : NULL;
}

static bool answer_playlist(struct ctl_request *req, struct live_class *c, const char *rest)
{
	size_t len = 0;
	struct live_track *t = track_of(c, rest);
	bool here = t ? t->window.count > 0 : live_ready(c);
	if (here) {
		AUTO_FREE char *text = t ? live_window_text(&t->window, c->session, &len)
					 : live_master_text(c, &len);
		reply_text(req, text, len);
		return true;
	}
	if (c->state == LIVE_OFF || c->state == LIVE_OVER) {
		say(req, 404, "live.off", "nothing is live here now");
		return true;
	}
	if (t && c->known && !t->url[0]) {
		say(req, 404, "live.missing", "the stream has no such part");
		return true;
	}
	return false;
}

static bool answer_piece(struct ctl_request *req, struct live_class *c, const char *rest)
{
	size_t len = strlen(c->session);
	const char *name = rest + len + 1;
	if (strncmp(rest, c->session, len) == 0 && rest[len] == '/') {
		if (live_track_has(&c->main, name) || live_track_has(&c->sound, name)) {
			reply_file(req, c, rest);
			return true;
		}
		const struct live_track *t = name[0] == 's' ? &c->sound : &c->main;
		if (t->on && live_window_awaits(&t->window, name))
			return false;
	}
	say(req, 404, "live.past", "this piece is past");
	return true;
}

static bool is_playlist(const char *rest)
{
	return strcmp(rest, "master.m3u8") == 0 || strcmp(rest, "main.m3u8") == 0 ||
	       strcmp(rest, "sound.m3u8") == 0;
}

static bool answer(struct ctl_request *req, struct live_class *c, const char *rest)
{
	if (strcmp(rest, "state.json") == 0)
		return answer_state(req, c);
	return is_playlist(rest) ? answer_playlist(req, c, rest) : answer_piece(req, c, rest);
}

/* --- waiting -------------------------------------------------------------------------------------------- */

static void leave(struct live_hold *h)
{
	*h->prev_next = h->next;
	if (h->next)
		h->next->prev_next = h->prev_next;
	h->live->hold_count--;
}

static void gone(void *data)
{
	leave(data);
}

/* Answers who can be answered, and those whose patience has ended. */
void live_hold_settle(struct live *l)
{
	uint64_t now = clock_mono_ms();
	for (struct live_hold *h = l->holds, *next; h; h = next) {
		struct ctl_request *req = h->req;
		next = h->next;
		bool done = answer(req, h->class, h->rest);
		if (!done && now >= h->until_ms) {
			done = true;
			say(req, 503, "live.wait", "the stream has not come yet; ask again");
		}
		if (done) {
			leave(h);
			ctl_on_gone(req, NULL, NULL);
		}
	}
}

void live_hold_drop(struct live *l)
{
	while (l->holds) {
		struct live_hold *h = l->holds;
		ctl_on_gone(h->req, NULL, NULL);
		say(h->req, 503, "live.wait", "the lesson service ends");
		leave(h);
	}
}

static void hold(struct live_class *c, struct ctl_request *req, const char *rest)
{
	struct live *l = c->live;
	struct live_hold *h = l->hold_count < LIVE_HOLDS_MOST ? ctl_scratch(req, sizeof(*h)) : NULL;
	if (!h) {
		say(req, 503, "live.many", "too many wait for the stream; ask again");
		return;
	}
	*h = (struct live_hold){ .live = l,
				 .class = c,
				 .req = req,
				 .next = l->holds,
				 .prev_next = &l->holds,
				 .until_ms =
					 clock_mono_ms() + (uint64_t)l->options.patience_s * 1000 };
	snprintf(h->rest, sizeof(h->rest), "%s", rest);
	if (h->next)
		h->next->prev_next = &h->next;
	l->holds = h;
	l->hold_count++;
	ctl_on_gone(req, gone, h);
	live_touch(l);
}

/* Whoever asks for a playlist watches. */
static void note_wish(struct live_class *c, const char *rest)
{
	if (strcmp(rest, "sound.m3u8") == 0 || (is_playlist(rest) && c->sound_only))
		live_wish(c, &c->sound);
	else if (is_playlist(rest))
		live_wish(c, &c->main);
}

void live_serve(struct live *l, struct ctl_request *req, const char *rest)
{
	char name[LIVE_NAME_MOST];
	const char *slash = strchr(rest, '/');
	size_t len = slash ? (size_t)(slash - rest) : 0;
	struct live_class *c = NULL;
	if (len > 0 && len < sizeof(name) &&
	    strlen(slash + 1) < sizeof(((struct live_hold *)0)->rest)) {
		memcpy(name, rest, len);
		name[len] = '\0';
		c = live_find(l, name);
	}
	if (!c) {
		say(req, 404, "live.missing", "there is no such class");
		return;
	}
	c->asked++;
	live_wake(c);
	note_wish(c, slash + 1);
	if (!answer(req, c, slash + 1))
		hold(c, req, slash + 1);
}
